"""The technical view: what fires, what answers, and a row for each service."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from generator.compile.context import Context
from generator.compile.views.parts import GREEN, RED, alert_list, ordered, row, text_panel
from generator.ir.dashboards import Panel, Query, Row, Threshold
from generator.spec.model import Service

OPEN_ROWS = 3
"""Rows that stand open; a tenant with forty services opens what it needs."""


def overview(context: Context) -> Row:
    """Firing alerts and the scrape targets."""
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
    return row("overview", "Now", [alert_list(context), targets])


def services(context: Context, panels: Mapping[str | None, Sequence[Panel]]) -> tuple[Row, ...]:
    """A row for each service with its dependencies, then one for what belongs to none."""
    rows = []
    for index, service in enumerate(context.tenant.services.values()):
        found = [*ordered(panels.get(service.name, ())), *_dependencies(service)]
        if not found:
            words = f"Nothing is watched yet. Attach packs or alerts to `{service.name}`."
            found = [text_panel(f"empty:{service.name}", f"{service.name}: nothing yet", words)]
        title = f"{service.name}, {service.owner.team}"
        rows.append(row(f"service:{service.name}", title, found, collapsed=index >= OPEN_ROWS))
    rest = ordered(panels.get(None, ()))
    if rest:
        rows.append(row("tenant", "The tenant as a whole", rest))
    return tuple(rows)


def _dependencies(service: Service) -> list[Panel]:
    if not service.depends_on:
        return []
    listed = "\n".join(f"- **{name}**" for name in service.depends_on)
    words = (
        f"`{service.name}` needs the services below. While one is down, its own alerts are muted."
        f"\n\n{listed}"
    )
    title = f"{service.name}: depends on"
    return [text_panel(f"depends:{service.name}", title, words, height=4)]
