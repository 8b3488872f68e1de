"""The dashboards of a tenant, made from its alerts, SLOs and panels; never from a second list."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from generator.compile.context import Context
from generator.compile.naming import dashboard_uid
from generator.compile.plan import PlannedAlert
from generator.compile.views.budget import collisions, too_many_queries, unrecorded
from generator.compile.views.events import events
from generator.compile.views.executive import executive
from generator.compile.views.ml import models
from generator.compile.views.own import own_dashboards
from generator.compile.views.placed import Placed, placed_panels
from generator.compile.views.promises import promises
from generator.compile.views.security import security
from generator.compile.views.shared import ServiceClass, relinked, shared
from generator.compile.views.technical import technical
from generator.compile.wording import drawn_view
from generator.findings import Finding
from generator.ir.dashboards import Dashboard, Row
from generator.ir.rules import RuleGroup
from generator.spec.model import Platform, Tenant

TITLES = {
    "executive": ("Executive", "Are the promises kept, and how is the business?", "now-30d", "5m"),
    "technical": ("Technical", "What fires, what answers, service by service.", "now-6h", "1m"),
    "security": ("Security", "Security signals and compliance controls.", "now-24h", "1m"),
    "ml": ("AI/ML", "Quality, drift, latency and freshness of models.", "now-24h", "1m"),
}
"""view -> (title, description, time range, refresh)."""


@dataclass(frozen=True, slots=True)
class Views:
    """The dashboards, the alerts with links to the panels that they got, and findings."""

    dashboards: tuple[Dashboard, ...]
    alerts: tuple[PlannedAlert, ...]
    findings: tuple[Finding, ...]


def compile_views(tenant: Tenant, platform: Platform, alerts: Sequence[PlannedAlert]) -> Views:
    """The dashboards of a tenant in the order of its views, then its own."""
    context = Context(tenant, platform)
    placed, findings = placed_panels(context, alerts)
    classes: dict[str, tuple[ServiceClass, ...]] = {}
    rest: dict[str, tuple[Placed, ...]] = {}
    for view in tenant.dashboards.views:
        here = [one for one in placed if one.view == view]
        classes[view], rest[view] = shared(context, here)
    linked = relinked(alerts, classes, context)
    made = _Made(context, linked, classes, rest, _elsewhere(placed))
    own, own_findings = own_dashboards(context)
    dashboards = (*(made.dashboard(view) for view in tenant.dashboards.views), *own)
    told = (*findings, *own_findings, *collisions(dashboards, tenant.place))
    return Views(dashboards, tuple(linked), (*told, *too_many_queries(dashboards, context)))


def _elsewhere(placed: Sequence[Placed]) -> Mapping[str, Sequence[str]]:
    """The views besides the technical one on which each service has panels."""
    found: dict[str, dict[str, None]] = {}
    for one in placed:
        if one.service and one.view != "technical":
            found.setdefault(one.service, {})[one.view] = None
    return {service: tuple(views) for service, views in found.items()}


def view_findings(
    tenant: Tenant,
    platform: Platform,
    dashboards: Sequence[Dashboard],
    groups: Sequence[RuleGroup],
) -> tuple[Finding, ...]:
    """What is wrong with finished dashboards, given all rules of the tenant."""
    return tuple(unrecorded(dashboards, groups, Context(tenant, platform)))


@dataclass(frozen=True, slots=True)
class _Made:
    """What the views are made from."""

    context: Context
    alerts: Sequence[PlannedAlert]
    classes: Mapping[str, Sequence[ServiceClass]]
    rest: Mapping[str, Sequence[Placed]]
    elsewhere: Mapping[str, Sequence[str]]

    def dashboard(self, view: str) -> Dashboard:
        """One view."""
        tenant = self.context.tenant
        title, description, time_from, refresh = TITLES[view]
        return Dashboard(
            uid=dashboard_uid(tenant.id, view),
            view=view,
            title=f"{tenant.id} / {title}",
            description=f"{tenant.description or tenant.id}: {description}",
            tags=("tocsin", f"tenant:{tenant.id}", f"view:{view}"),
            rows=self._rows(view),
            variables=tuple(one.values for one in self.classes[view]),
            annotations=events(self.context),
            time_from=time_from,
            refresh=refresh,
            timezone=tenant.timezone,
        )

    def _rows(self, view: str) -> tuple[Row, ...]:
        context, placed = self.context, self.rest[view]
        repeated = [one.row(context) for one in self.classes[view]]
        if view == "executive":
            return executive(context, placed, repeated)
        promised = drawn_view(context.tenant, "executive") == view
        kept = promises(context) if promised else ()
        if view == "technical":
            first, *others = technical(context, placed, self.classes[view], self.elsewhere)
            return (first, *kept, *others)
        if view == "security":
            return (*security(context, placed, repeated, self.alerts), *kept)
        return (*models(context, placed, repeated), *kept)
