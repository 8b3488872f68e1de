"""Answers of `tocsin explain`: who is told of an alert and why, what a rule or an SLO means."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from generator.ir.incident import Muting, Notice, Taken
from generator.ir.routing import Member
from generator.values import Duration


@dataclass(frozen=True, slots=True)
class Reach:
    """One receiver of a step: whether it is told when the step is due, and if not, why."""

    taken: Taken
    members: tuple[Member, ...]
    closed_by: tuple[str, ...]
    """Time intervals for which it is not told: those that mute it, or that it waits for."""

    @property
    def told(self) -> bool:
        """Whether its times let it be told when the step is due."""
        return not self.closed_by


@dataclass(frozen=True, slots=True)
class StepAnswer:
    """A step of an escalation, looked at when it is due."""

    level: int
    after: Duration
    """From the alert's start to the step."""
    mutings: tuple[Muting, ...]
    """What mutes it then, besides later steps."""
    reaches: tuple[Reach, ...]

    @property
    def told(self) -> tuple[Member, ...]:
        """Everybody whom the step tells on time, without repetition."""
        if self.mutings:
            return ()
        return tuple(dict.fromkeys(m for r in self.reaches if r.told for m in r.members))


@dataclass(frozen=True, slots=True)
class Firing:
    """Something else that fires: labels, and how it is known to."""

    labels: tuple[tuple[str, str], ...]
    why: str


@dataclass(frozen=True, slots=True)
class RouteAnswer:
    """Who is told of an alert that starts at a moment while nobody reacts."""

    tenant: str
    alert: str
    labels: tuple[tuple[str, str], ...]
    alike: tuple[str, ...]
    """Other alerts that were asked about and of which the same are told."""
    at: datetime
    """Aware, in the zone that times are told in."""
    zone: str
    firing: tuple[Firing, ...]
    """What else fires at the start."""
    steps: tuple[StepAnswer, ...]
    notices: tuple[Notice, ...]
    receivers: tuple[tuple[str, tuple[Member, ...]], ...]
    """Whom the receivers of the notices tell."""


@dataclass(frozen=True, slots=True)
class AlertAnswer:
    """Everything about one alert rule and its later steps."""

    tenant: str
    alert: str
    origin: str
    """file:line:column of the spec or pack."""
    pack: str
    kind: str
    written: tuple[str, ...]
    """Its expressions as the author wrote them; several for a score or a correlation."""
    isolated: str
    hold: Duration
    keep: Duration
    labels: tuple[tuple[str, str], ...]
    annotations: tuple[tuple[str, str], ...]
    rule_file: str
    tests: tuple[str, ...]
    """What its unit tests show."""
    test_folder: str
    runbook: str
    policy: str
    steps: tuple[StepAnswer, ...]
    at: datetime


@dataclass(frozen=True, slots=True)
class PairAnswer:
    """One burn-rate alert of an SLO: fires when both windows burn faster than `factor`."""

    long: Duration
    short: Duration
    factor: str
    threshold: str
    """The error ratio that both windows must exceed, in percent."""
    budget: str
    """The part of the budget that is gone when it fires, in percent."""
    severity: str
    hold: Duration
    gone_after: Duration
    """How long the whole budget lasts at exactly that rate."""


@dataclass(frozen=True, slots=True)
class SloAnswer:
    """What an SLO promises and when it alerts."""

    tenant: str
    slo: str
    service: str
    origin: str
    pack: str
    description: str
    objective: str
    window: Duration
    period: str
    """The window in words, or the calendar's period."""
    sli: tuple[tuple[str, str], ...]
    """(what is counted, expression as written)."""
    kind: str
    allowed: Duration
    """Time of total failure that the budget is worth."""
    events: str
    """Bad events in a million that it allows; empty when it does not count events."""
    min_events: str
    group_by: tuple[str, ...]
    pairs: tuple[PairAnswer, ...]
    alerts: tuple[str, ...]
    """Its alerts, `name{label="value"}`."""
