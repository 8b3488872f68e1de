"""Calendars of on-call schedules, from the same enumeration that Alertmanager gets."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
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
    """The duty at a moment (aware) until somebody else's, and that one; none comes after the end.

    A person who goes on by an override or in another layer is not handed over to.
    """
    now: Duty | None = None
    for duty in _all(schedule):
        if duty.end is not None and duty.end <= moment:
            continue
        if now is None:
            now = duty
        elif duty.person != now.person or "after" in (duty.cause, now.cause):
            return now, duty
        else:
            now = replace(now, end=duty.end)
    assert now is not None, "the last duty has no end"
    return now, None


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
