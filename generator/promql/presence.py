"""Which labels practically every series of an expression carries, and with which one value.

`labels` tells what is possible. This tells what is expected, for lints only: scraped series have a
job and an instance, and whoever groups by a label has it on the series.
"""

from __future__ import annotations

from collections.abc import Mapping

from generator.promql.labels import output_labels
from generator.promql.tree import (
    SELECTING,
    SET,
    Aggregate,
    Binary,
    Call,
    Expr,
    Paren,
    RangeSelector,
    String,
    Subquery,
    Unary,
    VectorSelector,
    unwrapped,
)
from generator.promql.types import type_of

Known = Mapping[str, frozenset[str]]
_SCRAPED = frozenset({"job", "instance"})
_REWRITES = frozenset({"label_replace", "label_join"})
_NOTHING: frozenset[str] = frozenset()


def expected_labels(expr: Expr, known: Known) -> frozenset[str]:
    """Labels that a series of the result is expected to carry; without the metric's name.

    `known` as in `labels.output_labels`.
    """
    return _expected(expr, known) - {"__name__"}


def _expected(expr: Expr, known: Known) -> frozenset[str]:
    match expr:
        case VectorSelector():
            return output_labels(expr, known).must | (_SCRAPED if _scraped(expr) else _NOTHING)
        case RangeSelector():
            return _expected(expr.selector, known)
        case Paren() | Subquery() | Unary():
            return _expected(expr.expr, known)
        case Aggregate():
            return _aggregated(expr, known)
        case Call():
            return _called(expr, known)
        case Binary():
            return _combined(expr, known)
        case _:
            return _NOTHING


def _scraped(node: VectorSelector) -> bool:
    """Not recorded by a rule, nor made by Prometheus from an alert."""
    name = node.name
    ruled_out = {m.name for m in node.matchers if m.op == "=" and not m.value}
    plain = name is not None and ":" not in name and not name.startswith("ALERTS")
    return plain and not ruled_out & _SCRAPED


def _aggregated(node: Aggregate, known: Known) -> frozenset[str]:
    if not node.args:
        return _NOTHING
    inner = node.args[-1]
    if node.op in SELECTING:
        return _expected(inner, known)
    if node.grouping == "without":
        return _expected(inner, known) - set(node.labels)
    can = output_labels(inner, known)
    return frozenset(label for label in node.labels if can.can_have(label))


def _called(node: Call, known: Known) -> frozenset[str]:
    if node.function in ("absent", "absent_over_time") or type_of(node) == "scalar":
        return output_labels(node, known).must
    series = [arg for arg in node.args if type_of(arg) not in ("scalar", "string")]
    if not series:
        return _NOTHING
    inner = _expected(series[0], known)
    if node.function in _REWRITES:
        target = unwrapped(node.args[1])
        gone = {target.value} if isinstance(target, String) else set(inner)
        return (inner - gone) | (output_labels(node, known).must & gone)
    return inner - {"le"} if node.function.startswith("histogram_") else inner


def _combined(node: Binary, known: Known) -> frozenset[str]:
    if "scalar" in (type_of(node.lhs), type_of(node.rhs)):
        value = node.rhs if type_of(node.lhs) == "scalar" else node.lhs
        return _expected(value, known)
    left, right = _expected(node.lhs, known), _expected(node.rhs, known)
    matching = node.matching
    if node.op in SET:
        return left & right if node.op == "or" else left
    if matching is not None and matching.group:
        many, one = (left, right) if matching.group == "left" else (right, left)
        return many | (one & set(matching.include))
    if matching is not None and matching.on:
        return (left | right) & set(matching.labels)
    can = output_labels(node, known)
    return frozenset(label for label in left | right if can.can_have(label))


def fixed_labels(expr: Expr) -> dict[str, str]:
    """Labels that have one value, known from a matcher, on every series of the result."""
    match expr:
        case VectorSelector():
            return {m.name: m.value for m in expr.matchers if m.op == "=" and m.value}
        case RangeSelector():
            return fixed_labels(expr.selector)
        case Paren() | Subquery() | Unary():
            return fixed_labels(expr.expr)
        case Aggregate() if expr.args:
            inner = fixed_labels(expr.args[-1])
            if expr.op in SELECTING:
                return inner
            dropped = expr.grouping == "without"
            return {k: v for k, v in inner.items() if (k in expr.labels) != dropped}
        case Call() if expr.function in _REWRITES or not expr.args:
            return {}
        case Call():
            series = [arg for arg in expr.args if type_of(arg) not in ("scalar", "string")]
            return fixed_labels(series[0]) if series and type_of(expr) != "scalar" else {}
        case Binary() if type_of(expr.rhs) == "scalar" or expr.op in ("and", "unless"):
            return fixed_labels(expr.lhs)
        case Binary() if type_of(expr.lhs) == "scalar":
            return fixed_labels(expr.rhs)
        case _:
            return {}
