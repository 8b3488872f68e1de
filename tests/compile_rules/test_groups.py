"""Laws of rule groups: explicit intervals, nothing reads what stands later, ladders stay whole."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from decimal import Decimal

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from generator.api import load_one
from generator.compile.tenant import compile_tenant
from generator.findings import has_errors
from generator.ir.build import Build
from generator.ir.rules import AlertRule, RecordingRule, Rule, RuleGroup
from generator.promql.parser import parse
from generator.promql.tree import Matcher, vector_selectors
from generator.render.prometheus import rule_files
from generator.spec.load import tenant_names
from generator.spec.model import (
    Correlate,
    Expression,
    Limits,
    Platform,
    Policy,
    Recipient,
    Step,
    Tenant,
    Threshold,
)
from generator.values import Duration
from tests.builders import PLACE, alert, platform, tenant, text
from tests.compile_rules.random_tenants import tenants
from tests.conftest import ROOT

LEVEL = "escalation_level"
LAWFUL = settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])


def limited(rules_per_group: int, **changes: int) -> Platform:
    return platform(limits=Limits(rules_per_group=rules_per_group, **changes))


def built(spec: Tenant, limit: int = 0) -> Build:
    return compile_tenant(spec, limited(limit), proven=False)


def codes(build: Build) -> list[str]:
    return [finding.code for finding in build.findings]


# --------------------------------------------------------------------------- what reads what


def written(rule: Rule) -> tuple[set[str], Mapping[str, str]]:
    """The metrics a rule writes and the labels all its series have."""
    if isinstance(rule, RecordingRule):
        return {rule.record}, rule.labels
    return {"ALERTS", "ALERTS_FOR_STATE"}, {"alertname": rule.alert, **rule.labels}


def holds(matcher: Matcher, value: str) -> bool:
    if matcher.op in ("=", "!="):
        return (matcher.value == value) is (matcher.op == "=")
    return (re.fullmatch(matcher.value, value) is not None) is (matcher.op == "=~")


def reads(rule: Rule, other: Rule) -> bool:
    metrics, labels = written(other)
    return any(
        node.name in metrics
        and all(holds(m, labels[m.name]) for m in node.matchers if m.name in labels)
        for node in vector_selectors(parse(rule.expr))
    )


def same_alert(rule: Rule, other: Rule) -> bool:
    """An alert may see what it and its later steps wrote in the last evaluation."""
    if not isinstance(rule, AlertRule) or not isinstance(other, AlertRule):
        return rule is other
    ours = [{k: v for k, v in one.labels.items() if k not in APART} for one in (rule, other)]
    return rule.alert == other.alert and ours[0] == ours[1]


APART = (LEVEL, "escalation_mutes")


def reads_later(groups: Sequence[RuleGroup]) -> Iterator[tuple[str, Rule, Rule]]:
    rules = [(group.name, rule) for group in groups for rule in group.rules]
    for index, (group, rule) in enumerate(rules):
        for _, other in rules[index + 1 :]:
            if reads(rule, other) and not same_alert(rule, other):
                yield group, rule, other


# --------------------------------------------------------------------------- the laws


def assert_lawful(whole: Build, cut: Build, limit: int) -> None:
    intervals_are_written(cut)
    assert len({(group.file, group.name) for group in cut.groups}) == len(cut.groups)
    assert rules_of(cut.groups) == rules_of(whole.groups)
    if "rule-circle" not in codes(cut):
        assert not list(reads_later(cut.groups))
    for group in cut.groups:
        steps_are_complete(group)
        ladder = [rule for rule in group.rules if isinstance(rule, AlertRule)]
        if limit and len(group.rules) > limit:
            assert len(ladder) == len(group.rules)
            assert "group-limit" in codes(cut)
    if limit:
        what_fits_is_whole(whole, cut, limit)


def rules_of(groups: Iterable[RuleGroup]) -> list[Rule]:
    return [rule for group in groups for rule in group.rules]


def intervals_are_written(build: Build) -> None:
    """Every group in the files says its interval: at least a second, inside the lookback."""
    assert all(Duration.of(seconds=1) <= g.interval <= Duration.of(minutes=5) for g in build.groups)
    files = [yaml.safe_load(file.content) for file in rule_files(build.groups, "x")]
    found = [group for file in files for group in file["groups"]]
    assert all(group["interval"] for group in found)
    in_order = sorted(build.groups, key=lambda group: group.file)
    assert [group["name"] for group in found] == [group.name for group in in_order]


def steps_are_complete(group: RuleGroup) -> None:
    """Step n stands right after step n - 1 of the same alert."""
    before: Rule | None = None
    for rule in group.rules:
        level = rule.labels.get(LEVEL)
        if level is not None:
            assert isinstance(before, AlertRule) and isinstance(rule, AlertRule)
            assert same_alert(before, rule)
            assert int(before.labels.get(LEVEL, "1")) == int(level) - 1
        before = rule


def what_fits_is_whole(whole: Build, cut: Build, limit: int) -> None:
    """An alert's group that the limit allows, its own records included, is as it was."""
    pieces = {group.name: group for group in cut.groups}
    for group in whole.groups:
        alerts = [r for r in group.rules if isinstance(r, AlertRule) and LEVEL not in r.labels]
        if len(alerts) == 1 and alerts[0].labels.get("kind") != "marker":
            if len(group.rules) <= limit:
                assert pieces[group.name] == group
            else:
                steps = tuple(r for r in group.rules if isinstance(r, AlertRule))
                assert pieces[group.name].rules[-len(steps) :] == steps
        elif not alerts and len(group.rules) <= limit:
            assert pieces[group.name] == group


