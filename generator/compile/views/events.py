"""What happens, on every dashboard: firing alerts and deployments over the graphs, alert lists."""

from __future__ import annotations

from generator.compile.context import Context
from generator.compile.deployments import deployments
from generator.compile.kinds import MARKER
from generator.compile.views.parts import firing
from generator.ir.dashboards import Annotation, Panel


def events(context: Context) -> tuple[Annotation, ...]:
    """Firing alerts, versions that are new, and restarts, drawn over every graph."""
    names = context.platform.labels
    return (
        Annotation(
            name="Firing alerts",
            expr=context.graph(firing(context)),
            title="{{ alertname }}",
            text=f"{{{{ {names.service} }}}} {{{{ {names.severity} }}}}",
            tags=f"alertname,{names.severity}",
            color="red",
        ),
        *deployments(context),
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
