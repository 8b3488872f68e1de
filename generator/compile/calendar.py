"""Calendars of on-call schedules, from the same enumeration that Alertmanager gets."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from generator.compile.oncall import turns
from generator.ir.calendar import Duty
from generator.spec.model import Schedule


def duties(schedule: Schedule, start: datetime, until: datetime) -> tuple[Duty, ...]:
    """Who has duty in a period (aware), in order, without holes; each duty whole, not cut off."""
    return tuple(
        duty
        for duty in _all(schedule)
        if (duty.start is None or duty.start < until) and (duty.end is None or duty.end > start)
    )


def duty_at(schedule: Schedule, moment: datetime) -> tuple[Duty, Duty | None]:
    """The duty at a moment (aware), and the one after it; none comes after the end."""
    found = iter(_all(schedule))
    for duty in found:
        if duty.end is None or duty.end > moment:
            return duty, next(found, None)
    raise AssertionError("the last duty has no end")


def next_duty(schedule: Schedule, person: str, moment: datetime) -> Duty | None:
    """The person's duty at a moment (aware), or the first one after it."""
    for duty in _all(schedule):
        if duty.person == person and (duty.end is None or duty.end > moment):
            return duty
    return None


def _all(schedule: Schedule) -> Iterator[Duty]:
    """All time: before the schedule begins, its turns, after its end."""
    name, zone = schedule.name, schedule.timezone
    yield Duty(name, zone, "", None, schedule.starts, "before", "")
    for turn in turns(schedule):
        yield Duty(name, zone, turn.person, turn.start, turn.end, turn.cause, turn.layer)
    yield Duty(name, zone, "", schedule.until, None, "after", "")
