"""The law that long windows read recorded series; what an author wrote himself is his choice."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import fields
from decimal import Decimal

import pytest
from hypothesis import HealthCheck, given, settings

from generator.api import load_one
from generator.compile.tenant import compile_tenant
from generator.findings import Text
from generator.ir.rules import AlertRule, RecordingRule, Rule, RuleGroup
from generator.promql.parser import parse
from generator.promql.tree import RangeSelector, Subquery, vector_selectors, walk
from generator.spec.load import tenant_names
from generator.spec.model import Forecast, Platform, RatioSli, Tenant, Threshold
from generator.values import Duration
from tests.builders import alert, platform, slo, tenant, text
from tests.compile_rules.random_tenants import tenants
from tests.conftest import ROOT

LONG = Duration.of(hours=1)
DAY = Duration.of(days=1)
WRITTEN_BY_RULES = frozenset({"ALERTS", "ALERTS_FOR_STATE"})


def long_raw_ranges(groups: Iterable[RuleGroup]) -> Iterator[tuple[Rule, int]]:
    """(rule, milliseconds) of each range above an hour over a series that no rule writes."""
    rules = [rule for group in groups for rule in group.rules]
    made = {r.record for r in rules if isinstance(r, RecordingRule)} | WRITTEN_BY_RULES
    for rule in rules:
        for node in walk(parse(rule.expr)):
            if not isinstance(node, RangeSelector | Subquery):
                continue
            length = round(node.range.ms or 0)
            if length > LONG.ms and any(s.name not in made for s in vector_selectors(node)):
                yield rule, length


def chosen(rule: Rule, spec: Tenant) -> set[int]:
    """Ranges that the author of the rule's alert, record or SLO wrote: those are exceptions.

    - a forecast's `from`, and its half and quarter: the history of a gauge, which nothing else
      records;
    - a range inside an expression of an alert or a pack's record;
    - `$window` of a ratio SLI up to a day: only the raw series weigh it by traffic.
    """
    named = rule.alert if isinstance(rule, AlertRule) else rule.record
    found: set[int] = set()
    for one in spec.alerts:
        if one.name == named:
            if isinstance(one.signal, Forecast):
                whole = one.signal.history.ms
                found |= {whole, *(whole // (part * 1000) * 1000 for part in (2, 4))}
            for field in fields(one.signal):
                value = getattr(one.signal, field.name)
                found |= ranges_in(value.value) if isinstance(value, Text) else set()
    for recording in spec.recordings:
        if recording.record == named:
            found |= ranges_in(recording.expr.value)
    objective = spec.slos.get(rule.labels.get("slo", ""))
    if objective is not None and isinstance(objective.sli, RatioSli):
        found |= {
            ms for _, ms in long_raw_ranges([RuleGroup("", "", LONG, (rule,))]) if ms <= DAY.ms
        }
    return found


def ranges_in(written: str) -> set[int]:
    nodes = walk(parse(written))
    return {round(n.range.ms or 0) for n in nodes if isinstance(n, RangeSelector | Subquery)}


def breaches(spec: Tenant, place: Platform) -> list[tuple[str, int]]:
    groups = compile_tenant(spec, place, proven=False).groups
    return [(rule.expr, ms) for rule, ms in long_raw_ranges(groups) if ms not in chosen(rule, spec)]


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(tenants())
def test_long_windows_read_recorded_series(spec: Tenant) -> None:
    assert breaches(spec, platform()) == []


@pytest.mark.parametrize("name", tenant_names(ROOT))
def test_the_examples_read_recorded_series(name: str) -> None:
    place, spec = load_one(ROOT, name)
    assert breaches(spec, place) == []


def test_a_long_range_over_a_raw_series_would_be_found() -> None:
    raw = Threshold(text("avg_over_time(queue_depth[2h])"), ">", Decimal(5))
    spec = tenant(alerts=(alert(signal=raw),))
    groups = compile_tenant(spec, platform(), proven=False).groups
    assert [ms for _, ms in long_raw_ranges(groups)] == [2 * LONG.ms]
    assert breaches(spec, platform()) == [], "its author wrote it"


def test_an_slo_of_events_ranges_over_its_rates_alone() -> None:
    groups = compile_tenant(tenant(slos={"a": slo("a")}), platform(), proven=False).groups
    ranged = {
        node.selector.name
        for group in groups
        for rule in group.rules
        for node in walk(parse(rule.expr))
        if isinstance(node, RangeSelector) and (node.range.ms or 0) > Duration.of(minutes=5).ms
    }
    assert ranged == {"slo:sli_total:rate5m", "slo:sli_errors:rate5m"}
