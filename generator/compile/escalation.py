"""Escalation in steps: every later step is an alert rule on `ALERTS`, right after its alert.

The first step carries no level label, so that a silence made from the first notification, with
all its labels, stops every later step too (docs/adr/0002-later-steps-are-alerts.md).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace

from generator.compile.plan import PlannedAlert
from generator.ir.rules import AlertRule
from generator.promql.build import selector
from generator.promql.isolate import Scope, isolate, wrap_isolated
from generator.spec.model import Platform, Policy, Step
from generator.values import Duration

_VALUE = re.compile(r"\{\{[^}]*(\$value|\.Value)[^}]*\}\}")
"""A template that prints the alert's value: in a later step the value is `ALERTS`' own, 1."""


def escalated(
    alert: PlannedAlert, policy: Policy | None, platform: Platform
) -> tuple[AlertRule, ...]:
    """The alert's rule and, after it, one rule for each later step of its policy."""
    steps = policy.steps[1:] if policy else ()
    return (
        alert.rule,
        *(_step(alert, step, str(k), platform) for k, step in enumerate(steps, start=2)),
    )


def _step(alert: PlannedAlert, step: Step, level: str, platform: Platform) -> AlertRule:
    names, rule = platform.labels, alert.rule
    told_apart = (names.service, names.severity, names.slo, names.pair)
    matchers = [("alertname", "=", rule.alert), ("alertstate", "=", "firing")]
    matchers += [(name, "=", rule.labels.get(name, "")) for name in told_apart]
    matchers.append((names.level, "=", ""))
    scope = Scope(names.tenant, rule.labels[names.tenant], platform.targets.prometheus)
    expr = isolate(f"max without (alertstate) ({selector('ALERTS', matchers)})", scope)
    return replace(
        rule,
        expr=wrap_isolated(expr),
        for_=step.after,
        keep_firing_for=Duration(0),
        labels=dict(sorted({**rule.labels, names.level: level}.items())),
        annotations=_annotations(rule, step.after),
    )


def _annotations(rule: AlertRule, after: Duration) -> dict[str, str]:
    """The first step's, with the wait in words and without the value, which is unknown here."""
    found: Mapping[str, str] = rule.annotations
    summary = found.get("summary", rule.alert)
    if _VALUE.search(summary):
        summary = _without_value(summary)
    description = found.get("description", "")
    if _VALUE.search(description):
        description = "The first notification tells the value."
    told = {**found, "summary": f"Not acknowledged for {after}: {summary}"}
    if description:
        told["description"] = description
    return dict(sorted(told.items()))


def _without_value(summary: str) -> str:
    return _VALUE.sub("…", summary)
