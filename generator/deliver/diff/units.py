"""In which unit a threshold is: by the panel that draws the alert, else by the metrics' names."""

from __future__ import annotations

from collections.abc import Iterable

from generator.ir.dashboards import Dashboard
from generator.ir.rules import AlertRule
from generator.promql.parser import parse
from generator.promql.problems import PromqlError
from generator.promql.tree import Binary, Call, Expr, unwrapped, vector_selectors

_PANEL = "__panelId__"
_PARTS = ("_bucket", "_sum")


def panel_unit(rule: AlertRule, dashboards: Iterable[Dashboard] | None) -> str:
    """Grafana's unit of the panel that an alert names; empty without one."""
    wanted = rule.annotations.get(_PANEL)
    if wanted is None:
        return ""
    found = (
        p.unit for d in dashboards or () for row in d.rows for p in row.panels if p.key == wanted
    )
    return next(found, "")


def unit_of(subject: str) -> str:
    """The unit that an expression's metrics tell by their names; empty when they do not."""
    try:
        return _unit(parse(subject, variables=True))
    except PromqlError:
        return ""


def _unit(expr: Expr) -> str:
    expr = unwrapped(expr)
    if isinstance(expr, Binary) and expr.op == "/":
        above, below = _unit(expr.lhs), _unit(expr.rhs)
        return "percentunit" if above == below else above if not below else ""
    if isinstance(expr, Binary) and expr.op in ("*", "^"):
        return ""
    if isinstance(expr, Call) and expr.function in ("count_over_time", "changes", "resets"):
        return ""
    names = [node.name or "" for node in vector_selectors(expr)]
    kinds = {_named(name) for name in names}
    return kinds.pop() if len(kinds) == 1 else ""


def _named(name: str) -> str:
    for part in _PARTS:
        name = name.removesuffix(part)
    if "ratio" in name:
        return "percentunit"
    if name.endswith("_seconds"):
        return "s"
    if name.endswith("_bytes"):
        return "bytes"
    return ""
