"""The recurring times to which a layer of a schedule is restricted.

Unlike a time window for routes these may cross midnight or the end of the week: they are
enumerated by us and never reach Alertmanager's grammar, which knows neither.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from zoneinfo import ZoneInfo

from generator.findings import Place
from generator.spec.model import TimeWindow, WindowTimes
from generator.spec.read_notify import WEEKDAYS, weekdays
from generator.spec.scalars import Reading, string
from generator.spec.source import Node

_DAY = 24 * 60
_WEEK = 7 * _DAY


def read_during(
    node: Node | None,
    local: ZoneInfo,
    windows: Mapping[str, TimeWindow],
    names: Mapping[str, object],
    reading: Reading,
) -> TimeWindow | None:
    """A window by its name (in its own zone), or times in `local`; None when it cannot be used."""
    if node is None:
        return None
    if node.kind == "scalar":
        known = reading.reference(string(node), names, "time window", node.place)
        return windows.get(string(node)) if known else None
    start, end = node.get("from"), node.get("until")
    if start is None and end is None:
        entries = _daily(node, reading)
    elif start is None or end is None or node.get("weekdays") or node.get("times"):
        message = "during has from and until, or weekdays and times"
        hint = 'write {from: "friday 18:00", until: "monday 09:00"}'
        reading.error("bad-during", message, node.place, hint)
        return None
    else:
        entries = _weekly(_of_week(start), _of_week(end))
    return TimeWindow("", local.key, entries, node.place) if entries else None


def _daily(node: Node, reading: Reading) -> tuple[WindowTimes, ...]:
    """Weekdays and times of day; a time past midnight belongs to the day on which it begins."""
    days, times = node.get("weekdays"), node.get("times")
    named = weekdays(days, reading)
    if days is not None and not named:
        return ()
    if times is None:
        return (WindowTimes(weekdays=named),)
    entries: list[WindowTimes] = []
    for item in times.items:
        start, end = string(item.get("from")), string(item.get("until"))
        if start == end:
            _empty(f"{start} to {end} is no time at all", item.place, reading)
        elif start < end:
            entries.append(WindowTimes(weekdays=named, times=((start, end),)))
        else:
            entries.append(WindowTimes(weekdays=named, times=((start, "24:00"),)))
            if end != "00:00":
                following = WindowTimes(weekdays=_following(named), times=(("00:00", end),))
                entries.append(following)
    return tuple(entries)


def _weekly(start: int, end: int) -> tuple[WindowTimes, ...]:
    """From one minute of the week to another, day by day; the same minute is the whole week."""
    entries = []
    end = end if end > start else end + _WEEK
    while start < end:
        midnight = start - start % _DAY
        until = min(midnight + _DAY, end)
        day = WEEKDAYS[start // _DAY % 7]
        times = ((_clock(start - midnight), _clock(until - midnight)),)
        entries.append(WindowTimes(weekdays=(day,), times=times))
        start = until
    return tuple(entries)


def _following(days: Sequence[str]) -> tuple[str, ...]:
    """The day after each of these days; ranges are written out."""
    found: list[str] = []
    for text in days:
        first, _, last = text.partition(":")
        numbers = range(WEEKDAYS.index(first), WEEKDAYS.index(last or first) + 1)
        found += [WEEKDAYS[(number + 1) % 7] for number in numbers]
    return tuple(dict.fromkeys(found))


def _of_week(node: Node) -> int:
    """`friday 18:00` in minutes since Monday."""
    day, _, clock = string(node).partition(" ")
    hour, minute = clock.split(":")
    return WEEKDAYS.index(day) * _DAY + int(hour) * 60 + int(minute)


def _clock(minutes: int) -> str:
    return f"{minutes // 60:02}:{minutes % 60:02}"


def _empty(message: str, place: Place, reading: Reading) -> None:
    reading.error("bad-order", message, place, "leave times out for the whole day")
