"""Lints against the declared metrics: names, labels, types, buckets, and ranges too short."""

from __future__ import annotations

import difflib
from collections.abc import Iterator
from decimal import Decimal, InvalidOperation

from generator.findings import Level
from generator.promql.catalogue import (
    BUILT_IN,
    GAUGE,
    HISTOGRAM,
    INFO,
    NATIVE,
    Catalogue,
    Series,
)
from generator.promql.labels import output_labels
from generator.promql.lints.registry import Asked, at, at_operator, lint, wrong
from generator.promql.problems import Problem
from generator.promql.tree import (
    COMPARISON,
    Aggregate,
    Binary,
    Call,
    Expr,
    Matcher,
    Paren,
    RangeSelector,
    Subquery,
    Unary,
    VectorSelector,
    children,
    unwrapped,
    vector_selectors,
    walk,
)
from generator.values import Duration

_OF_COUNTERS = frozenset({"rate", "increase", "irate", "resets"})
_OF_GAUGES = frozenset({"delta", "idelta", "deriv", "predict_linear"})
_NEEDS_SAMPLES = (_OF_COUNTERS | _OF_GAUGES) - {"resets"}
_UNCOUNTED = _OF_COUNTERS | _OF_GAUGES | {
    "absent", "absent_over_time", "changes", "count_over_time", "present_over_time", "timestamp",
}  # fmt: skip
_SCRAPES = 4


def _near(name: str, names: frozenset[str]) -> str | None:
    near = difflib.get_close_matches(name, sorted(names), 1, 0.75)
    return f"did you mean {near[0]}?" if near else None


# metrics and labels -----------------------------------------------------------------------


@lint({"promql-unknown-metric": Level.ERROR, "promql-unknown-label": Level.ERROR})
def _metrics(asked: Asked) -> Iterator[Problem]:
    expr, catalogue = asked.expr, asked.catalogue
    if not catalogue.metrics:
        return
    for node in vector_selectors(expr):
        name = node.name
        if name is None or name in BUILT_IN or ":" in name:
            continue
        series = catalogue.series(name)
        if series is None:
            yield _unknown(node, name, catalogue)
        else:
            yield from _matchers(node, name, series, catalogue)
    known = catalogue.known()
    for aggregate in (n for n in walk(expr) if isinstance(n, Aggregate) and n.grouping == "by"):
        inner = output_labels(aggregate.args[-1], known) if aggregate.args else None
        for label in aggregate.labels:
            if inner is not None and not inner.can_have(label):
                yield Problem(
                    "promql-unknown-label",
                    f"nothing inside can have the label {label}",
                    aggregate.grouping_start,
                    aggregate.grouping_end - aggregate.grouping_start,
                    _near(label, inner.named),
                    Level.WARNING,
                )
    yield from _matched_on(expr, known)


def _matched_on(expr: Expr, known: dict[str, frozenset[str]]) -> Iterator[Problem]:
    """`on` a label that neither side can have: everything matches everything."""
    for node in walk(expr):
        if not isinstance(node, Binary) or node.matching is None or not node.matching.on:
            continue
        sides = [output_labels(side, known) for side in (node.lhs, node.rhs)]
        for label in node.matching.labels:
            if not any(side.can_have(label) for side in sides):
                near = _near(label, sides[0].named | sides[1].named)
                message = f"neither side can have the label {label}"
                yield at_operator(node, "promql-unknown-label", message, near)


def _unknown(node: VectorSelector, name: str, catalogue: Catalogue) -> Problem:
    info = catalogue.metrics.get(name)
    if info is not None:
        return wrong(
            node,
            "promql-unknown-metric",
            f"the histogram {name} has no series of this name",
            f"use {name}_bucket, {name}_sum or {name}_count",
        )
    return at(
        node,
        "promql-unknown-metric",
        f"the metric {name} is not declared",
        _near(name, catalogue.names()) or "declare it under metrics:",
        Level.ERROR if catalogue.strict else Level.WARNING,
    )


