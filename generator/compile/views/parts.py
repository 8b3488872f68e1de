"""Panels and rows that the views share: made from alerts, SLOs and the users' own panels.

Nothing here decides what stands on which view.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from generator.compile.context import Context
from generator.compile.deployments import deployments
from generator.compile.kinds import MARKER
from generator.compile.naming import panel_id, runbook_url
from generator.compile.plan import PlannedAlert
from generator.findings import Finding
from generator.ir.dashboards import Annotation, Panel, Query, Row, Threshold
from generator.promql.build import selector
from generator.promql.isolate import with_rate_interval
from generator.spec.model import CustomPanel
from generator.values import IsolatedExpr

GREEN, AMBER, RED = "green", "orange", "red"
CALM = (Threshold(None, GREEN),)


def row(key: str, title: str, panels: Iterable[Panel], *, collapsed: bool = False) -> Row:
    """A row with the ids of its panels and its own derived from their keys."""
    found = tuple(replace(p, id=panel_id(p.key)) for p in panels)
    return Row(key, title, found, collapsed, id=panel_id(f"row:{key}"))


def text_panel(key: str, title: str, markdown: str, *, height: int = 5) -> Panel:
    """A panel of words, where there is nothing to draw."""
    return Panel(
        key=key,
        title=title,
        description="What this view shows once the spec declares it.",
        kind="text",
        width=24,
        height=height,
        options={"content": markdown, "mode": "markdown"},
    )


def alert_panel(alert: PlannedAlert, context: Context) -> Panel:
    """The value that an alert watches with its level, or the alert's own state."""
    rule, service = alert.rule, alert.service
    title = f"{rule.alert} ({service})" if service else rule.alert
    runbook = rule.annotations.get("runbook_url") or runbook_url(
        context.platform, context.tenant.id, rule.alert, service
    )
    graph = alert.graph
    if graph is None:
        query, unit, steps = Query(_state(alert, context), rule.alert), "none", _state_steps()
        what = "1 while the alert fires or is about to."
    else:
        query = Query(with_rate_interval(graph.expr), graph.legend)
        unit = graph.unit or "short"
        steps = _level_steps(graph.level, graph.above)
        side = "above" if graph.above else "below"
        what = f"Red {side} the level that fires the alert." if graph.level is not None else ""
    held = f" It fires after {rule.for_}." if rule.for_.ms else ""
    return Panel(
        key=alert.panel_key,
        title=title,
        description=f"What {rule.alert} watches. {what}{held} When red, follow the runbook.",
        kind="timeseries",
        queries=(query,),
        unit=unit,
        thresholds=steps,
        width=8,
        height=7,
        links=(("Runbook", runbook),),
    )


def _state(alert: PlannedAlert, context: Context) -> IsolatedExpr:
    names = context.platform.labels
    matchers = [("alertname", "=", alert.rule.alert), (names.level, "=", "")]
    if alert.service:
        matchers.append((names.service, "=", alert.service))
    return context.graph(f"max(max_over_time({selector('ALERTS', matchers)}[1m]))")


def _state_steps() -> tuple[Threshold, ...]:
    return (Threshold(None, GREEN), Threshold(1.0, RED))


def _level_steps(level: float | None, above: bool) -> tuple[Threshold, ...]:
    if level is None:
        return CALM
    first, second = (GREEN, RED) if above else (RED, GREEN)
    return (Threshold(None, first), Threshold(level, second))


def custom_panel(panel: CustomPanel, context: Context) -> tuple[Panel | None, list[Finding]]:
    """A user's or a pack's own panel; None with findings when a query cannot be used."""
    queries: list[Query] = []
    findings: list[Finding] = []
    for text, legend in panel.queries:
        expr, told = context.author(text, variables=True)
        findings += told
        if expr is not None:
            heat = "heatmap" if panel.kind == "heatmap" else "time_series"
            instant = panel.kind == "table"
            shape = "table" if panel.kind == "table" else heat
            queries.append(Query(expr, legend, instant, shape))
    if len(queries) < len(panel.queries):
        return None, findings
    small = panel.kind in ("stat", "gauge")
    suffix = f" ({panel.service})" if panel.service and panel.pack else ""
    made = Panel(
        key=panel.key,
        title=f"{panel.title}{suffix}",
        description=panel.description or f"{panel.title}.",
        kind=panel.kind,
        queries=tuple(queries),
        unit=panel.unit,
        thresholds=(
            Threshold(None, _base(panel)),
            *(Threshold(float(value), color) for value, color in panel.thresholds),
        ),
        width=4 if small else 8,
        height=5 if small else 7,
    )
    return made, findings


def _base(panel: CustomPanel) -> str:
    """Below a first step that turns green, values are bad."""
    first = panel.thresholds[0][1] if panel.thresholds else ""
    return RED if first == GREEN else GREEN


def ordered(panels: Sequence[Panel]) -> list[Panel]:
    """Small panels first, so that rows fill up; each key once."""
    seen: dict[str, Panel] = {}
    for panel in panels:
        seen.setdefault(panel.key, panel)
    return sorted(seen.values(), key=lambda p: (p.height > 5, p.kind == "text"))


def events(context: Context) -> tuple[Annotation, ...]:
    """Firing alerts, versions that are new, and restarts, drawn over every graph."""
    names = context.platform.labels
    firing = selector(
        "ALERTS",
        [("alertstate", "=", "firing"), (names.kind, "!=", MARKER), (names.level, "=", "")],
    )
    return (
        Annotation(
            name="Firing alerts",
            expr=context.graph(firing),
            title="{{ alertname }}",
            text=f"{{{{ {names.service} }}}} {{{{ {names.severity} }}}}",
            tags=f"alertname,{names.severity}",
            color="red",
        ),
        deployments(context),
        Annotation(
            name="Restarts",
            expr=context.graph("changes(process_start_time_seconds[2m]) > 0"),
            title="started",
            text="{{ job }} {{ instance }}",
            tags="job",
            color="blue",
        ),
    )


def alert_list(context: Context) -> Panel:
    """Grafana's own list of the tenant's firing alerts."""
    names = context.platform.labels
    tenant = context.tenant.id
    return Panel(
        key="firing",
        title="Firing alerts",
        description="Alerts of this tenant that fire now. Open one to see its runbook.",
        kind="alertlist",
        width=12,
        height=8,
        options={
            "alertInstanceLabelFilter": f'{{{names.tenant}="{tenant}",{names.kind}!="{MARKER}"}}',
            "alertName": "",
            "dashboardAlerts": False,
            "groupBy": [],
            "groupMode": "default",
            "maxItems": 20,
            "sortOrder": 3,
            "stateFilter": {
                "error": True,
                "firing": True,
                "noData": False,
                "normal": False,
                "pending": True,
            },
            "viewMode": "list",
        },
    )
