"""Rotations: turns change hands by the wall clock, overrides cut in, dates are in UTC."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from itertools import pairwise

import pytest

from generator.compile.calendar import duties
from generator.compile.oncall import (
    off_interval,
    on_call,
    on_duty,
    person_interval,
    shifts,
)
from generator.compile.oncall_findings import horizon_findings, schedule_findings, terms
from generator.spec.model import Schedule, Shift
from generator.verify.notify import holds
from tests.builders import tenant
from tests.compile_routing.planned import rota


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def test_turns_change_hands_at_nine_in_winter_and_in_summer() -> None:
    turns = shifts(rota())
    assert turns[0] == Shift(utc("2026-11-02T08:00"), utc("2026-11-09T08:00"), "ann")
    assert turns[1].person == "bob"
    assert next(s for s in turns if s.end == utc("2027-03-29T07:00")).person == "ann"
    assert turns[-1].end == utc("2027-11-01T08:00")
    assert all(a.end == b.start for a, b in pairwise(turns))


def test_the_week_when_clocks_change_is_an_hour_shorter() -> None:
    lengths = {s.end - s.start for s in shifts(rota())}
    assert lengths == {timedelta(days=7), timedelta(days=7, hours=-1), timedelta(days=7, hours=1)}


def test_an_override_cuts_into_a_turn() -> None:
    override = Shift(utc("2026-12-24T08:00"), utc("2026-12-26T08:00"), "cat")
    schedule = rota(overrides=(override,))
    found = duties(schedule, utc("2026-12-23T00:00"), utc("2026-12-27T00:00"))
    assert [(d.person, d.start and d.start.day, d.end and d.end.day) for d in found] == [
        ("bob", 21, 24),
        ("cat", 24, 26),
        ("bob", 26, 28),
    ]
    assert on_duty(schedule) == ("ann", "bob", "cat")


def test_an_override_by_the_same_person_joins_the_turns() -> None:
    override = Shift(utc("2026-11-08T08:00"), utc("2026-11-10T08:00"), "ann")
    turns = shifts(rota(overrides=(override,)))
    assert (turns[0].person, turns[0].end) == ("ann", utc("2026-11-10T08:00"))


def test_of_overlapping_overrides_the_later_wins_and_it_is_told() -> None:
    first = Shift(utc("2026-11-03T08:00"), utc("2026-11-05T08:00"), "cat")
    second = Shift(utc("2026-11-04T08:00"), utc("2026-11-06T08:00"), "dan")
    schedule = rota(overrides=(first, second))
    shift = on_call(schedule, utc("2026-11-04T12:00"))
    assert shift is not None and shift.person == "dan"
    (found,) = schedule_findings({"primary": schedule})
    assert found.message == (
        "two overrides of primary overlap: cat until 2026-11-05 08:00 UTC, dan from "
        "2026-11-04 08:00 UTC; dan wins"
    )


@pytest.mark.parametrize("moment", ["2026-11-02T07:59", "2027-11-01T08:00"])
def test_outside_the_rotation_nobody_is_on_call(moment: str) -> None:
    assert on_call(rota(), utc(moment)) is None


@pytest.mark.parametrize("zone", ["Europe/Paris", "America/New_York", "Australia/Lord_Howe", "UTC"])
def test_at_every_hour_of_the_year_exactly_one_interval_holds(zone: str) -> None:
    override = Shift(utc("2027-03-27T12:00"), utc("2027-03-28T12:00"), "cat")
    schedule = rota(
        "primary", "ann", "bob", "cat", timezone=zone, overrides=(override,), every_days=3
    )
    intervals = {p: person_interval("acme", schedule, p) for p in on_duty(schedule)}
    off = {p: off_interval("acme", [schedule], p) for p in on_duty(schedule)}
    turns = shifts(schedule)
    for at in _instants(schedule):
        while turns and turns[0].end <= at:
            turns = turns[1:]
        held = [p for p, interval in intervals.items() if holds(interval, at)]
        assert held == [turns[0].person], at
        assert [p for p, interval in off.items() if not holds(interval, at)] == held


def _instants(schedule: Schedule) -> list[datetime]:
    """Each hour within three of a hand-over, and every seventh of the rest of the rotation."""
    hour = timedelta(hours=1)
    near = {shift.end + n * hour for shift in shifts(schedule) for n in range(-3, 4)}
    span = int((schedule.until - schedule.starts) / hour)
    often = {schedule.starts + n * hour for n in range(0, span, 7)}
    return sorted(at for at in near | often if schedule.starts <= at < schedule.until)


def test_no_location_is_written() -> None:
    assert {s.location for s in person_interval("acme", rota(), "ann").spans} == {None}


def test_a_year_of_weeks_takes_few_entries() -> None:
    schedule = rota("primary", "ann", "bob", "cat")
    entries = sum(len(person_interval("acme", schedule, p).spans) for p in on_duty(schedule))
    assert entries < 130


@pytest.mark.parametrize(
    ("today", "code"),
    [
        (date(2026, 12, 1), None),
        (date(2027, 10, 3), None),
        (date(2027, 10, 5), "oncall-ends"),
        (date(2027, 11, 2), "oncall-ended"),
        (date(2026, 10, 20), "oncall-begins"),
    ],
)
def test_the_horizon_is_told_from_four_weeks_before(today: date, code: str | None) -> None:
    found = horizon_findings(terms(tenant(oncall={"primary": rota()})), today)
    assert [f.code for f in found] == ([code] if code else [])


def test_a_rotation_of_one_is_one_long_turn() -> None:
    (turn,) = shifts(rota("primary", "ann"))
    assert (turn.start, turn.end) == (rota().starts, rota().until)