def _matchers(
    node: VectorSelector, name: str, series: Series, catalogue: Catalogue
) -> Iterator[Problem]:
    labels = catalogue.labels_of(name)
    for matcher in node.matchers:
        if labels is not None and matcher.name not in labels and matcher.name != "__name__":
            yield wrong(
                matcher,
                "promql-unknown-label",
                f"{name} has no label {matcher.name}",
                _near(matcher.name, labels) or f"it has {', '.join(sorted(labels))}",
            )
        elif matcher.name == "le" and series.info.type == HISTOGRAM and series.info.buckets:
            yield from _bucket(matcher, series)


def _bucket(matcher: Matcher, series: Series) -> Iterator[Problem]:
    """A `le` that selects no bucket; regexes are read as alternatives of plain numbers."""
    if matcher.op not in ("=", "=~"):
        return
    texts = [matcher.value]
    if matcher.op == "=~":
        texts = [part.replace("\\.", ".") for part in matcher.value.split("|")]
    try:
        bounds = [Decimal(text) for text in texts]
    except InvalidOperation:
        return
    if not any(bound.is_infinite() or bound in series.info.buckets for bound in bounds):
        buckets = ", ".join(map(str, series.info.buckets))
        yield wrong(
            matcher,
            "promql-bucket",
            f"{series.metric} has no bucket {matcher.value}",
            f"its buckets are {buckets}",
        )


# functions --------------------------------------------------------------------------------


@lint(
    {
        "promql-rate-gauge": Level.ERROR,
        "promql-rate-of-sum": Level.WARNING,
        "promql-delta-counter": Level.WARNING,
        "promql-quantile-metric": Level.ERROR,
        "promql-bucket": Level.ERROR,
    }
)
def _functions(asked: Asked) -> Iterator[Problem]:
    catalogue = asked.catalogue
    for node in walk(asked.expr):
        if not isinstance(node, Call):
            continue
        if node.function in _OF_COUNTERS or node.function in _OF_GAUGES:
            yield from _over_range(node, catalogue)
        elif node.function == "histogram_quantile" and len(node.args) == 2:
            yield from _quantile(node, catalogue)


def _over_range(node: Call, catalogue: Catalogue) -> Iterator[Problem]:
    name = node.function
    for arg in map(unwrapped, node.args):
        if isinstance(arg, Subquery) and name in _OF_COUNTERS:
            summed = next((n for n in walk(arg.expr) if isinstance(n, Aggregate)), None)
            raw = summed is not None and any(raw_counters(summed, catalogue))
            if raw:
                yield at(
                    node,
                    "promql-rate-of-sum",
                    f"{name}() of an aggregation sees a counter's reset as a fall of the sum",
                    f"aggregate the rates: sum({name}(…))",
                    Level.WARNING,
                )
        if not isinstance(arg, RangeSelector) or arg.selector.name is None:
            continue
        series = catalogue.series(arg.selector.name)
        if series is None:
            continue
        if name in _OF_COUNTERS and not series.cumulative and series.info.type in (GAUGE, INFO):
            yield wrong(
                node,
                "promql-rate-gauge",
                f"{name}() is for counters, and {arg.selector.name} is a {series.info.type}",
                "use delta() or deriv() for gauges",
            )
        if name in _OF_GAUGES and series.cumulative and series.info.type != NATIVE:
            yield at(
                node,
                "promql-delta-counter",
                f"{name}() is for gauges, and {arg.selector.name} only rises and resets",
                "use increase() or rate() for counters",
                Level.WARNING,
            )


def _quantile(node: Call, catalogue: Catalogue) -> Iterator[Problem]:
    for selector in vector_selectors(node.args[1]):
        series = catalogue.series(selector.name) if selector.name else None
        if series is None or series.info.type == NATIVE:
            continue
        if series.info.type != HISTOGRAM:
            yield wrong(
                selector,
                "promql-quantile-metric",
                f"histogram_quantile() needs a histogram, and {selector.name} is a "
                f"{series.info.type}",
            )
        elif selector.name != f"{series.metric}_bucket":
            yield wrong(
                selector,
                "promql-quantile-metric",
                f"histogram_quantile() needs the buckets of {series.metric}",
                f"use {series.metric}_bucket",
            )


