"""What a panel draws of an alert's condition: the quantity that is watched, in healthy times too.

A condition returns nothing while all is well, and parts of it return nothing while there is too
little to judge. On a panel that is a gap, where people want to see the line and its limit.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal

from generator.promql.parser import parse
from generator.promql.tree import (
    ARITHMETIC,
    COMPARISON,
    Binary,
    Expr,
    Number,
    Paren,
    Span,
    VectorSelector,
    children,
    unwrapped,
)
from generator.values import plain


@dataclass(frozen=True, slots=True)
class Watched:
    """An expression, the level at which it is bad, and (expression, legend) of helping lines."""

    value: str
    level: float | None = None
    above: bool = True
    lines: tuple[tuple[str, str], ...] = ()


def watched_value(text: str, level: Decimal, above: bool) -> Watched:
    """The value that a threshold compares; one that is measured from its past, with that limit."""
    whole = parse(text)
    top = unwrapped(whole)
    since = isinstance(top, Binary) and top.op == "-" and _all_past(top.rhs)
    if isinstance(top, Binary) and since and None in _offsets(top.lhs):
        limit = f"{_of(text, top.rhs)} + {plain(level)}"
        return Watched(_ungated(text, top.lhs), above=above, lines=((limit, "limit"),))
    return Watched(_ungated(text, whole), float(level), above)


def watched_condition(text: str) -> Watched:
    """What a condition compares with a number; of one that ended, what it is and what it was."""
    top = unwrapped(parse(text))
    if isinstance(top, Binary) and top.op == "unless" and _all_past(top.lhs):
        missed = _numbered(unwrapped(top.rhs))
        if missed and missed[1] in (">", ">="):
            return Watched(_of(text, missed[0]), missed[2], False, tuple(_before(text, top.lhs)))
    while isinstance(top, Binary) and top.op in ("and", "unless"):
        top = unwrapped(top.lhs)
    compared = _numbered(top)
    if compared is None:
        return Watched(text)
    value, op, level = compared
    return Watched(_ungated(text, value), level, op in (">", ">=", "!="))


_Numbered = tuple[Expr, str, float]
"""(what is compared, operator, number)."""


def _numbered(node: Expr) -> _Numbered | None:
    """A comparison that lets samples through by a number on its right."""
    if not isinstance(node, Binary) or node.op not in COMPARISON or node.bool:
        return None
    return (node.lhs, node.op, node.rhs.value) if isinstance(node.rhs, Number) else None


def _of(text: str, node: Expr) -> str:
    return text[node.start : node.end]


# --------------------------------------------------------------------------- the past


def _offsets(node: Expr, outer: Span | None = None) -> Iterator[Span | None]:
    """How far back each selector reads, where that is written down."""
    own = getattr(node, "offset", None) or outer
    if isinstance(node, VectorSelector):
        yield own
    for child in children(node):
        yield from _offsets(child, own)


def _all_past(node: Expr) -> bool:
    found = list(_offsets(node))
    return bool(found) and None not in found


def _before(text: str, node: Expr) -> Iterator[tuple[str, str]]:
    """What was there, by the part of an `or`: (expression, how long ago)."""
    inner = unwrapped(node)
    if isinstance(inner, Binary) and inner.op == "or":
        yield from _before(text, inner.lhs)
        yield from _before(text, inner.rhs)
        return
    compared = _numbered(inner)
    shown = compared[0] if compared else inner
    offset = next((span for span in _offsets(shown) if span), None)
    if offset is not None:
        yield _of(text, shown), f"{offset.text} before"


# --------------------------------------------------------------------------- gates


def _ungated(text: str, node: Expr) -> str:
    """The text of a value without the parts that only let it through while there is enough.

    A divisor keeps being above zero. What functions and aggregations are given stays: it is what
    they count.
    """
    made = text
    for start, end, instead in sorted(_gates(node, divisor=False), reverse=True):
        made = made[:start] + instead + made[end:]
    return made[node.start : len(made) - (len(text) - node.end)]


def _gates(node: Expr, *, divisor: bool) -> Iterator[tuple[int, int, str]]:
    match node:
        case Paren():
            yield from _gates(node.expr, divisor=divisor)
        case Binary(op="and" | "unless"):
            yield node.lhs.end, node.end, ""
            yield from _gates(node.lhs, divisor=divisor)
        case Binary() if node.op in ARITHMETIC:
            yield from _gates(node.lhs, divisor=divisor)
            yield from _gates(node.rhs, divisor=divisor or node.op == "/")
        case Binary() if node.op in (">", ">=") and _numbered(node):
            yield node.lhs.end, node.end, " > 0" if divisor else ""
            yield from _gates(node.lhs, divisor=divisor)
        case _:
            return
