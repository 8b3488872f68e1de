"""What dashboards draw as deployments: new versions, starts of processes, and what CI posts."""

from __future__ import annotations

from generator.compile.context import Context
from generator.ir.dashboards import Annotation, TaggedEvents

SEEN_FOR = "5m"
"""How long a version counts as new: longer than a scrape may fail, short enough to be an event."""
BUILDS = '{__name__=~"(.+_)?build_info",version!=""}'
"""Info series that programs expose about themselves: `prometheus_build_info`, `build_info`."""
TAG = "deployment"


def deployments(context: Context) -> tuple[Annotation, ...]:
    """Versions that are new, by the tenant's own metric or those of its programs; restarts."""
    settings, service = context.tenant.dashboards.deployments, context.platform.labels.service
    if settings is None:
        made = _versions(context, BUILDS, "job", "version")
    else:
        made = _versions(context, settings.metric, service, settings.label)
    restarts = Annotation(
        name="Restarts",
        expr=context.graph("changes(process_start_time_seconds[2m]) > 0"),
        title="started",
        text="{{ job }} {{ instance }}",
        tags="job",
        color="blue",
    )
    return made, restarts


def _versions(context: Context, series: str, of: str, label: str) -> Annotation:
    running = f"count by ({of}, {label}) ({series}"
    return Annotation(
        name="Deployments",
        expr=context.graph(f"{running}) unless {running} offset {SEEN_FOR})"),
        title=f"{{{{ {of} }}}} {{{{ {label} }}}}",
        text="a version that did not run five minutes before",
        tags=f"{of},{label}",
        color="purple",
    )


def posted_tags(tenant: str) -> tuple[str, ...]:
    """Tags that an event in Grafana must carry to be drawn as the tenant's deployment."""
    return (TAG, f"tenant:{tenant}")


def posted_deployments(tenant: str) -> TaggedEvents:
    """Deployments that CI told Grafana."""
    return TaggedEvents("Deployments told by CI", posted_tags(tenant))
