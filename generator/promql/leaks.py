"""What in an expression could leave its tenant although every selector is pinned."""

from __future__ import annotations

import re
from collections.abc import Iterator

from generator.findings import Level
from generator.promql.lexer import VARIABLE, comments
from generator.promql.problems import Problem
from generator.promql.scope import Scope
from generator.promql.tree import (
    Aggregate,
    Binary,
    Call,
    Expr,
    Matcher,
    String,
    Variable,
    VectorSelector,
    unwrapped,
    walk,
)
from generator.promql.types import type_of

_WRITING = frozenset({"label_replace", "label_join", "histogram_quantiles"})
"""Functions whose second argument names a label that they write."""


def leaks(text: str, tree: Expr, scope: Scope, variables: bool) -> list[Problem]:
    """Every construct that splicing cannot make safe, and notes on the ones it can."""
    problems: list[Problem] = []
    for node in walk(tree):
        match node:
            case VectorSelector():
                problems += _selector_leaks(node, scope, variables)
            case Call():
                problems += _call_leaks(node, scope, variables)
            case Aggregate(op="count_values") if node.args:
                problems += _written(node.args[0], "count_values", scope, variables)
            case Binary():
                problems += _binary_leaks(node, scope)
            case Variable() if type_of(node) == "unknown":
                problems.append(_variable(node.start, node.end - node.start))
            case _:
                pass
    if variables and "#" in text:
        for comment in comments(text, variables=True):
            if re.search(VARIABLE, text[comment.start : comment.end]):
                problems.append(_variable(comment.start, comment.end - comment.start))
    return problems


def _selector_leaks(node: VectorSelector, scope: Scope, variables: bool) -> Iterator[Problem]:
    if node.variable:
        yield _variable(node.start, len(node.metric or ""))
    for matcher in node.matchers:
        length = matcher.end - matcher.start
        if matcher.name == scope.label:
            yield _own_label(matcher, scope)
        elif (
            matcher.variable
            or (variables and matcher.quoted and _varies(matcher.name))
            or (variables and matcher.bare and _varies(matcher.value))
        ):
            yield _variable(matcher.start, length)
    if node.name in scope.shared:
        yield Problem(
            "isolation-shared",
            f"{node.name} is shared by all tenants: it is read without the {scope.label} label",
            node.start,
            node.body_end - node.start,
            level=Level.INFO,
        )


def _own_label(matcher: Matcher, scope: Scope) -> Problem:
    same = matcher.op == "=" and matcher.value == scope.tenant
    return Problem(
        "isolation-label",
        f"expressions may not match on the label {scope.label}"
        if same
        else f"this matches on the label {scope.label}, which belongs to isolation",
        matcher.start,
        matcher.end - matcher.start,
        f'leave it out: {scope.label}="{scope.tenant}" is added to every selector',
    )


def _call_leaks(node: Call, scope: Scope, variables: bool) -> Iterator[Problem]:
    if node.function == "info":
        if len(node.args) < 2:
            yield Problem(
                "isolation-info",
                "info() without a selector can bring in another tenant's labels",
                node.start,
                node.end - node.start,
                "give it the labels it may read: info(v, {…}), or join with group_left",
            )
        else:
            yield Problem(
                "isolation-info",
                "info() picks the series whose labels it reads; they are pinned to the tenant",
                node.start,
                node.end - node.start,
                level=Level.WARNING,
            )
    elif node.function in _WRITING and len(node.args) > 1:
        yield from _written(node.args[1], node.function, scope, variables)


def _written(target: Expr, by: str, scope: Scope, variables: bool) -> Iterator[Problem]:
    """Problems of a label that is written: ours, or not known before the dashboard runs."""
    name = unwrapped(target)
    length = target.end - target.start
    if isinstance(name, String) and name.value == scope.label:
        yield Problem(
            "isolation-write",
            f"{by} may not write the label {scope.label}",
            target.start,
            length,
            "write another label",
        )
    elif isinstance(name, Variable) or (
        variables and isinstance(name, String) and _varies(name.value)
    ):
        yield _variable(target.start, length)


def _binary_leaks(node: Binary, scope: Scope) -> Iterator[Problem]:
    if node.matching is None or not node.matching.include:
        return
    if scope.label in node.matching.include:
        yield Problem(
            "isolation-write",
            f"group_{node.matching.group} may not copy the label {scope.label}",
            node.op_start,
            node.op_end - node.op_start,
            f"rules carry {scope.label} as a static label already",
        )
    if any(map(_varies, node.matching.include)):
        yield _variable(node.op_start, node.op_end - node.op_start)


def _varies(text: str) -> bool:
    return re.search(VARIABLE, text) is not None


def _variable(offset: int, length: int) -> Problem:
    return Problem(
        "isolation-variable",
        "a variable here could bring in another tenant's series",
        offset,
        length,
        'use variables inside matchers\' values, as in {__name__="$metric"}, or as durations',
    )
