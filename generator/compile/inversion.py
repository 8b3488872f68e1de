"""Expressions turned round: which series make an alert's expression hold, or not hold.

Solves what real alerts are made of: comparisons, arithmetic with constants, ratios, rates,
aggregations, quantiles of histograms, `and`, `or`, `unless`. Anything else is None: then the
author has to say what the data looks like. Every solution is run on the real promtool.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from generator.compile.series import Segment, Spec, accepts, satisfying, violating
from generator.promql.tree import (
    Aggregate,
    Binary,
    Call,
    Expr,
    Matcher,
    Number,
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

COMPARISONS = frozenset({">", ">=", "<", "<=", "==", "!="})
_THROUGH = frozenset({"sum", "avg", "min", "max", "topk", "bottomk", "quantile"})
_OVER_TIME = frozenset(
    {
        "avg_over_time",
        "min_over_time",
        "max_over_time",
        "last_over_time",
        "quantile_over_time",
    }
)
_SAME = frozenset({"abs", "scalar", "sort", "sort_desc", "label_replace", "label_join", "vector"})
BASE = 100.0
"""The value of a denominator that the expression does not fix: events a second, bytes, …"""

Specs = tuple[Spec, ...]


@dataclass(frozen=True, slots=True)
class Fixture:
    """Data that makes an expression hold and data on the safe side, each in segments.

    The last segment of each lasts as long as a test needs; `ready` is when the first surely
    makes the expression hold.
    """

    fires: tuple[Segment, ...]
    calm: tuple[Segment, ...]
    ready: Duration


def invert(expr: Expr) -> Fixture | None:
    """Data for an alert's expression, None when it is not of a kind that can be turned round."""
    stopped = _stopped(expr)
    if stopped is not None:
        return stopped
    fires, calm = _truth(expr, True), _truth(expr, False)
    if fires is None or calm is None or _confused(expr, fires):
        return None
    return Fixture(_forever(fires), _forever(calm), longest_range(expr))


def give(expr: Expr, value: float) -> Specs | None:
    """Series that give the expression this value, in one sample; None when it is not known how."""
    expr = unwrapped(expr)
    match expr:
        case Number():
            return () if expr.value == value else None
        case Unary(op="-"):
            return give(expr.expr, -value)
        case VectorSelector():
            return _selected(expr, "gauge", value)
        case Aggregate():
            return give(expr.args[-1], value) if expr.op in _THROUGH else _counted(expr, value)
        case Call():
            return _call(expr, value)
        case Binary():
            return _binary(expr, value)
        case _:
            return None


def empty_fires(expr: Expr) -> bool:
    """Whether the expression returns something when there is no data at all."""
    expr = unwrapped(expr)
    match expr:
        case VectorSelector() | RangeSelector() | Subquery():
            return False
        case Call(function="absent" | "absent_over_time" | "vector" | "time"):
            return True
        case Number():
            return True
        case Binary(op="or"):
            return empty_fires(expr.lhs) or empty_fires(expr.rhs)
        case Binary(op="unless"):
            return empty_fires(expr.lhs) and not empty_fires(expr.rhs)
        case Binary():
            return empty_fires(expr.lhs) and empty_fires(expr.rhs)
        case _:
            return all(empty_fires(child) for child in children(expr))


def longest_range(expr: Expr) -> Duration:
    """The longest range or offset in an expression: how long data must exist before it speaks."""
    longest = 0
    for node in walk(expr):
        for span in (getattr(node, "range", None), getattr(node, "offset", None)):
            if span is not None and span.ms is not None:
                longest = max(longest, int(span.ms))
    return Duration(longest)


def _forever(specs: Specs) -> tuple[Segment, ...]:
    return (Segment(Duration(0), specs),)


# --------------------------------------------------------------------------- truth


