"""Severity scores against Python's arithmetic, their alerts by level, and who mutes whom."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from generator.compile.alertmanager import tenant_config
from generator.compile.routing import compile_routing
from generator.compile.severity import ALERT, SCORE, compile_severity
from generator.compile.tenant import alert_groups
from generator.ir.checks import AlertTest, Expectation, InputSeries, Scenario
from generator.ir.rules import RuleGroup
from generator.spec.model import Feature, SeverityModel, Tenant
from generator.tools import Tool
from generator.values import Duration
from generator.verify.notify import inhibited_by
from tests.builders import PLACE, platform, slo, tenant, text
from tests.compile_rules.playing import Case, Values, as_test, parts, promtool_agrees

STEP = Duration.of(seconds=30)
LEVELS = (("critical", Decimal("0.8")), ("warning", Decimal("0.5")))


def feature(name: str, **changes: Any) -> Feature:
    basis = Feature(
        name=name,
        expr=text(name),
        slo=None,
        window=None,
        low=Decimal(0),
        high=Decimal(1),
        missing=Decimal(0),
        weight=Decimal(1),
        place=PLACE,
    )
    return replace(basis, **changes)


def spec_of(*features: Feature, intercept: Decimal = Decimal(0), **changes: Any) -> Tenant:
    model = SeverityModel(features, intercept, LEVELS, PLACE)
    return tenant(severity_model=model, **changes)


# --------------------------------------------------------------------------- the score


@dataclass(frozen=True)
class Played:
    """A model, and what each feature's series say at the end; None: stale, or never there."""

    spec: Tenant
    series: Mapping[str, Sequence[float | None]]

    def inputs(self) -> list[InputSeries]:
        """Every sample twice, stale ones once."""
        made = []
        for name, values in self.series.items():
            for number, value in enumerate(values):
                shown = "1 stale" if value is None else f"{_number(value)} {_number(value)}"
                made.append(InputSeries(self.named(name, number), shown))
        return made

    def named(self, name: str, number: int) -> str:
        labels = f'tenant="{self.spec.id}",number="{number}"'
        if name.startswith("slo:"):
            return f'slo:sli_error:ratio_rate1h{{{labels},slo="{name[4:]}"}}'
        return f"{name}{{{labels}}}"

    def score(self) -> float:
        """1 / (1 + e^-(intercept + Σ weight · feature)), by Python alone."""
        model = self.spec.severity_model
        assert model is not None
        total = float(model.intercept)
        for one in model.features:
            there = [
                v
                for v in self.series[f"slo:{one.slo}" if one.slo else one.name]
                if v is not None and not math.isnan(v)
            ]
            value = float(one.missing)
            if there:
                worst = max(there)
                if one.slo:
                    worst /= float(100 - self.spec.slos[one.slo].objective) / 100
                value = min(max(worst, float(one.low)), float(one.high))
            total += float(one.weight) * value
        try:
            return 1 / (1 + math.exp(-total))
        except OverflowError:
            return 0.0


def _number(value: float) -> str:
    if math.isnan(value):
        return "NaN"
    return {math.inf: "Inf", -math.inf: "-Inf"}.get(value, f"{value:.6f}")


def decimals(least: str, most: str) -> st.SearchStrategy[Decimal]:
    return st.decimals(Decimal(least), Decimal(most), places=3)


SAMPLES = st.lists(
    st.one_of(
        decimals("-50", "50").map(float),
        st.sampled_from([None, math.nan, math.inf, -math.inf, 0.0, 1e6]),
    ),
    max_size=3,
)
RATIOS = st.lists(st.one_of(decimals("0", "1").map(float), st.just(None)), max_size=3)
EXPRESSIONS = (
    "{name}",
    "max({name})",
    "sum by (number) ({name})  # each series for itself",
    "{name} + 0",
    "{name} unless {name}_never",
)


@st.composite
def models(draw: st.DrawFn) -> Played:
    features: list[Feature] = []
    series: dict[str, Sequence[float | None]] = {}
    slos = {}
    for name in draw(st.lists(st.sampled_from("abcd"), min_size=1, max_size=4, unique=True)):
        low = draw(decimals("-40", "20"))
        made = feature(
            name,
            low=low,
            high=low + draw(decimals("0.001", "30")),
            missing=draw(decimals("-20", "20")),
            weight=draw(decimals("-3", "3")),
            expr=text(draw(st.sampled_from(EXPRESSIONS)).format(name=name)),
        )
        if draw(st.integers(0, 3)) == 0:
            objective = draw(st.sampled_from(["99.9", "99.95", "95", "50"]))
            slos[name] = slo(name, objective=Decimal(objective))
            series[f"slo:{name}"] = draw(RATIOS)
            made = replace(made, expr=None, slo=name, window=Duration.of(hours=1))
        else:
            series[name] = draw(SAMPLES)
        features.append(made)
    spec = spec_of(*features, intercept=draw(decimals("-8", "8")), slos=slos)
    return Played(spec, series)


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> Any:
    return lambda: tmp_path_factory.mktemp("score")


