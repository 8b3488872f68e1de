"""Correlations on the real promtool: members together, apart, in parts, as SLOs, escalated."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest

from generator.compile.signals import compile_alert
from generator.compile.slo import compile_slos
from generator.compile.tenant import alert_groups
from generator.ir.rules import RuleGroup
from generator.spec.model import Alert, Correlate, Threshold
from generator.tools import Tool
from generator.values import Duration
from tests.builders import alert, platform, policy, slo, tenant, text
from tests.compile_routing.planned import step
from tests.compile_rules.playing import (
    Case,
    Values,
    as_test,
    compiled,
    counter,
    parts,
    promtool_agrees,
)

STEP = "1m"
NOW = Duration(0)
A, B, C = 'a{tenant="acme"}', 'b{tenant="acme"}', 'c{tenant="acme"}'
A2 = 'a{tenant="acme",instance="2"}'


def member(name: str, **changes: object) -> Alert:
    """Fires at once and as long as the series of its name is above 0."""
    basis = alert(name.upper(), signal=Threshold(text(name), ">", Decimal(0)), for_=Duration(0))
    return replace(basis, **changes)  # type: ignore[arg-type]


def correlated(
    mode: str, *members: str, count: int = 0, within: Duration = NOW, name: str = "Together"
) -> Alert:
    signal = Correlate(mode, count or len(members), tuple(map(text, members)), within)
    return alert(name, signal=signal, service=None, for_=Duration(0), severity="critical")


MEMBERS = (member("a"), member("b"), member("c"))


def on(*spans: tuple[int, int], until: int = 80) -> Values:
    """1 in the minutes from…to, else 0."""
    return [float(any(a <= m < b for a, b in spans)) for m in range(until)]


ALL_NOW = [
    Case("together", {A: on((10, 30)), B: on((20, 40))}, {"19m": 0, "21m": 1, "30m": 0}),
    Case("one after the other", {A: on((10, 20)), B: on((21, 40))}, never="79m"),
    Case("one alone", {A: on((10, 70))}, never="79m"),
    Case("two series of one member", {A: on((10, 70)), A2: on((10, 70))}, never="79m"),
]
ALL_WITHIN = [
    Case(
        "eight minutes apart",
        {A: on((10, 15)), B: on((22, 60))},
        {"21m": 0, "23m": 1, "26m": 0, "50m": 0},
    ),
    Case("twelve minutes apart", {A: on((10, 15)), B: on((27, 60))}, never="79m"),
    Case("the order does not matter", {B: on((10, 15)), A: on((22, 60))}, {"21m": 0, "23m": 1}),
    Case(
        "as long as both go on, and ten minutes more",
        {A: on((10, 60)), B: on((20, 50))},
        {"19m": 0, "21m": 1, "50m": 1, "58m": 1, "61m": 0},
    ),
    Case("two series of one member", {A: on((10, 70)), A2: on((12, 70))}, never="79m"),
]
ANY = [
    Case("none", {A: on()}, never="79m"),
    Case("the second", {B: on((20, 30))}, {"19m": 0, "21m": 1, "30m": 0}),
    Case("no data at all", {"unrelated": on()}, never="79m"),
]
AT_LEAST = [
    Case("one of three", {A: on((10, 70)), A2: on((10, 70))}, never="79m"),
    Case("two of three", {A: on((10, 30)), C: on((20, 40))}, {"19m": 0, "21m": 1, "30m": 0}),
    Case("three", {A: on((10, 70)), B: on((10, 70)), C: on((10, 70))}, {"11m": 1, "60m": 1}),
]


@pytest.mark.tools
def test_all_any_and_some(tools: Mapping[str, Tool], tmp_path: Path) -> None:
    kinds = {
        "all": (correlated("all", "A", "B"), ALL_NOW),
        "within": (correlated("all", "A", "B", within=Duration.of(minutes=10)), ALL_WITHIN),
        "any": (correlated("any", "A", "B"), ANY),
        "some": (correlated("at_least", "A", "B", "C", count=2), AT_LEAST),
    }
    tests = [
        as_test("Together", compiled(*MEMBERS, alert_), STEP, played, slug)
        for slug, (alert_, played) in kinds.items()
    ]
    promtool_agrees(tools["promtool"], tmp_path, *tests)


def of_correlations() -> tuple[RuleGroup, ...]:
    """A correlation of correlations."""
    inner = correlated("all", "A", "B", name="Inner")
    return compiled(*MEMBERS, inner, correlated("all", "Inner", "C"))


def escalated() -> tuple[RuleGroup, ...]:
    """Members with a second step five minutes later, which is no member of its own."""
    urgent = policy("urgent", step("chat"), step("chat", after="5m"))
    both = correlated("at_least", "A", "B", count=2)
    spec = tenant(alerts=(*MEMBERS, both), escalation={"urgent": urgent, "relaxed": urgent})
    return compiled(*MEMBERS, both, spec=spec)


LATER = 'count(ALERTS{alertname="A",alertstate="firing",escalation_level="2"})'
NESTED = [
    Case(
        "all three",
        {A: on((10, 40)), B: on((10, 40)), C: on((20, 30))},
        {"19m": 0, "22m": 1, "31m": 0},
    )
]
STEPS = [
    Case(
        "a later step is no second member", {A: on((10, 70))}, never="79m", told=[("60m", LATER, 1)]
    )
]


@pytest.mark.tools
def test_members_of_members_and_later_steps(tools: Mapping[str, Tool], tmp_path: Path) -> None:
    promtool_agrees(
        tools["promtool"],
        tmp_path,
        as_test("Together", of_correlations(), STEP, NESTED, "nested"),
        as_test("Together", escalated(), STEP, STEPS, "steps"),
    )


GOOD = 'http_requests_total{tenant="acme",code="200"}'
BAD = 'http_requests_total{tenant="acme",code="500"}'


def requests(failing: float) -> Mapping[str, Values]:
    """Ten requests a second; from the 60th minute on a part of them fails."""
    bad = counter(STEP, parts(STEP, ("60m", 0.0), ("60m", 10 * failing)))
    good = counter(STEP, parts(STEP, ("60m", 10.0), ("60m", 10 * (1 - failing))))
    return {GOOD: good, BAD: bad}


BURNS = 'count(ALERTS{alertname="SLOErrorBudgetBurn",alertstate="firing",slo="availability"})'
WITH_SLO = [
    Case(
        "an outage while the other member fires: any burn-rate pair counts, all count as one",
        {**requests(1.0), A: on((30, 110), until=120)},
        {"59m": 0, "70m": 1, "100m": 1, "112m": 0},
        told=[("100m", f"{BURNS} > bool 1", 1.0)],
    ),
    Case("an outage alone", requests(1.0), never="119m", told=[("100m", f"{BURNS} > bool 1", 1.0)]),
    Case("the other alone", {**requests(0.0), A: on((30, 110), until=120)}, never="119m"),
]


@pytest.mark.tools
def test_an_slo_as_a_member(tools: Mapping[str, Tool], tmp_path: Path) -> None:
    spec = tenant(slos={"availability": slo(), "other": slo("other", objective=Decimal(50))})
    recorded, burns = compile_slos(spec, platform())
    both = correlated("all", "slo:availability", "A")
    own = [compile_alert(one, spec, platform()).alerts[0] for one in (member("a"), both)]
    groups = (*recorded, *alert_groups(spec, platform(), [*burns.alerts, *own]))
    promtool_agrees(tools["promtool"], tmp_path, as_test("Together", groups, STEP, WITH_SLO))


@pytest.mark.parametrize(("within", "window"), [("10s", "1m"), ("1m", "1m"), ("10m", "10m")])
def test_a_window_holds_an_evaluation(within: str, window: str) -> None:
    one = correlated("all", "A", "B", within=Duration.parse(within))
    rule = compile_alert(one, tenant(alerts=MEMBERS), platform()).alerts[0].rule
    assert rule.expr.count(f"[{window}]") == 2


@pytest.mark.parametrize(
    ("alert", "told"),
    [
        (
            correlated("all", "A", "slo:a", within=Duration.of(minutes=10)),
            "A and SLOErrorBudgetBurn (a) fire within 10m of each other.",
        ),
        (correlated("all", "A", "B", "C"), "A, B and C fire together."),
        (correlated("all", "A"), "A fires."),
        (correlated("any", "A", "B"), "One of A and B fires."),
        (correlated("at_least", "A", "B", "C", count=2), "At least 2 of A, B and C fire together."),
    ],
)
def test_the_description_names_alerts_that_can_be_looked_up(alert: Alert, told: str) -> None:
    spec = tenant(alerts=(*MEMBERS, alert), slos={"a": slo("a")})
    (planned,) = compile_alert(alert, spec, platform()).alerts
    assert planned.rule.annotations["description"] == told
