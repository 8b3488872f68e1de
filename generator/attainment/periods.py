"""Periods of reports: the calendar's years, quarters, months, weeks and days, and rolling ones.

A calendar period begins and ends at local midnight, so one with a change of clocks is an hour
longer or shorter; where the clocks skip midnight it begins with the day's first moment.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from generator.ir.attainment import Period, Span
from generator.values import Duration

EXAMPLES = "2026-10, 2026-Q4, 2026-W43, 2026-10-12, 2026, last-month, this-week or 30d"
_MINUTE = timedelta(minutes=1)
_KINDS = ("day", "week", "month", "quarter", "year")
_RELATIVE = re.compile(rf"(last|this)-({'|'.join(_KINDS)})")
_WRITTEN = (
    ("quarter", re.compile(r"(\d{4})-[Qq]([1-4])")),
    ("week", re.compile(r"(\d{4})-[Ww](\d{2})")),
    ("day", re.compile(r"(\d{4})-(\d{2})-(\d{2})")),
    ("month", re.compile(r"(\d{4})-(\d{2})")),
    ("year", re.compile(r"(\d{4})")),
)


@dataclass(frozen=True, slots=True)
class Wanted:
    """A period as somebody asks for it; `now`, `start` and `end` are aware."""

    text: str
    """One of EXAMPLES; empty where `start` and `end` are given."""
    now: datetime
    start: datetime | None = None
    end: datetime | None = None


def period_of(wanted: Wanted, zone: str) -> Period:
    """The period in a timezone. Raises ValueError with what to write instead."""
    if wanted.start is not None:
        return _between(wanted, zone)
    found = _calendar(wanted.text, wanted.now, zone)
    if found is None:
        return _rolling(wanted, zone)
    if wanted.end is not None:
        raise ValueError(f"{wanted.text} ends by itself: give no end, or from and until alone")
    now = _whole_minute(wanted.now)
    if found.span.start >= now:
        raise ValueError(f"{found.title} is not begun: there is nothing to report")
    if found.span.end > now:
        return replace(found, span=Span(found.span.start, now), unfinished=True)
    return found


def period_before(period: Period) -> Period:
    """The period to compare with: the calendar's previous one, whole; else as long, just before."""
    if period.calendar:
        eve = period.local(period.span.start).date() - timedelta(days=1)
        return _holding(_kind(period.name), eve, period.zone)
    return _length(period.span.start, period.span.length, period.zone)


# --------------------------------------------------------------------------- kinds


def _between(wanted: Wanted, zone: str) -> Period:
    if wanted.text:
        raise ValueError("give a period, or from and until, not both")
    start, end = wanted.start, wanted.end or _whole_minute(wanted.now)
    assert start is not None
    if start >= end:
        raise ValueError("the period ends before it begins")
    if end > wanted.now:
        raise ValueError("the period ends in the future: nothing is measured there yet")
    return _named(Span(start.astimezone(UTC), end.astimezone(UTC)), zone)


def _rolling(wanted: Wanted, zone: str) -> Period:
    try:
        length = timedelta(milliseconds=Duration.parse(wanted.text).ms)
    except (ValueError, OverflowError):
        raise ValueError(f"{wanted.text!r} is no period; write {EXAMPLES}") from None
    if length < timedelta(hours=1):
        raise ValueError(f"{wanted.text} is shorter than an hour; write {EXAMPLES}")
    end = (wanted.end or _whole_minute(wanted.now)).astimezone(UTC)
    if end > wanted.now:
        raise ValueError("the period ends in the future: nothing is measured there yet")
    try:
        return _length(end, length, zone)
    except OverflowError:
        raise ValueError(f"{wanted.text} reaches back too far") from None


def _length(end: datetime, length: timedelta, zone: str) -> Period:
    period = _named(Span(end - length, end), zone)
    text = Duration(int(length / timedelta(milliseconds=1)))
    return replace(period, name=f"{text}-until-{end:%Y%m%dT%H%MZ}")


def _named(span: Span, zone: str) -> Period:
    name = f"{span.start:%Y%m%dT%H%MZ}-{span.end:%Y%m%dT%H%MZ}"
    start, end = (moment.astimezone(ZoneInfo(zone)) for moment in (span.start, span.end))
    title = f"{_moment(start)} to {_moment(end)}"
    return Period(span, zone, name, title, calendar=False)


def _moment(local: datetime) -> str:
    return f"{local.day} {local:%B %Y, %H:%M}"


def _calendar(text: str, now: datetime, zone: str) -> Period | None:
    """The calendar's period that a text names, however far it lies; None when it names none."""
    if relative := _RELATIVE.fullmatch(text):
        today = now.astimezone(ZoneInfo(zone)).date()
        this = _holding(relative[2], today, zone)
        return this if relative[1] == "this" else period_before(this)
    for kind, pattern in _WRITTEN:
        if match := pattern.fullmatch(text):
            try:
                return _holding(kind, _FIRST[kind](*map(int, match.groups())), zone)
            except (ValueError, OverflowError):
                raise ValueError(f"there is no {kind} {text}; write {EXAMPLES}") from None
    return None


_FIRST: dict[str, Callable[..., date]] = {
    "quarter": lambda year, quarter: date(year, 3 * quarter - 2, 1),
    "week": lambda year, week: date.fromisocalendar(year, week, 1),
    "day": date,
    "month": lambda year, month: date(year, month, 1),
    "year": lambda year: date(year, 1, 1),
}


def _kind(name: str) -> str:
    return next(kind for kind, pattern in _WRITTEN if pattern.fullmatch(name))


def _holding(kind: str, day: date, zone: str) -> Period:
    """The calendar's period of a kind that a day lies in."""
    match kind:
        case "day":
            first, after = day, day + timedelta(days=1)
            name, title = f"{day}", f"{day.day} {day:%B %Y}"
        case "week":
            first = day - timedelta(days=day.weekday())
            after = first + timedelta(days=7)
            year, week, _ = first.isocalendar()
            name, title = f"{year}-W{week:02}", f"week {week} of {year}"
        case "month":
            first = day.replace(day=1)
            after = _months_on(first, 1)
            name, title = f"{first:%Y-%m}", f"{first:%B %Y}"
        case "quarter":
            quarter = (day.month + 2) // 3
            first = date(day.year, 3 * quarter - 2, 1)
            after = _months_on(first, 3)
            name, title = f"{day.year}-Q{quarter}", f"quarter {quarter} of {day.year}"
        case _:
            first, after = date(day.year, 1, 1), date(day.year + 1, 1, 1)
            name, title = f"{day.year}", f"{day.year}"
    return Period(Span(_midnight(first, zone), _midnight(after, zone)), zone, name, title, True)


def _months_on(first: date, count: int) -> date:
    years, month = divmod(first.month - 1 + count, 12)
    return date(first.year + years, month + 1, 1)


def _midnight(day: date, zone: str) -> datetime:
    """The day's first moment, in UTC."""
    return datetime(day.year, day.month, day.day, tzinfo=ZoneInfo(zone)).astimezone(UTC)


def _whole_minute(now: datetime) -> datetime:
    """The minute that has begun last: of the seconds since then not all is recorded."""
    now = now.astimezone(UTC)
    return now - (now - datetime.min.replace(tzinfo=UTC)) % _MINUTE