def _truth(expr: Expr, wanted: bool) -> Specs | None:
    """Series for which the expression returns a sample, or none, 10 % beyond its limits."""
    expr = unwrapped(expr)
    match expr:
        case Binary(op="and"):
            return _join(_truth(expr.lhs, wanted), _truth(expr.rhs, True))
        case Binary(op="or"):
            if wanted:
                return _truth(expr.lhs, True)
            return _join(_truth(expr.lhs, False), _truth(expr.rhs, False))
        case Binary(op="unless"):
            right = None if empty_fires(expr.rhs) else ()
            return _join(_truth(expr.lhs, wanted), right)
        case Binary() if expr.op in COMPARISONS and not expr.bool:
            return _compared(expr, wanted)
        case Call(function="absent" | "absent_over_time"):
            return () if wanted else give(expr.args[0], 1)
        case Call(function="vector"):
            return () if wanted else None
        case Aggregate():
            return _truth(expr.args[-1], wanted)
        case _:
            return give(expr, 1) if wanted else ()


def _compared(expr: Binary, wanted: bool) -> Specs | None:
    left, right = unwrapped(expr.lhs), unwrapped(expr.rhs)
    flipped = {">": "<", "<": ">", ">=": "<=", "<=": ">=", "==": "==", "!=": "!="}
    limit, op, side = _constant(right), expr.op, left
    if limit is None:
        limit, op, side = _constant(left), flipped[expr.op], right
    if limit is not None:
        return _reached(side, op, limit, wanted)
    if expr.op in (">", ">=", "<", "<="):
        high = wanted == (expr.op in (">", ">="))
        return _join(give(left, BASE * (1.1 if high else 0.9)), give(right, BASE))
    return None


def _reached(side: Expr, op: str, limit: float, wanted: bool) -> Specs | None:
    if isinstance(side, Call) and side.function in ("changes", "resets"):
        return _changing(side, wanted == (op in (">", ">=")))
    values = _values(op, limit) if wanted else _values(_negated(op), limit)
    return next((s for v in values if (s := give(side, v)) is not None), None)


def _values(op: str, limit: float) -> tuple[float, ...]:
    """Values on the given side of a limit, 10 % past it, then others to try."""
    margin = abs(limit) * 0.1 or 1.0
    if op in (">", ">="):
        return (limit + margin, limit + 1, limit * 2 + 1)
    if op in ("<", "<="):
        return (limit - margin, limit - 1, 0.0)
    if op == "==":
        return (limit,)
    return (limit + 1, limit - 1)


def _negated(op: str) -> str:
    return {">": "<", "<": ">", ">=": "<", "<=": ">", "==": "!=", "!=": "=="}[op]


def _constant(expr: Expr) -> float | None:
    expr = unwrapped(expr)
    if isinstance(expr, Number):
        return expr.value
    if isinstance(expr, Unary):
        inner = _constant(expr.expr)
        return None if inner is None else (-inner if expr.op == "-" else inner)
    if isinstance(expr, Binary) and expr.op in ("+", "-", "*", "/"):
        left, right = _constant(expr.lhs), _constant(expr.rhs)
        if left is None or right is None or (expr.op == "/" and right == 0):
            return None
        results = {"+": left + right, "-": left - right, "*": left * right}
        return results[expr.op] if expr.op != "/" else left / right
    return None


# --------------------------------------------------------------------------- values


def _selected(node: VectorSelector, kind: str, value: float, slope: float = 0) -> Specs | None:
    labels = satisfying(node.matchers)
    if labels is None or node.name is None or node.at is not None:
        return None
    return (Spec(node.name, tuple(sorted(labels.items())), kind, value, slope),)


def _counted(node: Aggregate, value: float) -> Specs | None:
    if node.op == "count" and value == 1:
        return give(node.args[0], 1)
    if node.op == "group" and value == 1:
        return give(node.args[0], 1)
    return None


