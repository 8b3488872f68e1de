"""Time intervals as periods of a horizon: when exactly a route is open, without asking each minute.

A period is (start, end) in milliseconds since the epoch, the end not included; lists of periods are
sorted and do not touch.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from itertools import pairwise
from zoneinfo import ZoneInfo

from generator.ir.incident import Leaf
from generator.ir.routing import MONTHS, TimeInterval, TimeSpan
from generator.verify.notify.times import span_holds

Period = tuple[int, int]
Periods = Sequence[Period]

_DAY = timedelta(days=1)
_AROUND = timedelta(days=8)
"""How far a horizon reaches past the first and the last dated entry: what recurs is seen there."""


def horizon(intervals: Iterable[TimeInterval]) -> Period:
    """From a week before the first date that intervals name to a week after the last.

    The year 2026 when they name none: the same for the same spec, whatever the day is.
    """
    dated = [
        day
        for interval in intervals
        for span in interval.spans
        if len(span.years) == 1 and ":" not in span.years[0]
        for day in (_first(span), _last(span))
    ]
    if not dated:
        return _ms(datetime(2026, 1, 1, tzinfo=UTC)), _ms(datetime(2027, 1, 1, tzinfo=UTC))
    first, last = (datetime.combine(day, time(), UTC) for day in (min(dated), max(dated)))
    return _ms(first - _AROUND), _ms(last + _DAY + _AROUND)


def open_periods(leaf: Leaf, intervals: Mapping[str, TimeInterval], within: Period) -> Periods:
    """When a route tells."""
    found: Periods = [within]
    if leaf.active:
        found = union(*(active(intervals[name].spans, within) for name in leaf.active))
    for name in leaf.muted:
        found = without(found, active(intervals[name].spans, within))
    return found


@lru_cache(maxsize=4096)
def active(spans: tuple[TimeSpan, ...], within: Period) -> tuple[Period, ...]:
    """When an interval with these entries is active."""
    return tuple(union(*(_periods(span, within) for span in spans)))


def union(*lists: Iterable[Period]) -> list[Period]:
    """All time that is in any of them."""
    made: list[Period] = []
    for start, end in sorted(period for periods in lists for period in periods):
        if made and start <= made[-1][1]:
            made[-1] = (made[-1][0], max(made[-1][1], end))
        elif start < end:
            made.append((start, end))
    return made


def without(periods: Periods, taken: Periods) -> list[Period]:
    """What of some periods is in none of the others."""
    left: list[Period] = []
    index = 0
    for start, end in periods:
        while index < len(taken) and taken[index][1] <= start:
            index += 1
        at, position = index, start
        while at < len(taken) and taken[at][0] < end:
            if position < taken[at][0]:
                left.append((position, taken[at][0]))
            position = max(position, taken[at][1])
            at += 1
        if position < end:
            left.append((position, end))
    return left


def shifted(periods: Periods, ms: int) -> list[Period]:
    """The periods, so much earlier."""
    return [(start - ms, end - ms) for start, end in periods]


# --------------------------------------------------------------------------- one entry


def _periods(span: TimeSpan, within: Period) -> Iterator[Period]:
    """When one entry is active: between the moments at which it may change, asked at each."""
    zone = ZoneInfo(span.location) if span.location else ZoneInfo("UTC")
    moments = {within[0], within[1]}
    for day in _days(span, within):
        for start, end in span.times or (("00:00", "24:00"),):
            for clock in (start, end):
                moments |= _instants(day, clock, zone)
    moments |= set(_changes(zone.key, within))
    inside = sorted(m for m in moments if within[0] <= m <= within[1])
    for start_ms, end_ms in pairwise(inside):
        if span_holds(span, datetime.fromtimestamp(start_ms / 1000, UTC)):
            yield start_ms, end_ms


def _days(span: TimeSpan, within: Period) -> Iterator[date]:
    """The days of a horizon that an entry may hold on, as far as years, months and days say."""
    first, last = (datetime.fromtimestamp(ms / 1000, UTC).date() for ms in within)
    day = first - _DAY
    years = _numbers(span.years, (), range(day.year, last.year + 2))
    months = _numbers(span.months, MONTHS, range(1, 13))
    positive = all(text[0] != "-" and ":-" not in text for text in span.days_of_month)
    days = _numbers(span.days_of_month, (), range(1, 32)) if positive else set(range(1, 32))
    for year in sorted(years):
        for month in sorted(months):
            for number in sorted(days):
                try:
                    found = date(year, month, number)
                except ValueError:
                    break
                if day <= found <= last + _DAY:
                    yield found


def _numbers(texts: Sequence[str], names: Sequence[str], all_: range) -> set[int]:
    """The numbers of `all_` that ranges name; all without ranges."""
    if not texts:
        return set(all_)
    found: set[int] = set()
    for text in texts:
        first, _, last = text.partition(":")
        low, high = (
            names.index(part) + 1 if part in names else int(part) for part in (first, last or first)
        )
        found |= set(range(max(low, all_.start), min(high, all_.stop - 1) + 1))
    return found


def _instants(day: date, clock: str, zone: ZoneInfo) -> set[int]:
    """The moments at which a wall clock shows a time: two where it shows it twice."""
    hour, minute = map(int, clock.split(":"))
    wall = datetime.combine(day, time()) + timedelta(hours=hour, minutes=minute)
    return {_ms(wall.replace(tzinfo=zone, fold=fold)) for fold in (0, 1)}


@lru_cache(maxsize=512)
def _changes(zone: str, within: Period) -> tuple[int, ...]:
    """The moments at which a zone's clocks change."""
    local, step = ZoneInfo(zone), 86_400_000
    if zone == "UTC":
        return ()

    def offset(ms: int) -> timedelta | None:
        return datetime.fromtimestamp(ms / 1000, local).utcoffset()

    found = []
    for start in range(within[0], within[1], step):
        low, high = start, start + step
        if offset(low) == offset(high):
            continue
        while high - low > 1000:
            middle = (low + high) // 2000 * 1000
            low, high = (middle, high) if offset(middle) == offset(start) else (low, middle)
        found.append(high)
    return tuple(found)


def _first(span: TimeSpan) -> date:
    months = _numbers(span.months, MONTHS, range(1, 13))
    days = [int(text.partition(":")[0]) for text in span.days_of_month] or [1]
    return date(int(span.years[0]), min(months), max(1, min(28, *days, 28)))


def _last(span: TimeSpan) -> date:
    months = _numbers(span.months, MONTHS, range(1, 13))
    year, month = int(span.years[0]), max(months)
    days = [int(text.rpartition(":")[2]) for text in span.days_of_month] or [31]
    length = (date(year + month // 12, month % 12 + 1, 1) - date(year, month, 1)).days
    return date(year, month, min(length, max(days) if min(days) > 0 else length))


def _ms(moment: datetime) -> int:
    return round(moment.timestamp()) * 1000
