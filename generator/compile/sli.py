"""What each kind of SLI records: the two event rates, or a ratio, and what proves it is measured.

Texts only; `slo` isolates them and orders the rules. The bad rate falls back to zero times the
total where no bad series has ever existed, and a missing *good* series counts as everything being
bad: a total outage must not look like silence.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from decimal import Decimal

from generator.compile.burn_rate import BASE
from generator.compile.calendar_period import PERIOD_LABEL
from generator.compile.context import Context
from generator.compile.wording import operand
from generator.findings import Finding, Text, error, has_errors
from generator.promql.build import (
    matchers_added,
    rate,
    replaced_ranges,
    sum_by,
    with_range,
)
from generator.promql.parser import parse
from generator.promql.problems import PromqlError
from generator.promql.tree import VectorSelector, vector_selectors
from generator.spec.model import (
    CompositeSli,
    ConditionSli,
    EventsSli,
    LatencySli,
    ProbeSli,
    RatioSli,
    Slo,
)
from generator.spec.validate import did_you_mean
from generator.values import plain

WINDOW = "window"
"""The placeholder in ratio SLIs: `$window`."""


@dataclass(frozen=True, slots=True)
class Measured:
    """The expressions of one SLI.

    Either `total` and `errors` (per-second rates over the base window, zero when nothing fails),
    or `ratio`, an error ratio with `$window`, or nothing: a composite reads its members. `missing`
    is true while the SLI is blind, `odd` while errors exceed the total; empty where that cannot
    be. `masked`: planned maintenance is left out of total, errors and the ratio's base.
    """

    total: str = ""
    errors: str = ""
    ratio: str = ""
    missing: str = ""
    odd: str = ""
    masked: str = ""


def _unknown_grouping(slo: Slo, context: Context) -> list[Finding]:
    """Labels that none of the SLI's declared metrics has: the SLO would not be kept apart."""
    declared = context.tenant.metrics
    names = {n.name or "" for text in texts_of(slo) for n in _selectors(text)}
    known: set[str] = set()
    for name in names:
        labels = declared[name].labels if name in declared else None
        if labels is None:
            return []
        known |= labels
    known |= context.catalogue.target_labels
    return [
        error(
            "promql-unknown-label",
            f"{slo.name} is grouped by {label!r}, which {' and '.join(sorted(names))} has not",
            slo.place,
            did_you_mean(label, known) or f"its labels are: {', '.join(sorted(known))}",
        )
        for label in slo.group_by
        if names and label not in known
    ]


def _selectors(text: Text) -> tuple[VectorSelector, ...]:
    try:
        return vector_selectors(parse(text.value, variables=True))
    except PromqlError:
        return ()


def measured(slo: Slo, context: Context) -> tuple[Measured | None, tuple[Finding, ...]]:
    """The expressions of an SLO's SLI; None when a finding is an error."""
    findings = [*_bad_grouping(slo, context), *_unknown_grouping(slo, context)]
    for text in texts_of(slo):
        findings += _checked(text, slo, context)
    if not has_errors(findings):
        findings += _unusable(slo, context)
    if has_errors(findings):
        return None, tuple(findings)
    return _without_maintenance(_expressions(slo), slo, context), tuple(findings)


def texts_of(slo: Slo) -> tuple[Text, ...]:
    """The author's expressions of an SLI."""
    match slo.sli:
        case EventsSli(total, errors, good):
            return tuple(text for text in (total, errors, good) if text is not None)
        case LatencySli(histogram=text) | ProbeSli(text) | RatioSli(text) | ConditionSli(text):
            return (text,)
        case CompositeSli():
            return ()


def _expressions(slo: Slo) -> Measured:
    match slo.sli:
        case EventsSli():
            return _events(slo.sli, slo.group_by)
        case LatencySli(native=True):
            return _native(slo.sli, slo.group_by)
        case LatencySli():
            return _latency(slo.sli, slo.group_by)
        case ProbeSli(metric):
            return _probe(metric.value, slo.group_by)
        case RatioSli(errors):
            return Measured(ratio=errors.value, missing=_all_absent(errors.value))
        case ConditionSli(expr):
            return _condition(expr.value)
        case CompositeSli():
            return Measured()


def _events(sli: EventsSli, by: tuple[str, ...]) -> Measured:
    total = sum_by(by, rate(sli.total.value, "5m"))
    missing = f"absent({sli.total.value})"
    if sli.errors is not None:
        bad = sum_by(by, rate(sli.errors.value, "5m"))
        odd = "" if _part_of(sli.errors, sli.total) else f"{bad} > 1.01 * {total}"
        return Measured(total, f"{bad} or 0 * {total}", missing=missing, odd=odd)
    assert sli.good is not None
    good = sum_by(by, rate(sli.good.value, "5m"))
    errors = f"clamp_min({total} - ({good} or 0 * {total}), 0)"
    odd = "" if _part_of(sli.good, sli.total) else f"{good} > 1.01 * {total}"
    return Measured(total, errors, missing=missing, odd=odd)


