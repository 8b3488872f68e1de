"""`docs/escalation.md` of a tenant: its distinct escalations, shown at a few moments."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from generator.compile.families import families
from generator.ir.artifacts import Artifact
from generator.ir.incident import Ladder, Leaf, Rung
from generator.ir.routing import AlertmanagerConfig, TimeSpan
from generator.ir.rules import AlertRule, RuleGroup
from generator.render.docs_escalation import escalation_md
from generator.values import Duration
from generator.verify.notify.incident import incident, labels_of
from generator.verify.notify.routing import Tree


def escalation_doc(
    tenant: str, config: AlertmanagerConfig, groups: Sequence[RuleGroup], source: str
) -> Artifact:
    """`docs/escalation.md` of a tenant, from its configuration alone and its rules."""
    found = ladders(config, groups, moments(config))
    text = escalation_md(tenant, config, found, source)
    return Artifact("docs/escalation.md", text.encode())


def ladders(
    config: AlertmanagerConfig, groups: Sequence[RuleGroup], moments: Sequence[datetime]
) -> tuple[Ladder, ...]:
    """The distinct escalations of a tenant's alerts, with incidents at the given moments."""
    tree, words = Tree(config.route), config.vocabulary
    found: dict[tuple[str, tuple[Rung, ...]], list[tuple[AlertRule, ...]]] = {}
    for family in families(groups, words["level"]):
        severity = family[0].labels.get(words["severity"], "")
        steps = rungs(tree, family)
        if any(_tells(config, rung) for rung in steps):
            found.setdefault((severity, steps), []).append(family)
    return tuple(
        Ladder(
            severity,
            tuple(sorted({called(family[0], words["service"]) for family in alike})),
            steps,
            tuple(incident(config, alike[0], moment) for moment in moments),
        )
        for (severity, steps), alike in found.items()
    )


def moments(config: AlertmanagerConfig) -> tuple[datetime, ...]:
    """A working morning and a Sunday night to show incidents at, in UTC.

    They are in the third week after the first date that the configuration's intervals name, or of
    2026 when they name none: the same for the same spec, whatever the day is.
    """
    spans = [span for interval in config.intervals for span in interval.spans if span.days_of_month]
    dated = [s for s in spans if len(s.years) == 1 and len(s.months) == 1]
    first = min((_first_day(s) for s in dated), default=datetime(2026, 1, 1, tzinfo=UTC))
    monday = first + timedelta(days=14 + (7 - first.weekday()) % 7)
    return (monday + timedelta(days=1, hours=10), monday + timedelta(days=6, hours=3))


def rungs(tree: Tree, family: Sequence[AlertRule]) -> tuple[Rung, ...]:
    """The steps of an alert with the routes that take them."""
    return tuple(
        Rung(number, rule.for_ if number > 1 else Duration(0), _leaves(tree, rule))
        for number, rule in enumerate(family, 1)
    )


def called(rule: AlertRule, service: str) -> str:
    """`Alert (service)`; `service` is the label's name."""
    return f"{rule.alert} ({rule.labels[service]})" if service in rule.labels else rule.alert


def _leaves(tree: Tree, rule: AlertRule) -> tuple[Leaf, ...]:
    return tuple(one.leaf for one in tree.taken(labels_of(rule)))


def _tells(config: AlertmanagerConfig, rung: Rung) -> bool:
    full = {r.name for r in config.receivers if r.integrations}
    return any(leaf.receiver in full for leaf in rung.leaves)


def _first_day(span: TimeSpan) -> datetime:
    year, month, day = (
        int(text[0].partition(":")[0]) for text in (span.years, span.months, span.days_of_month)
    )
    return datetime(year, month, max(1, min(day, 28)), tzinfo=UTC)