@pytest.mark.tools
@settings(
    max_examples=3,
    deadline=None,
    suppress_health_check=list(HealthCheck),
    phases=(Phase.generate,),
    database=None,
)
@given(drawn=st.lists(models(), min_size=60, max_size=60))
def test_the_score_is_pythons(
    tools: Mapping[str, Tool], folders: Any, drawn: Sequence[Played]
) -> None:
    """Sixty models, a tenant each, in one file. promtool names the tenant: nothing is shrunk."""
    played = [replace(p, spec=replace(p.spec, id=f"t{n}")) for n, p in enumerate(drawn)]
    groups: list[RuleGroup] = []
    expected = []
    for one in played:
        made, compiled = compile_severity(one.spec, platform())
        assert not compiled.findings
        groups += made
        near = f'abs({SCORE}{{tenant="{one.spec.id}"}} - {one.score():.17f}) < bool 1e-9'
        expected.append(Expectation(STEP, f"sum({near})", {"{}": 1.0}))
    inputs = tuple(series for one in played for series in one.inputs())
    unrelated = InputSeries("unrelated", "1 1")
    scenario = Scenario("scores", STEP, (*inputs, unrelated), tuple(expected))
    test = AlertTest("scores", ALERT, tuple(groups), (scenario,), STEP)
    promtool_agrees(tools["promtool"], folders(), test)


@pytest.mark.parametrize("expr", ["1", "scalar(x)", "x[5m]", "rate(x)", '"x"'])
def test_a_feature_that_is_no_vector_is_said(expr: str) -> None:
    groups, compiled = compile_severity(spec_of(feature("x", expr=text(expr))), platform())
    assert groups == () and compiled.alerts == ()
    assert compiled.findings


# --------------------------------------------------------------------------- the alerts

LOAD = 'load{tenant="acme"}'


def leveled() -> tuple[RuleGroup, ...]:
    """score = logistic(load); -10 where there is none."""
    one = feature("load", low=Decimal(-10), high=Decimal(10), missing=Decimal(-10))
    spec = spec_of(one)
    groups, compiled = compile_severity(spec, platform())
    return (*groups, *alert_groups(spec, platform(), compiled.alerts))


def values(*pieces: Any) -> Values:
    return parts("30s", *pieces)


def firing(severity: str) -> str:
    return f'count(ALERTS{{alertname="{ALERT}",alertstate="firing",severity="{severity}"}})'


CALM, WARNING, CRITICAL = -5.0, 1.0, 2.0
"""Scores of 0.007, 0.73 and 0.88."""
SINCE = f'max(changes(ALERTS_FOR_STATE{{alertname="{ALERT}",severity="warning"}}[20m]))'
RISING = values(("10m", CALM), ("10m", WARNING), ("10m", CRITICAL), ("10m", WARNING), ("10m", CALM))
CASES = [
    Case(
        "up and down through the levels",
        {LOAD: RISING},
        told=[
            ("9m", firing("warning"), None),
            ("11m30s", firing("warning"), None),
            ("12m", firing("warning"), 1.0),
            ("19m", firing("critical"), None),
            ("20m", firing("warning"), 1.0),
            ("21m30s", firing("critical"), None),
            ("22m", firing("critical"), 1.0),
            ("29m30s", firing("warning"), 1.0),
            ("29m30s", firing("critical"), 1.0),
            ("30m", firing("critical"), None),
            ("30m", firing("warning"), 1.0),
            ("39m30s", firing("warning"), 1.0),
            ("31m", SINCE, 0.0),
            ("40m", firing("warning"), None),
            ("49m", firing("critical"), None),
        ],
    ),
    Case(
        "at once to the highest",
        {LOAD: values(("10m", CALM), ("10m", 5.0))},
        {"11m30s": 0, "12m": 2},
    ),
    Case("for a moment", {LOAD: values(("10m", CALM), ("1m", 5.0), ("9m", CALM))}, never="19m"),
    Case(
        "a feature that is gone leaves a score and ends the alert",
        {LOAD: values(("10m", CRITICAL), ("20m", None))},
        {"9m": 2, "20m": 0},
        told=[("25m", f"count({SCORE})", 1.0), ("25m", f"sum({SCORE}) < bool 0.001", 1.0)],
    ),
    Case("no data at all", {"unrelated": values(("20m", 1.0))}, never="19m"),
]


@pytest.mark.tools
def test_levels(tools: Mapping[str, Tool], tmp_path: Path) -> None:
    promtool_agrees(tools["promtool"], tmp_path, as_test(ALERT, leveled(), "30s", CASES))


def test_a_level_mutes_those_below_it() -> None:
    spec = spec_of(feature("load"))
    _, compiled = compile_severity(spec, platform())
    config = tenant_config(platform(), compile_routing(spec, platform(), compiled.alerts)[0])
    critical, warning = (dict(a.rule.labels, alertname=a.rule.alert) for a in compiled.alerts)
    assert (critical["severity"], warning["severity"]) == ("critical", "warning")
    assert inhibited_by(config, warning, [critical])
    assert not inhibited_by(config, critical, [warning])
    assert not inhibited_by(config, warning, [dict(critical, tenant="beta")])


def test_the_features_are_told_as_a_sentence() -> None:
    both = compile_severity(spec_of(feature("load"), feature("errors")), platform())[1].alerts[0]
    one = compile_severity(spec_of(feature("load")), platform())[1].alerts[0]
    told = [a.rule.annotations["description"].split(" a score")[0] for a in (both, one)]
    assert told == [
        "Weighed together, load and errors come to",
        "Weighed together, load comes to",
    ]
