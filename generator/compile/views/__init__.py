"""The four views of a tenant, made from its alerts, SLOs and panels; never from a second list."""

from __future__ import annotations

from collections.abc import Sequence

from generator.compile.context import Context
from generator.compile.naming import dashboard_uid
from generator.compile.plan import PlannedAlert
from generator.compile.views import executive, ml, security, technical
from generator.compile.views.parts import alert_panel, custom_panel, events, ordered
from generator.compile.wording import drawn_view
from generator.findings import Finding, error
from generator.ir.dashboards import Dashboard, Panel, Row
from generator.spec.model import Platform, Tenant

TITLES = {
    "executive": ("Executive", "Are the promises kept, and how is the business?", "now-30d", "5m"),
    "technical": ("Technical", "What fires, what answers, service by service.", "now-6h", "1m"),
    "security": ("Security", "Security signals and compliance controls.", "now-24h", "1m"),
    "ml": ("AI/ML", "Quality, drift, latency and freshness of models.", "now-24h", "1m"),
}
"""view -> (title, description, time range, refresh)."""

ByService = dict[str | None, list[Panel]]


def compile_views(
    tenant: Tenant, platform: Platform, alerts: Sequence[PlannedAlert]
) -> tuple[tuple[Dashboard, ...], tuple[Finding, ...]]:
    """The dashboards of a tenant in the order of its views, and what is wrong with its panels."""
    context = Context(tenant, platform)
    panels, findings = _gathered(context, alerts)
    dashboards = tuple(
        _dashboard(view, _rows(view, context, panels.get(view, {}), alerts), context)
        for view in tenant.dashboards.views
    )
    return dashboards, (*findings, *_collisions(dashboards, tenant))


def _gathered(
    context: Context, alerts: Sequence[PlannedAlert]
) -> tuple[dict[str, ByService], list[Finding]]:
    """Every panel by view and service: packs' and users' first, then what alerts watch."""
    views: dict[str, ByService] = {}
    findings: list[Finding] = []
    for wanted in context.tenant.dashboards.panels:
        made, told = custom_panel(wanted, context)
        findings += told
        if made is not None:
            view = drawn_view(context.tenant, wanted.view)
            views.setdefault(view, {}).setdefault(wanted.service, []).append(made)
    for alert in alerts:
        if not alert.panel_key.startswith("slo:"):
            made = alert_panel(alert, context)
            views.setdefault(alert.view, {}).setdefault(alert.service, []).append(made)
    return views, findings


def _rows(
    view: str, context: Context, panels: ByService, alerts: Sequence[PlannedAlert]
) -> tuple[Row, ...]:
    flat = [p for found in panels.values() for p in found]
    promised = drawn_view(context.tenant, "executive") == view
    promises = executive.promises(context) if promised else ()
    if view == "executive":
        business = executive.business(ordered(flat))
        return (*promises, *business, executive.operations(context))
    if view == "technical":
        rows = technical.services(context, panels)
        return (technical.overview(context), *promises, *rows)
    if view == "security":
        return (security.signals(flat), *promises, *security.controls(context, alerts))
    return (*ml.models(panels), *promises)


def _dashboard(view: str, rows: tuple[Row, ...], context: Context) -> Dashboard:
    tenant = context.tenant
    title, description, time_from, refresh = TITLES[view]
    return Dashboard(
        uid=dashboard_uid(tenant.id, view),
        view=view,
        title=f"{tenant.id} / {title}",
        description=f"{tenant.description or tenant.id}: {description}",
        tags=("tocsin", f"tenant:{tenant.id}", f"view:{view}"),
        rows=rows,
        annotations=events(context),
        time_from=time_from,
        refresh=refresh,
        timezone=tenant.timezone,
    )


def _collisions(dashboards: Sequence[Dashboard], tenant: Tenant) -> list[Finding]:
    """Two keys with one id: practically never, but then alerts would link to a wrong panel."""
    findings = []
    for dashboard in dashboards:
        ids: dict[int, str] = {}
        for row in dashboard.rows:
            for key, number in ((row.key, row.id), *((p.key, p.id) for p in row.panels)):
                if ids.setdefault(number, key) != key:
                    message = f"the panels {key!r} and {ids[number]!r} get the same id"
                    findings.append(error("panel-id", message, tenant.place, "rename one"))
    return findings
