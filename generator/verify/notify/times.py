"""When time intervals are active, exactly as Alertmanager reckons it, with its faults."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from generator.ir.incident import Leaf
from generator.ir.routing import MONTHS, WEEKDAYS, TimeInterval, TimeSpan


def holds(interval: TimeInterval, at: datetime) -> bool:
    """Whether a time interval is active at a moment (aware)."""
    return any(span_holds(span, at) for span in interval.spans)


def is_open(leaf: Leaf, intervals: Mapping[str, TimeInterval], at: datetime) -> bool:
    """Whether a route tells anybody at a moment (aware)."""
    return not closed_by(leaf, intervals, at)


def closed_by(leaf: Leaf, intervals: Mapping[str, TimeInterval], at: datetime) -> tuple[str, ...]:
    """The intervals for which a route tells nobody at a moment: those that mute it, or else all
    that it waits for; none when it tells."""
    muting = tuple(name for name in leaf.muted if holds(intervals[name], at))
    if muting:
        return muting
    waiting = leaf.active and not any(holds(intervals[name], at) for name in leaf.active)
    return leaf.active if waiting else ()


def span_holds(span: TimeSpan, at: datetime) -> bool:
    """Whether one entry of a time interval holds at a moment (aware)."""
    local = at.astimezone(ZoneInfo(span.location) if span.location else UTC)
    minute = local.hour * 60 + local.minute
    weekday = (local.weekday() + 1) % 7
    return (
        (not span.times or any(_minutes(a) <= minute < _minutes(b) for a, b in span.times))
        and _in(span.days_of_month, lambda text: _day_in(text, local))
        and _in(span.months, lambda text: _between(text, local.month, MONTHS, 1))
        and _in(span.weekdays, lambda text: _between(text, weekday, WEEKDAYS, 0))
        and _in(span.years, lambda text: _between(text, local.year, (), 0))
    )


def _in(texts: Sequence[str], holds_for: Callable[[str], bool]) -> bool:
    return not texts or any(holds_for(text) for text in texts)


def _minutes(clock: str) -> int:
    hour, minute = clock.split(":")
    return int(hour) * 60 + int(minute)


def _between(text: str, number: int, names: Sequence[str], first: int) -> bool:
    begin, _, end = text.partition(":")
    low, high = (
        names.index(part) + first if part in names else int(part) for part in (begin, end or begin)
    )
    return low <= number <= high


def _day_in(text: str, local: datetime) -> bool:
    """A day of the month or a range of them, negative ones counted from the month's end."""
    length = _days_in_month(local)
    first, _, last = text.partition(":")
    begin, end = (
        length + int(part) + 1 if int(part) < 0 else int(part) for part in (first, last or first)
    )
    if begin > length:
        return False
    return max(begin, -length) <= local.day <= min(end, length)


def _days_in_month(local: datetime) -> int:
    """As Alertmanager counts: whole days between the month's ends, an hour less in spring.

    (The bug by which a month's last day goes missing where the clocks change within it.)
    """
    start = datetime(local.year, local.month, 1, tzinfo=local.tzinfo)
    following = datetime(
        local.year + local.month // 12, local.month % 12 + 1, 1, tzinfo=local.tzinfo
    )
    return int((following.astimezone(UTC) - start.astimezone(UTC)).total_seconds() // 86400)
