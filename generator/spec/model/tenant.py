"""A tenant with all that belongs to it, its panels and records, and the fleet."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from decimal import Decimal

from generator.findings import Place, Text
from generator.spec.model.alerts import Alert, SeverityModel
from generator.spec.model.grafana import Deployments
from generator.spec.model.identity import Collect, Metric, Owner, Service
from generator.spec.model.notification import (
    Channel,
    Flapping,
    Maintenance,
    Person,
    Policy,
    Schedule,
    TimeWindow,
    Told,
)
from generator.spec.model.platform import Platform
from generator.spec.model.slos import Slo
from generator.values import Duration


@dataclass(frozen=True, slots=True)
class CustomPanel:
    """A panel the user adds to a view or that a pack brings."""

    key: str
    view: str
    title: str
    description: str
    kind: str
    queries: tuple[tuple[Text, str], ...]
    """(expression, legend) pairs."""
    unit: str
    thresholds: tuple[tuple[Decimal, str], ...]
    """(from value, colour), ascending; the base is green."""
    service: str | None
    place: Place
    pack: str = ""
    units: tuple[str, ...] = ()
    """Each query's own Grafana unit, empty where it is the panel's."""
    row: str = ""
    """Title of its row, on a dashboard of the user's own."""
    signal: str = ""
    """What it tells of its service: rate, errors, duration, utilization, saturation, or nothing."""
    compare: Duration | None = None
    """How long ago the same queries are drawn once more; None: they are not."""
    matchers: Mapping[str, str] = field(default_factory=dict)
    """Labels and values that every selector of its queries gets: those of its service."""

    category: str = ""
    """Its pack's: system, business, ml, security; empty without a pack."""

    def scoped(self, selector: Mapping[str, str]) -> CustomPanel:
        """The same panel of one service's series."""
        return replace(self, matchers=selector)


@dataclass(frozen=True, slots=True)
class OwnVariable:
    """A variable of a dashboard; `query` is `label_values(…)` or `query_result(…)`."""

    name: str
    label: str
    query: Text
    description: str
    place: Place


@dataclass(frozen=True, slots=True)
class OwnDashboard:
    """A whole dashboard of the user's own; `name` becomes its file's."""

    name: str
    title: str
    description: str
    panels: tuple[CustomPanel, ...]
    variables: tuple[OwnVariable, ...]
    range: Duration
    """Length of time it shows when it is opened."""
    refresh: Duration
    place: Place


@dataclass(frozen=True, slots=True)
class RecordingSpec:
    """A recording rule that a pack brings: name and expression."""

    record: str
    expr: Text
    service: str | None
    pack: str
    place: Place


@dataclass(frozen=True, slots=True)
class Dashboards:
    """Which views a tenant gets, the panels that specs and packs add, and its own dashboards."""

    views: tuple[str, ...]
    panels: tuple[CustomPanel, ...]
    own: tuple[OwnDashboard, ...] = ()
    deployments: Deployments | None = None
    """What graphs take for a deployment; None: new versions of any build info."""


@dataclass(frozen=True, slots=True)
class Tenant:
    """One tenant, complete. Maps keep the spec's order; packs' content is merged in."""

    id: str
    file: str
    spec_hash: str
    """SHA-256 of the spec's bytes."""
    description: str
    tier: str
    timezone: str
    owner: Owner
    labels: Mapping[str, str]
    compliance: tuple[str, ...]
    collect: tuple[Collect, ...]
    metrics: Mapping[str, Metric]
    services: Mapping[str, Service]
    slos: Mapping[str, Slo]
    alerts: tuple[Alert, ...]
    recordings: tuple[RecordingSpec, ...]
    severity_model: SeverityModel | None
    channels: Mapping[str, Channel]
    people: Mapping[str, Person]
    oncall: Mapping[str, Schedule]
    escalation: Mapping[str, Policy]
    routing: Mapping[str, str]
    """severity -> policy name."""
    time_windows: Mapping[str, TimeWindow]
    maintenance: tuple[Maintenance, ...]
    dashboards: Dashboards
    place: Place
    flapping: Flapping | None = None
    """None: flapping alerts are told each time they fire."""
    expect: tuple[Told, ...] = ()


@dataclass(frozen=True, slots=True)
class Fleet:
    """All tenants of a repository with their platform."""

    platform: Platform
    tenants: Mapping[str, Tenant]
