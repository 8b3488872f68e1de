"""On-call schedules enumerated: who is on call when, in UTC, for Alertmanager and for calendars.

A schedule is painted from the bottom: nobody, its layers in order, its holidays, its overrides.
What is painted later covers what lies below, as in PagerDuty and Grafana OnCall. Turns change
hands at wall-clock times of their zone (`spec.wallclock`). Outside `starts`..`until` nobody is on
call; what happens then is `directory`'s business. No clock is read here.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from functools import lru_cache
from operator import attrgetter

from generator.compile.naming import receiver
from generator.compile.recurring import recurring
from generator.compile.windows import Period, dated_interval, outside
from generator.ir.routing import TimeInterval
from generator.spec.model import Holiday, Layer, Rotation, Schedule, Shift
from generator.spec.wallclock import first_at


@lru_cache(maxsize=256)
def turns(schedule: Schedule) -> tuple[Shift, ...]:
    """All time from `starts` to `until`: who is on call and why, nobody (no person) included.

    Ordered, without holes or overlaps; neighbours differ in person, cause or layer.
    """
    nobody = [Shift(schedule.starts, schedule.until, "", "gap")]
    layers = _stacked([nobody, *map(_layer, schedule.layers)])
    days = _stacked(_holiday(holiday) for holiday in schedule.holidays)
    stand_ins = _stacked([override] for override in schedule.overrides)
    return _joined(_stacked([layers, days, stand_ins]))


@lru_cache(maxsize=256)
def shifts(schedule: Schedule) -> tuple[Shift, ...]:
    """Who is on call, whatever for: a person's turns that touch are one. Nobody is left out."""
    plain = (Shift(s.start, s.end, s.person) for s in turns(schedule) if s.person)
    return _joined(plain)


def gaps(schedule: Schedule) -> tuple[Shift, ...]:
    """When nobody is on call between `starts` and `until`: cause gap, or holiday when meant."""
    return tuple(s for s in turns(schedule) if not s.person)


def on_call(schedule: Schedule, moment: datetime) -> Shift | None:
    """Who is on call at a moment (aware), None when nobody is."""
    return next((s for s in shifts(schedule) if s.start <= moment < s.end), None)


def person_interval(tenant: str, schedule: Schedule, person: str) -> TimeInterval:
    """When one person is on call, in dated entries."""
    name = receiver(tenant, "oncall", schedule.name, person)
    periods = ((s.start, s.end) for s in shifts(schedule) if s.person == person)
    return dated_interval(name, periods)


def off_interval(tenant: str, schedules: Iterable[Schedule], person: str) -> TimeInterval:
    """When one person is on call in none of the schedules, in dated entries."""
    chosen = sorted(schedules, key=lambda s: s.name)
    name = receiver(tenant, "oncall", "+".join(s.name for s in chosen), "not", person)
    on: list[Period] = [
        (s.start, s.end) for schedule in chosen for s in shifts(schedule) if s.person == person
    ]
    return dated_interval(name, outside(on))


def on_duty(schedule: Schedule) -> tuple[str, ...]:
    """Everybody who ever has a turn, in the order of the layers, the holidays, the overrides."""
    rotations = [layer.rotation for layer in schedule.layers]
    rotations += [h.rotation for h in schedule.holidays if h.rotation is not None]
    named = [member for rotation in rotations for member in rotation.members]
    named += [s.person for holiday in schedule.holidays for s in holiday.shifts]
    named += [override.person for override in schedule.overrides]
    have = {s.person for s in shifts(schedule)}
    return tuple(name for name in dict.fromkeys(named) if name in have)


# --------------------------------------------------------------------------- painting


def _layer(layer: Layer) -> Sequence[Shift]:
    rotation = layer.rotation
    made = _rotation(rotation, layer.name)
    if layer.during is None:
        return made
    return _within(made, recurring(layer.during, rotation.starts, rotation.until))


def _holiday(holiday: Holiday) -> Sequence[Shift]:
    days = _stacked([shift] for shift in holiday.shifts)
    if holiday.rotation is None:
        return days
    name = holiday.shifts[0].layer
    made = _within(_rotation(holiday.rotation, name), [(day.start, day.end) for day in days])
    return [replace(shift, cause="holiday") for shift in made]


def _rotation(rotation: Rotation, layer: str) -> list[Shift]:
    """The bare turns. A turn that the clocks skip altogether falls out; its member loses it."""
    length = timedelta(milliseconds=rotation.every.ms)
    made: list[Shift] = []
    start, turn = rotation.starts, 0
    while start < rotation.until:
        following = first_at(rotation.anchor + length * (turn + 1), rotation.timezone)
        end = min(following, rotation.until)
        if start < end:
            member = rotation.members[turn % len(rotation.members)]
            made.append(Shift(start, end, member, layer=layer))
        start, turn = max(start, end), turn + 1
    return made


def _within(found: Sequence[Shift], periods: Sequence[Period]) -> list[Shift]:
    """The parts of shifts that lie in the periods; both are in order."""
    made: list[Shift] = []
    first = 0
    for start, end in periods:
        while first < len(found) and found[first].end <= start:
            first += 1
        index = first
        while index < len(found) and found[index].start < end:
            shift = found[index]
            made.append(_cut(shift, max(shift.start, start), min(shift.end, end)))
            index += 1
    return made


def _stacked(found: Iterable[Sequence[Shift]]) -> Sequence[Shift]:
    made: Sequence[Shift] = []
    for over in found:
        made = _painted(made, over) if made and over else made or over
    return made


def _painted(below: Sequence[Shift], over: Sequence[Shift]) -> list[Shift]:
    """`over` laid on `below`; both are in order and without overlaps."""
    made = list(over)
    first = 0
    for shift in below:
        start = shift.start
        while first < len(over) and over[first].end <= start:
            first += 1
        index = first
        while index < len(over) and over[index].start < shift.end:
            if start < over[index].start:
                made.append(_cut(shift, start, over[index].start))
            start = over[index].end
            index += 1
        if start < shift.end:
            made.append(_cut(shift, start, shift.end))
    return sorted(made, key=attrgetter("start"))


def _joined(found: Iterable[Shift]) -> tuple[Shift, ...]:
    made: list[Shift] = []
    for shift in found:
        last = made[-1] if made else None
        if last is not None and last.end == shift.start and _kind(last) == _kind(shift):
            made[-1] = _cut(last, last.start, shift.end)
        else:
            made.append(shift)
    return tuple(made)


def _kind(shift: Shift) -> tuple[str, str, str]:
    return shift.person, shift.cause, shift.layer


def _cut(shift: Shift, start: datetime, end: datetime) -> Shift:
    """The same duty at another time; quicker than `dataclasses.replace`, which shows here."""
    if start == shift.start and end == shift.end:
        return shift
    return Shift(start, end, shift.person, shift.cause, shift.layer)
