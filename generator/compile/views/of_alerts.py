"""The panel of an alert: what it watches, the levels it compares with, and the way back to it."""

from __future__ import annotations

from urllib.parse import quote

from generator.compile.context import Context
from generator.compile.naming import runbook_url
from generator.compile.plan import Graph, PlannedAlert
from generator.compile.views.parts import ALARM, AMBER, CALM, GREEN, RED, dashed
from generator.ir.dashboards import Panel, Query, Threshold
from generator.promql.build import selector
from generator.promql.isolate import with_rate_interval
from generator.values import IsolatedExpr

HELPING = "purple"
"""Colour of forecasts and limits."""


def alert_panel(alert: PlannedAlert, context: Context) -> Panel:
    """The value that an alert watches with its levels, or the alert's own state."""
    rule, service, graph = alert.rule, alert.service, alert.graph
    held = f" It fires after {rule.for_}." if rule.for_.ms else ""
    if graph is None:
        queries: tuple[Query, ...] = (Query(_state(alert, context), rule.alert),)
        unit, what = "none", "1 while the alert fires or is about to."
    else:
        value = Query(with_rate_interval(graph.expr), graph.legend)
        queries = (
            value,
            *(Query(with_rate_interval(line.expr), line.legend) for line in graph.lines),
        )
        unit, what = graph.unit or "short", _told(graph)
    return Panel(
        key=alert.panel_key,
        title=f"{rule.alert} ({service})" if service else rule.alert,
        description=f"What {rule.alert} watches. {what}{held} When red, follow the runbook.",
        kind="timeseries",
        queries=queries,
        unit=unit,
        thresholds=_steps(graph) if graph else ALARM,
        width=8,
        height=7,
        overrides=tuple(dashed(index, HELPING) for index in range(1, len(queries))),
        links=alert_links(alert, context),
    )


def alert_links(alert: PlannedAlert, context: Context) -> tuple[tuple[str, str], ...]:
    """The way from a panel to its alert: the runbook and, where Prometheus is known, the rule."""
    rule = alert.rule
    runbook = rule.annotations.get("runbook_url") or runbook_url(
        context.platform, context.tenant.id, rule.alert, alert.service
    )
    return (("Runbook", runbook), *rule_link(rule.alert, context))


def rule_link(alert: str, context: Context) -> tuple[tuple[str, str], ...]:
    """The alert on Prometheus' own page; none where the platform does not say where that is."""
    base = context.platform.urls.prometheus
    return (("Alert rule", f"{base}/alerts?search={quote(alert)}"),) if base else ()


def _told(graph: Graph) -> str:
    told = []
    if graph.level is not None:
        told.append(f"Red {'above' if graph.above else 'below'} the level that fires the alert.")
    if graph.clear is not None:
        told.append("Between the two levels an alert that fires goes on.")
    if graph.lines:
        names = " and ".join(line.legend.rsplit("}} ", 1)[-1] for line in graph.lines)
        told.append(f"Dashed: {names}.")
    return " ".join(told)


def _steps(graph: Graph) -> tuple[Threshold, ...]:
    """Red past the level; amber where an alert that fires has not come back far enough."""
    if graph.level is None:
        return CALM
    first, last = (GREEN, RED) if graph.above else (RED, GREEN)
    if graph.clear is None or graph.clear == graph.level:
        return (Threshold(None, first), Threshold(graph.level, last))
    low, high = sorted((graph.level, graph.clear))
    return (Threshold(None, first), Threshold(low, AMBER), Threshold(high, last))


def _state(alert: PlannedAlert, context: Context) -> IsolatedExpr:
    names = context.platform.labels
    matchers = [("alertname", "=", alert.rule.alert), (names.level, "=", "")]
    if alert.service:
        matchers.append((names.service, "=", alert.service))
    return context.graph(f"max(max_over_time({selector('ALERTS', matchers)}[1m]))")
