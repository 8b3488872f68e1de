"""Times to Alertmanager's time intervals: recurring windows, and dated periods in UTC.

Alertmanager's grammar has no wrap around midnight or the week, and knows minutes only. A zone is
named for recurring windows alone: dated entries are in UTC, because in every release to 0.34 a
day of the month may never match in a month that has a change of clocks.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from generator.compile.naming import receiver
from generator.findings import Finding, error, warning
from generator.ir.routing import MONTHS, WEEKDAYS, TimeInterval, TimeSpan
from generator.spec.model import TimeWindow, WindowTimes

Period = tuple[datetime, datetime]
"""From, until (not included); aware, in UTC."""

_FIRST_YEAR, _LAST_YEAR = 1970, 2999
_DAY = re.compile(r"-?(?:[1-9]|[12][0-9]|3[01])")
_YEAR = re.compile(r"(?:19|2[0-9])[0-9]{2}")


def window_interval(tenant: str, window: TimeWindow) -> TimeInterval:
    """A recurring window as a time interval in its timezone."""
    zone = None if window.timezone in ("UTC", "Etc/UTC") else window.timezone
    spans = tuple(
        TimeSpan(
            times=entry.times,
            weekdays=_weekdays(entry.weekdays),
            days_of_month=entry.days_of_month,
            months=entry.months,
            years=entry.years,
            location=zone,
        )
        for entry in window.entries
    )
    return TimeInterval(receiver(tenant, "window", window.name), spans)


def window_findings(window: TimeWindow) -> tuple[Finding, ...]:
    """What Alertmanager would refuse, and days that a change of clocks could hide."""
    found: list[Finding] = []
    for entry in window.entries:
        found += _bad_ranges(window, entry)
        if entry.days_of_month and _changes_clocks(window.timezone):
            message = (
                f"{window.name} names days of the month in {window.timezone}: when the clocks "
                "change within a month, Alertmanager may miss its last day"
            )
            hint = "give the window timezone: UTC, or name weekdays"
            found.append(warning("window-days", message, window.place, hint))
    return tuple(found)


def readable(entry: WindowTimes) -> bool:
    """Whether Alertmanager would take the entry's ranges."""
    return all(good(text) for _, texts, good, _ in _ranges(entry) for text in texts)


def dated_interval(name: str, periods: Iterable[Period], comment: str = "") -> TimeInterval:
    """Dated periods as a time interval in UTC, merged by year, month and time of day.

    Without periods it is an interval that is never active.
    """
    spans = dated_spans(periods) or (TimeSpan(years=(str(_FIRST_YEAR),)),)
    return TimeInterval(name, spans, comment)


def dated_spans(periods: Iterable[Period]) -> tuple[TimeSpan, ...]:
    """The spans of periods given in whole minutes; seconds are cut off."""
    days: dict[tuple[int, int, str, str], list[int]] = {}
    spans: list[TimeSpan] = []
    for start, end in joined(periods):
        spans += _whole_years(start, end)
        for day, since, until in _pieces(start, end):
            if _FIRST_YEAR < day.year < _LAST_YEAR:
                days.setdefault((day.year, day.month, since, until), []).append(day.day)
    months: dict[tuple[int, str, str, tuple[str, ...]], list[int]] = {}
    for (year, month, since, until), found in sorted(days.items()):
        whole = len(set(found)) == _length(year, month)
        key = (year, since, until, () if whole else ranges(found))
        months.setdefault(key, []).append(month)
    for (year, since, until, kept), numbers in sorted(months.items()):
        times = () if (since, until) == ("00:00", "24:00") else ((since, until),)
        named = () if len(numbers) == 12 else tuple(ranges(numbers))
        spans.append(TimeSpan(times, (), kept, named, (str(year),)))
    return tuple(sorted(spans, key=_chronological))


def outside(periods: Iterable[Period]) -> tuple[Period, ...]:
    """All time that is in none of the periods."""
    gaps: list[Period] = []
    position = datetime(_FIRST_YEAR, 1, 1, tzinfo=UTC)
    for start, end in joined(periods):
        if start > position:
            gaps.append((position, start))
        position = end
    gaps.append((position, datetime(_LAST_YEAR + 1, 1, 1, tzinfo=UTC)))
    return tuple(gaps)


def joined(periods: Iterable[Period]) -> tuple[Period, ...]:
    """The periods in order, in whole minutes, touching and overlapping ones made one."""
    made: list[Period] = []
    for start, end in sorted((_minute(a), _minute(b)) for a, b in periods):
        if end <= start:
            continue
        if made and start <= made[-1][1]:
            made[-1] = (made[-1][0], max(made[-1][1], end))
        else:
            made.append((start, end))
    return tuple(made)


