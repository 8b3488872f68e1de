"""Random time intervals, and zones made so that the real Alertmanager's clock shows any moment.

Go reads zones from the folder that ZONEINFO names. A zone's copy whose offsets and changes are
shifted by (moment - now) makes the unmodified program see that moment's wall clock in it.
"""

from __future__ import annotations

import random
import struct
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from generator.ir.routing import MONTHS, WEEKDAYS, TimeInterval, TimeSpan

ZONES = (
    *("Europe/Paris", "America/New_York", "UTC", "Asia/Kolkata", "Australia/Lord_Howe"),
    *("America/St_Johns", "Pacific/Auckland", "Asia/Kathmandu"),
)


@dataclass(frozen=True)
class Case:
    """An interval in a zone, asked at a moment (aware)."""

    interval: TimeInterval
    zone: str
    at: datetime

    def in_zone(self, name: str) -> TimeInterval:
        """The interval with another name for its zone."""
        return replace(
            self.interval,
            name=name,
            spans=tuple(replace(span, location=name) for span in self.interval.spans),
        )


def random_cases(seed: int, count: int) -> list[Case]:
    """Intervals of all parts of the grammar, asked where they are likely to change."""
    rng = random.Random(seed)
    return [_case(rng) for _ in range(count)]


def shifted_zone(zone: str, seconds: int, around: datetime) -> bytes:
    """A TZif file: the zone as it is around a moment, but all that happens `seconds` earlier and
    its clocks ahead by as much."""
    local = ZoneInfo(zone)
    changes = list(_changes(local, around - timedelta(days=70), around + timedelta(days=70)))
    first = local.utcoffset(around - timedelta(days=70))
    assert first is not None
    offsets = [int(first.total_seconds())]
    for moment in changes:
        offset = local.utcoffset(moment.astimezone(local))
        assert offset is not None
        offsets.append(int(offset.total_seconds()))
    times = [int(moment.timestamp()) - seconds for moment in changes]
    types = b"".join(struct.pack(">lBB", offset + seconds, 0, 0) for offset in offsets)
    body = struct.pack(f">{len(times)}q", *times) + bytes(range(1, len(times) + 1)) + types + b"X\0"
    old = _header(0, 1) + struct.pack(">lBB", 0, 0, 0) + b"X\0"
    return old + _header(len(times), len(offsets)) + body + b"\n\n"


def _header(times: int, types: int) -> bytes:
    return b"TZif2" + bytes(15) + struct.pack(">6l", 0, 0, 0, times, types, 2)


def _changes(zone: ZoneInfo, start: datetime, end: datetime) -> Iterator[datetime]:
    """The moments at which a zone's offset changes, to the minute."""
    day = timedelta(days=1)
    while start < end:
        if start.astimezone(zone).utcoffset() != (start + day).astimezone(zone).utcoffset():
            low, high = start, start + day
            while high - low > timedelta(minutes=1):
                middle = low + timedelta(minutes=(high - low) // timedelta(minutes=1) // 2)
                same = middle.astimezone(zone).utcoffset() == low.astimezone(zone).utcoffset()
                low, high = (middle, high) if same else (low, middle)
            yield high
        start += day


def write_zones(cases: list[Case], now: datetime, folder: Path) -> None:
    """A zone `shift/<n>` for each case, whose clock is at the case's moment at `now`."""
    (folder / "shift").mkdir(parents=True)
    for number, case in enumerate(cases):
        seconds = round((case.at - now).total_seconds())
        content = shifted_zone(case.zone, seconds, case.at)
        (folder / "shift" / str(number)).write_bytes(content)


# --------------------------------------------------------------------------- random


def _case(rng: random.Random) -> Case:
    zone = rng.choice(ZONES)
    spans = tuple(_span(rng, zone) for _ in range(rng.choice((1, 1, 2))))
    at = datetime(rng.randrange(2024, 2029), rng.randrange(1, 13), 1, tzinfo=ZoneInfo(zone))
    at = at.replace(month=rng.choice((3, 10, at.month)))
    ends = (27, 28, 29, 30, 31, 0, 1)
    days = rng.choice(ends) if rng.random() < 0.5 else rng.randrange(28)
    minute = rng.randrange(1440)
    if spans[0].times and rng.random() < 0.6:
        hour, minutes = rng.choice(rng.choice(spans[0].times)).split(":")
        minute = (int(hour) * 60 + int(minutes) - rng.randrange(2)) % 1440
    wall = (at + timedelta(days=days)).replace(hour=minute // 60, minute=minute % 60)
    return Case(TimeInterval("", spans), zone, wall.astimezone(UTC))


def _span(rng: random.Random, zone: str) -> TimeSpan:
    def some(chance: float) -> bool:
        return rng.random() < chance

    return TimeSpan(
        times=tuple(_times(rng) for _ in range(rng.choice((1, 1, 2)))) if some(0.5) else (),
        weekdays=tuple(_range(rng, WEEKDAYS) for _ in range(2)) if some(0.4) else (),
        days_of_month=tuple(_days(rng) for _ in range(rng.choice((1, 2)))) if some(0.6) else (),
        months=tuple(_months(rng) for _ in range(2)) if some(0.3) else (),
        years=(_range(rng, [str(y) for y in range(2023, 2030)]),) if some(0.3) else (),
        location=zone,
    )


def _times(rng: random.Random) -> tuple[str, str]:
    start, end = sorted(rng.sample([*range(0, 1440, 15), 1439, 1440], 2))
    return f"{start // 60:02}:{start % 60:02}", f"{end // 60:02}:{end % 60:02}"


def _range(rng: random.Random, names: list[str] | tuple[str, ...]) -> str:
    first, last = sorted((rng.randrange(len(names)), rng.randrange(len(names))))
    return names[first] if first == last else f"{names[first]}:{names[last]}"


def _months(rng: random.Random) -> str:
    return _range(rng, rng.choice((MONTHS, [str(n) for n in range(1, 13)])))


def _days(rng: random.Random) -> str:
    """A day or a range of days; positive ones may end with a negative one late enough."""
    kind = rng.randrange(4)
    if kind == 0:
        return str(rng.choice((1, 15, 28, 29, 30, 31, -1, -2, -28, -31)))
    low, high = sorted((rng.randrange(1, 32), rng.randrange(1, 32)))
    if kind == 1:
        return f"{low}:{high}"
    if kind == 2:
        return f"{-high}:{-low}"
    return f"{rng.randrange(1, 15)}:{rng.randrange(-10, 0)}"
