"""Whether two expressions mean the same.

Spacing, comments, parentheses that change nothing, the order of matchers and labels, and the
spelling of numbers, durations and strings carry no meaning. What is compared is trees, not text.
"""

from __future__ import annotations

import math
from functools import lru_cache

from generator.promql.parser import parse
from generator.promql.problems import PromqlError
from generator.promql.tree import (
    ARITHMETIC,
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
    children,
    unwrapped,
    vector_selectors,
)


def same_meaning(one: str, other: str) -> bool:
    """Whether two texts mean the same; texts that are no PromQL only when they are equal."""
    return one == other or _form(one) == _form(other)


def without_label(text: str, label: str) -> str:
    """The text for people who know what `label` is in it everywhere: without its matchers."""
    try:
        selectors = vector_selectors(parse(text, variables=True))
    except PromqlError:
        return text
    for node in reversed(selectors):
        kept = [text[m.start : m.end] for m in node.matchers if m.name != label]
        if len(kept) < len(node.matchers):
            braces = f"{{{', '.join(kept)}}}" if kept or node.metric is None else ""
            text = text[: node.brace] + braces + text[node.body_end :]
    return text


def constant(expr: Expr) -> float | None:
    """The value of an expression that reads nothing: numbers, and arithmetic of them."""
    expr = unwrapped(expr)
    match expr:
        case Number():
            return expr.value
        case Unary():
            value = constant(expr.expr)
            return None if value is None else (-value if expr.op == "-" else value)
        case Binary() if expr.op in ARITHMETIC:
            left, right = constant(expr.lhs), constant(expr.rhs)
            if left is None or right is None:
                return None
            return _reckoned(expr.op, left, right)
        case _:
            return None


def _reckoned(op: str, left: float, right: float) -> float | None:
    try:
        match op:
            case "+":
                return left + right
            case "-":
                return left - right
            case "*":
                return left * right
            case "/":
                return left / right
            case "^":
                return float(left**right)
            case _:
                return None
    except (ZeroDivisionError, OverflowError, TypeError):
        return None


# --------------------------------------------------------------------------- one form of all


@lru_cache(maxsize=8192)
def _form(text: str) -> object:
    """What a text means, as nested tuples; the text itself where it is no PromQL."""
    try:
        return form(parse(text, variables=True))
    except PromqlError:
        return text


def form(expr: Expr) -> tuple[object, ...]:
    """What a tree means: equal for two trees exactly when they are the same but for spelling."""
    expr = unwrapped(expr)
    value = constant(expr)
    if value is not None:
        return ("number", "nan" if math.isnan(value) else value)
    inner = tuple(form(child) for child in children(expr))
    match expr:
        case VectorSelector():
            return ("selector", matchers_of(expr), *moved_of(expr))
        case RangeSelector():
            return ("range", inner, length_of(expr.range), *moved_of(expr))
        case Subquery():
            step = length_of(expr.step) if expr.step else None
            return ("subquery", inner, length_of(expr.range), step, *moved_of(expr))
        case String():
            return ("string", expr.value)
        case Variable():
            return ("variable", expr.text)
        case Unary():
            return inner[0] if expr.op == "+" else ("negative", inner)
        case Binary():
            matching = matching_of(expr.matching)
            return ("binary", expr.op, expr.bool, matching, sorted(expr.fill), inner)
        case Call():
            return ("call", expr.function, inner)
        case Aggregate():
            return ("aggregate", expr.op, grouping_of(expr), inner)
        case Paren() | Number():
            raise AssertionError("unwrapped, and a constant, above")


def matchers_of(node: VectorSelector) -> tuple[tuple[str, str, str], ...]:
    """A selector's matchers, its name among them, in one order."""
    found = {(m.name, m.op, m.value) for m in node.matchers}
    if node.metric is not None:
        found.add(("__name__", "=", node.metric))
    return tuple(sorted(found))


def moved_of(node: VectorSelector | RangeSelector | Subquery) -> tuple[object, ...]:
    """Offset, `@` and the word `anchored` or `smoothed`."""
    offset = length_of(node.offset) if node.offset else None
    time: object = node.at.time.replace(" ", "") if node.at else None
    if isinstance(time, str) and "(" not in time and "$" not in time:
        at = constant(parse(time))
        time = at if at is not None else time
    extended = None if isinstance(node, Subquery) or not node.extended else node.extended.text
    return (None if offset == 0.0 else offset, time, extended)


def length_of(span: Span) -> object:
    """A duration in milliseconds; its text where it is none."""
    return span.ms if span.ms is not None else "".join(span.text.split())


def matching_of(matching: Matching | None) -> tuple[object, ...] | None:
    """How two sides are matched; None for the default."""
    if matching is None or (not matching.on and not matching.labels and not matching.group):
        return None
    labels, include = tuple(sorted(set(matching.labels))), tuple(sorted(set(matching.include)))
    return (matching.on, labels, matching.group, include)


def grouping_of(node: Aggregate) -> tuple[object, ...]:
    """How an aggregation groups; empty for all together."""
    if node.grouping == "without" or node.labels:
        return (node.grouping, *sorted(set(node.labels)))
    return ()
