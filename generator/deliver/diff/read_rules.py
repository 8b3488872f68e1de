"""Rule files and what `/api/v1/rules` answers, read into values."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from pathlib import PurePosixPath
from typing import Any

from generator.ir.rules import AlertRule, RecordingRule, Rule, RuleGroup
from generator.values import Duration


def groups_of_file(stem: str, document: Mapping[str, Any]) -> tuple[RuleGroup, ...]:
    """The groups of one rule file; `stem` is its name without the ending."""
    return tuple(
        RuleGroup(
            file=stem,
            name=group["name"],
            interval=Duration.parse(str(group.get("interval", "0"))),
            rules=tuple(_of_file(rule) for rule in group.get("rules") or ()),
        )
        for group in document.get("groups") or ()
    )


def groups_of_server(
    groups: Iterable[Mapping[str, Any]], label: str
) -> Mapping[str, tuple[RuleGroup, ...]]:
    """tenant -> its groups, as a Prometheus has loaded them; `label` names the tenant.

    Groups whose rules carry no tenant are not of our making and left out.
    """
    found: dict[str, list[RuleGroup]] = {}
    for group in groups:
        rules = list(group.get("rules") or ())
        tenants = {(rule.get("labels") or {}).get(label, "") for rule in rules}
        if len(tenants) == 1 and (tenant := tenants.pop()):
            found.setdefault(tenant, []).append(
                RuleGroup(
                    file=PurePosixPath(str(group.get("file", ""))).stem,
                    name=group["name"],
                    interval=_seconds(group.get("interval", 0)),
                    rules=tuple(_of_server(rule) for rule in rules),
                )
            )
    return {tenant: tuple(its) for tenant, its in sorted(found.items())}


def alert_rules(groups: Sequence[RuleGroup]) -> Iterable[tuple[RuleGroup, AlertRule]]:
    """Every alert rule with its group."""
    return ((g, rule) for g in groups for rule in g.rules if isinstance(rule, AlertRule))


def _of_file(rule: Mapping[str, Any]) -> Rule:
    labels = _texts(rule.get("labels"))
    if "record" in rule:
        return RecordingRule(rule["record"], rule["expr"], labels)
    return AlertRule(
        alert=rule["alert"],
        expr=rule["expr"],
        labels=labels,
        annotations=_texts(rule.get("annotations")),
        for_=Duration.parse(str(rule.get("for", "0"))),
        keep_firing_for=Duration.parse(str(rule.get("keep_firing_for", "0"))),
    )


def _of_server(rule: Mapping[str, Any]) -> Rule:
    labels = _texts(rule.get("labels"))
    if rule["type"] == "recording":
        return RecordingRule(rule["name"], rule["query"], labels)
    return AlertRule(
        alert=rule["name"],
        expr=rule["query"],
        labels=labels,
        annotations=_texts(rule.get("annotations")),
        for_=_seconds(rule.get("duration", 0)),
        keep_firing_for=_seconds(rule.get("keepFiringFor", 0)),
    )


def _texts(found: Mapping[str, Any] | None) -> dict[str, str]:
    return {str(key): str(value) for key, value in (found or {}).items()}


def _seconds(number: Any) -> Duration:
    return Duration(int(Decimal(str(number)) * 1000))
