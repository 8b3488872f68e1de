"""The one gate of isolation: pins every selector of an expression to its tenant, or refuses it.

Matchers are spliced into the author's text, every other byte stays; then our parser and a second
reader that shares no code with us both read the result again. Nothing else makes `IsolatedExpr`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache

from generator.findings import Finding, Level, Text
from generator.promql.build import label_name, quote, splice, spliced
from generator.promql.format import wrap
from generator.promql.lexer import VARIABLE, comments
from generator.promql.parser import parse
from generator.promql.problems import Problem, PromqlError, in_order
from generator.promql.second_reader import reads_the_same
from generator.promql.tree import (
    Aggregate,
    Binary,
    Call,
    Expr,
    Matcher,
    RangeSelector,
    String,
    Variable,
    VectorSelector,
    same,
    unwrapped,
    vector_selectors,
    walk,
)
from generator.promql.types import check_types, type_of
from generator.values import IsolatedExpr, Version

TENANT_ID = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?")
_WRITING = frozenset({"label_replace", "label_join", "histogram_quantiles"})
"""Functions whose second argument names a label that they write."""
_LABEL = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_TAKEN = frozenset(
    {
        "__name__",
        "alertname",
        "alertstate",
        "instance",
        "job",
        "le",
        "quantile",
        "severity",
        "service",
        "slo",
        "team",
    }
)


@dataclass(frozen=True, slots=True)
class Scope:
    """Whose expressions these are and for which Prometheus.

    `label` and `tenant` make the matcher `label="tenant"`. `shared` are the platform's
    allow-listed metrics that lack the label: they are read as they are. `experimental` says that
    the target runs with its experimental PromQL features on. Raises ValueError for a tenant id
    outside `[a-z0-9-]` or a label that Prometheus, Alertmanager or we use ourselves.
    """

    label: str
    tenant: str
    target: Version = Version(2, 42)
    shared: frozenset[str] = frozenset()
    experimental: bool = False

    def __post_init__(self) -> None:
        if not TENANT_ID.fullmatch(self.tenant):
            raise ValueError(f"{self.tenant!r} is no tenant id: lower-case letters, digits and -")
        if not _LABEL.fullmatch(self.label) or self.label in _TAKEN or self.label[:2] == "__":
            raise ValueError(f"{self.label!r} cannot be the tenant label")

    @property
    def matcher(self) -> str:
        """The text that is spliced in: `tenant="x"`."""
        return f"{self.label}={quote(self.tenant)}"


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


@lru_cache(maxsize=8192)
def _examined(
    text: str, scope: Scope, variables: bool, allow_constant: bool
) -> tuple[IsolatedExpr | None, tuple[Problem, ...]]:
    try:
        tree = parse(text, variables=variables)
    except PromqlError as failure:
        return None, failure.problems
    problems = check_types(tree, scope.target, experimental=scope.experimental)
    problems += _leaks(text, tree, scope, variables)
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


# what could leave the tenant ---------------------------------------------------------------


def _leaks(text: str, tree: Expr, scope: Scope, variables: bool) -> list[Problem]:
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
