"""Whether one expression returns whatever another returns, read off their trees.

Sound rather than sharp: `covers` and `narrows` are true only when they hold for all data.
"""

from __future__ import annotations

from generator.promql.intervals import ANY, Interval, compared
from generator.promql.tree import (
    Aggregate,
    Binary,
    Call,
    Expr,
    RangeSelector,
    Unary,
    VectorSelector,
    same,
    unwrapped,
)

_EACH = frozenset(
    {"rate", "increase", "irate", "delta", "idelta", "deriv", "changes", "resets", "abs"}
    | {f"{word}_over_time" for word in ("avg", "min", "max", "sum", "last", "count")}
)
"""Functions that make one sample of each series, whatever other series there are."""


def covers(wide: Expr, narrow: Expr) -> bool:
    """Whether, for every sample of `narrow`, `wide` returns one with the same labels."""
    wide, narrow = unwrapped(wide), unwrapped(narrow)
    if isinstance(narrow, Binary) and narrow.op == "or":
        return covers(wide, narrow.lhs) and covers(wide, narrow.rhs)
    if isinstance(wide, Binary) and wide.op == "or":
        return covers(wide.lhs, narrow) or covers(wide.rhs, narrow)
    if narrows(narrow, wide):
        return True
    if isinstance(narrow, Binary) and narrow.op in ("and", "unless"):
        return covers(wide, narrow.lhs)
    below, above = _limit(narrow), _limit(wide)
    if below is None:
        return False
    if above is None:
        return covers(wide, below[0])
    return below[1].within(above[1]) and narrows(below[0], above[0])


def _limit(expr: Expr) -> tuple[Expr, Interval] | None:
    """A comparison with a number: the value, and what passes."""
    if not isinstance(expr, Binary) or expr.bool:
        return None
    known = compared(expr)
    if known is None or known[1] == "!=":
        return None
    value, op, number = known
    return value, ANY.kept(op, number)


def narrows(narrow: Expr, wide: Expr) -> bool:
    """Whether every sample of `narrow` is a sample of `wide`, with the same value and labels."""
    narrow, wide = unwrapped(narrow), unwrapped(wide)
    if same(narrow, wide):
        return True
    match narrow, wide:
        case VectorSelector(), VectorSelector():
            return _selects_less(narrow, wide)
        case RangeSelector(), RangeSelector():
            moved = (narrow.offset, narrow.at, wide.offset, wide.at)
            ranges = narrow.range.text == wide.range.text and moved == (None,) * 4
            return ranges and _selects_less(narrow.selector, wide.selector)
        case Unary(), Unary():
            return narrow.op == wide.op and narrows(narrow.expr, wide.expr)
        case Call(), Call() if narrow.function == wide.function and narrow.function in _EACH:
            pairs = zip(narrow.args, wide.args, strict=False)
            return len(narrow.args) == len(wide.args) and all(narrows(a, b) for a, b in pairs)
        case _:
            return False


def _selects_less(narrow: VectorSelector, wide: VectorSelector) -> bool:
    moved = (narrow.offset, narrow.at, wide.offset, wide.at)
    wanted = {(m.name, m.op, m.value) for m in wide.matchers}
    have = {(m.name, m.op, m.value) for m in narrow.matchers}
    plain = narrow.name is not None and narrow.name == wide.name
    return plain and wanted <= have and moved == (None,) * 4


def part_of(part: Expr, whole: Expr) -> bool:
    """Whether one sum, rate or value counts only what the other counts too: their ratio is a share.

    `sum(rate(x{code="5"}[5m])) / sum(rate(x[5m]))`, whatever comparison guards the whole.
    """
    part, whole = unwrapped(part), unwrapped(whole)
    while isinstance(whole, Binary) and (known := compared(whole)) and not whole.bool:
        whole = unwrapped(known[0])
    if isinstance(part, Binary) and part.op == "or":
        part = unwrapped(part.lhs)
    match part, whole:
        case Aggregate(), Aggregate():
            alike = part.op == whole.op and part.op in ("sum", "count")
            grouped = (part.grouping, set(part.labels)) == (whole.grouping, set(whole.labels))
            return alike and grouped and narrows(part.args[-1], whole.args[-1])
        case _:
            return not isinstance(part, Aggregate) and narrows(part, whole)
