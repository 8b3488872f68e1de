"""Test data for the alerts of SLOs: error ratios just above and just below what fires."""

from __future__ import annotations

from decimal import Decimal

from generator.compile.burn_rate import Burn, budget
from generator.compile.context import Context
from generator.compile.inversion import Fixture, Specs, empty_fires, give
from generator.compile.scenarios import scenarios
from generator.compile.series import Segment, Spec
from generator.compile.sli import Rates
from generator.ir.checks import Scenario
from generator.promql.build import rate, replaced_ranges, selector, sum_by, with_range
from generator.promql.parser import parse
from generator.promql.tree import VectorSelector
from generator.spec.model import ConditionSli, EventsSli, LatencySli, ProbeSli, RatioSli, Slo
from generator.values import Duration, plain

READY = Duration.of(minutes=10)
"""Windows sum what exists, so that a steady ratio is seen as soon as the rates are."""
BUSY = 50.0
"""Events a second are multiplied until the traffic gate is passed."""


def burn_scenarios(slo: Slo, pair: Burn, rates: Rates, context: Context) -> tuple[Scenario, ...]:
    """A ratio 10 % past the pair's threshold fires, one 10 % below does not."""
    limit = pair.factor * budget(slo)
    above = min(limit * Decimal("1.1"), (1 + limit) / 2)
    labels = {
        context.platform.labels.slo: slo.name,
        context.platform.labels.pair: pair.name,
    }
    return _ratio_cases(
        "SLOErrorBudgetBurn", slo, labels, pair.for_, (above, limit * Decimal("0.9")), context
    )


def budget_scenarios(slo: Slo, rates: Rates, context: Context) -> tuple[Scenario, ...]:
    """Spending 10 % more than the budget fires, 10 % less does not."""
    allowed = budget(slo)
    labels = {context.platform.labels.slo: slo.name}
    above = min(allowed * Decimal("1.1"), (1 + allowed) / 2)
    values = (above, allowed * Decimal("0.9"))
    return _ratio_cases(
        "SLOErrorBudgetSpent", slo, labels, Duration.of(minutes=15), values, context
    )


def absent_scenarios(
    slo: Slo, rates: Rates, wait: Duration, context: Context
) -> tuple[Scenario, ...]:
    """No series at all fires, healthy traffic does not."""
    healthy = ratio_specs(slo, 0.0)
    if healthy is None:
        return ()
    fixture = Fixture((Segment(Duration(0), ()),), (Segment(Duration(0), healthy),), Duration(0))
    labels = {context.platform.labels.slo: slo.name}
    return _cases("SLOMetricAbsent", labels, wait, fixture, context, fires_empty=True)


def excess_scenarios(slo: Slo, rates: Rates, context: Context) -> tuple[Scenario, ...]:
    """More errors than events fires; it needs error series that the total does not select."""
    sli = slo.sli
    assert isinstance(sli, EventsSli) and sli.errors is not None
    errors, total = parse(sli.errors.value), parse(sli.total.value)
    bad, all_ = give(errors, 1.0), give(total, 1.0)
    if bad is None or all_ is None or bad[0].metric == all_[0].metric:
        return ()
    hot = (_counter(bad[0], 110.0), _counter(all_[0], 100.0))
    calm = (_counter(bad[0], 90.0), _counter(all_[0], 100.0))
    fixture = Fixture((Segment(Duration(0), hot),), (Segment(Duration(0), calm),), READY)
    labels = {context.platform.labels.slo: slo.name}
    wait = Duration.of(minutes=15)
    return _cases("SLOErrorsExceedTotal", labels, wait, fixture, context, fires_empty=False)


def ratio_specs(slo: Slo, ratio: float) -> Specs | None:
    """Steady series with which the SLI's error ratio is `ratio`."""
    sli = slo.sli
    if isinstance(sli, ConditionSli):
        return give(parse(sli.expr.value), 1.0)
    expr = _ratio_expr(slo)
    return give(parse(expr), ratio)


def _ratio_expr(slo: Slo) -> str:
    sli = slo.sli
    if isinstance(sli, EventsSli):
        total = sum_by((), rate(sli.total.value, "5m"))
        if sli.errors is not None:
            return f"{sum_by((), rate(sli.errors.value, '5m'))} / {total}"
        assert sli.good is not None
        return f"1 - {sum_by((), rate(sli.good.value, '5m'))} / {total}"
    if isinstance(sli, LatencySli):
        return _latency_expr(sli)
    if isinstance(sli, RatioSli):
        return replaced_ranges(sli.errors.value, "window", "5m")
    assert isinstance(sli, ProbeSli)
    return f"1 - avg_over_time({with_range(sli.metric.value, '5m')})"


def _latency_expr(sli: LatencySli) -> str:
    node = parse(sli.histogram.value)
    assert isinstance(node, VectorSelector) and node.name is not None
    matchers = [(m.name, m.op, m.value) for m in node.matchers if m.name != "__name__"]
    bound = ("le", "=", plain(sli.below.seconds))
    good = rate(selector(f"{node.name}_bucket", [*matchers, bound]), "5m")
    total = rate(selector(f"{node.name}_count", matchers), "5m")
    return f"1 - sum({good}) / sum({total})"


def _ratio_cases(
    alert: str,
    slo: Slo,
    labels: dict[str, str],
    wait: Duration,
    values: tuple[Decimal, Decimal],
    context: Context,
) -> tuple[Scenario, ...]:
    if isinstance(slo.sli, LatencySli) and slo.sli.native:
        return ()
    if isinstance(slo.sli, ConditionSli):
        return _condition_cases(alert, slo.sli, labels, wait, context)
    hot, calm = ratio_specs(slo, float(values[0])), ratio_specs(slo, float(values[1]))
    if hot is None or calm is None:
        return ()
    fixture = Fixture(
        (Segment(Duration(0), _busy(hot)),), (Segment(Duration(0), _busy(calm)),), READY
    )
    return _cases(alert, labels, wait, fixture, context, fires_empty=False)


def _condition_cases(
    alert: str, sli: ConditionSli, labels: dict[str, str], wait: Duration, context: Context
) -> tuple[Scenario, ...]:
    """The condition never holds, or always: a slice without a sample is bad."""
    good = give(parse(sli.expr.value), 1.0)
    if good is None or empty_fires(parse(sli.expr.value)):
        return ()
    fixture = Fixture((Segment(Duration(0), ()),), (Segment(Duration(0), good),), READY)
    return _cases(alert, labels, wait, fixture, context, fires_empty=True)


def _busy(specs: Specs) -> Specs:
    """Counters with enough events to pass any traffic gate."""
    return tuple(_counter(s, s.value * BUSY) if s.kind == "counter" else s for s in specs)


def _counter(spec: Spec, value: float) -> Spec:
    return Spec(spec.metric, spec.labels, "counter", value)


def _cases(
    alert: str,
    labels: dict[str, str],
    wait: Duration,
    fixture: Fixture,
    context: Context,
    *,
    fires_empty: bool,
) -> tuple[Scenario, ...]:
    tenant_label = context.platform.labels.tenant
    return scenarios(
        alert,
        {**labels, tenant_label: context.tenant.id},
        tenant_label,
        wait,
        fixture,
        interval=context.platform.evaluation_interval,
        fires_empty=fires_empty,
    )
