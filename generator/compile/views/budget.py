"""What is wrong with finished dashboards: same ids, series nobody records, too many queries."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from generator.compile.context import Context
from generator.findings import Finding, Level, Place, error, warning
from generator.ir.dashboards import Dashboard, Panel
from generator.ir.rules import RecordingRule, RuleGroup
from generator.promql.parser import parse
from generator.promql.tree import vector_selectors


def collisions(dashboards: Sequence[Dashboard], place: Place) -> Iterator[Finding]:
    """Two keys with one id: practically never, but then alerts would link to a wrong panel."""
    for dashboard in dashboards:
        ids: dict[int, str] = {}
        for row in dashboard.rows:
            for key, number in ((row.key, row.id), *((p.key, p.id) for p in row.panels)):
                if ids.setdefault(number, key) != key:
                    message = f"the panels {key!r} and {ids[number]!r} get the same id"
                    yield error("panel-id", message, place, "rename one")


def too_many_queries(dashboards: Sequence[Dashboard], context: Context) -> Iterator[Finding]:
    """A finding for each dashboard that asks more when it is opened than the platform allows."""
    limits, tenant = context.platform.limits, context.tenant
    allowed = limits.queries_per_view
    for dashboard in dashboards:
        sent = opening_queries(dashboard)
        if not allowed or sent <= allowed:
            continue
        largest = max(dashboard.rows, key=lambda row: 0 if row.collapsed else _queries(row.panels))
        message = (
            f"the dashboard {dashboard.view} of {tenant.id} sends {sent} queries when it is "
            f"opened, above limits.queries_per_view ({allowed}); most by the row {largest.title!r}"
        )
        hint = (
            "drop panels that nobody reads, give them another view, or raise "
            "limits.queries_per_view in the platform"
        )
        yield Finding("cost-limit", Level(limits.level), message, tenant.place, hint)


def opening_queries(dashboard: Dashboard) -> int:
    """Queries that Grafana sends when it is opened: closed rows ask nothing until they are."""
    shown = (row for row in dashboard.rows if not row.collapsed)
    return sum(_queries(row.panels) for row in shown) + len(dashboard.annotations)


def _queries(panels: Iterable[Panel]) -> int:
    return sum(len(panel.queries) for panel in panels)


def unrecorded(
    dashboards: Sequence[Dashboard], groups: Sequence[RuleGroup], context: Context
) -> Iterator[Finding]:
    """A finding for each recorded series that a panel reads and no rule of the tenant records.

    Recorded series are those with a colon in their name. Shared metrics of the platform are not
    the tenant's to record, and declared ones come from elsewhere.
    """
    recorded = {r.record for g in groups for r in g.rules if isinstance(r, RecordingRule)}
    known = recorded | context.platform.shared_metrics | context.tenant.metrics.keys()
    places = _places(context)
    told: set[tuple[str, str]] = set()
    for dashboard in dashboards:
        for row in dashboard.rows:
            for panel in row.panels:
                for name in sorted(_read(panel) - known):
                    if (panel.key, name) in told:
                        continue
                    told.add((panel.key, name))
                    message = (
                        f"the panel {panel.title!r} of the dashboard {dashboard.view} reads "
                        f"{name}, which no rule of {context.tenant.id} records"
                    )
                    hint = "read a series that is recorded, or declare it under metrics: if it is"
                    place = places.get(panel.key, context.tenant.place)
                    yield warning("dashboard-record", message, place, hint)


def _read(panel: Panel) -> set[str]:
    nodes = (n for q in panel.queries for n in vector_selectors(parse(q.expr, variables=True)))
    return {node.name for node in nodes if node.name and ":" in node.name}


def _places(context: Context) -> dict[str, Place]:
    boards = context.tenant.dashboards
    panels = [*boards.panels, *(p for one in boards.own for p in one.panels)]
    return {panel.key: panel.place for panel in panels}
