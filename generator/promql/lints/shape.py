"""Lints of an expression's form: needless regexes, divisions that spoil an aggregation."""

from __future__ import annotations

import re
from collections.abc import Iterator

from generator.findings import Level
from generator.promql.lints.registry import Asked, at, at_operator, lint
from generator.promql.problems import Problem
from generator.promql.tree import (
    COMPARISON,
    Aggregate,
    Binary,
    Call,
    Expr,
    Number,
    Paren,
    Subquery,
    children,
    unwrapped,
    vector_selectors,
    walk,
)

_META = re.compile(r"[\\.+*?()|\[\]{}^$]")
_RISES = frozenset({"rate", "increase", "irate"})
_SPOILED = frozenset({"sum", "avg", "stddev", "stdvar"})


@lint({"promql-regex-literal": Level.INFO, "promql-regex-anchored": Level.INFO})
def _regexes(asked: Asked) -> Iterator[Problem]:
    """Regexes that are plain texts, or that say again that they match the whole value."""
    for node in vector_selectors(asked.expr):
        for matcher in node.matchers:
            if matcher.op not in ("=~", "!~") or "$" in matcher.value[:-1]:
                continue
            text, plain = matcher.value, "=" if matcher.op == "=~" else "!="
            if text and not _META.search(text):
                message = f"{text!r} is no pattern: nothing in it stands for anything else"
                hint = f"write {matcher.name}{plain}"
                yield at(matcher, "promql-regex-literal", message, hint, Level.INFO)
            elif len(text) > 1 and (text[0] == "^" or (text[-1] == "$" and text[-2] != "\\")):
                message = "a matcher's regex always matches the whole value"
                hint = "leave ^ and $ out"
                yield at(matcher, "promql-regex-anchored", message, hint, Level.INFO)


@lint({"promql-division": Level.WARNING})
def _divisions(asked: Asked) -> Iterator[Problem]:
    """Divisions by a rate that may be zero, where the NaN of one idle series does harm."""
    for node in walk(asked.condition):
        match node:
            case Aggregate() if node.op in _SPOILED and node.args:
                harm = f"{node.op}() of it is NaN as long as one series is idle"
                inner = node.args[-1]
            case Call(function="avg_over_time" | "sum_over_time" | "stddev_over_time"):
                subquery = unwrapped(node.args[0])
                if not isinstance(subquery, Subquery):
                    continue
                harm = f"{node.function}() of it is NaN for as long as one idle moment is in range"
                inner = subquery.expr
            case Binary(op="!=") if not node.bool:
                harm = "NaN is unequal to everything: an idle series fires"
                inner = node.lhs
            case _:
                continue
        for division in _unguarded(inner):
            message = f"0 / 0 is NaN, and {harm}"
            hint = "divide by (… > 0), or aggregate both sides before dividing"
            yield at_operator(division, "promql-division", message, hint)


def _unguarded(expr: Expr) -> Iterator[Binary]:
    """Divisions whose NaN reaches the result: by a rate, with no comparison on the way."""
    match expr:
        case Binary(op="/"):
            if _may_be_zero(expr.rhs):
                yield expr
        case Binary() if expr.op in COMPARISON:
            return
        case Binary(op="and" | "unless"):
            yield from _unguarded(expr.lhs)
        case Paren() | Binary():
            for child in children(expr):
                yield from _unguarded(child)
        case Call() if expr.function in ("clamp", "clamp_min", "clamp_max", "abs"):
            yield from _unguarded(expr.args[0])
        case _:
            return


def _may_be_zero(expr: Expr) -> bool:
    """A rate or a sum of rates, not what a comparison has let through."""
    match unwrapped(expr):
        case Call(function=name) if name in _RISES:
            return True
        case Aggregate(op="sum" | "avg" | "max" | "min", args=(inner,)):
            return _may_be_zero(inner)
        case Binary(op="*", lhs=lhs, rhs=rhs):
            return any(_may_be_zero(side) for side in (lhs, rhs) if not isinstance(side, Number))
        case _:
            return False