def _part_of(part: Text, whole: Text) -> bool:
    """Whether one selector only narrows the other: then it cannot count more, whatever comes."""
    narrow, wide = parse(part.value), parse(whole.value)
    assert isinstance(narrow, VectorSelector) and isinstance(wide, VectorSelector)
    wanted = {(m.name, m.op, m.value) for m in wide.matchers}
    have = {(m.name, m.op, m.value) for m in narrow.matchers}
    moved = (narrow.offset, narrow.at, wide.offset, wide.at)
    return narrow.name == wide.name and wanted <= have and moved == (None,) * 4


# --------------------------------------------------------------------------- latency


def _latency(sli: LatencySli, by: tuple[str, ...]) -> Measured:
    count = series_of(sli.histogram.value, "_count")
    bucket = matchers_added(series_of(sli.histogram.value, "_bucket"), [le_matcher(sli)])
    total = sum_by(by, rate(count, "5m"))
    fast = sum_by(by, rate(bucket, "5m"))
    errors = f"clamp_min({total} - ({fast} or 0 * {total}), 0)"
    return Measured(total, errors, missing=f"absent({count})")


def _native(sli: LatencySli, by: tuple[str, ...]) -> Measured:
    """Without traffic the fraction is NaN, which no comparison keeps: then nothing is slow."""
    rates = sum_by(by, rate(sli.histogram.value, "5m"))
    total = f"histogram_count({rates})"
    fraction = f"histogram_fraction(0, {plain(sli.below.seconds)}, {rates})"
    errors = f"{total} * (1 - {fraction}) > 0 or 0 * {total}"
    return Measured(total, errors, missing=f"absent({sli.histogram.value})")


def le_matcher(sli: LatencySli) -> tuple[str, str, str]:
    """The matcher of the bucket; whole numbers are `1` in the 2.x text format and `1.0` in 3.x."""
    texts = bound_texts(sli.below.seconds)
    if len(texts) == 1:
        return ("le", "=", texts[0])
    return ("le", "=~", "|".join(t.replace(".", r"\.") for t in texts))


def bound_texts(bound: Decimal) -> tuple[str, ...]:
    """How exporters write a bucket's bound, the usual spelling first."""
    text = plain(bound)
    if bound == bound.to_integral_value():
        return (text, f"{text}.0")
    if bound < Decimal("0.0001"):
        digits, exponent = f"{bound.normalize():E}".split("E")
        return (text, f"{digits}e-{abs(int(exponent)):02d}")
    return (text,)


def series_of(histogram: str, suffix: str) -> str:
    """`h{x="y"}` as `h_bucket{x="y"}`; the histogram has a plain name."""
    node = parse(histogram)
    assert isinstance(node, VectorSelector) and node.metric is not None
    end = node.start + len(node.metric)
    return histogram[:end] + suffix + histogram[end:]


# --------------------------------------------------------------------------- other kinds


def _probe(metric: str, by: tuple[str, ...]) -> Measured:
    """Each sample of the gauge is an event, a sample of 0 an error; a second's worth of them."""
    samples = with_range(metric, "5m")
    total = sum_by(by, f"count_over_time({samples})")
    up = sum_by(by, f"sum_over_time({samples})")
    return Measured(f"{total} / 300", f"({total} - {up}) / 300", missing=f"absent({metric})")


def _condition(expr: str) -> Measured:
    """Each evaluation is a time slice; one without a sample, or without data, is an error."""
    return Measured("vector(1)", f"0 * count({operand(expr)}) or vector(1)")


def ratio_over(ratio: str, window: str) -> str:
    """A ratio SLI's expression over one window; 0/0 is no sample, so that it poisons nothing."""
    return f"{operand(replaced_ranges(ratio, WINDOW, window))} >= 0"


def _all_absent(expr: str) -> str:
    """Nothing that an expression reads is there: a part of it may be, before the first error."""
    nodes = vector_selectors(parse(expr, variables=True))
    found = dict.fromkeys(f"absent({expr[node.start : node.body_end]})" for node in nodes)
    return " and on () ".join(found)


# --------------------------------------------------------------------------- maintenance


