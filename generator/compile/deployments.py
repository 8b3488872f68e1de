"""What dashboards draw as deployments: new versions, starts of processes, and what CI posts."""

from __future__ import annotations

from generator.compile.context import Context
from generator.ir.dashboards import Annotation, TaggedEvents

SEEN_FOR = "5m"
"""How long a version counts as new: longer than a scrape may fail, short enough to be an event."""
TAG = "deployment"


def deployments(context: Context) -> Annotation:
    """Deployments out of metrics."""
    settings = context.tenant.dashboards.deployments
    if settings is None:
        return Annotation(
            name="Deployments",
            expr=context.graph("changes(process_start_time_seconds[2m]) > 0"),
            title="started",
            text="{{ job }} {{ instance }}",
            tags="job",
            color="blue",
        )
    service, label = context.platform.labels.service, settings.label
    running = f"group by ({service}, {label}) ({settings.metric}"
    return Annotation(
        name="Deployments",
        expr=context.graph(f"{running}) unless {running} offset {SEEN_FOR})"),
        title=f"{{{{ {label} }}}}",
        text=f"{{{{ {service} }}}} {{{{ {label} }}}}",
        tags=service,
        color="blue",
    )


def posted_tags(tenant: str) -> tuple[str, ...]:
    """Tags that an event in Grafana must carry to be drawn as the tenant's deployment."""
    return (TAG, f"tenant:{tenant}")


def posted_deployments(tenant: str) -> TaggedEvents:
    """Deployments that CI told Grafana."""
    return TaggedEvents("Deployments told by CI", posted_tags(tenant))
