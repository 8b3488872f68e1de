"""What an anomaly's series does before something odd happens, by how its band is made."""

from __future__ import annotations

from generator.compile.unusual import Usual
from generator.spec.model import Alert, Anomaly

_STEPS = (60.0, 120.0, 150.0, 300.0)
"""How often anomalies may be evaluated in a test, in seconds: parts of an hour, never more than
half of `for`, so that half of it is told from the whole. Weeks are played in coarser steps."""
_DAY = 86_400.0


def usual_of(author: Alert | None) -> Usual | None:
    """What an anomaly's series does before: it swings around its level, long enough for a band."""
    if author is None or not isinstance(author.signal, Anomaly):
        return None
    signal = author.signal
    swing = 0.2 if signal.method == "seasonal" else 0.05
    rise = 1 + 3 * swing * float(signal.sensitivity)
    high, low = (rise, 2 * rise), (0.01,)
    odd, other = {"above": (high, low), "below": (low, high[:1])}.get(
        signal.direction, ((*high, *low), ())
    )
    narrow = float(signal.margin / signal.sensitivity) / 4
    half = max(_STEPS[0], float(author.for_.seconds) / 2)
    step = max(fine for fine in _STEPS if fine <= half)
    if signal.method != "seasonal":
        wild = signal.method == "adaptive"
        return Usual(swing, 3600.0, 30 * 3600.0, step, odd, other, narrow, wild)
    season = float(signal.season.seconds)
    step = step if season <= _DAY else max(step, season / 336 // 60 * 60)
    return Usual(swing, season / 7, season * 1.25, step, odd, other, narrow)
