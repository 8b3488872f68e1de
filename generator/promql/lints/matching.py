"""Lints of two vectors that meet: sides that can never match, too many matches, a dead `or`."""

from __future__ import annotations

from collections.abc import Iterator

from generator.findings import Level
from generator.promql.implication import covers
from generator.promql.labels import output_labels
from generator.promql.lints.registry import Asked, at, at_operator, lint
from generator.promql.presence import expected_labels, fixed_labels
from generator.promql.problems import Problem
from generator.promql.tree import SELECTING, Aggregate, Binary, Call, Expr, unwrapped, walk
from generator.promql.types import type_of

Known = dict[str, frozenset[str]]


def _joins(asked: Asked) -> Iterator[Binary]:
    for node in walk(asked.expr):
        if isinstance(node, Binary) and node.op != "or":
            types = {type_of(node.lhs), type_of(node.rhs)}
            if types == {"instant vector"}:
                yield node


@lint({"promql-never-matches": Level.WARNING})
def _never(asked: Asked) -> Iterator[Problem]:
    """Sides of which one always has a matched label that the other cannot have, or another value
    of it: the result is always empty, and an alert on it is silently dead."""
    known = asked.catalogue.known()
    for node in _joins(asked):
        reason = _apart(node, known)
        if reason is None:
            continue
        told, shared = reason
        what = "the result is always empty"
        if node.op == "unless":
            what = "`unless` takes nothing away"
        hint = f"match on what both have: {node.op} on ({', '.join(shared)})"
        yield at_operator(node, "promql-never-matches", f"{told}: {what}", hint)


def _apart(node: Binary, known: Known) -> tuple[str, list[str]] | None:
    """Why the sides never meet, with the labels that both can have."""
    left, right = expected_labels(node.lhs, known), expected_labels(node.rhs, known)
    can_left, can_right = output_labels(node.lhs, known), output_labels(node.rhs, known)
    shared = sorted(n for n in left | right if can_left.can_have(n) and can_right.can_have(n))
    for label in sorted(_matched(node, left)):
        if not can_right.can_have(label):
            return f"only the left side has the label {label}", shared
    for label in sorted(_matched(node, right)):
        if not can_left.can_have(label):
            return f"only the right side has the label {label}", shared
    one, other = fixed_labels(node.lhs), fixed_labels(node.rhs)
    for label in sorted(_matched(node, frozenset(one.keys() & other.keys()))):
        if one[label] != other[label] and label != "__name__":
            apart = [name for name in shared if name != label]
            return f"{label} is {one[label]!r} on the left and {other[label]!r} on the right", apart
    return None


def _matched(node: Binary, labels: frozenset[str]) -> frozenset[str]:
    matching = node.matching
    if matching is None:
        return labels
    named = frozenset(matching.labels)
    return labels & named if matching.on else labels - named


@lint({"promql-many-to-many": Level.WARNING})
def _many(asked: Asked) -> Iterator[Problem]:
    """A side that has several series for one match, seen from its own grouping."""
    for node in _joins(asked):
        matching = node.matching
        if matching is None or node.op in ("and", "unless"):
            continue
        sides = {"left": node.lhs, "right": node.rhs}
        sides.pop(matching.group, None)
        for side, expr in sides.items():
            extra = _unmatched(expr, node)
            if not extra:
                continue
            names = ", ".join(extra)
            message = f"the {side} side has a series for each {names}, and the match leaves it out"
            hint = (
                f"aggregate the {side} side by the labels of the match"
                if matching.group
                else f"match on {names} too, or write group_{side}"
            )
            yield at_operator(node, "promql-many-to-many", message, hint)


def _unmatched(expr: Expr, node: Binary) -> list[str]:
    """Labels that a side is grouped by and that do not take part in the match."""
    inner = unwrapped(expr)
    while isinstance(inner, Binary) and type_of(inner.rhs) == "scalar":
        inner = unwrapped(inner.lhs)
    if not isinstance(inner, Aggregate) or inner.grouping != "by" or inner.op in SELECTING:
        return []
    loose = frozenset(inner.labels) - _matched(node, frozenset(inner.labels))
    return sorted(loose - fixed_labels(inner).keys())


@lint({"promql-dead-or": Level.WARNING})
def _dead(asked: Asked) -> Iterator[Problem]:
    """The right side of an `or` of which the left side has every series already."""
    known = asked.catalogue.known()
    for node in walk(asked.expr):
        if not isinstance(node, Binary) or node.op != "or":
            continue
        one = output_labels(node.rhs, known)
        unlabelled = not one.named and not one.open
        if covers(node.lhs, node.rhs) or (unlabelled and _always_there(node.lhs)):
            message = "this side of `or` never adds a series: the left one has them all"
            hint = "remove it, or put the more special side first"
            yield at(node.rhs, "promql-dead-or", message, hint)


def _always_there(expr: Expr) -> bool:
    """A sample without labels that is there whatever is measured."""
    inner = unwrapped(expr)
    return isinstance(inner, Call) and inner.function == "vector"
