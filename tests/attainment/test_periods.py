"""Periods: what the calendar's names mean in a timezone, and what is wrong use."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from generator.attainment.periods import Wanted, period_before, period_of
from generator.ir.attainment import Period

NOW = datetime(2026, 11, 25, 12, 30, 42, tzinfo=UTC)
PARIS = "Europe/Paris"


def asked(text: str, zone: str = PARIS) -> Period:
    return period_of(Wanted(text, NOW), zone)


def told(period: Period) -> tuple[str, str, str]:
    start, end = period.local(period.span.start), period.local(period.span.end)
    return period.name, start.isoformat(), end.isoformat()


@pytest.mark.parametrize(
    ("text", "name", "start", "end", "hours"),
    [
        ("2026-10", "2026-10", "2026-10-01T00:00:00+02:00", "2026-11-01T00:00:00+01:00", 745),
        ("2026-03", "2026-03", "2026-03-01T00:00:00+01:00", "2026-04-01T00:00:00+02:00", 743),
        ("last-month", "2026-10", "2026-10-01T00:00:00+02:00", "2026-11-01T00:00:00+01:00", 745),
        ("2025-Q4", "2025-Q4", "2025-10-01T00:00:00+02:00", "2026-01-01T00:00:00+01:00", 2209),
        ("last-quarter", "2026-Q3", "2026-07-01T00:00:00+02:00", "2026-10-01T00:00:00+02:00", 2208),
        ("2026-W43", "2026-W43", "2026-10-19T00:00:00+02:00", "2026-10-26T00:00:00+01:00", 169),
        ("2026-W01", "2026-W01", "2025-12-29T00:00:00+01:00", "2026-01-05T00:00:00+01:00", 168),
        ("last-week", "2026-W47", "2026-11-16T00:00:00+01:00", "2026-11-23T00:00:00+01:00", 168),
        ("2026-10-25", "2026-10-25", "2026-10-25T00:00:00+02:00", "2026-10-26T00:00:00+01:00", 25),
        ("2025", "2025", "2025-01-01T00:00:00+01:00", "2026-01-01T00:00:00+01:00", 8760),
    ],
)
def test_the_calendars_periods(text: str, name: str, start: str, end: str, hours: int) -> None:
    period = asked(text)
    assert told(period) == (name, start, end)
    assert period.span.length == timedelta(hours=hours)
    assert period.calendar and not period.unfinished


def test_a_day_without_a_midnight_begins_with_its_first_moment() -> None:
    period = asked("2026-04-24", "Africa/Cairo")
    assert told(period)[1:] == ("2026-04-24T01:00:00+03:00", "2026-04-25T00:00:00+03:00")
    assert period_before(period).span.end == period.span.start


def test_what_is_not_over_ends_at_the_last_whole_minute() -> None:
    period = asked("this-month")
    assert period.unfinished
    assert period.span.end == datetime(2026, 11, 25, 12, 30, tzinfo=UTC)
    assert period_before(period) == asked("2026-10")


def test_a_length_ends_now_or_where_it_is_told() -> None:
    assert asked("30d").span.end == datetime(2026, 11, 25, 12, 30, tzinfo=UTC)
    end = datetime(2026, 11, 1, tzinfo=UTC)
    period = period_of(Wanted("30d", NOW, end=end), PARIS)
    assert (period.span.end, period.span.length) == (end, timedelta(days=30))
    assert period.name == "30d-until-20261101T0000Z"
    before = period_before(period)
    assert (before.span.end, before.span.length) == (period.span.start, timedelta(days=30))


@pytest.mark.parametrize(
    ("wanted", "says"),
    [
        (Wanted("2026-13", NOW), "there is no month 2026-13; write 2026-10"),
        (Wanted("2026-W54", NOW), "there is no week 2026-W54"),
        (Wanted("october", NOW), "'october' is no period; write 2026-10"),
        (Wanted("5m", NOW), "shorter than an hour"),
        (Wanted("9000000y", NOW), "back too far|is no period"),
        (Wanted("2026-12", NOW), "December 2026 is not begun"),
        (Wanted("2026-10", NOW, end=NOW), "2026-10 ends by itself"),
        (Wanted("30d", NOW, end=NOW + timedelta(hours=1)), "in the future"),
        (Wanted("", NOW, NOW, NOW - timedelta(hours=1)), "ends before it begins"),
        (Wanted("", NOW, NOW, NOW + timedelta(hours=1)), "in the future"),
        (Wanted("30d", NOW, NOW), "not both"),
    ],
)
def test_what_is_no_period_says_what_to_write(wanted: Wanted, says: str) -> None:
    with pytest.raises(ValueError, match=says):
        period_of(wanted, PARIS)


@given(
    day=st.dates(date(2015, 1, 1), date(2025, 12, 31)),
    form=st.sampled_from(["%Y-%m-%d", "%Y-%m", "%G-W%V", "%Y"]),
    zone=st.sampled_from([PARIS, "UTC", "Australia/Lord_Howe", "America/Havana", "Asia/Kolkata"]),
)
def test_each_period_begins_where_the_one_before_ends(day: date, form: str, zone: str) -> None:
    period = asked(day.strftime(form), zone)
    before = period_before(period)
    assert before.span.end == period.span.start
    assert asked(before.name, zone) == before
