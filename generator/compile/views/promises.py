"""Is every promise kept: a row of all SLOs together, then one for each.

Thresholds of burn rates are the workbook's: 1 is the even pace, 6 and 14.4 page.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from generator.compile.burn_rate import BASE
from generator.compile.context import Context
from generator.compile.naming import runbook_url, slo_panel_key
from generator.compile.slo_alerts import BURN_ALERT
from generator.compile.slo_series import (
    CURRENT_BURN,
    ELAPSED,
    EXHAUSTION,
    REMAINING,
    period_ratio,
    ratio_name,
)
from generator.compile.views.kept import BUDGET, BURN, FAR, kept, overview
from generator.compile.views.of_alerts import rule_link
from generator.compile.views.parts import (
    CALM,
    GREEN,
    RED,
    dashed,
    row,
    text_panel,
)
from generator.ir.dashboards import Panel, Query, Row, Threshold
from generator.promql.build import selector
from generator.spec.model import Slo
from generator.values import plain

OPEN_ROWS = 4
"""SLOs whose rows stand open; of more, each is opened when it is wanted."""


def promises(context: Context) -> tuple[Row, ...]:
    """A row of all SLOs together, then one for each."""
    slos = list(context.tenant.slos.values())
    if not slos:
        words = "No SLO is declared. Add `slos:` to the spec: the promise, and how it is measured."
        return (row("promises", "Promises", [text_panel("no-slos", "No promises yet", words)]),)
    rows = [row("promises", "Promises", (kept(context), *overview(context)))]
    for slo in slos:
        title = f"{slo.name}: {plain(slo.objective)} % of {slo.service} over {slo.period}"
        collapsed = len(slos) > OPEN_ROWS
        rows.append(row(f"slo:{slo.name}", title, _slo(slo, context), collapsed=collapsed))
    return tuple(rows)


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
        width=4,
        decimals=3,
    )


def _ends(promise: _Promise) -> Panel:
    """The date on which the budget is spent, coloured by how near it is."""
    end = f"(time() + ({promise.of(EXHAUSTION)} < {FAR})) * 1000"
    return Panel(
        key=slo_panel_key(promise.slo.name, "ends"),
        title=f"{promise.slo.name}: runs out",
        description=(
            "When the budget is spent if it goes on as in the last minutes. No date: it lasts. "
            "Days away: stop what is risky; hours: somebody should mend it now."
        ),
        kind="stat",
        queries=(promise.query(end, instant=True),),
        unit="dateTimeFromNow",
        thresholds=CALM,
        width=4,
        options={"colorMode": "none", "graphMode": "none"},
        empty="it lasts",
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
        width=5,
        maximum=1.0,
        overrides=(dashed(1, "text"),) if slo.calendar else (),
        time_from="" if slo.calendar else str(slo.window),
        links=promise.links,
    )


def _burn(promise: _Promise) -> Panel:
    panel = _over_time(promise, "burn", "burn rate", CURRENT_BURN, BURN)
    told = (
        "How many times faster than the even pace the budget burns. Above 1 it will not last; "
        "above 6 and 14.4 somebody is paged."
    )
    return replace(panel, description=told, unit="short")


def _errors(promise: _Promise) -> Panel:
    allowed = float(1 - promise.slo.objective / 100)
    steps = (Threshold(None, GREEN), Threshold(allowed, RED))
    panel = _over_time(promise, "ratio", "errors", ratio_name(BASE), steps)
    told = "Part of the events that fail, over five minutes."
    return replace(panel, description=told, unit="percentunit")


def _over_time(
    promise: _Promise, what: str, named: str, record: str, steps: tuple[Threshold, ...]
) -> Panel:
    """A graph of one of its recorded series."""
    return Panel(
        key=slo_panel_key(promise.slo.name, what),
        title=f"{promise.slo.name}: {named}",
        description="",
        kind="timeseries",
        queries=(promise.query(promise.of(record)),),
        thresholds=steps,
        width=5,
        minimum=0.0,
        links=promise.links,
    )
