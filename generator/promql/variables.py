"""Queries of Grafana's dashboard variables: `label_values(…)`, `query_result(…)`, isolated.

Only the argument that selects series is touched; it goes through the same gate as any expression.
"""

from __future__ import annotations

import re

from generator.promql.isolate import Scope, isolate
from generator.promql.lexer import VARIABLE, tokens
from generator.promql.problems import Problem, PromqlError

_LABEL = re.compile(rf"[A-Za-z_][A-Za-z0-9_]*|{VARIABLE}")
_LEAKS = {
    "label_names": "list the labels you need as separate variables",
    "metrics": 'use label_values({__name__=~"…"}, __name__)',
}


def isolate_variable_query(query: str, scope: Scope) -> str:
    """The query of a dashboard variable, pinned to the tenant.

    `label_values(metric, label)` and `query_result(expr)` isolate their argument,
    `label_values(label)` gets a selector; `label_names()` and `metrics()` list what other tenants
    have and are refused, as is anything else. Raises PromqlError.
    """
    name, start, end = _call(query)
    inner = query[start:end]
    if name == "query_result":
        return f"query_result({_isolated(query, start, end, scope)})"
    comma = _last_comma(inner, start)
    label = inner[comma + 1 :].strip()
    if not _LABEL.fullmatch(label):
        raise _refused(f"{label or 'nothing'} is no label name", start, len(inner), None)
    if comma < 0:
        return f"label_values({{{scope.matcher}}}, {label})"
    return f"label_values({_isolated(query, start, start + comma, scope)}, {label})"


def _call(query: str) -> tuple[str, int, int]:
    """The function's name and the span between its parentheses."""
    match = re.fullmatch(r"\s*([A-Za-z_]+)\s*\((.*)\)\s*", query, re.DOTALL)
    name = match[1] if match else ""
    if name in _LEAKS:
        raise _refused(
            f"{name}() shows the names of every tenant's series", 0, len(query), _LEAKS[name]
        )
    if match is None or name not in ("label_values", "query_result"):
        raise _refused(
            "this is no variable query",
            0,
            max(1, len(query)),
            "write label_values(metric, label) or query_result(expression)",
        )
    return name, match.start(2), match.end(2)


def _last_comma(inner: str, offset: int) -> int:
    """Where the comma before the label stands: the last one outside braces and strings."""
    depth, found = 0, -1
    try:
        for kind, _, at in tokens(inner, variables=True):
            if kind in ("(", "{", "["):
                depth += 1
            elif kind in (")", "}", "]"):
                depth -= 1
            elif kind == "," and depth == 0:
                found = at
    except PromqlError as failure:
        raise _moved(failure, offset) from None
    return found


def _isolated(query: str, start: int, end: int, scope: Scope) -> str:
    try:
        return isolate(query[start:end].strip(), scope, variables=True)
    except PromqlError as failure:
        lead = len(query[start:end]) - len(query[start:end].lstrip())
        raise _moved(failure, start + lead) from None


def _moved(failure: PromqlError, offset: int) -> PromqlError:
    return PromqlError(
        Problem(p.code, p.message, p.offset + offset, p.length, p.hint, p.level)
        for p in failure.problems
    )


def _refused(message: str, offset: int, length: int, hint: str | None) -> PromqlError:
    return PromqlError((Problem("isolation-variable-query", message, offset, length, hint),))
