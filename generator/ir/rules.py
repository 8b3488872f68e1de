"""Prometheus rules as plain values: what `compile` makes and `render.prometheus` writes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from generator.findings import Place
from generator.values import Duration, IsolatedExpr


@dataclass(frozen=True, slots=True)
class RecordingRule:
    """One recorded series. `labels` always hold the tenant label."""

    record: str
    expr: IsolatedExpr
    labels: Mapping[str, str]
    origin: Place | None = None
    """The spec's place this rule came from; findings about the rule point there."""


@dataclass(frozen=True, slots=True)
class AlertRule:
    """One alert rule. `labels` always hold tenant, team, severity, and service where it has one."""

    alert: str
    expr: IsolatedExpr
    labels: Mapping[str, str]
    annotations: Mapping[str, str]
    for_: Duration = Duration(0)
    keep_firing_for: Duration = Duration(0)
    origin: Place | None = None


Rule = RecordingRule | AlertRule


@dataclass(frozen=True, slots=True)
class RuleGroup:
    """Rules evaluated in order at one interval. `file` is the rule file's stem."""

    file: str
    name: str
    interval: Duration
    rules: tuple[Rule, ...]
    comment: str = field(default="")
    """One line for the reader, written above the group."""
