"""SLIs to two recorded rates: all events and the bad ones, by the SLO's grouping.

The bad rate falls back to zero times the total where no bad series has ever existed, and a
missing *good* series counts as everything being bad: a total outage must not look like silence.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from generator.compile.context import Context, findings_of
from generator.findings import Finding, Text, error
from generator.promql.build import label_name, rate, replaced_ranges, selector, sum_by, with_range
from generator.promql.parser import parse
from generator.promql.problems import PromqlError
from generator.promql.tree import VectorSelector
from generator.spec.model import (
    ConditionSli,
    EventsSli,
    LatencySli,
    ProbeSli,
    RatioSli,
    Slo,
)
from generator.spec.validate import did_you_mean
from generator.values import plain

WINDOW = "5m"


@dataclass(frozen=True, slots=True)
class Rates:
    """The expressions of the two base recordings, before isolation.

    `total_selectors` and `bad_selectors` are the plain selectors behind them, for tests.
    """

    total: str
    errors: str
    can_be_absent: bool = True


def sli_rates(slo: Slo, context: Context) -> tuple[Rates | None, tuple[Finding, ...]]:
    """The base rates of an SLO; None with findings when its expressions cannot be used."""
    texts = _texts(slo)
    findings: list[Finding] = []
    for text in texts:
        findings += _checked(text, slo, context)
    if any(f.level == "error" for f in findings):
        return None, tuple(findings)
    try:
        rates = _RATES[type(slo.sli)](slo, context)
    except PromqlError as problem:
        return None, (*findings, *findings_of(problem, texts[0]))
    except _Unusable as problem:
        return None, (*findings, problem.finding)
    return rates, tuple(findings)


class _Unusable(Exception):
    def __init__(self, finding: Finding) -> None:
        self.finding = finding
        super().__init__(finding.message)


def _texts(slo: Slo) -> Sequence[Text]:
    sli = slo.sli
    if isinstance(sli, EventsSli):
        return [t for t in (sli.total, sli.errors, sli.good) if t is not None]
    if isinstance(sli, LatencySli):
        return [sli.histogram]
    if isinstance(sli, RatioSli):
        return [sli.errors]
    return [sli.metric] if isinstance(sli, ProbeSli) else [sli.expr]


def _checked(text: Text, slo: Slo, context: Context) -> tuple[Finding, ...]:
    """Findings of one expression of an SLI."""
    if isinstance(slo.sli, LatencySli):
        return ()
    if isinstance(slo.sli, RatioSli):
        return context.author(text, variables=True)[1]
    expr, findings = context.author(text)
    plain_needed = isinstance(slo.sli, EventsSli | ProbeSli)
    if expr is not None and plain_needed:
        try:
            with_range(text.value, WINDOW)
        except PromqlError as problem:
            return (*findings, *findings_of(problem, text))
    return findings


def _events(slo: Slo, context: Context) -> Rates:
    sli = slo.sli
    assert isinstance(sli, EventsSli)
    total = sum_by(slo.group_by, rate(sli.total.value, WINDOW))
    if sli.errors is not None:
        bad = sum_by(slo.group_by, rate(sli.errors.value, WINDOW))
        return Rates(total, f"{bad} or 0 * {total}")
    assert sli.good is not None
    good = sum_by(slo.group_by, rate(sli.good.value, WINDOW))
    return Rates(total, f"clamp_min({total} - ({good} or 0 * {total}), 0)")


def _latency(slo: Slo, context: Context) -> Rates:
    sli = slo.sli
    assert isinstance(sli, LatencySli)
    node = parse(sli.histogram.value)
    if not isinstance(node, VectorSelector) or node.name is None or node.offset or node.at:
        message = "histogram names one histogram, with matchers if needed"
        hint = "write http_request_duration_seconds, without _bucket and without functions"
        raise _Unusable(error("bad-histogram", message, sli.histogram.place, hint))
    matchers = [(m.name, m.op, m.value) for m in node.matchers if m.name != "__name__"]
    name = node.name
    _check_histogram(name, sli, context)
    if sli.native:
        rated = rate(selector(name, matchers), WINDOW)
        summed = sum_by(slo.group_by, rated)
        total = f"histogram_count({summed})"
        limit = plain(sli.below.seconds)
        bad = f"clamp_min({total} * (1 - histogram_fraction(0, {limit}, {summed})), 0)"
        return Rates(total, f"({bad} >= 0) or 0 * {total}")
    total = sum_by(slo.group_by, rate(selector(f"{name}_count", matchers), WINDOW))
    bucket = selector(f"{name}_bucket", [*matchers, _bound(sli.below.seconds)])
    good = sum_by(slo.group_by, rate(bucket, WINDOW))
    return Rates(total, f"clamp_min({total} - ({good} or 0 * {total}), 0)")


def _bound(seconds: Decimal) -> tuple[str, str, str]:
    """The matcher of a bucket: whole numbers are `1` in Prometheus 2 and `1.0` in 3."""
    text = plain(seconds)
    if "." in text:
        return ("le", "=", text)
    return ("le", "=~", f"{text}|{text}\\.0")


def _check_histogram(name: str, sli: LatencySli, context: Context) -> None:
    declared = context.tenant.metrics
    if not declared:
        return
    place = sli.histogram.place
    if name not in declared:
        hint = did_you_mean(name, declared)
        raise _Unusable(error("unknown-metric", f"{name} is not declared", place, hint))
    metric = declared[name]
    if metric.type not in ("histogram", "native_histogram"):
        message = f"{name} is a {metric.type}, not a histogram"
        raise _Unusable(error("bad-histogram", message, place))
    if not sli.native and metric.buckets and sli.below.seconds not in metric.buckets:
        bounds = ", ".join(plain(b) for b in metric.buckets)
        message = f"{sli.below} is no bucket of {name}"
        hint = f"its buckets end at {bounds} seconds"
        raise _Unusable(error("not-a-bucket", message, sli.below_place, hint))


def _ratio(slo: Slo, context: Context) -> Rates:
    """An error ratio has no event counts: each sample weighs the same."""
    sli = slo.sli
    assert isinstance(sli, RatioSli)
    if "window" not in sli.errors.value:
        message = "the expression has no $window"
        hint = "write rate(x[$window])"
        raise _Unusable(error("no-window", message, sli.errors.place, hint))
    expr = replaced_ranges(sli.errors.value, "window", WINDOW)
    grouped = _grouped("avg", slo, expr)
    return Rates(f"0 * {grouped} + 1", f"clamp({grouped}, 0, 1)")


def _probe(slo: Slo, context: Context) -> Rates:
    sli = slo.sli
    assert isinstance(sli, ProbeSli)
    grouped = _grouped("avg", slo, f"avg_over_time({with_range(sli.metric.value, WINDOW)})")
    return Rates(f"0 * {grouped} + 1", f"clamp(1 - {grouped}, 0, 1)")


def _condition(slo: Slo, context: Context) -> Rates:
    """No sample means the condition does not hold, so it counts as bad."""
    sli = slo.sli
    assert isinstance(sli, ConditionSli)
    if slo.group_by:
        message = "an SLI of a condition cannot be grouped: what is missing has no labels"
        raise _Unusable(error("bad-grouping", message, slo.place, "remove group_by"))
    held = f"group({sli.expr.value})"
    return Rates("vector(1)", f"(vector(1) unless {held}) or 0 * {held}", can_be_absent=False)


def _grouped(op: str, slo: Slo, inner: str) -> str:
    labels = ", ".join(label_name(name) for name in slo.group_by)
    return f"{op} by ({labels}) ({inner})" if labels else f"{op}({inner})"


_RATES = {
    EventsSli: _events,
    LatencySli: _latency,
    RatioSli: _ratio,
    ProbeSli: _probe,
    ConditionSli: _condition,
}
