"""The cases every alert is tested with, from data that makes it fire and data that must not.

Each alert: fires after its `for`; not one evaluation before; is silent on the safe side; is silent
when the same data is another tenant's; and what it does when there is no data at all.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from generator.compile.inversion import Fixture
from generator.compile.series import Segment, input_series
from generator.ir.checks import Expectation, InputSeries, Scenario
from generator.promql.build import selector
from generator.values import Duration

FOREIGN = "another-tenant"


def scenarios(
    alert: str,
    labels: Mapping[str, str],
    tenant_label: str,
    for_: Duration,
    fixture: Fixture,
    *,
    interval: Duration,
    fires_empty: bool,
) -> tuple[Scenario, ...]:
    """The five cases. `interval` is both the data's step and the evaluation's.

    `labels` tell the alert from its namesakes; `fires_empty` says what no data means to it.
    """
    tenant = labels[tenant_label]
    step = interval.ms
    fired = Duration(_up(fixture.ready.ms + for_.ms, step) + 2 * step)
    end = Duration(fired.ms + 2 * step)
    firing = _firing(alert, labels)
    own, foreign = {tenant_label: tenant}, {tenant_label: FOREIGN}
    hot = input_series(_stretched(fixture.fires, end), interval, own)
    cases = [
        Scenario(
            f"fires within {fired}",
            interval,
            hot,
            (*_before(firing, for_, interval), Expectation(fired, firing, {"{}": 1})),
        ),
        Scenario(
            "is silent on the safe side",
            interval,
            input_series(_stretched(fixture.calm, end), interval, own),
            (Expectation(fired, firing, {}),),
        ),
    ]
    nothing: Mapping[str, float] = {"{}": 1} if fires_empty else {}
    cases.append(
        Scenario(
            "takes another tenant's data for no data",
            interval,
            input_series(_stretched(fixture.fires, end), interval, foreign)
            or _dummy(end, interval),
            (Expectation(fired, firing, nothing),),
        )
    )
    what = "fires" if fires_empty else "is silent"
    cases.append(
        Scenario(
            f"{what} without any data",
            interval,
            _dummy(end, interval),
            (Expectation(fired, firing, nothing),),
        )
    )
    return tuple(cases)


def _firing(alert: str, labels: Mapping[str, str]) -> str:
    matchers = [("alertname", "=", alert), ("alertstate", "=", "firing")]
    matchers += [(name, "=", value) for name, value in sorted(labels.items())]
    return f"count({selector('ALERTS', matchers)}) >= bool 1"


def _before(firing: str, for_: Duration, interval: Duration) -> tuple[Expectation, ...]:
    """One evaluation before `for` has passed since the very first sample it cannot fire."""
    if for_.ms <= interval.ms:
        return ()
    at = (for_.ms - 1) // interval.ms * interval.ms
    return (Expectation(Duration(at), firing, {}),)


def _stretched(segments: Sequence[Segment], end: Duration) -> tuple[Segment, ...]:
    """The segments with the last one as long as the test."""
    done = sum(s.length.ms for s in segments[:-1])
    last = segments[-1]
    return (*segments[:-1], Segment(Duration(max(0, end.ms - done)), last.specs))


def _dummy(end: Duration, interval: Duration) -> tuple[InputSeries, ...]:
    """A series that no rule reads: without any, promtool evaluates nothing."""
    return (InputSeries("unrelated", f"1x{end.ms // interval.ms}"),)


def _up(ms: int, step: int) -> int:
    return -(-ms // step) * step
