"""Alerts with the later steps that follow them, and how an alert is told from its namesakes."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from generator.ir.rules import AlertRule, RuleGroup

Family = tuple[AlertRule, ...]


def families(groups: Iterable[RuleGroup], level: str) -> Iterable[Family]:
    """Every alert with the later steps that follow it in its group; `level` is their label."""
    for group in groups:
        family: list[AlertRule] = []
        for rule in group.rules:
            if not isinstance(rule, AlertRule):
                continue
            if level not in rule.labels and family:
                yield tuple(family)
                family = []
            family.append(rule)
        if family:
            yield tuple(family)


def written(rule: AlertRule, among: Sequence[Family]) -> str:
    """`Alert{label="value"}` with the labels in which it differs from its namesakes."""
    others = [f[0].labels for f in among if f[0].alert == rule.alert]
    telling = [(k, v) for k, v in sorted(rule.labels.items()) if any(o.get(k) != v for o in others)]
    inside = ", ".join(f'{k}="{v}"' for k, v in telling)
    return f"{rule.alert}{{{inside}}}" if inside else rule.alert
