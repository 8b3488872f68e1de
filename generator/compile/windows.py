"""Recurring time windows to Alertmanager's time intervals, and the time outside of them."""

from __future__ import annotations

from generator.compile.naming import receiver as interval_name
from generator.ir.routing import TimeInterval, TimeSpan
from generator.spec.model import TimeWindow, WindowTimes

_WEEK = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_MONTHS = (
    "january", "february", "march", "april", "may", "june",
    "july", "august", "september", "october", "november", "december",
)  # fmt: skip


def window_interval(tenant: str, window: TimeWindow) -> TimeInterval:
    """The window as an interval; wall-clock in its timezone, which recurring entries may use."""
    spans = tuple(_span(entry, window.timezone) for entry in window.entries)
    return TimeInterval(interval_name(tenant, "window", window.name), spans)


def outside_interval(tenant: str, window: TimeWindow) -> TimeInterval:
    """The time outside a window: any of its parts does not hold."""
    (entry,) = window.entries
    location = window.timezone
    spans = []
    days = _other_days(entry.weekdays)
    if days:
        spans.append(TimeSpan(weekdays=days, location=location))
    times = _other_times(entry.times)
    if times:
        spans.append(TimeSpan(times=times, location=location))
    if entry.days_of_month:
        rest = _other_numbers(entry.days_of_month, range(1, 32))
        spans.append(TimeSpan(days_of_month=rest, location=location))
    if entry.months:
        numbered = tuple(_numbered(m) for m in entry.months)
        spans.append(TimeSpan(months=_other_numbers(numbered, range(1, 13)), location=location))
    if entry.years:
        spans.append(
            TimeSpan(years=_other_numbers(entry.years, range(2000, 2100)), location=location)
        )
    found = tuple(
        s for s in spans if s.weekdays or s.times or s.days_of_month or s.months or s.years
    )
    return TimeInterval(interval_name(tenant, "outside", window.name), found)


def countable(window: TimeWindow) -> bool:
    """Whether the time outside can be written: days counted from a month's end cannot."""
    return not any(
        part.startswith("-") or ":-" in part for e in window.entries for part in e.days_of_month
    )


def _span(entry: WindowTimes, timezone: str) -> TimeSpan:
    return TimeSpan(
        times=entry.times,
        weekdays=entry.weekdays,
        days_of_month=entry.days_of_month,
        months=entry.months,
        years=entry.years,
        location=timezone,
    )


def _other_days(weekdays: tuple[str, ...]) -> tuple[str, ...]:
    if not weekdays:
        return ()
    inside: set[str] = set()
    for part in weekdays:
        first, _, last = part.partition(":")
        inside.update(_WEEK[_WEEK.index(first) : _WEEK.index(last or first) + 1])
    return tuple(day for day in _WEEK if day not in inside)


def _other_times(times: tuple[tuple[str, str], ...]) -> tuple[tuple[str, str], ...]:
    if not times:
        return ()
    rest, at = [], "00:00"
    for start, end in sorted(times):
        if start > at:
            rest.append((at, start))
        at = max(at, end)
    if at < "24:00":
        rest.append((at, "24:00"))
    return tuple(rest)


def _numbered(month: str) -> str:
    parts = [p if p.isdigit() else str(_MONTHS.index(p.lower()) + 1) for p in month.split(":")]
    return ":".join(parts)


def _other_numbers(parts: tuple[str, ...], whole: range) -> tuple[str, ...]:
    inside: set[int] = set()
    for part in parts:
        first, _, last = part.partition(":")
        inside.update(range(int(first), int(last or first) + 1))
    rest = [n for n in whole if n not in inside]
    ranges: list[list[int]] = []
    for n in rest:
        if ranges and ranges[-1][1] == n - 1:
            ranges[-1][1] = n
        else:
            ranges.append([n, n])
    return tuple(str(a) if a == b else f"{a}:{b}" for a, b in ranges)
