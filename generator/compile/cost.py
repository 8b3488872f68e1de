"""What a tenant's rules cost: rules, recorded series, samples read per evaluation and per second.

Units and assumptions, the same in the report, in `platform.yaml`'s limits and here:

- *samples per evaluation*: what each rule reads when every rule is evaluated once, counted as
  Prometheus does (`cardinality`); *samples per second*: each rule's divided by its group's
  interval;
- *recorded series*: what the recording rules return together; *ALERTS series*: the same of the
  alert rules, if every instance is pending or fires (ALERTS_FOR_STATE has as many again);
- all are upper bounds under the stated number of series per metric. Where a metric does not state
  it, the platform's `limits.series_per_metric` is assumed, and the report names the metrics.

An SLO's part is every rule with its label, an alert's part its own records, its rule and its later
steps. Limits are compared in `limits`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from generator.compile.kinds import MARKER
from generator.compile.store import Store
from generator.ir.cost import PartCost, TenantCost
from generator.ir.rules import AlertRule, RecordingRule, Rule, RuleGroup
from generator.promql.parser import parse
from generator.promql.tree import vector_selectors
from generator.spec.model import LabelNames, Platform, Tenant

_KINDS = ("slo", "alert", "recording", "marker")


def tenant_cost(
    tenant: Tenant, platform: Platform, groups: Sequence[RuleGroup], cut: Sequence[RuleGroup]
) -> TenantCost:
    """The cost of a tenant's rules. `groups` are whole, `cut` are those that are written."""
    store = Store(tenant, platform, groups)
    rules = [_read(rule, group, store) for group in groups for rule in group.rules]
    alerts = [r for r in rules if isinstance(r.rule, AlertRule)]
    recorded = [r for r in rules if isinstance(r.rule, RecordingRule)]
    largest = max(cut, key=lambda g: len(g.rules), default=None)
    return TenantCost(
        tenant=tenant.id,
        alerts=sum(_is_first(r.rule, platform.labels) for r in alerts),
        alert_rules=len(alerts),
        recording_rules=len(recorded),
        groups=len(cut),
        largest_group=(largest.name, len(largest.rules)) if largest else ("", 0),
        recorded_series=sum(r.series for r in recorded),
        alerts_series=sum(r.series for r in alerts),
        samples_per_evaluation=sum(r.samples for r in rules),
        samples_per_second=_per_second(rules),
        parts=tuple(_parts(groups, cut, rules, platform.labels)),
        assumed=tuple(sorted(store.assumed)),
        series_per_metric=platform.limits.series_per_metric,
    )


@dataclass(frozen=True, slots=True)
class _Read:
    """One rule with what it writes and reads."""

    rule: Rule
    series: int
    samples: int
    interval: int
    reads: bool
    """Whether it reads any series: otherwise it is constant, whatever the combinations."""


def _read(rule: Rule, group: RuleGroup, store: Store) -> _Read:
    tree = parse(rule.expr)
    return _Read(
        rule=rule,
        series=store.made_by(rule).series,
        samples=store.estimate.samples(tree),
        interval=group.interval.ms,
        reads=bool(vector_selectors(tree)),
    )


def _per_second(rules: Iterable[_Read]) -> float:
    return round(sum(r.samples * 1000 / r.interval for r in rules), 3)


def _is_first(rule: Rule, names: LabelNames) -> bool:
    """An alert's first step: later ones and markers are no alerts of their own."""
    return (
        isinstance(rule, AlertRule)
        and names.level not in rule.labels
        and rule.labels.get(names.kind) != MARKER
    )


# --------------------------------------------------------------------------- parts


@dataclass(slots=True)
class _Part:
    """The rules of one part, gathered."""

    service: str
    rules: list[_Read] = field(default_factory=list)


def _parts(
    groups: Sequence[RuleGroup],
    cut: Sequence[RuleGroup],
    rules: Iterable[_Read],
    names: LabelNames,
) -> Iterable[PartCost]:
    """SLOs, alerts, the packs' recordings and markers, each in the order of the rules."""
    found: dict[tuple[str, str, str], _Part] = {}
    read = iter(rules)
    for group in groups:
        for kind, name in _owners(group, names):
            one = next(read)
            service = "" if kind == "marker" else one.rule.labels.get(names.service, "")
            key = (kind, name, "" if kind == "slo" else service)
            found.setdefault(key, _Part(service)).rules.append(one)
    homes = {id(rule): group.name for group in cut for rule in group.rules}
    for kind, name, service in sorted(found, key=lambda key: _KINDS.index(key[0])):
        yield _summed(kind, name, found[kind, name, service], homes, names)


def _owners(group: RuleGroup, names: LabelNames) -> Iterable[tuple[str, str]]:
    """(kind, name) of what each rule belongs to; records before an alert belong to it."""
    owners: list[tuple[str, str]] = []
    owner: tuple[str, str] | None = None
    for rule in reversed(group.rules):
        if names.slo in rule.labels:
            owner = ("slo", rule.labels[names.slo])
        elif isinstance(rule, AlertRule):
            kind = "marker" if rule.labels.get(names.kind) == MARKER else "alert"
            owner = (kind, rule.alert)
        elif owner is None:
            owners.append(("recording", rule.record))
            continue
        owners.append(owner)
    return reversed(owners)


def _summed(
    kind: str, name: str, part: _Part, homes: Mapping[int, str], names: LabelNames
) -> PartCost:
    records = [r for r in part.rules if isinstance(r.rule, RecordingRule)]
    return PartCost(
        kind=kind,
        name=name,
        service=part.service,
        rules=len(part.rules),
        alerts=sum(_is_first(r.rule, names) for r in part.rules),
        alert_rules=len(part.rules) - len(records),
        groups=len({homes[id(r.rule)] for r in part.rules}),
        recorded_series=sum(r.series for r in records),
        series_per_combination=sum(r.reads for r in records),
        samples_per_evaluation=sum(r.samples for r in part.rules),
        samples_per_second=_per_second(part.rules),
        place=next((r.rule.origin for r in part.rules if r.rule.origin is not None), None),
    )
