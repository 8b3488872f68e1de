"""Recurring windows enumerated: the periods in UTC at which the zone's clocks show their times.

It reads the clock as Alertmanager does: a time that comes twice counts twice, one that is skipped
does not come. Days of the month are counted right, which Alertmanager does not always do.
"""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, date, datetime, time, timedelta

from generator.compile.windows import Period, joined, month_number, readable
from generator.spec.model import TimeWindow, WindowTimes
from generator.spec.wallclock import offsets

_WEEK = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_WHOLE_DAY = (("00:00", "24:00"),)

_Time = tuple[timedelta, timedelta]
_Times = tuple[_Time, ...]
"""Times of day as distances from midnight."""


def recurring(window: TimeWindow, start: datetime, end: datetime) -> tuple[Period, ...]:
    """When the window is active from `start` until `end` (UTC), in order and not touching.

    An entry that Alertmanager would refuse is never active; `window_findings` tells of it.
    """
    entries = [(entry, _times(entry)) for entry in window.entries if readable(entry)]
    found: list[Period] = []
    for since, until, offset in offsets(window.timezone, start, end):
        day, last = (since + offset).date(), (until + offset).date()
        while day <= last:
            midnight = datetime.combine(day, time(), UTC) - offset
            for begins, ends in _of_day(entries, day):
                period = max(midnight + begins, since), min(midnight + ends, until)
                if period[0] < period[1]:
                    found.append(period)
            day += timedelta(days=1)
    return joined(found)


def _of_day(entries: Sequence[tuple[WindowTimes, _Times]], day: date) -> Iterator[_Time]:
    for entry, times in entries:
        if _day_in(entry, day):
            yield from times


def _times(entry: WindowTimes) -> _Times:
    return tuple((_clock(start), _clock(end)) for start, end in entry.times or _WHOLE_DAY)


def _clock(text: str) -> timedelta:
    hour, minute = text.split(":")
    return timedelta(hours=int(hour), minutes=int(minute))


def _day_in(entry: WindowTimes, day: date) -> bool:
    length = monthrange(day.year, day.month)[1]
    checks = (
        (entry.weekdays, day.weekday(), _WEEK.index),
        (entry.days_of_month, day.day, lambda text: _from_the_start(int(text), length)),
        (entry.months, day.month, month_number),
        (entry.years, day.year, int),
    )
    return all(not texts or _any_has(texts, here, number) for texts, here, number in checks)


def _any_has(texts: Sequence[str], here: int, number: Callable[[str], int]) -> bool:
    """Whether a range `first:last` among the texts has the number `here`."""
    for text in texts:
        first, _, last = text.partition(":")
        if number(first) <= here <= number(last or first):
            return True
    return False


def _from_the_start(day: int, length: int) -> int:
    """A day of the month, negative ones counted from its end."""
    return length + day + 1 if day < 0 else day
