"""Whether two expressions mean the same.

Beyond the spelling that `equality` looks through, arithmetic of numbers is its result: `5 * 60`
and `300` mean the same, though a server keeps them apart.
"""

from __future__ import annotations

from functools import lru_cache

from generator.promql.equality import Form, normal_form, number
from generator.promql.parser import parse
from generator.promql.problems import PromqlError
from generator.promql.tree import (
    ARITHMETIC,
    Binary,
    Expr,
    Number,
    Unary,
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


def form(expr: Expr) -> Form:
    """What a tree means: its normal form, in which arithmetic of numbers is its result."""
    return normal_form(expr, _folded)


def _folded(expr: Expr) -> Form | None:
    value = constant(expr)
    if value is not None:
        return number(value + 0.0)  # 0 and -0 are one to people
    return form(expr.expr) if isinstance(expr, Unary) and expr.op == "+" else None