@LAWFUL
@given(tenants(), st.integers(1, 9))
def test_groups_are_lawful_whatever_the_tenant(spec: Tenant, limit: int) -> None:
    assert_lawful(built(spec), built(spec, limit), limit)


@LAWFUL
@given(tenants(), st.sampled_from([0, 2, 5, 20]), st.data())
def test_an_edit_elsewhere_renames_no_group_of_an_alert(
    spec: Tenant, limit: int, data: st.DataObject
) -> None:
    before = homes(built(spec, limit))
    if spec.alerts:
        gone = data.draw(st.sampled_from(spec.alerts))
        kept = tuple(a for a in spec.alerts if a is not gone)
        assert_same_homes(before, homes(built(replace(spec, alerts=kept), limit)))
    if spec.slos:
        name = data.draw(st.sampled_from(sorted(spec.slos)))
        slos = {key: value for key, value in spec.slos.items() if key != name}
        without = replace(spec, slos=slos, severity_model=None)
        assert_same_homes(before, homes(built(without, limit)))
    assert_same_homes(before, homes(built(replace(spec, maintenance=()), limit)))


def homes(build: Build) -> dict[tuple[str, tuple[tuple[str, str], ...]], str]:
    """Alert rules by all that identifies them, with their group's name."""
    return {
        (rule.alert, tuple(sorted(rule.labels.items()))): group.name
        for group in build.groups
        for rule in group.rules
        if isinstance(rule, AlertRule)
    }


def assert_same_homes(
    before: Mapping[tuple[str, object], str], after: Mapping[tuple[str, object], str]
) -> None:
    assert {key: before[key] for key in after if key in before} == {
        key: name for key, name in after.items() if key in before
    }


@pytest.mark.parametrize("limit", [1, 3, 4, 8, 20])
@pytest.mark.parametrize("name", tenant_names(ROOT))
def test_the_examples_are_lawful(name: str, limit: int) -> None:
    place, spec = load_one(ROOT, name)
    whole = compile_tenant(spec, place, proven=False)
    tight = replace(place, limits=Limits(rules_per_group=limit))
    assert_lawful(whole, compile_tenant(spec, tight, proven=False), limit)


# --------------------------------------------------------------------------- single cases


def names(build: Build) -> list[tuple[str, int]]:
    return [(group.name, len(group.rules)) for group in build.groups]


def test_a_correlation_stands_after_its_members() -> None:
    both = Correlate("all", 0, (text("First"), text("Second")), Duration(0))
    spec = tenant(alerts=(alert("Both", signal=both), alert("First"), alert("Second")))
    assert [name for name, _ in names(built(spec))] == [
        "acme:alert:First.api",
        "acme:alert:Second.api",
        "acme:alert:Both.api",
    ]


def test_alerts_that_read_each_other_are_told() -> None:
    def watching(other: str) -> Expression:
        return Expression(text(f'count(ALERTS{{alertname="{other}"}}) > 0'))

    one, other = (
        alert(name, signal=watching(of)) for name, of in (("One", "Other"), ("Other", "One"))
    )
    build = built(tenant(alerts=(one, other)))
    told = [f for f in build.findings if f.code == "rule-circle"]
    assert len(told) == 1
    assert "acme:alert:One.api reads acme:alert:Other.api" in told[0].message
    assert not has_errors(build.findings)
    assert len(build.groups) == 2


def test_an_alert_that_reads_itself_is_no_circle() -> None:
    latched = Threshold(text("queue_depth"), ">", Decimal(9), Decimal(5))
    assert "rule-circle" not in codes(built(tenant(alerts=(alert(signal=latched),))))


def test_a_ladder_beyond_the_limit_is_an_error_and_stays_whole() -> None:
    build = built(tenant(alerts=(alert(),), escalation=ladder(4)), limit=3)
    told = [f for f in build.findings if f.code == "group-limit"]
    assert [f.level.value for f in told] == ["error"]
    assert told[0].message == (
        "QueueBacklog and its later steps are 4 rules that must stay in one group, "
        "limits.rules_per_group allows 3"
    )
    assert names(build) == [("acme:alert:QueueBacklog.api", 4)]


def ladder(steps: int) -> dict[str, Policy]:
    told = (Recipient("channel", "chat"),)
    made = tuple(Step(Duration.of(minutes=n), told, None, None, PLACE) for n in range(steps))
    return {name: Policy(name, made, PLACE) for name in ("urgent", "relaxed")}
