"""Expressions turned round: at which levels of its sources does an alert's expression hold?

Comparisons are solved by search: one source is moved until the two sides stand 10 % beyond the
limit, or 10 % on the safe side of it. Every answer is checked by `simulation`, later by promtool.
"""

from __future__ import annotations

import math
from collections.abc import Iterator

from generator.compile.bench import Bench
from generator.compile.conditions import Side
from generator.compile.moving import moved
from generator.compile.stimulus import ALERT, COUNTER, GAUGE, Levels
from generator.promql.tree import (
    COMPARISON,
    SET,
    Binary,
    Call,
    Expr,
    children,
    unwrapped,
)

SAFE, BEYOND = 0.1, 0.107
"""How far on either side of a limit, relative to it. They differ, so that the mean over a window
that is half the one and half the other is not the limit itself, where rounding would decide."""


def firing(bench: Bench, expr: Expr, start: Levels) -> Levels | None:
    """Levels at which the expression holds, None when none were found. Raises Unsupported."""
    found = _solve(bench, expr, True, start)
    return found if found is not None and bench.holds(expr, found) else None


def silent(bench: Bench, expr: Expr, start: Levels) -> Levels | None:
    """Levels near those that fire at which it does not hold. Raises Unsupported."""
    found = _solve(bench, expr, False, start)
    return found if found is not None and not bench.holds(expr, found) else None


def differing(
    bench: Bench, side: Side, hot: Levels, calm: Levels, base: Levels
) -> Iterator[Levels]:
    """Levels at which an expression may do otherwise without one side of a set operation.

    Raises Unsupported.
    """
    if side.op == "or":
        for start in (calm, base):
            alone = _solve(bench, side.expr, True, start)
            if alone is not None:
                yield alone
                quiet = _solve(bench, side.other, False, alone)
                if quiet is not None:
                    yield quiet
        return
    faint = {s: lv * 0.001 if lv and s.kind in (GAUGE, COUNTER) else lv for s, lv in hot.items()}
    for start in (hot, base, faint):
        failing = _solve(bench, side.expr, side.op == "unless", start)
        if failing is not None:
            yield failing
            holding = _solve(bench, side.other, True, failing)
            if holding is not None:
                yield holding


def deciding(bench: Bench, side: Side, failing: Levels) -> Levels | None:
    """Levels near those where one condition fails at which it just holds. Raises Unsupported."""
    return _solve(bench, side.expr, side.op != "unless", failing)


def reaching(bench: Bench, expr: Expr, target: float, start: Levels) -> Levels | None:
    """Levels at which the expression has this value. Raises Unsupported."""

    def gap(levels: Levels) -> float | None:
        value = bench.number(expr, levels)
        return None if value is None else value - target

    return moved(bench, expr, start, gap, lambda levels: False)


# --------------------------------------------------------------------------- conditions


def _solve(bench: Bench, expr: Expr, wanted: bool, start: Levels) -> Levels | None:
    expr = unwrapped(expr)
    match expr:
        case Binary(op="and"):
            return _both(bench, expr, start) if wanted else _spoilt(bench, expr, start)
        case Binary(op="or"):
            return _either(bench, expr, start) if wanted else _neither(bench, expr, start)
        case Binary(op="unless"):
            return _unless(bench, expr, wanted, start)
        case Binary() if expr.op in COMPARISON and not expr.bool:
            return _compared(bench, expr, wanted, start)
        case Call(function="absent" | "absent_over_time"):
            level = (lambda s: None) if wanted else (lambda s: 1.0 if s.kind == ALERT else s.base)
            return {**start, **{source: level(source) for source in bench.read_by(expr)}}
        case _:
            return _inside(bench, expr, wanted, start)


def _both(bench: Bench, expr: Binary, start: Levels) -> Levels | None:
    """Each side in turn, in both orders: what one moves the other may not spoil."""
    for one, other in ((expr.lhs, expr.rhs), (expr.rhs, expr.lhs)):
        first = _solve(bench, one, True, start)
        if first is None:
            continue
        if bench.holds(expr, first):
            return first
        second = _solve(bench, other, True, first)
        if second is not None and bench.holds(expr, second):
            return second
    return None


def _spoilt(bench: Bench, expr: Binary, start: Levels) -> Levels | None:
    """One side fails while the other holds: the left, if it can."""
    last = None
    for one, other in ((expr.lhs, expr.rhs), (expr.rhs, expr.lhs)):
        found = _solve(bench, one, False, start)
        if found is None or bench.holds(expr, found):
            continue
        if bench.holds(other, found):
            return found
        last = last or found
    return last


