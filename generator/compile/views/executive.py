"""The executive view: is every promise kept, and what of the business.

Thresholds of burn rates are the workbook's: 1 is the even pace, 6 and 14.4 page.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from generator.compile.burn_rate import BASE
from generator.compile.context import Context
from generator.compile.kinds import MARKER
from generator.compile.naming import slo_panel_key
from generator.compile.slo_series import (
    CURRENT_BURN,
    EXHAUSTION,
    REMAINING,
    period_ratio,
    ratio_name,
)
from generator.compile.views.parts import (
    AMBER,
    GREEN,
    RED,
    row,
    text_panel,
)
from generator.ir.dashboards import Panel, Query, Row, Threshold
from generator.promql.build import selector
from generator.spec.model import Slo
from generator.values import plain

_BUDGET = (Threshold(None, RED), Threshold(0.0, AMBER), Threshold(0.25, GREEN))
_BURN = (
    Threshold(None, GREEN),
    Threshold(1.0, "yellow"),
    Threshold(6.0, AMBER),
    Threshold(14.4, RED),
)


def promises(context: Context) -> tuple[Row, ...]:
    """A row of all SLOs together, then one for each."""
    slos = list(context.tenant.slos.values())
    if not slos:
        words = "No SLO is declared. Add `slos:` to the spec: the promise, and how it is measured."
        return (row("promises", "Promises", [text_panel("no-slos", "No promises yet", words)]),)
    rows = [row("promises", "Promises", _overview(context))]
    for slo in slos:
        title = f"{slo.name}: {plain(slo.objective)} % of {slo.service} over {slo.period}"
        rows.append(row(f"slo:{slo.name}", title, _slo(slo, context), collapsed=len(slos) > 4))
    return tuple(rows)


def business(panels: Sequence[Panel]) -> tuple[Row, ...]:
    """The users' and packs' panels for people who run the business."""
    if panels:
        return (row("business", "Business", panels),)
    words = (
        "No business panel is declared. Attach a pack such as `ml-model`, or add "
        "`dashboards: {custom: ...}` with `view: executive`."
    )
    return (row("business", "Business", [text_panel("no-business", "No figures yet", words)]),)


def operations(context: Context) -> Row:
    """Incidents and how much of the tenant is measured at all."""
    names = context.platform.labels
    firing = selector(
        "ALERTS",
        [("alertstate", "=", "firing"), (names.kind, "!=", MARKER), (names.level, "=", "")],
    )
    by = f"sum by ({names.severity}) ({firing})"
    incidents = Panel(
        key="incidents",
        title="Incidents",
        description="Alerts that fire, by severity. Anything critical has paged somebody.",
        kind="timeseries",
        queries=(Query(context.graph(by), f"{{{{ {names.severity} }}}}"),),
        unit="short",
        thresholds=(Threshold(None, GREEN), Threshold(1.0, RED)),
        width=12,
        decimals=0,
        custom={"drawStyle": "bars", "fillOpacity": 60, "stacking": {"mode": "normal"}},
    )
    coverage = Panel(
        key="coverage",
        title="Data coverage",
        description=(
            "Part of the scrape targets that answer. Below 100 % some figures on this page are "
            "guesses: see the technical view."
        ),
        kind="timeseries",
        queries=(Query(context.graph("sum(up) / count(up)"), "targets that answer"),),
        unit="percentunit",
        thresholds=(Threshold(None, RED), Threshold(0.9, AMBER), Threshold(1.0, GREEN)),
        width=12,
        minimum=0.0,
        maximum=1.0,
    )
    return row("operations", "Incidents and coverage", [incidents, coverage])


def _overview(context: Context) -> Iterable[Panel]:
    slo = context.platform.labels.slo
    legend = f"{{{{ {slo} }}}}"
    yield Panel(
        key="budgets",
        title="Error budget left",
        description="Part of each budget that is left in its period. Red: the promise is broken.",
        kind="bargauge",
        queries=(
            Query(
                context.graph(f"min by ({slo}) ({REMAINING})"),
                legend,
                instant=True,
            ),
        ),
        unit="percentunit",
        thresholds=_BUDGET,
        width=8,
        minimum=0.0,
        maximum=1.0,
        decimals=1,
    )
    burning = selector(
        "ALERTS", [("alertname", "=", "SLOErrorBudgetBurn"), ("alertstate", "=", "firing")]
    )
    yield Panel(
        key="breaches",
        title="Breaches",
        description="When each promise burned its budget fast enough to alert.",
        kind="state-timeline",
        queries=(
            Query(
                context.graph(
                    f"max by ({slo}) ({burning}) or 0 * max by ({slo}) (slo:objective:ratio)"
                ),
                legend,
            ),
        ),
        unit="none",
        thresholds=(Threshold(None, GREEN), Threshold(1.0, RED)),
        width=8,
    )
    yield Panel(
        key="exhaustion",
        title="Time until the budget is spent",
        description="At the pace of the last minutes. Below a day: stop and mend.",
        kind="bargauge",
        queries=(
            Query(
                context.graph(f"min by ({slo}) ({EXHAUSTION})"),
                legend,
                instant=True,
            ),
        ),
        unit="s",
        thresholds=(Threshold(None, RED), Threshold(86_400.0, AMBER), Threshold(604_800.0, GREEN)),
        width=8,
        minimum=0.0,
    )


@dataclass(frozen=True, slots=True)
class _Promise:
    """One SLO as its panels draw it."""

    slo: Slo
    context: Context

    def query(self, record: str, before: str = "") -> tuple[Query, ...]:
        """A recorded series of it, a line for each combination of its labels."""
        matchers = [(self.context.platform.labels.slo, "=", self.slo.name)]
        legend = " ".join(f"{{{{ {label} }}}}" for label in self.slo.group_by) or self.slo.name
        return (Query(self.context.graph(before + selector(record, matchers)), legend),)


def _slo(slo: Slo, context: Context) -> Iterable[Panel]:
    promise = _Promise(slo, context)
    return (_attained(promise), _budget(promise), _burn(promise), _errors(promise))


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
        queries=promise.query(period_ratio(slo), "1 - "),
        unit="percentunit",
        thresholds=(Threshold(None, RED), Threshold(float(slo.objective / 100), GREEN)),
        width=4,
        decimals=3,
    )


def _budget(promise: _Promise) -> Panel:
    slo = promise.slo
    return Panel(
        key=slo_panel_key(slo.name, "budget"),
        title=f"{slo.name}: error budget",
        description=(
            f"What is left of the budget of {slo.period}, burning down. At 0 the promise is "
            "broken: reliability comes before features."
        ),
        kind="timeseries",
        queries=promise.query(REMAINING),
        unit="percentunit",
        thresholds=_BUDGET,
        width=7,
        maximum=1.0,
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
        queries=promise.query(CURRENT_BURN),
        unit="short",
        thresholds=_BURN,
        width=7,
        minimum=0.0,
    )


def _errors(promise: _Promise) -> Panel:
    slo = promise.slo
    return Panel(
        key=slo_panel_key(slo.name, "ratio"),
        title=f"{slo.name}: errors",
        description="Part of the events that fail, over five minutes.",
        kind="timeseries",
        queries=promise.query(ratio_name(BASE)),
        unit="percentunit",
        thresholds=(Threshold(None, GREEN), Threshold(float(1 - slo.objective / 100), RED)),
        width=6,
        minimum=0.0,
    )
