"""Lints of what decides whether an alert fires: conditions that always or never hold."""

from __future__ import annotations

from collections.abc import Iterator

from generator.findings import Level
from generator.promql.implication import part_of
from generator.promql.intervals import compared, limits, values_of
from generator.promql.lints.registry import Asked, at, at_operator, lint
from generator.promql.problems import Problem
from generator.promql.tree import (
    COMPARISON,
    SELECTING,
    Aggregate,
    Binary,
    Call,
    Expr,
    Number,
    Paren,
    VectorSelector,
    children,
    same,
    unwrapped,
    walk,
)

_LEVELS = frozenset({"avg", "min", "max", "topk", "bottomk"})
_KEEPS_SHARE = frozenset(f"{word}_over_time" for word in ("avg", "min", "max", "last", "quantile"))


@lint({"promql-always-firing": Level.WARNING})
def _always(asked: Asked) -> Iterator[Problem]:
    """An alert that is not conditional, or whose comparison holds for every value there is."""
    expr = asked.expr
    if asked.fires and not conditional(expr):
        yield _unconditional(expr, asked.text)
        return
    if not asked.alert:
        return
    for node in _tops(asked.condition):
        known = compared(node)
        if known is None or node.bool or conditional(known[0]) or _exists(known[0]):
            continue
        value, op, number = known
        possible = values_of(value, asked.catalogue)
        if not possible.empty and possible.within(possible.kept(op, number)) and op != "!=":
            message = f"this is always {op} {number:g}: the alert fires for every series"
            yield at_operator(node, "promql-always-firing", message, "compare with another limit")


def _tops(expr: Expr) -> Iterator[Binary]:
    """The comparisons of which each alone makes an alert fire."""
    inner = unwrapped(expr)
    if isinstance(inner, Binary):
        if inner.op == "or":
            yield from _tops(inner.lhs)
            yield from _tops(inner.rhs)
        elif inner.op in COMPARISON:
            yield inner


def _exists(expr: Expr) -> bool:
    """Counting asks whether there are series at all, and divisions are compared to drop NaN."""
    return any(
        (isinstance(n, Aggregate) and n.op in ("count", "group", "count_values"))
        or (isinstance(n, Call) and n.function in ("count_over_time", "present_over_time"))
        or (isinstance(n, Binary) and n.op == "/")
        for n in walk(expr)
    )


def _unconditional(expr: Expr, text: str) -> Problem:
    flags = [n for n in walk(expr) if isinstance(n, Binary) and n.bool and n.op in COMPARISON]
    if flags:
        node = flags[0]
        message = "`bool` makes this comparison return 0 or 1, and an alert fires for both"
        hint = f"write {text[node.op_start : node.op_start + len(node.op)]} without bool"
        return at_operator(node, "promql-always-firing", message, hint)
    message = "nothing is compared here: the alert fires for every series that exists"
    return at(expr, "promql-always-firing", message, "compare the value with a limit")


def conditional(expr: Expr) -> bool:
    """Whether the result can be empty while its series exist."""
    match expr:
        case Binary(op="unless"):
            return True
        case Binary(op="or"):
            return conditional(expr.lhs) and conditional(expr.rhs)
        case Binary() if expr.op in COMPARISON and not expr.bool:
            return True
        case Call(function="absent" | "absent_over_time"):
            return True
        case VectorSelector():
            return expr.name == "ALERTS"
        case _:
            return any(map(conditional, children(expr)))


# never ------------------------------------------------------------------------------------


@lint({"promql-never": Level.WARNING})
def _never(asked: Asked) -> Iterator[Problem]:
    """Comparisons that no value passes, alone or together with another."""
    for node in walk(asked.condition):
        if not isinstance(node, Binary):
            continue
        if node.op == "and":
            yield from _contradiction(node)
        known = compared(node)
        if known is None:
            continue
        value, op, number = known
        possible = values_of(value, asked.catalogue)
        percent = number > 1 and is_share(value)
        if not possible.empty and possible.kept(op, number).empty and not percent:
            message = f"this can never be {op} {number:g}"
            yield at_operator(node, "promql-never", message, _instead(value, possible.high))