def _call(node: Call, value: float) -> Specs | None:
    name = node.function
    if name in ("rate", "irate", "increase", "delta", "deriv"):
        return _rated(node, value)
    if name in _OVER_TIME:
        inner = node.args[-1]
        if isinstance(inner, RangeSelector):
            return _selected(inner.selector, "gauge", value)
        return give(inner.expr, value) if isinstance(inner, Subquery) else None
    if name == "histogram_quantile":
        return _quantile(node, value)
    if name in _SAME:
        return give(node.args[0], value)
    if name in ("clamp", "clamp_min", "clamp_max"):
        bounds = [_constant(a) for a in node.args[1:]]
        low = bounds[0] if name != "clamp_max" else None
        high = bounds[-1] if name != "clamp_min" else None
        inside = (low is None or value >= low) and (high is None or value <= high)
        return give(node.args[0], value) if inside else None
    return None


def _rated(node: Call, value: float) -> Specs | None:
    inner = node.args[0]
    if not isinstance(inner, RangeSelector) or inner.range.ms is None:
        return None
    per_second = (
        value / (inner.range.ms / 1000) if node.function in ("increase", "delta") else value
    )
    if node.function in ("delta", "deriv"):
        return _selected(inner.selector, "line", BASE, per_second)
    return _selected(inner.selector, "counter", per_second) if value >= 0 else None


def _changing(node: Call, wanted: bool) -> Specs | None:
    inner = node.args[0]
    if not isinstance(inner, RangeSelector) or node.function != "changes":
        return None
    return _selected(inner.selector, "line", 1.0, 1.0 if wanted else 0.0)


def _quantile(node: Call, value: float) -> Specs | None:
    """All observations between half of the value and what makes the quantile exactly it."""
    quantile = _constant(node.args[0])
    source = [n for n in vector_selectors(node.args[1]) if n.name]
    if quantile is None or not 0 < quantile < 1 or len(source) != 1 or value <= 0:
        return None
    rated = [n for n in walk(node.args[1]) if isinstance(n, Call)]
    if not any(n.function in ("rate", "increase", "irate") for n in rated):
        return None
    labels = satisfying(m for m in source[0].matchers if m.name != "le")
    if labels is None:
        return None
    low = value / 2
    high = low + (value - low) / quantile
    name = source[0].name
    assert name is not None
    bounds = ((f"{low:.9g}", 0.0), (f"{high:.9g}", BASE), ("+Inf", BASE))
    return tuple(
        Spec(name, tuple(sorted({**labels, "le": bound}.items())), "counter", rate)
        for bound, rate in bounds
    )


def _binary(node: Binary, value: float) -> Specs | None:
    left, right = _constant(node.lhs), _constant(node.rhs)
    if node.op in COMPARISONS:
        return _filtered(node, value)
    if node.op == "and":
        return _join(give(node.lhs, value), _truth(node.rhs, True))
    if node.op == "or":
        return give(node.lhs, value)
    if node.op == "unless":
        return None if empty_fires(node.rhs) else give(node.lhs, value)
    if right is not None:
        inverse = {"+": value - right, "-": value + right}
        if node.op == "*" and right:
            return give(node.lhs, value / right)
        if node.op == "/":
            return give(node.lhs, value * right)
        return give(node.lhs, inverse[node.op]) if node.op in inverse else None
    if left is not None:
        return _constant_first(node, left, value)
    if _is_time(node.lhs) and node.op == "-":
        source = unwrapped(node.rhs)
        if isinstance(source, VectorSelector):
            return _selected(source, "line", -value, 1.0)
        return None
    return _two_sided(node, value)


def _constant_first(node: Binary, left: float, value: float) -> Specs | None:
    if node.op == "+":
        return give(node.rhs, value - left)
    if node.op == "-":
        return give(node.rhs, left - value)
    if node.op == "*" and left:
        return give(node.rhs, value / left)
    if node.op == "/" and value:
        return give(node.rhs, left / value)
    return None


def _filtered(node: Binary, value: float) -> Specs | None:
    """`E > 5` inside a larger expression gives E's value where it passes."""
    limit = _constant(node.rhs)
    if limit is None or node.bool:
        return None
    passes = {
        ">": value > limit,
        ">=": value >= limit,
        "<": value < limit,
        "<=": value <= limit,
        "==": value == limit,
        "!=": value != limit,
    }
    return give(node.lhs, value) if passes[node.op] else None


