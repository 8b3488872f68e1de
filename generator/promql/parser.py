"""Our own PromQL parser: precedence climbing over the tokens, every node with its span.

Accepts what Prometheus 2.42 to 3.14 accept, experimental syntax included; which of it a target
version knows, and whether types fit, is `types.check_types`. Nothing here changes text.
"""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache

from generator.promql.cursor import Cursor
from generator.promql.durations import offset_span, positive, seconds, timestamp
from generator.promql.lexer import unquote
from generator.promql.matchers import selector
from generator.promql.problems import PromqlSyntaxError
from generator.promql.tree import (
    AGGREGATIONS,
    Aggregate,
    Binary,
    Call,
    Expr,
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
)

_PRECEDENCE = {
    "or": 1,
    "and": 2,
    "unless": 2,
    **dict.fromkeys(("==", "!=", "<", "<=", ">", ">=", "</", ">/"), 3),
    **dict.fromkeys("+-", 4),
    **dict.fromkeys(("*", "/", "%", "atan2"), 5),
    "^": 6,
}
_UNARY = 6
_WORDS = frozenset({"and", "or", "unless", "atan2"})
_NUMBERS = frozenset({"inf", "nan"})
_NO_METRIC = frozenset({"bool", "on", "ignoring", "group_left", "group_right", "atan2"})
_NO_FUNCTION = _NO_METRIC | {"and", "or", "unless", "by", "without", "offset"}
_FILL = frozenset({"fill", "fill_left", "fill_right"})
_EXTENDED = frozenset({"anchored", "smoothed"})
_NO_LABEL = frozenset({"without", "inf", "nan"})


def parse(text: str, *, variables: bool = False) -> Expr:
    """The syntax tree of one expression.

    With `variables`, Grafana's `$x`, `${x}`, `${x:fmt}`, `[[x]]` and the placeholder `$window`
    may stand for durations, labels and operands. Trees are immutable, so recent ones are kept.
    Raises PromqlSyntaxError.
    """
    return _parsed(text, variables and ("$" in text or "[[" in text))


@lru_cache(maxsize=4096)
def _parsed(text: str, variables: bool) -> Expr:
    c = Cursor(text, variables)
    if c.kind == "end":
        raise PromqlSyntaxError("there is no expression here", 0, max(1, len(text)))
    expr = _expression(c, 1)
    if c.kind != "end":
        raise c.unexpected("the expression is complete before it")
    return expr


def _operator(c: Cursor) -> str | None:
    if c.kind in _PRECEDENCE:
        return c.kind
    if c.kind == "word":
        low = c.text.lower()
        return low if low in _WORDS else None
    return None


def _expression(c: Cursor, minimum: int) -> Expr:
    c.deeper()
    left = _operand(c)
    height = c.height
    while (op := _operator(c)) and (level := _PRECEDENCE[op]) >= minimum:
        op_start = c.at
        op_end = c.at + len(c.text)
        c.advance()
        boolean, matching = False, None
        if c.kind == "word" and c.text.lower() in ("bool", "on", "ignoring"):
            boolean, matching, op_end = _modifiers(c, op_end)
        fill: tuple[tuple[str, str], ...] = ()
        if c.kind == "word" and c.text.lower() in _FILL and c.following[0] == "(":
            fill, op_end = _filled(c)
        right = _expression(c, level if op == "^" else level + 1)
        height = c.grown(max(height, c.height), op_start)
        span = (op_start, op_end)
        left = Binary(left.start, right.end, op, left, right, boolean, matching, *span, fill)
    c.height = height
    c.depth -= 1
    return left


def _modifiers(c: Cursor, end: int) -> tuple[bool, Matching | None, int]:
    boolean = c.text.lower() == "bool"
    if boolean:
        end = c.take("word", "bool")
    word = c.text.lower() if c.kind == "word" else ""
    if word not in ("on", "ignoring"):
        return boolean, None, end
    c.advance()
    labels, end, quoted = _labels(c)
    side = c.text.lower() if c.kind == "word" else ""
    if side not in ("group_left", "group_right"):
        return boolean, Matching(word == "on", labels, quoted=quoted), end
    end = c.take("word", side)
    include: tuple[str, ...] = ()
    if c.kind == "(":
        include, end, also = _labels(c)
        quoted = quoted or also
    return boolean, Matching(word == "on", labels, side[6:], include, quoted), end


