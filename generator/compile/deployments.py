"""What dashboards draw as deployments: versions that are new, and what CI posts."""

from __future__ import annotations

from generator.compile.context import Context
from generator.ir.dashboards import Annotation, TaggedEvents

BUILDS = '{__name__=~".+_build_info",version!=""}'
"""Info series that programs expose about themselves: `prometheus_build_info`, `app_build_info`."""
NEW_FOR = "5m"
"""How long a version counts as new: longer than a scrape may fail, short enough to be an event."""
TAG = "deployment"


def deployments(context: Context) -> Annotation:
    """Versions that did not run before: of the metric that the tenant names, else of any."""
    settings = context.tenant.dashboards.deployments
    whose = context.platform.labels.service if settings else "job"
    label = settings.label if settings else "version"
    series = settings.metric if settings else BUILDS
    running = f"count by ({whose}, {label}) ({series}"
    return Annotation(
        name="Deployments",
        expr=context.graph(f"{running}) unless {running} offset {NEW_FOR})"),
        title=f"{{{{ {whose} }}}} {{{{ {label} }}}}",
        text="a version that did not run five minutes before",
        tags=f"{whose},{label}",
        color="purple",
    )


def posted_tags(tenant: str) -> tuple[str, ...]:
    """Tags that an event in Grafana must carry to be drawn as the tenant's deployment."""
    return (TAG, f"tenant:{tenant}")


def posted_deployments(tenant: str) -> TaggedEvents:
    """Deployments that CI told Grafana."""
    return TaggedEvents("Deployments told by CI", posted_tags(tenant))