def _is_time(expr: Expr) -> bool:
    expr = unwrapped(expr)
    return isinstance(expr, Call) and expr.function == "time"


def _two_sided(node: Binary, value: float) -> Specs | None:
    """Both sides are vectors: fix the right one, solve the left, then part shared series."""
    if node.op == "/":
        wanted = [(value * base, base) for base in (BASE, 10_000.0, 1.0)]
    elif node.op == "-":
        wanted = [(value + BASE, BASE), (value, 0.0)]
    elif node.op == "+":
        wanted = [(value, 0.0)]
    else:
        wanted = [(value, 1.0)] if node.op == "*" else []
    for top, bottom in wanted:
        left, right = give(node.lhs, top), give(node.rhs, bottom)
        if left is None or right is None:
            continue
        parted = _parted(node, left, right)
        if parted is not None:
            return parted
    return None


def _parted(node: Binary, left: Specs, right: Specs) -> Specs | None:
    """Errors are part of the total: what one side's selector also selects is taken off it."""
    ours, theirs = vector_selectors(node.lhs), vector_selectors(node.rhs)
    single = len(ours) == len(theirs) == len(left) == len(right) == 1
    if single and ours[0].name == theirs[0].name:
        if accepts(theirs[0].matchers, dict(left[0].labels)):
            return _rest(left[0], right[0], ours[0].matchers)
        if accepts(ours[0].matchers, dict(right[0].labels)):
            return _rest(right[0], left[0], theirs[0].matchers)
    return _join(left, right)


def _rest(part: Spec, whole: Spec, narrow: Sequence[Matcher]) -> Specs | None:
    """The part, and another series that makes up the rest of the whole."""
    if whole.value < part.value:
        return None
    labels = violating(narrow, dict(whole.labels))
    if labels is None:
        return None
    rest = replace(whole, labels=tuple(sorted(labels.items())), value=whole.value - part.value)
    return (part, rest)


def _join(*parts: Specs | None) -> Specs | None:
    """All series together; None when a part is missing or two disagree about one series."""
    joined: dict[object, Spec] = {}
    for part in parts:
        if part is None:
            return None
        for spec in part:
            if joined.setdefault(spec.key, spec) != spec:
                return None
    return tuple(joined.values())


def _confused(expr: Expr, specs: Specs) -> bool:
    """Whether a selector selects more series than were made for it, outside of plain ratios."""
    selectors = vector_selectors(expr)
    for node in selectors:
        chosen = [
            s for s in specs if s.metric == node.name and accepts(node.matchers, dict(s.labels))
        ]
        buckets = any(m.name == "le" for m in node.matchers) or any(
            dict(s.labels).get("le") for s in chosen
        )
        alike = sum(other.name == node.name for other in selectors)
        if len(chosen) > max(1, alike) and not buckets:
            return True
    return False


def _stopped(expr: Expr) -> Fixture | None:
    """`rate(x offset 1h) > n unless rate(x) > 0`: traffic that ends."""
    expr = unwrapped(expr)
    if not isinstance(expr, Binary) or expr.op != "unless":
        return None
    before, now = vector_selectors(expr.lhs), vector_selectors(expr.rhs)
    if len(before) != 1 or len(now) != 1 or before[0].name != now[0].name:
        return None
    back = longest_range(expr.lhs)
    spec = _truth(expr.lhs, True)
    if spec is None or back.ms == 0:
        return None
    flowing = tuple(replace(s, value=max(s.value, 1.0)) for s in spec)
    still = tuple(replace(s, value=0.0) for s in flowing)
    return Fixture(
        fires=(Segment(back, flowing), Segment(Duration(0), still)),
        calm=_forever(flowing),
        ready=back + longest_range(expr.rhs),
    )