@lint({"promql-quantile-le": Level.ERROR})
def _buckets_kept(asked: Asked) -> Iterator[Problem]:
    """`le` must reach histogram_quantile(), or it has no buckets to read."""
    known = asked.catalogue.known()
    for node in walk(asked.expr):
        if not isinstance(node, Call) or len(node.args) != 2:
            continue
        if node.function != "histogram_quantile":
            continue
        names = [s.name or "" for s in vector_selectors(node.args[1])]
        classic = bool(names) and all(name.endswith("_bucket") for name in names)
        if classic and not output_labels(node.args[1], known).can_have("le"):
            yield wrong(
                node.args[1],
                "promql-quantile-le",
                "the label le is dropped before histogram_quantile() can read the buckets",
                "keep it: sum by (le, …)",
            )


@lint({"promql-short-range": Level.WARNING})
def _short_ranges(asked: Asked) -> Iterator[Problem]:
    if asked.scrape_interval is None:
        return
    least = Duration(asked.scrape_interval.ms * _SCRAPES)
    for node in walk(asked.expr):
        if not isinstance(node, Call) or node.function not in _NEEDS_SAMPLES:
            continue
        for arg in map(unwrapped, node.args):
            if not isinstance(arg, RangeSelector) or arg.range.ms is None:
                continue
            if arg.range.ms < least.ms:
                yield Problem(
                    "promql-short-range",
                    f"{arg.range.text} holds fewer than {_SCRAPES} scrapes of "
                    f"{asked.scrape_interval}: one lost scrape and the result is gone",
                    arg.range.start,
                    arg.range.end - arg.range.start,
                    f"take {least} or more",
                    Level.WARNING,
                )


# raw counters -----------------------------------------------------------------------------


@lint({"promql-raw-counter": Level.WARNING})
def _raw_counters(asked: Asked) -> Iterator[Problem]:
    """Counters that are compared by what they have counted since their process began."""
    if not asked.alert:
        return
    catalogue, seen = asked.catalogue, set[int]()
    for node in walk(asked.condition):
        if not isinstance(node, Binary) or node.op not in COMPARISON:
            continue
        for selector in (*raw_counters(node.lhs, catalogue), *raw_counters(node.rhs, catalogue)):
            if selector.start in seen:
                continue
            seen.add(selector.start)
            yield at(
                selector,
                "promql-raw-counter",
                f"{selector.name} counts since its process began: its value alone means little",
                f"compare rate({selector.name}[5m]) or increase({selector.name}[1h])",
                Level.WARNING,
            )


def raw_counters(expr: Expr, catalogue: Catalogue) -> Iterator[VectorSelector]:
    """Selectors of counters whose value reaches the result without a rate."""
    match expr:
        case VectorSelector():
            series = catalogue.series(expr.name) if expr.name else None
            if series is not None and series.cumulative and series.info.type != NATIVE:
                yield expr
        case RangeSelector():
            yield from raw_counters(expr.selector, catalogue)
        case Call() if expr.function in _UNCOUNTED:
            return
        case Aggregate(op="count" | "group" | "count_values"):
            return
        case Aggregate() if expr.args:
            yield from raw_counters(expr.args[-1], catalogue)
        case Binary(op="/" | "-") if _ratio(expr, catalogue):
            return
        case Binary(op="and" | "unless"):
            yield from raw_counters(expr.lhs, catalogue)
        case Paren() | Unary() | Call() | Binary() | Subquery():
            for child in children(expr):
                yield from raw_counters(child, catalogue)
        case _:
            return


def _ratio(node: Binary, catalogue: Catalogue) -> bool:
    """`sum / count` of one metric, or a counter less its own past, are no raw values."""
    left = {s.metric for n in vector_selectors(node.lhs) if (s := _of(n, catalogue))}
    right = {s.metric for n in vector_selectors(node.rhs) if (s := _of(n, catalogue))}
    return bool(left) and left == right


def _of(node: VectorSelector, catalogue: Catalogue) -> Series | None:
    return catalogue.series(node.name) if node.name else None
