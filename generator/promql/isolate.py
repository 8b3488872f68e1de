"""The one gate of isolation: pins every selector of an expression to its tenant, or refuses it.

Matchers are spliced into the author's text, every other byte stays; then our parser and a second
reader that shares no code with us both read the result again. Nothing else makes `IsolatedExpr`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import lru_cache

from generator.findings import Finding, Level, Text
from generator.promql.build import label_name, quote, splice, spliced
from generator.promql.format import wrap
from generator.promql.leaks import leaks
from generator.promql.parser import parse
from generator.promql.problems import Problem, PromqlError, in_order
from generator.promql.scope import TENANT_ID, Scope
from generator.promql.second_reader import reads_the_same
from generator.promql.tree import (
    Call,
    Expr,
    RangeSelector,
    VectorSelector,
    same,
    vector_selectors,
    walk,
)
from generator.promql.types import check_types
from generator.values import IsolatedExpr

__all__ = [
    "TENANT_ID",
    "Scope",
    "isolate",
    "isolate_text",
    "renamed",
    "second_reader_agrees",
    "with_rate_interval",
    "with_values",
    "wrap_isolated",
]


def isolate(
    text: str, scope: Scope, *, variables: bool = False, allow_constant: bool = False
) -> IsolatedExpr:
    """The expression pinned to the tenant; every byte of the author's stands as it stood.

    With `variables`, Grafana variables may stand for durations, grouping labels and inside
    strings. An expression that reads no series needs `allow_constant` (a watchdog, a maintenance
    marker). Raises PromqlError with every problem: syntax, types, and what isolation refuses.
    """
    expr, problems = _examined(text, scope, variables, allow_constant)
    if expr is None:
        raise PromqlError(problems)
    return expr


def isolate_text(
    text: Text, scope: Scope, *, variables: bool = False, allow_constant: bool = False
) -> tuple[IsolatedExpr | None, tuple[Finding, ...]]:
    """`isolate` for an expression of a spec: problems come back as findings at its place.

    The expression is None exactly when a finding is an error. Uses of shared metrics are told.
    """
    expr, problems = _examined(text.value, scope, variables, allow_constant)
    return expr, tuple(problem.finding(text) for problem in problems)


def wrap_isolated(expr: IsolatedExpr, width: int = 100) -> IsolatedExpr:
    """The same isolated expression laid out over lines (see `format.wrap`)."""
    laid_out = wrap(expr, width)
    if laid_out != expr and not same(parse(expr, variables=True), parse(laid_out, variables=True)):
        raise AssertionError("the layout changed the expression")
    return IsolatedExpr(laid_out)


def renamed(expr: IsolatedExpr, values: Mapping[tuple[str, str], str]) -> IsolatedExpr:
    """The same expression with other values in its equality matchers, by (label, value).

    For expressions that are played, never written: another tenant's value is another tenant.
    """
    found = [
        (matcher, values[matcher.name, matcher.value])
        for node in vector_selectors(parse(expr))
        for matcher in node.matchers
        if matcher.op == "=" and (matcher.name, matcher.value) in values
    ]
    text: str = expr
    for matcher, value in sorted(found, key=lambda pair: -pair[0].start):
        name = label_name(matcher.name)
        text = f"{text[: matcher.start]}{name}={quote(value)}{text[matcher.end :]}"
    return IsolatedExpr(text)


def with_rate_interval(expr: IsolatedExpr) -> IsolatedExpr:
    """The same isolated expression with Grafana's `$__rate_interval` as the range of its rates.

    For panels: a fixed range drops samples where the panel's step is longer.
    """
    tree = parse(expr, variables=True)
    spans = [
        node.args[0].range
        for node in walk(tree)
        if isinstance(node, Call) and node.function in ("rate", "irate")
        if node.args and isinstance(node.args[0], RangeSelector)
    ]
    text: str = expr
    for span in sorted(spans, key=lambda s: -s.start):
        text = text[: span.start] + "$__rate_interval" + text[span.end :]
    if _matchers(tree) != _matchers(parse(text, variables=True)):
        raise AssertionError("the range changed a selector")
    return IsolatedExpr(text)


def with_values(
    expr: IsolatedExpr, values: Mapping[tuple[str, str], str], scope: Scope
) -> IsolatedExpr:
    """The expression with Grafana variables in place of matchers' values, other than the tenant's.

    `values`: (label, value) of an equality -> the variable, which a regex match then takes.
    """
    tree = parse(expr, variables=True)
    found = [
        (matcher, values[matcher.name, matcher.value])
        for node in vector_selectors(tree)
        for matcher in node.matchers
        if matcher.op == "=" and matcher.name != scope.label
        if (matcher.name, matcher.value) in values
    ]
    text: str = expr
    for matcher, variable in sorted(found, key=lambda pair: -pair[0].start):
        name = label_name(matcher.name)
        text = f'{text[: matcher.start]}{name}=~"{variable}"{text[matcher.end :]}'
    after = vector_selectors(parse(text, variables=True))
    if not all(_pinned(node, scope) for node in after) or reads_the_same(text, after) is False:
        raise AssertionError("the variable changed a selector of the tenant")
    return IsolatedExpr(text)


def _matchers(tree: Expr) -> list[tuple[str | None, list[tuple[str, str, str]]]]:
    return [
        (node.name, [(m.name, m.op, m.value) for m in node.matchers])
        for node in vector_selectors(tree)
    ]


def second_reader_agrees(expr: str, scope: Scope) -> bool | None:
    """Whether promql-parser finds the same selectors, each pinned to the tenant, in finished text.

    None when it cannot read syntax that is newer than itself: then our own re-reading stands in.
    Raises PromqlSyntaxError when we cannot read the text ourselves.
    """
    nodes = vector_selectors(parse(expr, variables=True))
    pinned = all(_pinned(node, scope) for node in nodes)
    same = reads_the_same(expr, nodes)
    return pinned if same else same


_ANYBODY = "anybody"
"""Stands for every tenant in what is known of a text for all of them."""


@lru_cache(maxsize=2048)
def _examined(
    text: str, scope: Scope, variables: bool, allow_constant: bool
) -> tuple[IsolatedExpr | None, tuple[Problem, ...]]:
    try:
        tree = parse(text, variables=variables)
    except PromqlError as failure:
        return None, failure.problems
    if _is_sound(text, replace(scope, tenant=_ANYBODY), variables):
        problems: list[Problem] = []
    else:
        problems = check_types(tree, scope.target, experimental=scope.experimental)
        problems += leaks(text, tree, scope, variables)
    if not allow_constant and not vector_selectors(tree):
        problems.append(
            Problem(
                "isolation-constant",
                "this expression reads no series",
                tree.start,
                tree.end - tree.start,
                "name a metric; only a watchdog may be constant",
            )
        )
    if any(p.level is Level.ERROR for p in problems):
        return None, in_order(problems)
    nodes = [node for node in vector_selectors(tree) if node.name not in scope.shared]
    result = spliced(text, [splice(node, scope.matcher) for node in nodes])
    _verify(text, tree, result, scope, variables)
    return IsolatedExpr(result), in_order(problems)


@lru_cache(maxsize=4096)
def _is_sound(text: str, scope: Scope, variables: bool) -> bool:
    """Whether nothing at all is to be said of a text, whoever the tenant of the scope is.

    Whose tenant it is only matters to selectors that name its label, and those are told.
    """
    tree = parse(text, variables=variables)
    if check_types(tree, scope.target, experimental=scope.experimental):
        return False
    return not leaks(text, tree, scope, variables)


def _verify(text: str, tree: Expr, result: str, scope: Scope, variables: bool) -> None:
    """Read the result again, by our parser and by the second reader; fail closed."""
    before = vector_selectors(tree)
    after = vector_selectors(parse(result, variables=variables))
    own = len(before) == len(after) and all(
        _pinned(new, scope)
        and _others(new, scope) == _others(old, scope)
        and new.metric == old.metric
        for old, new in zip(before, after, strict=True)
    )
    if not own or reads_the_same(result, after) is False:
        raise PromqlError(
            (
                Problem(
                    "isolation-proof",
                    "the isolated expression could not be proved to stay inside the tenant",
                    0,
                    len(text),
                    "rewrite it more simply",
                ),
            )
        )


def _pinned(node: VectorSelector, scope: Scope) -> bool:
    """Whether a selector carries exactly one matcher on the label, the tenant's; or is shared."""
    on_label = [(m.op, m.value) for m in node.matchers if m.name == scope.label]
    return on_label == [("=", scope.tenant)] or (not on_label and node.name in scope.shared)


def _others(node: VectorSelector, scope: Scope) -> list[tuple[str, str, str]]:
    return [(m.name, m.op, m.value) for m in node.matchers if m.name != scope.label]
