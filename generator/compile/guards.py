"""What an anomaly's condition asks besides its band: the least spread, and the age of a series."""

from __future__ import annotations

from generator.promql.tree import (
    Binary,
    Call,
    Expr,
    Number,
    RangeSelector,
    VectorSelector,
    unwrapped,
    walk,
)


def least_spread(expr: Expr) -> tuple[VectorSelector, float] | None:
    """The spread whose multiple is a band's width, and what it must exceed; None: nothing."""
    return next((found for node in walk(expr) if (found := _least(node))), None)


def age_asked(expr: Expr) -> float | None:
    """How long ago a series must have been there, in seconds; None where this is not asked once.

    It is asked by a range that is as long as its offset.
    """
    asked = [age for node in walk(expr) if (age := _age(node))]
    return asked[0] if len(asked) == 1 else None


def furthest_look(expr: Expr) -> float:
    """The longest offset in an expression, in seconds."""
    return max((back for node in walk(expr) if (back := _offset(node))), default=0.0)


def _least(node: Expr) -> tuple[VectorSelector, float] | None:
    if not isinstance(node, Binary) or node.op != "*":
        return None
    guard = unwrapped(node.rhs)
    if not isinstance(guard, Binary) or guard.op != ">":
        return None
    spread, least = unwrapped(guard.lhs), unwrapped(guard.rhs)
    if isinstance(spread, VectorSelector) and isinstance(least, Number) and least.value > 0:
        return spread, least.value
    return None


def _offset(node: Expr) -> float | None:
    if not isinstance(node, RangeSelector | VectorSelector) or node.offset is None:
        return None
    return None if node.offset.ms is None else node.offset.ms / 1000


def _age(node: Expr) -> float | None:
    if not isinstance(node, Call) or node.function != "present_over_time":
        return None
    (seen,) = node.args
    if not isinstance(seen, RangeSelector) or seen.range.ms is None:
        return None
    back = _offset(seen)
    return back if back == seen.range.ms / 1000 else None
