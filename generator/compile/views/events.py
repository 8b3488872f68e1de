"""What happens, on every dashboard: firing alerts and deployments over the graphs, alert lists."""

from __future__ import annotations

from generator.compile.context import Context
from generator.compile.kinds import MARKER
from generator.compile.views.parts import firing
from generator.ir.dashboards import Annotation, Panel

BUILDS = '{__name__=~".+_build_info",version!=""}'
"""Info series that programs expose about themselves: `prometheus_build_info`, `app_build_info`."""


def events(context: Context) -> tuple[Annotation, ...]:
    """Firing alerts, versions that are new, and restarts, drawn over every graph."""
    names = context.platform.labels
    versions = f"count by (job, version) ({BUILDS})"
    return (
        Annotation(
            name="Firing alerts",
            expr=context.graph(firing(context)),
            title="{{ alertname }}",
            text=f"{{{{ {names.service} }}}} {{{{ {names.severity} }}}}",
            tags=f"alertname,{names.severity}",
            color="red",
        ),
        Annotation(
            name="Deployments",
            expr=context.graph(f"{versions} unless {versions.replace('})', '} offset 5m)')}"),
            title="{{ job }} {{ version }}",
            text="a version that did not run five minutes before",
            tags="job,version",
            color="purple",
        ),
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
