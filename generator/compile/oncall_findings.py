"""What is doubtful about on-call schedules: gaps, ends, overlaps, layers that never count."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from generator.compile.oncall import gaps, shifts, turns
from generator.findings import Finding, Place, info, warning
from generator.spec.model import Schedule, Shift, Tenant

WARN_BEFORE = timedelta(weeks=4)
"""How long before a rotation's end it is warned about."""

_SHOWN = 3
"""How many of many times a message names."""
_LAST_STEP = "the policy's last step is told then"


def schedule_findings(schedules: Mapping[str, Schedule]) -> tuple[Finding, ...]:
    """What can be said of schedules whatever the day is."""
    found: list[Finding] = []
    for schedule in schedules.values():
        found += _overlapping(schedule)
        found += _gaps(schedule)
        found += _covered(schedule)
        if schedule.shifted_from in schedules:
            found += _twice(schedule, schedules[schedule.shifted_from])
    return tuple(found)


@dataclass(frozen=True, slots=True)
class Term:
    """When a schedule is staffed; aware, UTC."""

    name: str
    timezone: str
    starts: datetime
    until: datetime
    place: Place


def terms(tenant: Tenant) -> tuple[Term, ...]:
    """The terms of a tenant's schedules."""
    return tuple(
        Term(s.name, s.timezone, s.starts, s.until, s.place) for s in tenant.oncall.values()
    )


def horizon_findings(schedules: Iterable[Term], today: date) -> tuple[Finding, ...]:
    """Schedules that end within four weeks of `today`, have ended, or have not begun."""
    found: list[Finding] = []
    hint = "move until forward; past it the policy's last step is told instead"
    now = datetime.combine(today, datetime.min.time(), UTC)
    for schedule in schedules:
        if schedule.until > now + WARN_BEFORE and schedule.starts <= now + timedelta(days=1):
            continue
        ends = f"{_local(schedule.until, schedule):%Y-%m-%d %H:%M}"
        if schedule.until <= now:
            message = f"nobody is on call in {schedule.name}: it ended on {ends}"
            found.append(warning("oncall-ended", message, schedule.place, hint))
        elif schedule.until <= now + WARN_BEFORE:
            message = f"{schedule.name} ends on {ends}, in {(schedule.until - now).days} days"
            found.append(warning("oncall-ends", message, schedule.place, hint))
        if schedule.starts > now + timedelta(days=1):
            begins = f"{_local(schedule.starts, schedule):%Y-%m-%d %H:%M}"
            message = f"nobody is on call in {schedule.name} before {begins}"
            early = "until then the policy's last step is told instead"
            found.append(warning("oncall-begins", message, schedule.place, early))
    return tuple(found)


def _overlapping(schedule: Schedule) -> Iterator[Finding]:
    """Overrides of one schedule that overlap: the later one wins, which may not be meant."""
    for index, later in enumerate(schedule.overrides):
        for earlier in schedule.overrides[:index]:
            if later.start < earlier.end and earlier.start < later.end:
                message = (
                    f"two overrides of {schedule.name} overlap: {earlier.person} until "
                    f"{earlier.end:%Y-%m-%d %H:%M} UTC, {later.person} from "
                    f"{later.start:%Y-%m-%d %H:%M} UTC; {later.person} wins"
                )
                yield warning("override-overlap", message, schedule.place)


def _gaps(schedule: Schedule) -> Iterator[Finding]:
    """Times between start and end without anybody; mere information when they are meant."""
    found = gaps(schedule)
    holes = [gap for gap in found if gap.cause == "gap"]
    free = [gap for gap in found if gap.cause == "holiday"]
    if holes:
        message = f"nobody is on call in {schedule.name} {_listed(holes, schedule)}; {_LAST_STEP}"
        hint = "add a layer for these times, or write allow_gaps: true"
        if schedule.allow_gaps:
            yield info("oncall-gap", message, schedule.place)
        else:
            yield warning("oncall-gap", message, schedule.place, hint)
    if free:
        listed = _listed(free, schedule)
        message = f"on holidays nobody is on call in {schedule.name}: {listed}; {_LAST_STEP}"
        yield info("oncall-gap", message, schedule.place)


def _covered(schedule: Schedule) -> Iterator[Finding]:
    """Layers that are never seen below the later ones, or never active at all."""
    if len(schedule.layers) == 1:
        return
    bare = turns(_without_exceptions(schedule))
    seen = {shift.layer for shift in bare if shift.person}
    for layer in schedule.layers:
        if layer.name not in seen:
            message = (
                f"nobody is ever on call by {layer.name} of {schedule.name}: it is never active, "
                "or later layers cover all its times"
            )
            hint = "a later layer wins: write the one that is always active first"
            yield warning("layer-covered", message, schedule.place, hint)


def _twice(schedule: Schedule, line: Schedule) -> Iterator[Finding]:
    """Times at which one person is on call in a schedule and in the one that it is shifted from."""
    both: list[Shift] = []
    other = shifts(line)
    first = 0
    for shift in shifts(schedule):
        while first < len(other) and other[first].end <= shift.start:
            first += 1
        for index in range(first, len(other)):
            rival = other[index]
            if rival.start >= shift.end:
                break
            if rival.person == shift.person:
                start, end = max(rival.start, shift.start), min(rival.end, shift.end)
                both.append(Shift(start, end, shift.person))
    if both:
        who = ", ".join(sorted({shift.person for shift in both}))
        listed = _listed(both, schedule)
        message = f"{who} is on call in {line.name} and in {schedule.name} {listed}"
        hint = "add an override to one of them"
        yield warning("oncall-twice", message, schedule.place, hint)


def _without_exceptions(schedule: Schedule) -> Schedule:
    return Schedule(
        schedule.name,
        schedule.timezone,
        schedule.starts,
        schedule.until,
        schedule.layers,
        (),
        schedule.place,
    )


def _listed(found: Sequence[Shift], schedule: Schedule) -> str:
    """The first of some times in the schedule's zone, and how many more there are."""
    named = [
        f"from {_local(s.start, schedule):%a %Y-%m-%d %H:%M} "
        f"to {_local(s.end, schedule):%a %Y-%m-%d %H:%M}"
        for s in found[:_SHOWN]
    ]
    text = f"{', '.join(named)} ({schedule.timezone})"
    hours = sum((s.end - s.start for s in found), timedelta()) / timedelta(hours=1)
    more = len(found) - _SHOWN
    return f"{text} and {more} more times, {hours:g} hours in all" if more > 0 else text


def _local(moment: datetime, schedule: Schedule | Term) -> datetime:
    return moment.astimezone(ZoneInfo(schedule.timezone))
