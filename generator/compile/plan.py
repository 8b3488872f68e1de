"""What the signal compilers hand over: an alert with all that later stages derive from it.

Escalation adds the later steps' rules, dashboards draw `graph`, docs print the runbook, tests run
the scenarios. This is compile's inner currency; it never leaves the room.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from generator.findings import Finding, Place
from generator.ir.checks import Scenario
from generator.ir.rules import AlertRule, RecordingRule
from generator.values import IsolatedExpr


@dataclass(frozen=True, slots=True)
class Line:
    """A line that helps to read the value: a forecast, a limit of the usual band."""

    expr: IsolatedExpr
    legend: str


@dataclass(frozen=True, slots=True)
class Graph:
    """How an alert's condition looks on a panel: its value and the level it is compared with."""

    expr: IsolatedExpr
    unit: str
    level: float | None
    above: bool
    """True when values above `level` are bad."""
    legend: str = ""
    clear: float | None = None
    """The level that ends the alert, where it is not the one that fires it."""
    lines: tuple[Line, ...] = ()


@dataclass(frozen=True, slots=True)
class PlannedAlert:
    """One alert before escalation.

    `rule` is complete: tenant, service, team, severity and static labels, all annotations.
    """

    rule: AlertRule
    kind: str
    """One of: threshold, forecast, anomaly, absent, correlate, expr, burn-rate, slo, severity,
    marker."""
    service: str | None
    severity: str
    slug: str
    view: str
    panel_key: str
    graph: Graph | None
    scenarios: tuple[Scenario, ...]
    policy: str | None
    """Escalation policy named by the alert itself; None: the service's or the severity's."""
    compliance: tuple[str, ...]
    runbook_text: str
    pack: str
    place: Place
    records: tuple[RecordingRule, ...] = ()
    """Recording rules of its own that must stand right before it in its group."""
    flapping: bool = True
    """Whether the tenant's `flapping` watches it."""


@dataclass(frozen=True, slots=True)
class Compiled:
    """What one compiler made: alerts in order, and findings about the spec."""

    alerts: tuple[PlannedAlert, ...] = ()
    findings: tuple[Finding, ...] = field(default=())
