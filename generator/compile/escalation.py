"""Later steps of an escalation: alert rules of the same name that follow the first.

The first rule carries no level, so that a silence made from its notification matches every later
step too; a later step has the same labels and its level (docs/adr/0002).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Final

from generator.compile.kinds import FLAPPING
from generator.compile.plan import PlannedAlert
from generator.ir.rules import AlertRule
from generator.promql.build import selector
from generator.promql.isolate import Scope, isolate, wrap_isolated
from generator.promql.labels import LabelSet, output_labels
from generator.promql.parser import parse
from generator.promql.tree import vector_selectors
from generator.spec.model import LabelNames, Platform, Policy, Step, Tenant
from generator.values import Duration

MUTES_LABEL: Final = "escalation_mutes"
"""Set to `none` on later steps that may not mute earlier ones: see `told_apart`."""

_WIDTH = 88
_ACTION = re.compile(
    r"\{\{(?P<left>-\s)?(?P<body>(?:\"(?:\\.|[^\"\\])*\"|`[^`]*`|'(?:\\.|[^'\\])*'|/\*.*?\*/"
    r"|[^\"`'}]|\}(?!\}))*?)(?P<right>\s-)?\}\}",
    re.DOTALL,
)
_STRINGS = re.compile(r"\"(?:\\.|[^\"\\])*\"|`[^`]*`|'(?:\\.|[^'\\])*'|/\*.*?\*/", re.DOTALL)
_VALUE = re.compile(r"\$value\b|\.Value\b|(?<![\w.$)\]])[.$](?![\w$])")
_VALUE_BY_NAME = re.compile(r"\$value\b|\.Value\b")
_MOVES_DOT = re.compile(r"\{\{-?\s*(?:with|range|define|block)\b")
_CONTROL = re.compile(r"\s*(?:if|else|with|range|define|block|template|end)\b|\s*\$\w+[\w\s,$]*:?=")


def policy_of(alert: PlannedAlert, tenant: Tenant) -> Policy | None:
    """Whom an alert tells: by its own policy, else its service's, else its severity's.

    None when no policy takes it.
    """
    service = tenant.services.get(alert.service or "")
    own = alert.policy or (service.escalation.get(alert.severity) if service else None)
    return tenant.escalation.get(own or tenant.routing.get(alert.severity, ""))


def escalated(
    alert: PlannedAlert, policy: Policy | None, platform: Platform, *, watched: bool = False
) -> tuple[AlertRule, ...]:
    """The alert's rule, then one for each later step of its policy, in order.

    They belong into one group: a step reads what the first rule has just written, and all
    resolve in one evaluation. `watched`: there are notices of flapping, which no step may follow.

    A later step mutes the earlier ones unless one of them may still be waiting for its window.
    """
    steps = policy.steps if policy else ()
    apart = told_apart(alert)
    later = []
    for number, step in enumerate(steps[1:], 2):
        waiting = any(told.during for told in steps[:number])
        rule = _step(alert, number, step, platform, watched)
        mutes = {} if apart and not waiting else {MUTES_LABEL: "none"}
        later.append(replace(rule, labels=dict(sorted({**rule.labels, **mutes}.items()))))
    return (alert.rule, *later)


def told_apart(alert: PlannedAlert) -> bool:
    """Whether all labels of the alert's series are known by name.

    Only then may a later step mute the earlier one: the inhibit rule compares labels by name,
    and an alert that differs from another in a label nobody named would be muted by it.
    """
    tree = parse(alert.rule.expr)
    ours = {n.name for n in vector_selectors(tree) if n.name is not None and n.name[:4] == "slo:"}
    return not dynamic_labels(alert, dict.fromkeys(ours, frozenset())).open


def dynamic_labels(alert: PlannedAlert, known: Mapping[str, frozenset[str]]) -> LabelSet:
    """The labels that the alert's expression returns, `known` naming those of metrics."""
    known = dict(known)
    for record in alert.records:
        labels = output_labels(parse(record.expr), known)
        if not labels.open:
            known[record.record] = labels.named | frozenset(record.labels)
    return output_labels(parse(alert.rule.expr), known)


def in_words(length: Duration) -> str:
    """`90m` as people say it: 1 hour 30 minutes."""
    rest, parts = length.ms // 1000, []
    for unit, size in (("day", 86400), ("hour", 3600), ("minute", 60), ("second", 1)):
        count, rest = divmod(rest, size)
        if count:
            parts.append(f"{count} {unit}{'s' if count > 1 else ''}")
    return " ".join(parts) or "no time"


def _step(
    alert: PlannedAlert, number: int, step: Step, platform: Platform, watched: bool
) -> AlertRule:
    names, rule = platform.labels, alert.rule
    fixed = {k: v for k, v in rule.labels.items() if "{{" not in v}
    own = [(k, "=", v) for k, v in sorted(fixed.items()) if k != names.tenant]
    if watched and names.kind not in fixed:
        own.append((names.kind, "!=", FLAPPING))
    firing = selector(
        "ALERTS",
        [
            ("alertname", "=", rule.alert),
            ("alertstate", "=", "firing"),
            *own,
            (names.level, "=", ""),
        ],
    )
    scope = Scope(
        names.tenant,
        rule.labels[names.tenant],
        platform.targets.prometheus,
        platform.shared_metrics,
    )
    return AlertRule(
        alert=rule.alert,
        expr=wrap_isolated(isolate(f"max without (alertstate) ({firing})", scope), _WIDTH),
        labels={**fixed, names.level: str(number)},
        annotations=retold(rule, f"Not acknowledged for {in_words(step.after)}", names),
        for_=step.after,
        origin=rule.origin,
    )


def retold(rule: AlertRule, opening: str, names: LabelNames) -> dict[str, str]:
    """The annotations of a rule that follows this one: the summary says first why it is told again.

    What prints the value is told without it: the templates see the labels of the first alert, but
    another value.
    """
    plain = dict(rule.annotations)
    plain["summary"] = plain.get("summary") or rule.alert
    found = {name: _without_value(text) for name, text in plain.items()}
    service = rule.labels.get(names.service)
    told = f"{rule.alert} of {service} is still firing" if service else f"{rule.alert} still fires"
    made = {
        "summary": f"{opening}: {found['summary'] or told}",
    }
    for name, text in found.items():
        if name != "summary" and text is not None:
            made[name] = text
    return dict(sorted(made.items()))


def _without_value(text: str) -> str | None:
    """A template with `…` where it prints the value; None where the value decides what it says."""
    reads = _VALUE if not _MOVES_DOT.search(text) else _VALUE_BY_NAME

    def replaced(match: re.Match[str]) -> str:
        if not reads.search(_STRINGS.sub('""', match["body"])):
            return match[0]
        left, right = match["left"] or "", match["right"] or ""
        return f'{{{{{left}"…"{right}}}}}' if left or right else "…"

    for match in _ACTION.finditer(text):
        body = _STRINGS.sub('""', match["body"])
        if reads.search(body) and _CONTROL.match(body):
            return None
    return _ACTION.sub(replaced, text)
