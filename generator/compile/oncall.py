"""On-call rotations enumerated: who is on call when, in UTC, overrides applied.

Turns change hands at wall-clock times of the schedule's timezone. Outside `starts`..`until`
nobody is on call; what happens then is `routing`'s business. No clock is read here.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from generator.compile.naming import receiver
from generator.compile.windows import Period, dated_interval, outside
from generator.findings import Finding, warning
from generator.ir.routing import TimeInterval
from generator.spec.model import Schedule, Shift, Tenant

WARN_BEFORE = timedelta(weeks=4)
"""How long before a rotation's end it is warned about."""


def shifts(schedule: Schedule) -> tuple[Shift, ...]:
    """Every turn from `starts` to `until`, overrides cut in; ordered, not overlapping.

    Where overrides overlap, the one written later wins.
    """
    turns = _turns(schedule)
    for override in schedule.overrides:
        turns = _overridden(turns, override)
    joined: list[Shift] = []
    for turn in turns:
        last = joined[-1] if joined else None
        if last is not None and last.end == turn.start and last.person == turn.person:
            joined[-1] = Shift(last.start, turn.end, turn.person)
        else:
            joined.append(turn)
    return tuple(joined)


def on_call(schedule: Schedule, moment: datetime) -> Shift | None:
    """Who is on call at a moment (aware), None outside the rotation."""
    return next((s for s in shifts(schedule) if s.start <= moment < s.end), None)


def calendar(schedule: Schedule, start: datetime, until: datetime) -> tuple[Shift, ...]:
    """The turns that touch a period, whole."""
    return tuple(s for s in shifts(schedule) if s.start < until and s.end > start)


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
    """Everybody who ever has a turn, in the order of the rotation, then of the overrides."""
    found: dict[str, None] = {}
    have = {s.person for s in shifts(schedule)}
    for name in (*schedule.members, *(o.person for o in schedule.overrides)):
        if name in have:
            found[name] = None
    return tuple(found)


def horizon_findings(tenant: Tenant, today: date) -> tuple[Finding, ...]:
    """Rotations that end within four weeks of `today`, have ended, or have not begun."""
    found: list[Finding] = []
    hint = "move until forward; past it the policy's last step is told instead"
    now = datetime.combine(today, datetime.min.time(), UTC)
    for schedule in tenant.oncall.values():
        ends = f"{schedule.until.astimezone(ZoneInfo(schedule.timezone)):%Y-%m-%d %H:%M}"
        if schedule.until <= now:
            message = f"nobody is on call in {schedule.name}: it ended on {ends}"
            found.append(warning("oncall-ended", message, schedule.place, hint))
        elif schedule.until <= now + WARN_BEFORE:
            message = f"{schedule.name} ends on {ends}, in {(schedule.until - now).days} days"
            found.append(warning("oncall-ends", message, schedule.place, hint))
        if schedule.starts > now + timedelta(days=1):
            begins = f"{schedule.starts.astimezone(ZoneInfo(schedule.timezone)):%Y-%m-%d %H:%M}"
            message = f"nobody is on call in {schedule.name} before {begins}"
            early = "until then the policy's last step is told instead"
            found.append(warning("oncall-begins", message, schedule.place, early))
    return tuple(found)


def override_findings(schedules: Mapping[str, Schedule]) -> tuple[Finding, ...]:
    """Overrides of one schedule that overlap: the later one wins, which may not be meant."""
    found: list[Finding] = []
    for schedule in schedules.values():
        for index, later in enumerate(schedule.overrides):
            for earlier in schedule.overrides[:index]:
                if later.start < earlier.end and earlier.start < later.end:
                    message = (
                        f"two overrides of {schedule.name} overlap: {earlier.person} until "
                        f"{earlier.end:%Y-%m-%d %H:%M} UTC, {later.person} from "
                        f"{later.start:%Y-%m-%d %H:%M} UTC; {later.person} wins"
                    )
                    found.append(warning("override-overlap", message, schedule.place))
    return tuple(found)


def _turns(schedule: Schedule) -> list[Shift]:
    """The bare rotation. A wall-clock time that the clocks skip counts as the one after."""
    zone = ZoneInfo(schedule.timezone)
    first = schedule.starts.astimezone(zone).replace(tzinfo=None)
    turns: list[Shift] = []
    start, index = schedule.starts.astimezone(UTC), 0
    until = schedule.until.astimezone(UTC)
    while start < until and schedule.members:
        following = first + timedelta(days=schedule.every_days * (index + 1))
        end = min(following.replace(tzinfo=zone).astimezone(UTC), until)
        turns.append(Shift(start, end, schedule.members[index % len(schedule.members)]))
        start, index = end, index + 1
    return turns


def _overridden(turns: list[Shift], override: Shift) -> list[Shift]:
    start, end = override.start.astimezone(UTC), override.end.astimezone(UTC)
    made: list[Shift] = []
    for turn in turns:
        if turn.start < min(turn.end, start):
            made.append(Shift(turn.start, min(turn.end, start), turn.person))
        if max(turn.start, end) < turn.end:
            made.append(Shift(max(turn.start, end), turn.end, turn.person))
    made.append(Shift(start, end, override.person))
    return sorted(made, key=lambda shift: shift.start)
