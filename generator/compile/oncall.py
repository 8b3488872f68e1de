"""On-call rotations, enumerated: wall-clock turns in the schedule's timezone, emitted in UTC.

UTC without `location`, because in a zone that sprang forward in a month of 31 days Alertmanager
(to 0.34.1) treats its last day as no day at all. The range is the spec's, never "now".
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from generator.compile.naming import receiver as interval_name
from generator.findings import Finding, warning
from generator.ir.routing import TimeInterval, TimeSpan
from generator.spec.model import Schedule, Shift, Tenant

WARNED_BEFORE = timedelta(weeks=4)


def shifts(schedule: Schedule) -> tuple[Shift, ...]:
    """Who is on call, without gaps from `starts` to `until`, overrides cut in; times UTC."""
    planned = list(_turns(schedule))
    for override in schedule.overrides:
        planned = [*_without(planned, override), override]
    return _joined(sorted(planned, key=lambda shift: shift.start))


def on_call(schedule: Schedule, moment: datetime) -> Shift | None:
    """The shift at an aware moment, None outside the schedule."""
    return next((s for s in shifts(schedule) if s.start <= moment < s.end), None)


def schedule_intervals(tenant: str, schedule: Schedule) -> tuple[TimeInterval, ...]:
    """One named interval per person of the schedule, sorted by name."""
    by_person: dict[str, list[Shift]] = {}
    for shift in shifts(schedule):
        by_person.setdefault(shift.person, []).append(shift)
    return tuple(
        TimeInterval(person_interval(tenant, schedule.name, person), _spans(by_person[person]))
        for person in sorted(by_person)
    )


def person_interval(tenant: str, schedule: str, person: str) -> str:
    """Name of the interval in which a person is on call."""
    return interval_name(tenant, "oncall", schedule, person)


def horizon_findings(tenant: Tenant, now: datetime) -> tuple[Finding, ...]:
    """Schedules that end within four weeks of an aware `now`, or have ended."""
    findings = []
    for schedule in tenant.oncall.values():
        left = schedule.until - now
        if left > WARNED_BEFORE:
            continue
        end = f"{schedule.until:%Y-%m-%d}"
        if left <= timedelta(0):
            message = (
                f"the schedule {schedule.name} ended on {end}: its last step's people are told"
            )
        else:
            message = f"the schedule {schedule.name} ends on {end}, in {left.days} days"
        hint = "extend rotation.until"
        findings.append(warning("oncall-horizon", message, schedule.place, hint))
    return tuple(findings)


def _turns(schedule: Schedule) -> Iterable[Shift]:
    """Turns of whole days of wall-clock time: a hand-over is at the same hour all year."""
    zone = ZoneInfo(schedule.timezone)
    local = schedule.starts.astimezone(zone).replace(tzinfo=None)
    start, index = schedule.starts, 0
    while start < schedule.until:
        local += timedelta(days=schedule.every_days)
        end = min(local.replace(tzinfo=zone).astimezone(UTC), schedule.until)
        person = schedule.members[index % len(schedule.members)]
        yield Shift(start, end, person)
        start, index = end, index + 1


def _without(planned: Iterable[Shift], cut: Shift) -> Iterable[Shift]:
    for shift in planned:
        if shift.end <= cut.start or shift.start >= cut.end:
            yield shift
            continue
        if shift.start < cut.start:
            yield Shift(shift.start, cut.start, shift.person)
        if shift.end > cut.end:
            yield Shift(cut.end, shift.end, shift.person)


def _joined(planned: Iterable[Shift]) -> tuple[Shift, ...]:
    """Neighbouring shifts of one person as one."""
    joined: list[Shift] = []
    for shift in planned:
        if joined and joined[-1].person == shift.person and joined[-1].end == shift.start:
            joined[-1] = Shift(joined[-1].start, shift.end, shift.person)
        else:
            joined.append(shift)
    return tuple(joined)


def _spans(own: Iterable[Shift]) -> tuple[TimeSpan, ...]:
    """Dated entries, merged by year, month and time of day; days that touch are ranges."""
    days: dict[tuple[int, int, tuple[str, str]], set[int]] = {}
    for shift in own:
        for day, times in _days(shift):
            days.setdefault((day.year, day.month, times), set()).add(day.day)
    spans = []
    for (year, month, times), found in sorted(days.items()):
        whole = times == ("00:00", "24:00")
        spans.append(
            TimeSpan(
                times=() if whole else (times,),
                days_of_month=_ranges(found),
                months=(str(month),),
                years=(str(year),),
            )
        )
    return tuple(spans)


def _days(shift: Shift) -> Iterable[tuple[datetime, tuple[str, str]]]:
    day = shift.start.replace(hour=0, minute=0)
    while day < shift.end:
        following = day + timedelta(days=1)
        begin = f"{shift.start:%H:%M}" if shift.start > day else "00:00"
        end = f"{shift.end:%H:%M}" if shift.end < following else "24:00"
        yield day, (begin, end)
        day = following


def _ranges(days: Iterable[int]) -> tuple[str, ...]:
    ranges: list[list[int]] = []
    for day in sorted(days):
        if ranges and ranges[-1][1] == day - 1:
            ranges[-1][1] = day
        else:
            ranges.append([day, day])
    return tuple(str(a) if a == b else f"{a}:{b}" for a, b in ranges)