def _filled(c: Cursor) -> tuple[tuple[tuple[str, str], ...], int]:
    """`fill(0)`, or `fill_left(0)` and `fill_right(0)` in any order; and the offset after them."""
    found: dict[str, str] = {}
    end = c.at
    while c.kind == "word" and (word := c.text.lower()) in _FILL and c.following[0] == "(":
        if word in found or "fill" in found or (found and word == "fill"):
            raise c.unexpected("a side is filled once")
        c.advance()
        c.advance()
        sign = c.kind if c.kind in ("+", "-") else ""
        if sign:
            c.advance()
        if not (c.kind in ("number", "duration") or c.text.lower() in _NUMBERS):
            raise c.unexpected("expected the number to fill with")
        if c.kind != "word":
            seconds(c.kind, c.text, c.at)
        found[word] = sign + c.text
        c.advance()
        end = c.take(")", "`)`")
    return tuple(found.items()), end


def _labels(c: Cursor) -> tuple[tuple[str, ...], int, bool]:
    """The names in parentheses, the offset after them, and whether any is quoted."""
    c.take("(", "`(` and label names")
    names: list[str] = []
    quoted = False
    while c.kind != ")":
        quoted = quoted or c.kind == "string"
        names.append(_label(c))
        if c.kind != ")":
            c.take(",", "`,` or `)` between label names")
    return tuple(names), c.take(")", "`)`"), quoted


def _label(c: Cursor) -> str:
    if c.kind == "string":
        name = unquote(c.text, c.at)
        if not name:
            raise c.unexpected("a label name cannot be empty")
    elif c.kind == "variable" or (c.kind == "word" and c.text.lower() not in _NO_LABEL):
        name = c.text
    else:
        raise c.unexpected("expected a label name")
    c.advance()
    return name


def _operand(c: Cursor) -> Expr:
    kind, start = c.kind, c.at
    if kind == "+" or kind == "-":
        c.advance()
        inner = _expression(c, _UNARY)
        c.height = c.grown(c.height, start)
        expr: Expr = Unary(start, inner.end, kind, inner)
    else:
        expr = _primary(c)
        if c.kind == "[" or c.kind == "@" or c.kind == "word":
            expr = _postfix(c, expr)
    return expr


def _primary(c: Cursor) -> Expr:
    kind, text, start = c.kind, c.text, c.at
    c.height = 1
    if kind == "word":
        return _word(c, text, start)
    if kind == "number" or kind == "duration":
        c.advance()
        value = seconds(kind, text, start)
        return Number(start, start + len(text), text, value, kind == "duration")
    if kind == "(":
        c.advance()
        inner = _expression(c, 1)
        end = c.take(")", "`)`")
        c.height = c.grown(c.height, start)
        return Paren(start, end, inner)
    if kind == "{":
        return selector(c, None, start, start, False)
    if kind == "string":
        value_ = unquote(text, start)
        c.advance()
        return String(start, start + len(text), value_)
    if kind == "variable":
        c.advance()
        if c.kind in ("{", "["):
            return selector(c, text, start, start + len(text), True)
        return Variable(start, start + len(text), text)
    raise c.unexpected("expected a metric, a number, a function or `(`")


def _word(c: Cursor, text: str, start: int) -> Expr:
    low = text.lower()
    following, then, _ = c.following
    if low in AGGREGATIONS and (
        following == "(" or (following == "word" and then.lower() in ("by", "without"))
    ):
        return _aggregate(c, low, start)
    if following == "(":
        if low in _NO_FUNCTION or low in _NUMBERS or ":" in text:
            raise c.unexpected("this is no function")
        return _call(c, text, start)
    if low in _NUMBERS:
        c.advance()
        return Number(start, start + len(text), text, float(low))
    if low in _NO_METRIC:
        raise c.unexpected("this keyword cannot name a metric")
    c.advance()
    return selector(c, text, start, start + len(text), False)


def _call(c: Cursor, name: str, start: int) -> Call:
    c.advance()
    paren = c.at
    args, end = _arguments(c)
    c.height = c.grown(c.height, start)
    return Call(start, end, name, args, paren)


