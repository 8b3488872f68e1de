"""Alerts of every kind, the tests of their authors, and the severity score."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

from generator.findings import Place, Text
from generator.values import Duration


@dataclass(frozen=True, slots=True)
class Threshold:
    """Fires above or below a level; `clear` gives hysteresis (leave only past it)."""

    expr: Text
    op: str
    """`>` or `<`."""
    level: Decimal
    clear: Decimal | None = None


@dataclass(frozen=True, slots=True)
class Forecast:
    """Fires when the gauge, extended linearly over `within` from `history`, crosses `level`."""

    expr: Text
    op: str
    level: Decimal
    within: Duration
    history: Duration
    guard: Decimal | None = None
    """Only while the value itself is past this level; None: half way is not known, no guard."""
    capacity: Text | None = None
    """What the value is a part of: then `guard` is a ratio of it."""


@dataclass(frozen=True, slots=True)
class Anomaly:
    """Fires when the value leaves its usual band: method adaptive, robust or seasonal."""

    expr: Text
    method: str
    season: Duration
    sensitivity: Decimal
    direction: str
    """`both`, `above` or `below`."""
    minimum: Decimal
    """Below this spread (σ or MAD) a series is flat and no anomaly is told."""
    cessation: Decimal | None
    """Level an hour ago above which a total stop is told; None: above 0 for a whole day."""
    margin: Decimal = Decimal("0.1")
    """Part of the usual value by which a value must leave it: regular series have tiny spreads."""


@dataclass(frozen=True, slots=True)
class Absent:
    """Fires when no series matches the selector."""

    selector: Text


@dataclass(frozen=True, slots=True)
class Correlate:
    """Fires when several alerts fire within a time. `mode` is all, any or at_least."""

    mode: str
    count: int
    members: tuple[Text, ...]
    """Alert names, or `slo:<name>` for any burn-rate alert of that SLO."""
    within: Duration


@dataclass(frozen=True, slots=True)
class Expression:
    """Fires for every sample the expression returns."""

    expr: Text


Signal = Threshold | Forecast | Anomaly | Absent | Correlate | Expression


@dataclass(frozen=True, slots=True)
class Alert:
    """One alert of the spec or of a pack, whatever its kind."""

    name: str
    signal: Signal
    service: str | None
    for_: Duration
    keep_firing_for: Duration
    severity: str
    labels: Mapping[str, str]
    summary: Text
    """Go template; may be empty: then the compiler writes one that fits the kind."""
    description: Text
    runbook: str
    """A URL or path; empty: the generated runbook's."""
    runbook_text: str
    """Markdown for the generated runbook: what it means, first checks; may be empty."""
    dashboard: str
    compliance: tuple[str, ...]
    escalation: str | None
    unit: str
    """Grafana unit of the value, for panels; empty: `short`."""
    view: str
    """technical, security, ml or executive: where its panel is drawn."""
    tests: tuple[UserTest, ...]
    place: Place
    pack: str = ""
    flapping: bool = True
    """Whether `Tenant.flapping` watches it."""
    for_place: Place | None = None
    """Where `for` is written; None: it is not."""


@dataclass(frozen=True, slots=True)
class ExpectedFiring:
    """One alert that a test expects: some of its labels, and texts as people read them."""

    labels: Mapping[str, str]
    annotations: Mapping[str, str]
    place: Place


@dataclass(frozen=True, slots=True)
class ExpectedAt:
    """What fires of an alert `at` a time of a test: exactly these, none when there are none."""

    at: Duration
    alerts: tuple[ExpectedFiring, ...]
    place: Place


@dataclass(frozen=True, slots=True)
class UserTest:
    """A test the author wrote for an alert: input series and when it must (not) fire."""

    name: str
    interval: Duration
    series: tuple[tuple[str, str], ...]
    fires_at: tuple[Duration, ...]
    silent_at: tuple[Duration, ...]
    place: Place
    expect: tuple[ExpectedAt, ...] = ()


@dataclass(frozen=True, slots=True)
class Feature:
    """One input of a severity score: an expression clamped to [low, high], or an SLO's burn."""

    name: str
    expr: Text | None
    slo: str | None
    window: Duration | None
    low: Decimal
    high: Decimal
    missing: Decimal
    weight: Decimal
    place: Place


@dataclass(frozen=True, slots=True)
class SeverityModel:
    """score = 1/(1+exp(-(intercept + Σ weight·feature))), an alert per level."""

    features: tuple[Feature, ...]
    intercept: Decimal
    levels: tuple[tuple[str, Decimal], ...]
    """(severity, score) in the platform's order, most urgent first."""
    place: Place
