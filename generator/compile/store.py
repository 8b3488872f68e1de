"""What a tenant's selectors find in Prometheus' storage: recorded, ALERTS and raw series.

Answers for `cardinality.Estimate`; how the numbers are meant is told there.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from generator.compile.cardinality import Count, Estimate, Stored, compatible
from generator.compile.series import accepts
from generator.ir.rules import AlertRule, RecordingRule, Rule, RuleGroup
from generator.promql.parser import parse
from generator.promql.tree import Matcher, VectorSelector
from generator.spec.model import Metric, Platform, Tenant

ALERTS: Final = frozenset({"ALERTS", "ALERTS_FOR_STATE"})
_OF_STATE = frozenset({"alertstate"})
_PARTS = ("_bucket", "_count", "_sum")


class Store:
    """The series that a tenant's rules write and those that they read."""

    def __init__(self, tenant: Tenant, platform: Platform, groups: Sequence[RuleGroup]) -> None:
        self.assumed: set[str] = set()
        """Metrics that were asked for and do not state their series."""
        self.estimate = Estimate(self.find, platform.evaluation_interval.ms)
        self._metrics = tenant.metrics
        self._default = platform.limits.series_per_metric
        self._scrape = platform.scrape_interval.ms
        self._jobs = {job.job: job.interval.ms for job in tenant.collect if job.interval}
        self._records: dict[str, list[tuple[RecordingRule, int]]] = {}
        self._alerts: dict[str, list[tuple[AlertRule, Mapping[str, str], int]]] = {}
        """By name: each rule, the labels that its series surely have, its interval."""
        self._made: dict[int, Count] = {}
        self._open: set[int] = set()
        self._guessed = False
        self._found: dict[tuple[object, ...], tuple[Stored, ...]] = {}
        for group in groups:
            for rule in group.rules:
                if isinstance(rule, RecordingRule):
                    self._records.setdefault(rule.record, []).append((rule, group.interval.ms))
                else:
                    labels = {"alertname": rule.alert, **_static(rule.labels)}
                    self._alerts.setdefault(rule.alert, []).append(
                        (rule, labels, group.interval.ms)
                    )

    def made_by(self, rule: Rule) -> Count:
        """The series that a rule writes, at most: recorded ones, or ALERTS in one state.

        A rule that reads what it writes (hysteresis) adds nothing to it by that.
        """
        key = id(rule)
        if key in self._open:
            self._guessed = True
            return Count(0)
        if key not in self._made:
            self._open.add(key)
            self._made[key] = self.estimate.series(parse(rule.expr))
            self._open.remove(key)
            if self._guessed and not self._open:
                self._found.clear()
                self._guessed = False
        return self._made[key]

    def find(self, node: VectorSelector) -> Sequence[Stored]:
        """What a selector finds, one entry per rule or metric."""
        key = (node.name, *((m.name, m.op, m.value) for m in node.matchers))
        found = self._found.get(key)
        if found is None:
            found = tuple(s for name in self._names(node) for s in self._named(name, node))
            self._found[key] = found
        return found

    def _names(self, node: VectorSelector) -> Iterable[str]:
        """The names that a selector may mean: a pattern that fits none known is taken for one."""
        if node.name is not None:
            return (node.name,)
        known = sorted({*self._records, *self._metrics, *ALERTS})
        wanted = [
            Matcher(m.start, m.end, "name", m.op, m.value)
            for m in node.matchers
            if m.name == "__name__"
        ]
        fitting = [name for name in known if accepts(wanted, {"name": name})]
        return fitting or (" ".join(m.value for m in wanted),)

    def _named(self, name: str, node: VectorSelector) -> Iterable[Stored]:
        if name in self._records:
            for rule, interval in self._records[name]:
                if compatible(node.matchers, rule.labels):
                    yield Stored(self.made_by(rule), interval, rule.labels)
        elif name in ALERTS:
            asked = [m for m in node.matchers if m.name not in _OF_STATE]
            for alert, labels, interval in self._alerts_of(asked):
                if compatible(asked, labels):
                    yield Stored(self.made_by(alert), interval, labels)
        else:
            yield self._raw(name, node)

    def _alerts_of(
        self, asked: Sequence[Matcher]
    ) -> Iterable[tuple[AlertRule, Mapping[str, str], int]]:
        """The alert rules that matchers may mean; most name one."""
        named = next((m.value for m in asked if m.name == "alertname" and m.op == "="), None)
        if named is not None:
            return self._alerts.get(named, ())
        return (one for rules in self._alerts.values() for one in rules)

    def _raw(self, name: str, node: VectorSelector) -> Stored:
        metric, buckets = self._declared(name, node)
        stated = metric.series if metric is not None else None
        if stated is None:
            self.assumed.add(metric.name if metric is not None else name)
        job = next((m.value for m in node.matchers if m.name == "job" and m.op == "="), "")
        interval = self._jobs.get(job, self._scrape)
        return Stored(Count(stated or self._default, buckets), interval, {})

    def _declared(self, name: str, node: VectorSelector) -> tuple[Metric | None, int]:
        """The metric family that a series belongs to, and in how many buckets it is."""
        if name in self._metrics:
            return self._metrics[name], 1
        for part in _PARTS:
            family = self._metrics.get(name.removesuffix(part)) if name.endswith(part) else None
            if family is not None and family.type in ("histogram", "summary"):
                return family, _buckets(family, node) if part == "_bucket" else 1
        return None, 1


def _buckets(metric: Metric, node: VectorSelector) -> int:
    """Buckets that a selector's `le` leaves, `+Inf` included; one when none are declared."""
    asked = [m for m in node.matchers if m.name == "le"]
    bounds = [_spellings(f"{bound.normalize():f}") for bound in metric.buckets] + [("+Inf",)]
    kept = [b for b in bounds if any(accepts(asked, {"le": text}) for text in b)]
    return max(1, len(kept)) if metric.buckets else 1


def _spellings(bound: str) -> tuple[str, ...]:
    """A whole number is `1` in the text format of Prometheus 2 and `1.0` in 3."""
    return (bound,) if "." in bound else (bound, f"{bound}.0")


def _static(labels: Mapping[str, str]) -> dict[str, str]:
    """Labels without templates. A label that is not there is empty: later steps alone have one."""
    return {name: value for name, value in labels.items() if "{{" not in value}
