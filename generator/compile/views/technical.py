"""The technical view: what fires, what answers, what was deployed, and rows for each service."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from generator.compile.context import Context
from generator.compile.deployments import BUILDS
from generator.compile.naming import dashboard_uid, panel_id
from generator.compile.views.events import alert_list
from generator.compile.views.parts import CALM, GREEN, RED, firing, row
from generator.compile.views.placed import Placed, by_service, drawn
from generator.compile.views.rows import service_rows, shared_state_key, state_key
from generator.compile.views.shared import ServiceClass
from generator.ir.dashboards import Panel, Query, Row, Threshold

OPEN_SERVICES = 3
"""Services whose rows stand open; a tenant with forty services opens what it needs."""


def technical(
    context: Context,
    placed: Sequence[Placed],
    classes: Sequence[ServiceClass],
    elsewhere: Mapping[str, Sequence[str]],
) -> tuple[Row, ...]:
    """The tenant as a whole, then its services: those that share a row stand there alone.

    `elsewhere`: the other views on which a service has panels.
    """
    found = by_service(placed)
    rows = [row("overview", "Now", _overview(context))]
    rest = found.get(None, [])
    if rest:
        rows.append(row("tenant", "The tenant as a whole", drawn(rest)))
    shared = [one.row(context) for one in classes]
    return (*rows, *shared, *_services(context, found, classes, elsewhere))


def _services(
    context: Context,
    found: Mapping[str | None, list[Placed]],
    classes: Sequence[ServiceClass],
    elsewhere: Mapping[str, Sequence[str]],
) -> list[Row]:
    rows: list[Row] = []
    urls = _urls(context, classes)
    sharing = {name for one in classes for name, _ in one.members}
    for index, service in enumerate(context.tenant.services.values()):
        own = found.get(service.name, [])
        if not own and service.name in sharing:
            continue
        closed = index >= OPEN_SERVICES or bool(classes)
        views = elsewhere.get(service.name, ())
        rows += service_rows(service, own, context, collapsed=closed, urls=urls, elsewhere=views)
    return rows


def _urls(context: Context, classes: Sequence[ServiceClass]) -> Mapping[str, str]:
    """Where each service's state is drawn: in a row of its own or in a shared one."""
    base = f"/d/{dashboard_uid(context.tenant.id, 'technical')}?viewPanel="
    urls = {name: f"{base}{panel_id(state_key(name))}" for name in context.tenant.services}
    for one in classes:
        state = panel_id(shared_state_key(one.slug))
        urls |= {n: f"{base}{state}&var-{one.variable}={value}" for n, value in one.members}
    return urls


def _overview(context: Context) -> list[Panel]:
    """Firing alerts, services, scrape targets, and the versions that run."""
    service = context.platform.labels.service
    of_services = firing(context, (service, "!=", ""))
    alerting = context.graph(f"count by ({service}) ({of_services})")
    targets = Panel(
        key="targets",
        title="Targets that answer",
        description="Scrape targets by job: 1 when all answer. Red: look at the job's logs.",
        kind="timeseries",
        queries=(Query(context.graph("sum by (job) (up) / count by (job) (up)"), "{{ job }}"),),
        unit="percentunit",
        thresholds=(Threshold(None, RED), Threshold(1.0, GREEN)),
        width=12,
        minimum=0.0,
        maximum=1.0,
    )
    burdened = Panel(
        key="services",
        title="Services with alerts",
        description="How many alerts of each service fire, over time. Red: five or more at once.",
        kind="state-timeline",
        queries=(Query(alerting, f"{{{{ {service} }}}}"),),
        unit="none",
        thresholds=(Threshold(None, GREEN), Threshold(1.0, "orange"), Threshold(5.0, RED)),
        width=12,
    )
    versions = Panel(
        key="deployments",
        title="Versions that run",
        description=(
            "Instances by job and version, from the programs' build_info series. A new colour is "
            "a deployment; two colours for long are one that did not finish."
        ),
        kind="timeseries",
        queries=(
            Query(context.graph(f"count by (job, version) ({BUILDS})"), "{{ job }} {{ version }}"),
        ),
        unit="none",
        thresholds=CALM,
        width=12,
        decimals=0,
        custom={
            "drawStyle": "line",
            "fillOpacity": 50,
            "lineInterpolation": "stepAfter",
            "stacking": {"mode": "normal"},
        },
    )
    return [alert_list(context), targets, burdened, versions]
