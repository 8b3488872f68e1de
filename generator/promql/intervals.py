"""Which values an expression's samples can have, as one interval, derived through its tree.

Sound for numbers: a value is ruled out only when no sample can have it. NaN is left out, because no
comparison but `!=` keeps it.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from generator.promql.catalogue import Catalogue
from generator.promql.tree import (
    COMPARISON,
    Aggregate,
    Binary,
    Call,
    Expr,
    Number,
    Paren,
    RangeSelector,
    Subquery,
    Unary,
    VectorSelector,
    unwrapped,
    vector_selectors,
)
from generator.promql.types import type_of

_FLIPPED = {">": "<", "<": ">", ">=": "<=", "<=": ">="}


@dataclass(frozen=True, slots=True)
class Interval:
    """The numbers from `low` to `high`; a bound that is `open` does not belong to it."""

    low: float = -math.inf
    high: float = math.inf
    low_open: bool = False
    high_open: bool = False

    @property
    def empty(self) -> bool:
        """Whether no number is in it."""
        return self.low > self.high or (self.low == self.high and (self.low_open or self.high_open))

    def kept(self, op: str, number: float) -> Interval:
        """What a comparison with a number lets through."""
        match op:
            case ">" | ">=":
                return self & Interval(low=number, low_open=op == ">")
            case "<" | "<=":
                return self & Interval(high=number, high_open=op == "<")
            case "==":
                return self & Interval(number, number)
            case _:
                only = self.low == self.high == number
                return Interval(number, number, True, True) if only else self

    def __and__(self, other: Interval) -> Interval:
        low, low_open = max((self.low, self.low_open), (other.low, other.low_open))
        high, closed = min((self.high, not self.high_open), (other.high, not other.high_open))
        return Interval(low, high, low_open, not closed)

    def __or__(self, other: Interval) -> Interval:
        low, low_open = min((self.low, self.low_open), (other.low, other.low_open))
        high, closed = max((self.high, not self.high_open), (other.high, not other.high_open))
        return Interval(low, high, low_open, not closed)

    def within(self, other: Interval) -> bool:
        """Whether every number of it is in the other."""
        return self.empty or self & other == self


ANY, NATURAL, SHARE = Interval(), Interval(low=0), Interval(0, 1)
ONE_OR_MORE = Interval(low=1)
_CALLS = {
    **dict.fromkeys(("rate", "increase", "irate", "changes", "resets"), NATURAL),
    **dict.fromkeys(("abs", "sqrt", "exp", "time", "timestamp", "histogram_count"), NATURAL),
    **dict.fromkeys(("stddev_over_time", "stdvar_over_time", "day_of_year"), NATURAL),
    **dict.fromkeys(("absent", "absent_over_time", "present_over_time"), Interval(1, 1)),
    "count_over_time": ONE_OR_MORE,
    "histogram_fraction": SHARE,
    "hour": Interval(0, 23),
    "minute": Interval(0, 59),
    "day_of_week": Interval(0, 6),
    "day_of_month": Interval(1, 31),
    "days_in_month": Interval(28, 31),
    "month": Interval(1, 12),
}
_SAME_VALUE = frozenset(
    {"vector", "scalar", "sort", "sort_desc", "label_replace", "label_join"}
    | {f"{word}_over_time" for word in ("avg", "min", "max", "last")}
)
_AGGREGATES = {
    **dict.fromkeys(("count", "count_values"), ONE_OR_MORE),
    **dict.fromkeys(("stddev", "stdvar"), NATURAL),
    "group": Interval(1, 1),
}


def values_of(expr: Expr, catalogue: Catalogue | None = None) -> Interval:
    """The values that the samples of an expression can have."""
    match expr:
        case Number():
            return ANY if math.isnan(expr.value) else Interval(expr.value, expr.value)
        case Paren() | Subquery():
            return values_of(expr.expr, catalogue)
        case RangeSelector():
            return values_of(expr.selector, catalogue)
        case Unary():
            inner = values_of(expr.expr, catalogue)
            if expr.op == "+":
                return inner
            return Interval(-inner.high, -inner.low, inner.high_open, inner.low_open)
        case VectorSelector():
            return _selected(expr, catalogue)
        case Aggregate():
            return _aggregated(expr, catalogue)
        case Call():
            return _called(expr, catalogue)
        case Binary():
            return _combined(expr, catalogue)
        case _:
            return ANY


def number_of(expr: Expr) -> float | None:
    """The one number that an expression without series always is; None when it is not that."""
    if type_of(expr) != "scalar":
        return None
    found = values_of(expr)
    return found.low if found.low == found.high and math.isfinite(found.low) else None


def compared(node: Binary) -> tuple[Expr, str, float] | None:
    """(value, operator, number) of a comparison with a number, the value put first."""
    if node.op not in COMPARISON:
        return None
    right, left = number_of(node.rhs), number_of(node.lhs)
    if right is not None and left is None:
        return node.lhs, node.op, right
    if left is not None and right is None:
        return node.rhs, _FLIPPED.get(node.op, node.op), left
    return None


def _selected(node: VectorSelector, catalogue: Catalogue | None) -> Interval:
    name = node.name
    if name == "up":
        return SHARE
    if name == "ALERTS":
        return Interval(1, 1)
    series = catalogue.series(name) if catalogue is not None and name else None
    return NATURAL if series is not None and series.cumulative else ANY


def _aggregated(node: Aggregate, catalogue: Catalogue | None) -> Interval:
    if node.op in _AGGREGATES:
        return _AGGREGATES[node.op]
    if node.op == "quantile" or not node.args:
        return ANY
    inner = values_of(node.args[-1], catalogue)
    return _summed(inner) if node.op == "sum" else inner


def _summed(inner: Interval) -> Interval:
    """One addend or more."""
    if inner.low >= 0:
        return Interval(low=inner.low, low_open=inner.low_open)
    return Interval(high=inner.high, high_open=inner.high_open) if inner.high <= 0 else ANY


def _called(node: Call, catalogue: Catalogue | None) -> Interval:
    name = node.function
    if name in _CALLS:
        return _CALLS[name]
    if not node.args:
        return ANY
    if name == "histogram_quantile" and catalogue is not None:
        return _quantile(node, catalogue)
    inner = values_of(node.args[0], catalogue)
    if name in _SAME_VALUE:
        return inner
    if name == "sum_over_time":
        return _summed(inner)
    limits = [number_of(arg) for arg in node.args[1:]]
    match name, limits:
        case "clamp_min", [float(low)]:
            return Interval(max(inner.low, low), max(inner.high, low))
        case "clamp_max", [float(high)]:
            return Interval(min(inner.low, high), min(inner.high, high))
        case "clamp", [float(low), float(high)] if low <= high:
            return Interval(
                min(max(inner.low, low), high),
                max(min(inner.high, high), low),
            )
        case _:
            return ANY


def _quantile(node: Call, catalogue: Catalogue) -> Interval:
    """Between zero or the lowest bound and the highest finite one, where the bounds are declared.

    Prometheus interpolates inside a bucket, and gives the last finite bound for what is above it.
    """
    rank = number_of(node.args[0])
    names = [selector.name or "" for selector in vector_selectors(node.args[-1])]
    series = [catalogue.series(name) for name in names if name.endswith("_bucket")]
    bounds = [float(b) for one in series if one for b in one.info.buckets if b.is_finite()]
    declared = len(series) == len(names) and all(one and one.info.buckets for one in series)
    if rank is None or not 0 <= rank <= 1 or not bounds or not declared:
        return ANY
    return Interval(0 if min(bounds) > 0 else -math.inf, max(bounds))


def _combined(node: Binary, catalogue: Catalogue | None) -> Interval:
    left, right = values_of(node.lhs, catalogue), values_of(node.rhs, catalogue)
    match node.op:
        case "or":
            return left | right
        case "and" | "unless":
            return left
        case "+":
            return Interval(left.low + right.low, left.high + right.high)
        case "-":
            return Interval(left.low - right.high, left.high - right.low)
        case "*":
            return _spanned([a * b for a in _ends(left) for b in _ends(right)])
        case "/" if right.low > 0 or (right.low == 0 and left.low >= 0):
            return _divided(left, right)
        case op if op in COMPARISON and node.bool:
            return SHARE
        case op if op in COMPARISON:
            known = compared(node)
            if known is None:
                return left
            value, flipped, number = known
            return values_of(value, catalogue).kept(flipped, number)
        case _:
            return ANY


def _divided(left: Interval, right: Interval) -> Interval:
    if right.low == right.high > 0 and math.isfinite(right.low):
        return _spanned([end / right.low for end in _ends(left)])
    return NATURAL if left.low >= 0 else ANY


def _ends(one: Interval) -> tuple[float, float]:
    return one.low, one.high


def _spanned(ends: list[float]) -> Interval:
    return ANY if any(map(math.isnan, ends)) else Interval(min(ends), max(ends))


def limits(expr: Expr) -> list[tuple[Expr, Interval]]:
    """(value, what it must be) of every comparison with a number that must hold for a sample.

    `x > 5 < 9 and y > 1` gives x in (5, 9) and y above 1: operands of `and` have the same labels.
    """
    inner = unwrapped(expr)
    if not isinstance(inner, Binary) or inner.bool:
        return []
    if inner.op == "and" and inner.matching is None:
        return [*limits(inner.lhs), *limits(inner.rhs)]
    known = compared(inner)
    if known is None:
        return []
    value, op, number = known
    own = ANY.kept(op, number)
    before = limits(value)
    return [(base, kept & own) for base, kept in before] or [(unwrapped(value), own)]
