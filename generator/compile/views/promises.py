"""Is every promise kept: a row of all SLOs together, then one for each.

Thresholds of burn rates are the workbook's: 1 is the even pace, 6 and 14.4 page.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from generator.compile.burn_rate import BASE
from generator.compile.context import Context
from generator.compile.naming import runbook_url, slo_panel_key
from generator.compile.slo_alerts import BURN_ALERT
from generator.compile.slo_series import (
    CURRENT_BURN,
    ELAPSED,
    EXHAUSTION,
    PERIOD_BURN,
    REMAINING,
    period_ratio,
    ratio_name,
)
from generator.compile.views.of_alerts import rule_link
from generator.compile.views.parts import (
    AMBER,
    CALM,
    GREEN,
    RED,
    column_override,
    dashed,
    firing,
    row,
    table_columns,
    text_panel,
)
from generator.ir.dashboards import Panel, Query, Row, Threshold
from generator.promql.build import selector
from generator.spec.model import Slo
from generator.values import plain

OPEN_ROWS = 4
"""SLOs whose rows stand open; of more, each is opened when it is wanted."""
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


def promises(context: Context) -> tuple[Row, ...]:
    """A row of all SLOs together, then one for each."""
    slos = list(context.tenant.slos.values())
    if not slos:
        words = "No SLO is declared. Add `slos:` to the spec: the promise, and how it is measured."
        return (row("promises", "Promises", [text_panel("no-slos", "No promises yet", words)]),)
    rows = [row("promises", "Promises", (_kept(context), *_overview(context)))]
    for slo in slos:
        title = f"{slo.name}: {plain(slo.objective)} % of {slo.service} over {slo.period}"
        collapsed = len(slos) > OPEN_ROWS
        rows.append(row(f"slo:{slo.name}", title, _slo(slo, context), collapsed=collapsed))
    return tuple(rows)


def _kept(context: Context) -> Panel:
    """Objective against attained, budget, pace and the date of its end, a line for each SLO."""
    slo = context.platform.labels.slo
    by = f"by ({slo})"
    columns = (
        ("objective", f"max {by} (slo:objective:ratio)", _percent(3)),
        (
            "attained",
            f"1 - max {by} ({PERIOD_BURN} * on ({slo}) group_left () "
            f"max {by} (slo:error_budget:ratio))",
            _percent(3),
        ),
        ("budget left", f"min {by} ({REMAINING})", _coloured("percentunit", BUDGET)),
        ("burn rate", f"max {by} ({CURRENT_BURN})", _coloured("short", BURN)),
        (
            "budget ends",
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
        height=min(12, 4 + len(context.tenant.slos)),
        overrides=tuple(
            column_override(name, *properties.items()) for name, _, properties in columns
        ),
        transformations=table_columns([name for name, _, _ in columns], ()),
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


def _overview(context: Context) -> Iterable[Panel]:
    slo = context.platform.labels.slo
    legend = f"{{{{ {slo} }}}}"
    yield Panel(
        key="budgets",
        title="Error budget left",
        description="Part of each budget that is left in its period. Red: the promise is broken.",
        kind="bargauge",
        queries=(Query(context.graph(f"min by ({slo}) ({REMAINING})"), legend, instant=True),),
        unit="percentunit",
        thresholds=BUDGET,
        width=8,
        minimum=0.0,
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
        queries=(Query(context.graph(state), legend),),
        unit="none",
        thresholds=(Threshold(None, GREEN), Threshold(1.0, RED)),
        width=8,
    )
    yield Panel(
        key="exhaustion",
        title="Time until the budget is spent",
        description="At the pace of the last minutes. Below a day: stop and mend.",
        kind="bargauge",
        queries=(Query(context.graph(f"min by ({slo}) ({EXHAUSTION})"), legend, instant=True),),
        unit="s",
        thresholds=LEFT,
        width=8,
        minimum=0.0,
    )


@dataclass(frozen=True, slots=True)
class _Promise:
    """One SLO as its panels draw it."""

    slo: Slo
    context: Context

    def of(self, record: str) -> str:
        """The selector of a recorded series of it."""
        return selector(record, [(self.context.platform.labels.slo, "=", self.slo.name)])

    def query(self, expr: str, *, instant: bool = False) -> Query:
        """A line for each combination of its labels."""
        legend = " ".join(f"{{{{ {label} }}}}" for label in self.slo.group_by) or self.slo.name
        return Query(self.context.graph(expr), legend, instant)

    @property
    def links(self) -> tuple[tuple[str, str], ...]:
        """The runbook of its burn-rate alerts, and the rule."""
        context = self.context
        own = self.slo.runbook or runbook_url(
            context.platform, context.tenant.id, BURN_ALERT, self.slo.service
        )
        return (("Runbook", own), *rule_link(BURN_ALERT, context))


def _slo(slo: Slo, context: Context) -> Iterable[Panel]:
    promise = _Promise(slo, context)
    return (
        _attained(promise),
        _ends(promise),
        _budget(promise),
        _burn(promise),
        _errors(promise),
    )


def _attained(promise: _Promise) -> Panel:
    slo = promise.slo
    told = f"this {slo.calendar}" if slo.calendar else f"the last {slo.window}"
    return Panel(
        key=slo_panel_key(slo.name, "attained"),
        title=f"{slo.name}: attained",
        description=(
            f"{slo.description or slo.name}. Good events of {told}; the objective "
            f"is {plain(slo.objective)} %. Red: the promise is broken."
        ),
        kind="stat",
        queries=(promise.query(f"1 - {promise.of(period_ratio(slo))}"),),
        unit="percentunit",
        thresholds=(Threshold(None, RED), Threshold(float(slo.objective / 100), GREEN)),
        width=3,
        decimals=3,
    )


def _ends(promise: _Promise) -> Panel:
    """The date on which the budget is spent, coloured by how near it is."""
    end = f"(time() + ({promise.of(EXHAUSTION)} < {FAR})) * 1000"
    return Panel(
        key=slo_panel_key(promise.slo.name, "ends"),
        title=f"{promise.slo.name}: budget ends",
        description=(
            "When the budget is spent if it goes on as in the last minutes. No date: it lasts. "
            "Days away: stop what is risky; hours: somebody should mend it now."
        ),
        kind="stat",
        queries=(promise.query(end, instant=True),),
        unit="dateTimeFromNow",
        thresholds=CALM,
        width=3,
        options={"colorMode": "none", "graphMode": "none"},
        mappings=(
            {
                "type": "special",
                "options": {"match": "null+nan", "result": {"text": "it lasts", "index": 0}},
            },
        ),
    )


def _budget(promise: _Promise) -> Panel:
    slo = promise.slo
    queries = [promise.query(promise.of(REMAINING))]
    told = ""
    if slo.calendar:
        even = Query(promise.context.graph(f"1 - {promise.of(ELAPSED)}"), "even pace")
        queries, told = [*queries, even], " Below the dashed line it burns too fast."
    return Panel(
        key=slo_panel_key(slo.name, "budget"),
        title=f"{slo.name}: error budget",
        description=(
            f"What is left of the budget of {slo.period}, burning down. At 0 the promise is "
            f"broken: reliability comes before features.{told}"
        ),
        kind="timeseries",
        queries=tuple(queries),
        unit="percentunit",
        thresholds=BUDGET,
        width=6,
        maximum=1.0,
        overrides=(dashed(1, "text"),) if slo.calendar else (),
        time_from="" if slo.calendar else str(slo.window),
        links=promise.links,
    )


def _burn(promise: _Promise) -> Panel:
    slo = promise.slo
    return Panel(
        key=slo_panel_key(slo.name, "burn"),
        title=f"{slo.name}: burn rate",
        description=(
            "How many times faster than the even pace the budget burns. Above 1 it will not last; "
            "above 6 and 14.4 somebody is paged."
        ),
        kind="timeseries",
        queries=(promise.query(promise.of(CURRENT_BURN)),),
        unit="short",
        thresholds=BURN,
        width=6,
        minimum=0.0,
        links=promise.links,
    )


def _errors(promise: _Promise) -> Panel:
    slo = promise.slo
    return Panel(
        key=slo_panel_key(slo.name, "ratio"),
        title=f"{slo.name}: errors",
        description="Part of the events that fail, over five minutes.",
        kind="timeseries",
        queries=(promise.query(promise.of(ratio_name(BASE))),),
        unit="percentunit",
        thresholds=(Threshold(None, GREEN), Threshold(float(1 - slo.objective / 100), RED)),
        width=6,
        minimum=0.0,
        links=promise.links,
    )
