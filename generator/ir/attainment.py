"""What was attained of a tenant's SLOs in a period: the values that SLA reports are written from.

Numbers only, no words: ratios are in [0,1], times are aware, spans are [start, end).
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from zoneinfo import ZoneInfo

from generator.findings import Place

HOUR = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Span:
    """A stretch of time."""

    start: datetime
    end: datetime

    @property
    def length(self) -> timedelta:
        """How long it is."""
        return self.end - self.start

    def common(self, other: Span) -> timedelta:
        """How much of it lies in another one."""
        return max(min(self.end, other.end) - max(self.start, other.start), timedelta(0))


@dataclass(frozen=True, slots=True)
class Period:
    """What a report is about."""

    span: Span
    """Both ends in UTC."""
    zone: str
    """The timezone whose midnights a calendar period begins and ends at, and times are told in."""
    name: str
    """As in a file's name: `2026-10`, `2026-Q4`, `2026-W43`, `30d-until-20261101T0000Z`."""
    title: str
    """As in a heading: `October 2026`."""
    calendar: bool
    """Whether it is one of the calendar's, not so many days or from a time until another."""
    unfinished: bool = False
    """Whether the calendar's period goes on after the span's end."""

    def local(self, moment: datetime) -> datetime:
        """A moment on the report's wall clock."""
        return moment.astimezone(ZoneInfo(self.zone))


class State(StrEnum):
    """What can be said of an SLO in a period."""

    MET = "met"
    MISSED = "missed"
    NO_TRAFFIC = "no traffic"
    """It was measured, and nothing happened that could succeed or fail."""
    NO_DATA = "no data"


@dataclass(frozen=True, slots=True)
class Tally:
    """What was counted in a span. Sums of several spans or groups are tallies again."""

    errors: float = 0.0
    total: float = 0.0
    """Events; checks of a probe; seconds where ratios, conditions and journeys are measured."""
    evaluated: float = 0.0
    """Seconds of the span that evaluations are there for, at most `expected`."""
    expected: float = 0.0
    """Seconds of the span that should have been measured: without excluded maintenance."""

    @property
    def error_ratio(self) -> float | None:
        """The part that failed; None where there was nothing."""
        return min(max(self.errors / self.total, 0.0), 1.0) if self.total > 0 else None

    @property
    def coverage(self) -> float:
        """The part of the expected time that was measured."""
        return min(self.evaluated / self.expected, 1.0) if self.expected > 0 else 0.0


def summed(tallies: Iterable[Tally]) -> Tally:
    """The tally of several spans together."""
    found = list(tallies)
    return Tally(
        math.fsum(t.errors for t in found),
        math.fsum(t.total for t in found),
        math.fsum(t.evaluated for t in found),
        math.fsum(t.expected for t in found),
    )


@dataclass(frozen=True, slots=True)
class Attained:
    """An SLO, or one of its groups, over the whole period."""

    state: State
    tally: Tally
    attained: float | None
    """1 - errors / total; None without traffic or data."""
    spent: float | None
    """Part of the period's error budget that is gone; above 1 the objective is missed."""

    @property
    def coverage(self) -> float:
        """The part of the expected time that was measured."""
        return self.tally.coverage


@dataclass(frozen=True, slots=True)
class GroupAttained:
    """One of the groups that an SLO's `group_by` keeps apart."""

    labels: tuple[tuple[str, str], ...]
    attained: Attained


@dataclass(frozen=True, slots=True)
class Hour:
    """An hour of the period, counted from its start; the last may be shorter."""

    span: Span
    tally: Tally
    spent: float
    """Part of the whole period's budget that it took."""


@dataclass(frozen=True, slots=True)
class Day:
    """A day of the wall clock, as far as it lies in the period."""

    date: date
    tally: Tally
    spent: float
    """Part of the whole period's budget that it took."""


@dataclass(frozen=True, slots=True)
class ObjectiveChange:
    """From this time on (to the hour) another objective was recorded."""

    at: datetime
    before: Decimal
    after: Decimal
    """In percent."""