def _instead(value: Expr, high: float) -> str | None:
    """What was meant by counting nothing, or why nothing is higher."""
    if any(isinstance(n, Call) and n.function == "histogram_quantile" for n in walk(value)):
        return f"the histogram's highest bucket ends at {high:g}: quantiles stop there"
    counts = [n for n in walk(value) if isinstance(n, Aggregate) and n.op in ("count", "group")]
    if counts:
        return "where nothing is there, nothing is counted: use absent(), or add `or vector(0)`"
    past = [c for c in walk(value) if isinstance(c, Binary) and c.op in COMPARISON]
    return "the comparison before it leaves no such value" if past else None


def _contradiction(node: Binary) -> Iterator[Problem]:
    if node.matching is not None:
        return
    right = limits(node.rhs)
    for value, before in limits(node.lhs):
        for other, after in right:
            if (
                not before.empty
                and not after.empty
                and (before & after).empty
                and same(value, other)
            ):
                message = "the two sides contradict each other: no value passes both"
                hint = "write `or` where either is enough"
                yield at_operator(node, "promql-never", message, hint)
                return


# percent ----------------------------------------------------------------------------------


@lint({"promql-percent": Level.WARNING})
def _percent(asked: Asked) -> Iterator[Problem]:
    """A ratio of 0 to 1 that is compared with a number of percent."""
    for node in walk(asked.condition):
        known = compared(node) if isinstance(node, Binary) else None
        if known is None or not isinstance(node, Binary):
            continue
        value, _, number = known
        if 1 < number <= 100 and is_share(value):
            message = f"a ratio between 0 and 1 is compared with {number:g}"
            hint = f"write {number / 100:g}, or multiply the ratio by 100"
            yield at_operator(node, "promql-percent", message, hint)


def is_share(expr: Expr) -> bool:
    """Whether an expression is a part of a whole, told as 0 to 1."""
    match expr:
        case Paren():
            return is_share(expr.expr)
        case VectorSelector():
            name = expr.name or ""
            return name.endswith(("_ratio", ":ratio")) or ":ratio_rate" in name
        case Aggregate():
            return expr.op in _LEVELS and bool(expr.args) and is_share(expr.args[-1])
        case Call(function="histogram_fraction"):
            return True
        case Call():
            inner = expr.args[-1] if expr.args else None
            return expr.function in _KEEPS_SHARE and inner is not None and _share_of_range(inner)
        case Binary(op="-"):
            lhs = unwrapped(expr.lhs)
            return isinstance(lhs, Number) and lhs.value == 1 and is_share(expr.rhs)
        case Binary(op="/"):
            return part_of(expr.lhs, expr.rhs)
        case Binary(op="and" | "unless"):
            return is_share(expr.lhs)
        case Binary() if expr.op in COMPARISON and not expr.bool:
            return is_share(expr.lhs)
        case _:
            return False


def _share_of_range(expr: Expr) -> bool:
    inner = children(unwrapped(expr))
    if len(inner) != 1:
        return False
    up = isinstance(inner[0], VectorSelector) and inner[0].name == "up"
    return up or is_share(inner[0])


# topk -------------------------------------------------------------------------------------


@lint({"promql-topk": Level.WARNING})
def _choosing(asked: Asked) -> Iterator[Problem]:
    """Series that come and go with their rank: each change begins a new alert."""
    if asked.alert:
        yield from _chosen(asked.expr)


def _chosen(expr: Expr) -> Iterator[Problem]:
    match expr:
        case Aggregate() if expr.op in SELECTING:
            message = f"{expr.op}() in an alert: a change of rank ends one alert and begins another"
            yield at(expr, "promql-topk", message, "compare every series with a limit")
        case Aggregate() | Call(function="scalar" | "absent"):
            return
        case _:
            for child in children(expr):
                yield from _chosen(child)