def _either(bench: Bench, expr: Binary, start: Levels) -> Levels | None:
    for side in (expr.lhs, expr.rhs):
        found = _solve(bench, side, True, start)
        if found is not None and bench.holds(expr, found):
            return found
    return None


def _neither(bench: Bench, expr: Binary, start: Levels) -> Levels | None:
    found: Levels | None = start
    for side in (expr.lhs, expr.rhs):
        if found is not None and bench.holds(side, found):
            found = _solve(bench, side, False, found)
    return found


def _unless(bench: Bench, expr: Binary, wanted: bool, start: Levels) -> Levels | None:
    if not wanted:
        found = _solve(bench, expr.lhs, False, start)
        if found is not None and not bench.holds(expr, found):
            return found
        return _solve(bench, expr.rhs, True, start)
    found = start if bench.holds(expr.lhs, start) else _solve(bench, expr.lhs, True, start)
    if found is None or not bench.holds(expr.rhs, found):
        return found
    return _solve(bench, expr.rhs, False, found)


def _inside(bench: Bench, expr: Expr, wanted: bool, start: Levels) -> Levels | None:
    """Something that is no condition itself: the conditions in it, or whether there is data."""
    nested = _conditions(expr)
    if wanted:
        found: Levels = {s: lv for s, lv in start.items() if lv is not None or s.kind == ALERT}
        for node in nested:
            if not bench.holds(node, found):
                found = _solve(bench, node, True, found) or found
        if bench.holds(expr, found):
            return found
        alerts = {s: 1.0 for s in bench.read_by(expr) if s.kind == ALERT}
        for fired in (*({one: 1.0} for one in alerts), alerts):
            if bench.holds(expr, {**found, **fired}):
                return {**found, **fired}
        return found
    for node in nested:
        spoilt = _solve(bench, node, False, start)
        if spoilt is not None and not bench.holds(expr, spoilt):
            return spoilt
    return {**start, **dict.fromkeys(bench.read_by(expr))}


def _conditions(expr: Expr) -> list[Expr]:
    """The outermost comparisons, set operations and absences inside an expression."""
    found: list[Expr] = []
    for child in children(expr):
        inner = unwrapped(child)
        if (isinstance(inner, Binary) and _decides(inner)) or (
            isinstance(inner, Call) and inner.function in ("absent", "absent_over_time")
        ):
            found.append(inner)
        else:
            found += _conditions(inner)
    return found


def _decides(node: Binary) -> bool:
    return node.op in SET or (node.op in COMPARISON and not node.bool)


# --------------------------------------------------------------------------- comparisons


def _compared(bench: Bench, node: Binary, wanted: bool, start: Levels) -> Levels | None:
    """Move one source until the sides stand a margin apart, on the wanted side."""
    for inner in (*_conditions(node.lhs), *_conditions(node.rhs)):
        if not bench.holds(inner, start):
            opened = _solve(bench, inner, True, start)
            start = opened if opened is not None else start
    for side in (node.lhs, node.rhs):
        nested = unwrapped(side)
        if isinstance(nested, Binary) and nested.op in COMPARISON and not nested.bool:
            opened = _solve(bench, nested, True, start)
            start = opened if opened is not None else start
    share = BEYOND if wanted else SAFE
    width = abs(bench.number(node.lhs, start) or 0.0) * share or 1.0
    direction = _direction(node.op, wanted)

    def gap(levels: Levels) -> float | None:
        left, right = bench.number(node.lhs, levels), bench.number(node.rhs, levels)
        if left is None or right is None or not math.isfinite(left) or not math.isfinite(right):
            return None
        margin = abs(right) * share or width
        return left - right - direction * margin

    def fits(levels: Levels) -> bool:
        left, right = bench.number(node.lhs, levels), bench.number(node.rhs, levels)
        return left is not None and right is not None and bench.holds(node, levels) == wanted

    found = moved(bench, node, start, gap, fits)
    if found is None and not wanted:
        gone = {**start, **dict.fromkeys(bench.read_by(node))}
        return None if bench.holds(node, gone) else gone
    return found


def _direction(op: str, wanted: bool) -> float:
    """On which side of the limit the left side must stand: 1 above, -1 below, 0 on it."""
    if op in ("==", "!="):
        return 0.0 if wanted == (op == "==") else 1.0
    return 1.0 if wanted == (op in (">", ">=")) else -1.0
