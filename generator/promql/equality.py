"""Whether two expressions are the same question, however they are spelt.

Servers print expressions their own way; what they print is compared with what was written as
trees. Nothing here knows algebra: `a + b` and `b + a` are two expressions, `300` and `5 * 60` are
two unless the caller folds (`meaning` does, because people read one number there).
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache, partial

from generator.promql.durations import seconds
from generator.promql.lexer import tokens
from generator.promql.parser import parse
from generator.promql.problems import PromqlSyntaxError
from generator.promql.tree import (
    Aggregate,
    At,
    Binary,
    Call,
    Expr,
    Matcher,
    Matching,
    Number,
    Paren,
    RangeSelector,
    Span,
    String,
    Subquery,
    Unary,
    Variable,
    VectorSelector,
    unwrapped,
)

Form = tuple[object, ...]
"""A tree without spans and spelling; equal forms mean equal expressions. Hashable."""
Fold = Callable[[Expr], Form | None]
"""The form of a tree that is told in fewer words than its own; None for all others."""


def same(a: str, b: str) -> bool:
    """Whether two texts are one expression apart from how it is written.

    Spacing, comments, quotes, parentheses that change nothing, the order of matchers and of
    labels in lists, and the spelling of numbers and durations are how it is written. Text that
    cannot be parsed is the same as itself only.
    """
    if a == b:
        return True
    try:
        return normal(a) == normal(b)
    except PromqlSyntaxError:
        return False


@lru_cache(maxsize=4096)
def normal(text: str) -> Form:
    """The normal form of an expression's text. Raises PromqlSyntaxError."""
    return normal_form(parse(text, variables=True))


def _as_written(_expr: Expr) -> Form | None:
    return None


def normal_form(expr: Expr, fold: Fold = _as_written) -> Form:
    """The normal form of a tree; what `fold` knows a form of has that one."""
    expr = unwrapped(expr)
    folded = fold(expr)
    if folded is not None:
        return folded
    below = partial(normal_form, fold=fold)
    match expr:
        case Paren():
            raise AssertionError("unwrapped above")
        case VectorSelector():
            return ("selector", *matchers_of(expr), *moved_of(expr))
        case RangeSelector():
            selected = matchers_of(expr.selector)
            return ("range", *selected, length_of(expr.range), *moved_of(expr))
        case Subquery():
            step = length_of(expr.step) if expr.step else None
            return ("subquery", below(expr.expr), length_of(expr.range), step, *moved_of(expr))
        case Number():
            return number(expr.value)
        case String():
            return ("string", expr.value)
        case Variable():
            return ("variable", expr.text)
        case Unary():
            return _signed(expr, below)
        case Binary():
            sides = (below(expr.lhs), below(expr.rhs))
            return ("binary", expr.op, *modifiers_of(expr), *sides)
        case Call():
            return ("call", expr.function, *map(below, expr.args))
        case Aggregate():
            return ("aggregate", expr.op, grouping_of(expr), *map(below, expr.args))


def matchers_of(node: VectorSelector) -> tuple[tuple[str, str, str, bool], ...]:
    """The matchers, sorted; a metric's name is a matcher of its own."""
    matchers = {_matcher(matcher) for matcher in node.matchers}
    if node.metric is not None:
        matchers.add(("__name__", "=", node.metric, node.variable))
    return tuple(sorted(matchers))


def _matcher(matcher: Matcher) -> tuple[str, str, str, bool]:
    return (matcher.name, matcher.op, matcher.value, matcher.variable)


def moved_of(node: VectorSelector | RangeSelector | Subquery) -> Form:
    """`offset`, `@`, `anchored` or `smoothed`; an offset of nothing is none."""
    offset = length_of(node.offset) if node.offset else None
    extended = None if isinstance(node, Subquery) or not node.extended else node.extended.text
    return (None if offset == 0 else offset, _time(node.at) if node.at else None, extended)


def length_of(span: Span) -> object:
    """Milliseconds; of a variable or of arithmetic, which reads like any expression, its form."""
    if span.ms is not None:
        return span.ms
    form = normal(span.text.lower() if span.arithmetic else span.text)
    return float(str(form[1])) * 1000 if form[0] == "number" else form


def _time(at: At) -> object:
    """Milliseconds since the epoch, as Prometheus keeps them; `start()`, `end()`, a variable."""
    sign = -1 if at.time.startswith("-") else 1
    kind, text, where = tokens(at.time.lstrip("+-"), variables=True)[0]
    if kind not in ("number", "duration"):
        return at.time
    return round(sign * seconds(kind, text, where) * 1000)


def number(value: float) -> Form:
    """By `repr`, in which every NaN is one and 0 and -0 are two."""
    return ("number", repr(value))


def _signed(node: Unary, below: Callable[[Expr], Form]) -> Form:
    """A sign before a number belongs to the number, as in Prometheus' own tree."""
    inner = below(node.expr)
    if inner[0] != "number":
        return ("unary", node.op, inner)
    value = float(str(inner[1]))
    return number(-value if node.op == "-" else value)


def grouping_of(node: Aggregate) -> Form:
    """How an aggregation groups; empty for all together."""
    if node.grouping == "without" or node.labels:
        return (node.grouping, _sorted(node.labels))
    return ()


def modifiers_of(node: Binary) -> Form:
    """`bool`, how both sides are matched, and what they are filled with."""
    return (node.bool, _matching(node.matching), _filled(node))


def _matching(matching: Matching | None) -> Form | None:
    """`ignoring ()` alone is what stands there when nothing does."""
    if matching is None or not (matching.on or matching.labels or matching.group):
        return None
    labels, include = _sorted(matching.labels), _sorted(matching.include)
    return (matching.on, labels, matching.group, include)


def _filled(node: Binary) -> Form:
    """What each side is filled with; `fill` is both sides."""
    sides: dict[str, str] = {}
    for word, text in node.fill:
        value = repr(_value(text))
        for side in ("fill_left", "fill_right") if word == "fill" else (word,):
            sides[side] = value
    return tuple(sorted(sides.items()))


def _value(text: str) -> float:
    sign = -1.0 if text.startswith("-") else 1.0
    kind, literal, at = tokens(text.lstrip("+-"))[0]
    return sign * (float(literal) if kind == "word" else seconds(kind, literal, at))


def _sorted(labels: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(sorted(set(labels)))