@dataclass(frozen=True, slots=True)
class Exclusion:
    """Planned maintenance that an SLO leaves out, as far as it lies in the period."""

    name: str
    span: Span
    """From its start to one rate window after its end: no rate may touch it."""


@dataclass(frozen=True, slots=True)
class SloAttainment:
    """One SLO of the report."""

    name: str
    service: str
    description: str
    kind: str
    """`events`, `latency`, `probe`, `condition`, `ratio` or `composite`."""
    objective: Decimal
    """In percent, as the spec says now: by it the period is judged."""
    window: str
    """The SLO's own period in words: `30d`, `a calendar month`."""
    timed: bool
    """Whether its budget is told in time instead of events."""
    whole: Attained
    groups: tuple[GroupAttained, ...]
    before: Attained
    """The period before."""
    hours: tuple[Hour, ...]
    changes: tuple[ObjectiveChange, ...]
    excluded: tuple[Exclusion, ...]
    place: Place
    """Where the spec promises it."""
    parts: tuple[str, ...] = ()
    """The SLOs that a journey is made of."""

    @property
    def allowance(self) -> float:
        """The part that may fail."""
        return float((100 - self.objective) / 100)

    @property
    def budget(self) -> float:
        """What could fail in the period without missing it: events, or seconds if `timed`."""
        return self.budget_of(self.whole)

    @property
    def used(self) -> float:
        """What did fail: events, or seconds if `timed`."""
        return self.used_of(self.whole)

    def budget_of(self, one: Attained) -> float:
        """The same as `budget` of the whole or of one group."""
        return self.allowance * (one.tally.evaluated if self.timed else one.tally.total)

    def used_of(self, one: Attained) -> float:
        """The same as `used` of the whole or of one group; events are those that were counted."""
        if one.spent is None:
            return 0.0
        if self.timed:
            return self.budget_of(one) * one.spent
        return min(max(one.tally.errors, 0.0), one.tally.total)

    def days(self, period: Period) -> tuple[Day, ...]:
        """The hours summed by the day that they begin on."""
        found: dict[date, list[Hour]] = {}
        for hour in self.hours:
            found.setdefault(period.local(hour.span.start).date(), []).append(hour)
        return tuple(
            Day(day, summed(h.tally for h in of_day), math.fsum(h.spent for h in of_day))
            for day, of_day in sorted(found.items())
        )

    def worst(self, count: int) -> tuple[Hour, ...]:
        """The hours that took most of the budget, the worst first; none that took nothing."""
        burnt = [hour for hour in self.hours if hour.spent > 0]
        return tuple(sorted(burnt, key=lambda h: (-h.spent, h.span.start))[:count])


@dataclass(frozen=True, slots=True)
class ReportedIncident:
    """Contiguous firing of one alert, whatever its series, urgency or step of escalation."""

    alert: str
    service: str
    slo: str
    """The SLO whose alert it is; empty for others."""
    severity: str
    """The most urgent that it had."""
    span: Span
    """As far as it lies in the period."""
    series: int
    """How many label sets fired, without counting urgencies and steps."""
    begun_before: bool
    """It fired already when the period began: cut there."""
    goes_on: bool
    """It fired still when the period ended: cut there."""
    took: tuple[tuple[str, float], ...] = ()
    """SLO -> part of its period's budget that was spent while the alert fired, the most first."""

    @property
    def length(self) -> timedelta:
        """How long it fired within the period."""
        return self.span.length


@dataclass(frozen=True, slots=True)
class TenantAttainment:
    """One tenant's report."""

    tenant: str
    description: str
    team: str
    contact: str
    period: Period
    before: Period
    interval: timedelta
    """Between two evaluations: what one recorded sample stands for."""
    slos: tuple[SloAttainment, ...]
    incidents: tuple[ReportedIncident, ...]
    incidents_before: int
    """How many there were in the period before."""
    unknown: tuple[str, ...] = ()
    """SLOs that are recorded and that the spec does not name (any more)."""
