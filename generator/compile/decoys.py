"""Series an alert must not see: each differs from one it reads in a single label.

They do the opposite of what the alert's own data does. A selector that lost a matcher, the
tenant's first of all, would take them for its own.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from generator.compile.series import accepts, satisfying, violating
from generator.compile.stimulus import (
    ALERT,
    ALERTS,
    GAUGE,
    Levels,
    Phase,
    Source,
    recorded_by,
    selectors_read,
)
from generator.ir.rules import RecordingRule
from generator.promql.parser import parse
from generator.promql.tree import Expr, Matcher, VectorSelector, vector_selectors

FOREIGN = "another-tenant"

Decoys = dict[Source, Source]
"""What must not be seen -> what it stands beside."""


def decoys(
    expr: Expr,
    rules: Sequence[RecordingRule],
    all_: Sequence[Source],
    own_alert: str,
    tenant_label: str,
) -> Decoys:
    """A series per source and matcher that fails just this matcher. Raises Unsupported.

    Only what no selector of the expression takes: the alert's own data decides alone.
    """
    read: dict[str, list[tuple[Matcher, ...]]] = {}
    for node, _ in selectors_read(expr, rules):
        matchers = tuple(m for m in node.matchers if m.name not in ("le", "__name__"))
        read.setdefault(node.name or "", []).append(matchers)
    known = {(s.metric, s.labels) for s in all_}
    found: Decoys = {}
    for source in all_:
        for matchers in read.get(source.metric, ()):
            if not accepts(matchers, dict(source.labels)):
                continue
            for matcher in matchers:
                labels = _failing(matcher, dict(source.labels), tenant_label)
                if labels is None or any(accepts(other, labels) for other in read[source.metric]):
                    continue
                if source.metric == ALERTS and labels.get("alertname") == own_alert:
                    continue
                made = replace(source, labels=tuple(sorted(labels.items())))
                if (made.metric, made.labels) not in known:
                    known.add((made.metric, made.labels))
                    found[made] = source
    return found


def _failing(matcher: Matcher, labels: dict[str, str], tenant_label: str) -> dict[str, str] | None:
    if matcher.name == tenant_label:
        return {**labels, matcher.name: FOREIGN}
    return violating([matcher], labels)


def opposed(phases: Sequence[Phase], hot: Levels, calm: Levels, names: Decoys) -> list[Phase]:
    """The phases as decoys go through them: calm while the own series are hot, otherwise hot.

    Decoys of alerts fire whenever theirs does not.
    """
    made: list[Phase] = []
    for phase in phases:
        other = calm if phase.levels == hot else hot
        levels: dict[Source, float | None] = {}
        for decoy, own in names.items():
            if own.kind == ALERT:
                levels[decoy] = None if phase.levels.get(own, own.base) else 1.0
            else:
                levels[decoy] = other.get(own, own.base)
        made.append(replace(phase, levels=levels))
    return made


def alert_decoys(expr: Expr, tenant_label: str) -> tuple[Source, ...]:
    """Alerts that fail just one matcher of a selector of alerts."""
    nodes = [n for n in vector_selectors(expr) if n.name == ALERTS]
    found: dict[Source, None] = {}
    for node in nodes:
        labels = satisfying(node.matchers)
        for matcher in node.matchers if labels is not None else ():
            changed = _failing(matcher, labels or {}, tenant_label)
            if changed is not None and not any(accepts(n.matchers, changed) for n in nodes):
                found[Source(ALERTS, tuple(sorted(changed.items())), ALERT)] = None
    return tuple(found)


def recorded_decoys(
    expr: Expr, rules: Sequence[RecordingRule], tenant_label: str
) -> dict[Source, VectorSelector]:
    """Recordings that fail just one matcher of a selector, with that selector."""
    read = [n for text in (expr, *(parse(r.expr) for r in rules)) for n in vector_selectors(text)]
    found: dict[Source, VectorSelector] = {}
    for node in vector_selectors(expr):
        made = recorded_by(node, rules)
        for matcher in node.matchers if made else ():
            changed = _failing(matcher, dict(made[0].labels), tenant_label)
            taken = [n for n in read if n.name == node.name]
            if changed and not any(accepts(n.matchers, changed) for n in taken):
                found[Source(node.name or "", tuple(sorted(changed.items())), GAUGE)] = node
    return found
