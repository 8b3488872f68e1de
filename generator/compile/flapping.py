"""Flapping: an alert that fires again and again is told as that, once, and muted until it is calm.

The notice is a rule of the alert's own name, severity and labels, so that it goes to the same
people and nothing is muted by something less urgent; `kind` tells it from the alert. It counts how
often the alert began: the value of `ALERTS_FOR_STATE` is the time at which it did.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from generator.compile.escalation import retold, told_apart
from generator.compile.kinds import FLAPPING
from generator.compile.plan import PlannedAlert
from generator.ir.rules import AlertRule, RuleGroup
from generator.promql.build import selector
from generator.promql.isolate import Scope, isolate, wrap_isolated
from generator.spec.model import Flapping, Platform

_WIDTH = 88


def without_notices(groups: Iterable[RuleGroup], label: str) -> tuple[RuleGroup, ...]:
    """The groups as far as they are about incidents themselves; `label` is that of the kind."""
    return tuple(
        replace(g, rules=tuple(r for r in g.rules if r.labels.get(label) != FLAPPING))
        for g in groups
    )


def flapping_notice(
    alert: PlannedAlert, flapping: Flapping | None, platform: Platform
) -> AlertRule | None:
    """The notice that an alert flaps, to stand in the alert's group; None when it is not watched.

    An alert with labels that nobody named is not: its notice could mute another series.
    """
    if flapping is None or not alert.flapping or not told_apart(alert):
        return None
    names, rule = platform.labels, alert.rule
    fixed = {k: v for k, v in rule.labels.items() if "{{" not in v}
    labels = {**fixed, names.kind: FLAPPING}
    own = [("alertname", "=", rule.alert)]
    own += [(k, "=", v) for k, v in sorted(fixed.items()) if k != names.tenant]
    if names.kind not in fixed:
        own.append((names.kind, "=", ""))
    own.append((names.level, "=", ""))
    begun = selector("ALERTS_FOR_STATE", own)
    fired = selector("ALERTS", [*own, ("alertstate", "=", "firing")])
    within = flapping.within
    expr = (
        f"changes({begun}[{within}]) >= {flapping.fires - 1}"
        f" and ignoring (alertstate) max_over_time({fired}[{within}])"
    )
    scope = Scope(
        names.tenant,
        rule.labels[names.tenant],
        platform.targets.prometheus,
        platform.shared_metrics,
    )
    opening = f"Flaps, muted until it is calm (began {{{{ $value }}}} times anew within {within})"
    return AlertRule(
        alert=rule.alert,
        expr=wrap_isolated(isolate(expr, scope), _WIDTH),
        labels=dict(sorted(labels.items())),
        annotations=retold(rule, opening, names),
        origin=rule.origin,
    )