def ranges(numbers: Iterable[int]) -> tuple[str, ...]:
    """Numbers as Alertmanager's ranges: `1:5`, `9`."""
    runs: list[list[int]] = []
    for number in sorted(set(numbers)):
        if runs and number == runs[-1][-1] + 1:
            runs[-1].append(number)
        else:
            runs.append([number])
    return tuple(str(r[0]) if len(r) == 1 else f"{r[0]}:{r[-1]}" for r in runs)


# --------------------------------------------------------------------------- dated


def _minute(moment: datetime) -> datetime:
    return moment.astimezone(UTC).replace(second=0, microsecond=0)


def _whole_years(start: datetime, end: datetime) -> Iterator[TimeSpan]:
    """What reaches to the ends of all time, in one entry each."""
    if start.year == _FIRST_YEAR:
        yield TimeSpan(years=(f"{_FIRST_YEAR}:{end.year - 1}",))
    if end.year > _LAST_YEAR:
        yield TimeSpan(years=(f"{start.year + 1}:{_LAST_YEAR}",))


def _pieces(start: datetime, end: datetime) -> Iterator[tuple[date, str, str]]:
    """The period cut at midnights, without the years that `_whole_years` has."""
    if start.year == _FIRST_YEAR:
        start = datetime(end.year, 1, 1, tzinfo=UTC)
    if end.year > _LAST_YEAR:
        end = datetime(start.year + 1, 1, 1, tzinfo=UTC)
    while start < end:
        midnight = datetime.combine(start.date() + timedelta(days=1), time(), UTC)
        until = "24:00" if midnight <= end else f"{end:%H:%M}"
        yield start.date(), f"{start:%H:%M}", until
        start = midnight


def _chronological(span: TimeSpan) -> tuple[str, int, int, tuple[tuple[str, str], ...]]:
    month, day = (
        int(text[0].partition(":")[0]) if text else 0 for text in (span.months, span.days_of_month)
    )
    return span.years[0], month, day, span.times


def _length(year: int, month: int) -> int:
    following = date(year + month // 12, month % 12 + 1, 1)
    return (following - date(year, month, 1)).days


# --------------------------------------------------------------------------- recurring


def _weekdays(names: Sequence[str]) -> tuple[str, ...]:
    """Days and ranges (Monday first, as people write them) as ranges from Sunday on."""
    numbers: set[int] = set()
    for name in names:
        first, _, last = name.partition(":")
        begin, end = ((WEEKDAYS.index(day) + 6) % 7 for day in (first, last or first))
        numbers |= {(day + 1) % 7 for day in range(begin, end + 1)}
    written = (r.split(":") for r in ranges(numbers))
    return tuple(":".join(WEEKDAYS[int(number)] for number in run) for run in written)


def _ranges(
    entry: WindowTimes,
) -> tuple[tuple[str, Sequence[str], Callable[[str], bool], str], ...]:
    """What an entry's ranges are of, their texts, which are good, and an example."""
    return (
        ("day of the month", entry.days_of_month, _good_days, "1:5 or -1"),
        ("month", entry.months, _good_months, "december or 1:3"),
        ("year", entry.years, _good_years, '"2026" or 2026:2027'),
    )


def _bad_ranges(window: TimeWindow, entry: WindowTimes) -> Iterator[Finding]:
    for what, texts, good, example in _ranges(entry):
        for text in texts:
            if not good(text):
                message = f"{text!r} is no {what}, and no range of them"
                yield error("bad-window", message, window.place, f"write for example {example}")


def _good_days(text: str) -> bool:
    first, colon, last = text.partition(":")
    if not _DAY.fullmatch(first) or (colon and not _DAY.fullmatch(last)):
        return False
    begin, end = int(first), int(last or first)
    if begin < 0 < end:
        return False
    shortest = [28 + day if day < 0 else day for day in (begin, end)]
    return shortest[0] <= shortest[1]


def _good_months(text: str) -> bool:
    numbers = [month_number(part) for part in text.split(":")]
    return len(numbers) <= 2 and 0 < numbers[0] <= numbers[-1]


def month_number(text: str) -> int:
    """A month by its name or number, 0 when it is none."""
    if text in MONTHS:
        return MONTHS.index(text) + 1
    return int(text) if text.isdecimal() and 1 <= int(text) <= 12 else 0


def _good_years(text: str) -> bool:
    parts = text.split(":")
    return len(parts) <= 2 and all(map(_YEAR.fullmatch, parts)) and parts[0] <= parts[-1]


def _changes_clocks(timezone: str) -> bool:
    zone = ZoneInfo(timezone)
    offsets = {datetime(2026, month, 1, tzinfo=zone).utcoffset() for month in range(1, 13)}
    return len(offsets) > 1