def _arguments(c: Cursor) -> tuple[tuple[Expr, ...], int]:
    c.take("(", "`(`")
    args: list[Expr] = []
    height = 1
    while c.kind != ")":
        args.append(_expression(c, 1))
        height = max(height, c.height)
        if c.kind == ")":
            break
        c.take(",", "`,` or `)` after an argument")
        if c.kind == ")":
            raise c.unexpected("an argument is missing after the comma")
    c.height = height
    return tuple(args), c.take(")", "`)`")


def _aggregate(c: Cursor, op: str, start: int) -> Aggregate:
    c.advance()
    grouping, begin, finish, quoted = "", -1, -1, False
    labels: tuple[str, ...] = ()
    if c.kind == "word":
        grouping, labels, begin, finish, quoted = _grouping(c)
    paren = c.at
    args, close = _arguments(c)
    height = c.height
    end = close
    if not grouping and c.kind == "word" and c.text.lower() in ("by", "without"):
        grouping, labels, begin, finish, quoted = _grouping(c)
        end = finish
    c.height = c.grown(height, start)
    return Aggregate(start, end, op, args, grouping, labels, paren, close, begin, finish, quoted)


def _grouping(c: Cursor) -> tuple[str, tuple[str, ...], int, int, bool]:
    start, word = c.at, c.text.lower()
    c.advance()
    labels, end, quoted = _labels(c)
    return word, labels, start, end, quoted


def _postfix(c: Cursor, expr: Expr) -> Expr:
    while True:
        if c.kind == "[":
            expr = _bracket(c, expr)
        elif c.kind == "@":
            expr = _at_modifier(c, expr)
        elif c.kind == "word" and c.text.lower() == "offset":
            expr = _offset(c, expr)
        elif c.kind == "word" and c.text.lower() in _EXTENDED:
            expr = _extended(c, expr)
        else:
            return expr


def _bracket(c: Cursor, expr: Expr) -> Expr:
    opening = c.at
    c.advance()
    range_ = positive(c)
    if c.kind == ":":
        c.advance()
        step = None if c.kind == "]" else positive(c)
        end = c.take("]", "`]`")
        c.height = c.grown(c.height, opening)
        return Subquery(expr.start, end, expr, range_, step)
    end = c.take("]", "`:` or `]`")
    if isinstance(expr, Variable):
        expr = VectorSelector(expr.start, expr.end, expr.text, (), -1, expr.end, None, None, True)
    if not isinstance(expr, VectorSelector):
        raise PromqlSyntaxError(
            "a range can follow a selector only",
            opening,
            end - opening,
            "write a subquery: " + c.source[opening : end - 1] + ":]",
        )
    if expr.offset or expr.at or expr.extended:
        raise PromqlSyntaxError(
            "the range must stand before `offset` and `@`", opening, end - opening
        )
    return RangeSelector(expr.start, end, expr, range_)


def _offset(c: Cursor, expr: Expr) -> Expr:
    start = c.at
    c.advance()
    if not isinstance(expr, VectorSelector | RangeSelector | Subquery):
        raise PromqlSyntaxError(
            "`offset` can follow a selector, a range or a subquery only", start, 6
        )
    if expr.offset:
        raise PromqlSyntaxError("`offset` is set twice", start, 6)
    span = offset_span(c)
    return replace(expr, offset=span, end=span.end)


def _extended(c: Cursor, expr: Expr) -> Expr:
    if not isinstance(expr, VectorSelector | RangeSelector):
        raise c.unexpected(f"`{c.text}` can follow a selector or a range only")
    if expr.extended:
        raise c.unexpected("one of `anchored` and `smoothed` is enough")
    span = Span(c.at, c.at + len(c.text), c.text.lower())
    c.advance()
    return replace(expr, extended=span, end=span.end)


def _at_modifier(c: Cursor, expr: Expr) -> Expr:
    start = c.at
    c.advance()
    if not isinstance(expr, VectorSelector | RangeSelector | Subquery):
        raise PromqlSyntaxError("`@` can follow a selector, a range or a subquery only", start, 1)
    if expr.at:
        raise PromqlSyntaxError("`@` is set twice", start, 1)
    at = timestamp(c, start)
    return replace(expr, at=at, end=at.end)