def _without_maintenance(sli: Measured, slo: Slo, context: Context) -> Measured:
    """The SLI with no sample while a rate over the base window touches planned maintenance."""
    mask = _maintenance(slo, context) if slo.exclude_maintenance else ""
    if not mask:
        return sli

    def outside(expr: str) -> str:
        return f"({expr}) unless on () ({mask})" if expr else ""

    return replace(sli, total=outside(sli.total), errors=outside(sli.errors), masked=mask)


def _maintenance(slo: Slo, context: Context) -> str:
    """A sample from the start of each of the service's windows to one base window past its end."""
    after = BASE.ms // 1000
    times = sorted(
        (int(window.start.timestamp()), int(window.end.timestamp()) + after)
        for window in context.tenant.maintenance
        if not window.services or slo.service in window.services
    )
    return " or ".join(f"vector(time()) >= {start} < {end}" for start, end in times)


# --------------------------------------------------------------------------- findings


def _checked(text: Text, slo: Slo, context: Context) -> tuple[Finding, ...]:
    """What is wrong with one text of the author's by itself."""
    if isinstance(slo.sli, RatioSli):
        return context.author(text, variables=True)[1]
    if isinstance(slo.sli, LatencySli) and not slo.sli.native:
        return _histogram_text(text, context)
    expr, findings = context.author(text)
    if expr is None or isinstance(slo.sli, ConditionSli):
        return findings
    try:
        with_range(text.value, "5m")
    except PromqlError as failure:
        return (*findings, *(p.finding(text) for p in failure.problems))
    return findings


def _histogram_text(text: Text, context: Context) -> tuple[Finding, ...]:
    """The base name is no series, so that what is checked is its count."""
    try:
        node = parse(text.value)
    except PromqlError as failure:
        return tuple(p.finding(text) for p in failure.problems)
    named = isinstance(node, VectorSelector) and node.metric is not None
    if not named or node.offset or node.at:  # type: ignore[union-attr]
        message = "histogram names one histogram, with matchers if needed"
        hint = "write http_request_duration_seconds, without _bucket and without functions"
        return (error("slo-histogram", message, text.place, hint),)
    return context.author(Text(series_of(text.value, "_count"), text.starts))[1]


def _unusable(slo: Slo, context: Context) -> tuple[Finding, ...]:
    """What is wrong with the SLI as a whole."""
    sli = slo.sli
    if isinstance(sli, LatencySli):
        return _not_a_bucket(sli, context)
    if isinstance(sli, RatioSli) and _windowless(sli):
        message = "the ratio does not say where its window goes"
        hint = "write $window in place of the range: rate(errors_total[$window])"
        return (error("slo-window", message, sli.errors.place, hint),)
    if isinstance(sli, ConditionSli) and slo.group_by:
        message = "a condition cannot be kept apart by labels: where it fails there are none"
        hint = "use one SLO for each, or an SLI of kind ratio or probe"
        return (error("slo-group-by", message, slo.place, hint),)
    return ()


def _windowless(sli: RatioSli) -> bool:
    return replaced_ranges(sli.errors.value, WINDOW, "5m") == sli.errors.value


def _not_a_bucket(sli: LatencySli, context: Context) -> tuple[Finding, ...]:
    """A limit that is no bucket of a declared histogram would count every request as slow."""
    declared = context.tenant.metrics
    node = parse(sli.histogram.value)
    assert isinstance(node, VectorSelector)
    name, place = node.name or "", sli.histogram.place
    if not declared:
        return ()
    if name not in declared:
        hint = did_you_mean(name, declared)
        return (error("unknown-metric", f"there is no metric {name!r} declared", place, hint),)
    metric = declared[name]
    wanted = "native_histogram" if sli.native else "histogram"
    if metric.type != wanted:
        told = wanted.replace("_", " ")
        return (error("slo-histogram", f"{name} is a {metric.type}, not a {told}", place),)
    if sli.native or not metric.buckets or sli.below.seconds in metric.buckets:
        return ()
    bounds = ", ".join(f"{plain(b)}s" for b in metric.buckets)
    message = f"{sli.below} is no bucket of {name}: what lies between buckets cannot be counted"
    return (error("slo-bucket", message, sli.below_place, f"its buckets are {bounds}"),)


def _bad_grouping(slo: Slo, context: Context) -> list[Finding]:
    names = context.platform.labels
    taken = {
        names.tenant, names.service, names.slo, names.severity, names.team, names.pair,
        names.level, "alertname", "alertstate", "__name__",
    }  # fmt: skip
    if slo.calendar:
        taken.add(PERIOD_LABEL)
    return [
        error(
            "slo-group-by",
            f"{slo.name} cannot be grouped by {label}: the label is Tocsin's own",
            slo.place,
            "leave it out of group_by",
        )
        for label in slo.group_by
        if label in taken
    ]
