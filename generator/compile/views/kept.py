"""All SLOs of a tenant together: what was promised, what was kept, when each budget ends."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from generator.compile.context import Context
from generator.compile.slo_alerts import BURN_ALERT
from generator.compile.slo_series import CURRENT_BURN, EXHAUSTION, PERIOD_BURN, REMAINING
from generator.compile.views.parts import (
    AMBER,
    CALM,
    GREEN,
    RED,
    STATES,
    firing,
)
from generator.compile.views.tables import column_override, table_columns, table_height
from generator.ir.dashboards import Panel, Query, Threshold

BUDGET = (Threshold(None, RED), Threshold(0.0, AMBER), Threshold(0.25, GREEN))
BURN = (
    Threshold(None, GREEN),
    Threshold(1.0, "yellow"),
    Threshold(6.0, AMBER),
    Threshold(14.4, RED),
)
LEFT = (Threshold(None, RED), Threshold(86_400.0, AMBER), Threshold(604_800.0, GREEN))
FAR = 3650 * 86_400
"""Seconds from which on the end of a budget is no date worth telling."""


def kept(context: Context) -> Panel:
    """Objective against attained, budget, pace and the date of its end, a line for each SLO."""
    slo = context.platform.labels.slo
    by = f"by ({slo})"
    columns = (
        ("Objective", f"max {by} (slo:objective:ratio)", _percent(3)),
        (
            "Attained",
            f"1 - max {by} ({PERIOD_BURN} * on ({slo}) group_left () "
            f"max {by} (slo:error_budget:ratio))",
            _percent(3),
        ),
        ("Budget left", f"min {by} ({REMAINING})", _coloured("percentunit", BUDGET)),
        ("Burn rate", f"max {by} ({CURRENT_BURN})", _coloured("short", BURN)),
        (
            "Budget ends",
            f"(time() + (min {by} ({EXHAUSTION}) < {FAR})) * 1000",
            {"unit": "dateTimeAsIso"},
        ),
    )
    return Panel(
        key="kept",
        title="Is every promise kept?",
        description=(
            "Each promise with what was attained in its period, what is left of its budget, how "
            "fast it burns and when it ends at this pace; no date: it lasts. A red budget is a "
            "broken promise: reliability comes before features."
        ),
        kind="table",
        queries=tuple(
            Query(context.graph(expr), name, instant=True, format="table")
            for name, expr, _ in columns
        ),
        unit="none",
        thresholds=CALM,
        width=24,
        height=min(15, table_height(len(context.tenant.slos))),
        overrides=tuple(
            column_override(name, *properties.items()) for name, _, properties in columns
        ),
        transformations=table_columns([name for name, _, _ in columns], {slo: "Promise"}),
        options={"sortBy": [{"desc": False, "displayName": "Budget left"}]},
    )


def _percent(decimals: int) -> Mapping[str, Any]:
    return {"unit": "percentunit", "decimals": decimals}


def _coloured(unit: str, steps: Iterable[Threshold]) -> Mapping[str, Any]:
    """A column whose cells have the colour of their value."""
    listed = [{"color": step.color, "value": step.value} for step in steps]
    return {
        "unit": unit,
        "decimals": 1,
        "custom.cellOptions": {"type": "color-background", "mode": "basic"},
        "thresholds": {"mode": "absolute", "steps": listed},
    }


def overview(context: Context) -> Iterable[Panel]:
    """Budgets, breaches over time, and the time that is left."""
    slo = context.platform.labels.slo
    yield replace(
        _bars(context, "budgets", "Error budget left", REMAINING, BUDGET),
        description="Part of each budget that is left in its period. Red: the promise is broken.",
        unit="percentunit",
        maximum=1.0,
        decimals=1,
    )
    burning = firing(context, ("alertname", "=", BURN_ALERT))
    state = f"max by ({slo}) ({burning}) or 0 * max by ({slo}) (slo:objective:ratio)"
    yield Panel(
        key="breaches",
        title="Breaches",
        description="When each promise burned its budget fast enough to alert.",
        kind="state-timeline",
        queries=(Query(context.graph(state), f"{{{{ {slo} }}}}"),),
        unit="none",
        thresholds=(Threshold(None, GREEN), Threshold(1.0, RED)),
        width=8,
        mappings=STATES,
    )
    yield replace(
        _bars(context, "exhaustion", "Time until the budget is spent", EXHAUSTION, LEFT),
        description="At the pace of the last minutes. Below a day: stop and mend.",
        unit="s",
    )


def _bars(
    context: Context, key: str, title: str, record: str, steps: tuple[Threshold, ...]
) -> Panel:
    """A bar for each SLO, the shortest first."""
    slo = context.platform.labels.slo
    expr = context.graph(f"sort(min by ({slo}) ({record}))")
    return Panel(
        key=key,
        title=title,
        description="",
        kind="bargauge",
        queries=(Query(expr, f"{{{{ {slo} }}}}", instant=True),),
        thresholds=steps,
        width=8,
        minimum=0.0,
    )
