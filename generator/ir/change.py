"""What a change means, as values: alerts, SLOs, who is told, panels, cost. No words, no format."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from generator.values import Duration


class Sort(StrEnum):
    """What happened to a thing."""

    ADDED = "added"
    REMOVED = "removed"
    CHANGED = "changed"


class Effect(StrEnum):
    """What it does to an alert: fires earlier or later, more or less often; or that is open."""

    TIGHTENED = "tightened"
    LOOSENED = "loosened"
    OPEN = ""


@dataclass(frozen=True, slots=True)
class Facet:
    """One thing that differs.

    `aspect` is threshold, operator, number, window, offset, metric, selector, grouping,
    condition, expression, for, keep_firing_for, interval, severity, label, annotation, objective,
    period, indicator, pairs, setting, title, unit, thresholds, queries and the like. `before` and
    `after` are the texts of both sides, empty where there is nothing; numbers are plain, and
    `unit` is Grafana's name of theirs.
    """

    aspect: str
    before: str
    after: str
    effect: Effect = Effect.OPEN
    about: str = ""
    """The label, the annotation, the setting, or what a threshold is for."""
    unit: str = ""
    op: str = ""
    """The comparison before, for thresholds and operators."""
    later_op: str = ""


@dataclass(frozen=True, slots=True)
class AlertChange:
    """An alert, a marker (kind `marker`) or a notice that an alert flaps (`flapping`)."""

    sort: Sort
    alert: str
    """With the labels that tell it from its namesakes: `Burn{slo="x"}`."""
    kind: str
    service: str
    severity: str
    expr: str
    """Of the later side, else of the earlier."""
    hold: Duration
    was: str = ""
    """The expression of the earlier side."""
    facets: tuple[Facet, ...] = ()
    renamed_from: str = ""
    state: tuple[str, ...] = ()
    """Why its pending state is lost: name, file, group, `label team`; none: it is kept."""
    inputs: tuple[str, ...] = ()
    """Recorded series it reads whose meaning changed."""
    slo: str = ""

    @property
    def effect(self) -> Effect:
        """What all facets do together; open when they disagree, or one is open, or what the alert
        reads means something else."""
        if self.inputs:
            return Effect.OPEN
        weighty = {f.effect for f in self.facets if f.aspect not in _TOLD_ONLY}
        return weighty.pop() if len(weighty) == 1 else Effect.OPEN


_TOLD_ONLY = frozenset({"annotation", "label", "severity", "steps"})
"""Facets that do not change when an alert fires."""


@dataclass(frozen=True, slots=True)
class RecordingChange:
    """A recorded series; `read_by` are the alerts that depend on it."""

    sort: Sort
    record: str
    labels: tuple[tuple[str, str], ...]
    expr: str
    facets: tuple[Facet, ...] = ()
    read_by: tuple[str, ...] = ()
    slo: str = ""


@dataclass(frozen=True, slots=True)
class SloChange:
    """An SLO: its objective and window, and how many of its recorded series mean something else."""

    sort: Sort
    slo: str
    service: str
    objective: str
    """In percent, without the sign."""
    window: str
    facets: tuple[Facet, ...] = ()
    series: int = 0


@dataclass(frozen=True, slots=True, order=True)
class Recipient:
    """Whom a receiver tells; `name` in the spec's words, empty where it is not known."""

    name: str
    way: str
    address: str
    on_call: bool = False
    via: str = ""
    """The files with what lets one send there: a room of the same name may be in another
    workspace."""


@dataclass(frozen=True, slots=True, order=True)
class Telling:
    """A recipient at a step: `after` the alert's start, during these times."""

    recipient: Recipient
    after: Duration
    when: str = ""
    """Empty: always."""
    repeat: Duration = Duration(0)
    wait: Duration = Duration(0)
    """How long the route gathers alerts before the first message."""


@dataclass(frozen=True, slots=True)
class ToldChange:
    """One recipient of some alerts: told no longer (`after` None), newly, or at other times."""

    before: Telling | None
    after: Telling | None
    first: datetime | None = None
    """The first moment, UTC, at which one side tells and the other does not, where times differ."""


@dataclass(frozen=True, slots=True)
class RoutingChange:
    """Alerts for which the same changes. `sort`: of the alerts themselves."""

    sort: Sort
    severity: str
    alerts: tuple[str, ...]
    changes: tuple[ToldChange, ...]
    of: int = 0
    """How many alerts of the severity there are on the later side."""


@dataclass(frozen=True, slots=True)
class ReceiverChange:
    """How a recipient is told: fields of the receiver that differ."""

    recipient: Recipient
    fields: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class InhibitionChange:
    """Inhibit rules: what fires mutes what; `equal` are the labels that must be alike.

    A changed one differs in `equal` only; `rules` counts those with the same difference.
    """

    sort: Sort
    source: str
    target: str
    equal: tuple[str, ...]
    added: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()
    rules: int = 1


@dataclass(frozen=True, slots=True)
class PanelChange:
    """A panel, variable or annotation of a dashboard."""

    sort: Sort
    title: str
    kind: str
    facets: tuple[Facet, ...] = ()


@dataclass(frozen=True, slots=True)
class DashboardChange:
    """A view."""

    sort: Sort
    view: str
    title: str
    panels: tuple[PanelChange, ...] = ()
    facets: tuple[Facet, ...] = ()
    count: int = 0
    """Panels of a view that was added or removed."""


@dataclass(frozen=True, slots=True)
class JobChange:
    """A scrape job."""

    sort: Sort
    job: str
    facets: tuple[Facet, ...] = ()


@dataclass(frozen=True, slots=True)
class Figures:
    """What the rules of one side cost, reckoned with the same assumptions for both."""

    alerts: int
    rules: int
    groups: int
    recorded_series: int
    samples_per_second: float


@dataclass(frozen=True, slots=True)
class CostChange:
    """What the rules cost before and after."""

    before: Figures
    after: Figures


@dataclass(frozen=True, slots=True)
class TenantChange:
    """Everything that changes for one tenant."""

    tenant: str
    sort: Sort
    slos: tuple[SloChange, ...] = ()
    alerts: tuple[AlertChange, ...] = ()
    recordings: tuple[RecordingChange, ...] = ()
    routing: tuple[RoutingChange, ...] = ()
    receivers: tuple[ReceiverChange, ...] = ()
    inhibitions: tuple[InhibitionChange, ...] = ()
    dashboards: tuple[DashboardChange, ...] = ()
    jobs: tuple[JobChange, ...] = ()
    settings: tuple[Facet, ...] = ()
    cost: CostChange | None = None

    @property
    def silent(self) -> bool:
        """Whether nothing changes its meaning."""
        parts = (
            self.slos, self.alerts, self.recordings, self.routing, self.receivers,
            self.inhibitions, self.dashboards, self.jobs, self.settings,
        )  # fmt: skip
        return self.sort is Sort.CHANGED and not any(parts)


@dataclass(frozen=True, slots=True)
class Changes:
    """The difference of two sides: tenants in their order, silent ones left out."""

    before: str
    after: str
    tenants: tuple[TenantChange, ...]
    fleet: tuple[Facet, ...] = ()
    """Settings that all tenants share; `about` is `file: setting`."""
    inhibitions: tuple[InhibitionChange, ...] = ()
    """Of the fleet's configuration, where it alone is to be had."""
    uncompared: tuple[str, ...] = ()
    """What one of the sides cannot tell."""

    @property
    def silent(self) -> bool:
        """Whether the meaning is the same."""
        return not (self.tenants or self.fleet or self.inhibitions)
