"""Every doubt about an expression: its result, and the lints of `promql.lints`.

Syntax and types are `parser` and `types`; isolation is `isolate`.
"""

from __future__ import annotations

from collections.abc import Iterator

from generator.findings import Level
from generator.lints import declare
from generator.promql.catalogue import Catalogue, MetricInfo
from generator.promql.lints import FINDERS, Asked
from generator.promql.problems import Problem, in_order
from generator.promql.tree import Expr
from generator.promql.types import type_of
from generator.values import Duration

__all__ = ["Catalogue", "MetricInfo", "check"]

declare({"promql-result": Level.ERROR})


def check(
    expr: Expr,
    text: str,
    catalogue: Catalogue | None = None,
    *,
    alert: bool = False,
    level: tuple[str, float] | None = None,
    scrape_interval: Duration | None = None,
    retention: Duration | None = None,
) -> list[Problem]:
    """Every doubt about an expression, in the order of its `text`.

    `catalogue` None: no metrics are declared and none are checked. `alert`: every sample fires.
    `level`: the (operator, number) that an alert compares the result with. `scrape_interval`,
    `retention` None: ranges are not compared with them.
    """
    result = tuple(_result(expr))
    if result:
        return list(result)
    declared = catalogue or Catalogue()
    asked = Asked(expr, text, declared, alert, level, scrape_interval, retention)
    return list(in_order(problem for finder in FINDERS for problem in finder(asked)))


def _result(expr: Expr) -> Iterator[Problem]:
    result = type_of(expr)
    if result == "range vector":
        hint = "reduce the range with rate(), increase(), avg_over_time(), …"
    elif result == "scalar":
        hint = "wrap it in vector()"
    else:
        hint = None
    if result not in ("instant vector", "unknown"):
        message = f"the result is a {result}, not an instant vector"
        yield Problem("promql-result", message, expr.start, expr.end - expr.start, hint)
