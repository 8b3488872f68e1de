"""How far back an expression reads, through recordings too, and whether it knows the day."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from generator.compile.stimulus import recorded_by
from generator.compile.vectors import Unsupported
from generator.ir.rules import RecordingRule
from generator.promql.parser import parse
from generator.promql.tree import (
    Call,
    Expr,
    RangeSelector,
    Subquery,
    VectorSelector,
    children,
    vector_selectors,
    walk,
)


@dataclass(frozen=True, slots=True)
class Reach:
    """How far back an expression reads, in seconds. Ranges over recordings do not count, nor those
    over series that are given as data and by their name (`level:metric:operations`) are recorded.

    `window`: ranges; `offset`: the furthest offset; `shortest`: the shortest range, 0 for none.
    """

    window: float = 0.0
    offset: float = 0.0
    shortest: float = 0.0


def reach(expr: Expr, rules: Sequence[RecordingRule]) -> Reach:
    """How much data the expression needs before it speaks. Raises Unsupported."""
    windows: list[float] = []
    offsets = [0.0]
    for node, window, offset in _reached(expr, rules, 0.0, 0.0):
        offsets.append(offset)
        if window and node is not None:
            windows.append(window)
    return Reach(max(windows, default=0.0), max(offsets), min(windows, default=0.0))


def apart(expr: Expr, rules: Sequence[RecordingRule]) -> float:
    """Seconds after which recordings over a short and over a long range differ; 0: never.

    An alert that reads both must see more data than the short one holds.
    """
    spans: set[float] = set()
    for node in vector_selectors(expr):
        for rule in recorded_by(node, rules):
            ranges = [n.range for n in walk(parse(rule.expr)) if isinstance(n, RangeSelector)]
            spans |= {max(_ms(span) for span in ranges) / 1000} if ranges else set()
    return min(spans) if len(spans) > 1 else 0.0


def reads_calendar(expr: Expr, rules: Sequence[RecordingRule]) -> bool:
    """Whether an expression knows the day of the month, directly or through recordings."""
    if any(isinstance(n, Call) and n.function in _OF_CALENDAR for n in walk(expr)):
        return True
    return any(
        reads_calendar(parse(rule.expr), rules)
        for node in vector_selectors(expr)
        for rule in recorded_by(node, rules)
    )


_OF_CALENDAR = frozenset({"day_of_month", "day_of_year"})


def _reached(
    expr: Expr, rules: Sequence[RecordingRule], window: float, offset: float
) -> Iterable[tuple[VectorSelector | None, float, float]]:
    match expr:
        case VectorSelector():
            moved = offset + _ms(expr.offset) / 1000
            made = recorded_by(expr, rules)
            for rule in made:
                yield from _reached(parse(rule.expr), rules, 0.0, moved)
            if not made:
                yield expr, 0.0 if ":" in (expr.name or "") else window, moved
        case RangeSelector():
            moved = offset + _ms(expr.offset) / 1000
            yield from _reached(expr.selector, rules, window + _ms(expr.range) / 1000, moved)
        case Subquery():
            moved = offset + _ms(expr.offset) / 1000
            yield from _reached(expr.expr, rules, window + _ms(expr.range) / 1000, moved)
        case _:
            for child in children(expr):
                yield from _reached(child, rules, window, offset)


def _ms(span: object) -> float:
    if span is None:
        return 0.0
    found = getattr(span, "ms", None)
    if found is None:
        raise Unsupported("a duration that is no literal")
    return float(found)
