"""What Grafana is told about tenants: a data source, and a folder each."""

from __future__ import annotations

from dataclasses import dataclass

from generator.values import Duration


@dataclass(frozen=True, slots=True)
class Folder:
    """A tenant's folder; `uid` as Grafana wants it: at most 40 of `[A-Za-z0-9_-]`."""

    tenant: str
    uid: str
    title: str
    team: str
    """Grafana team that may read it."""


@dataclass(frozen=True, slots=True)
class GrafanaProvisioning:
    """The data source of the dashboards and every tenant's folder, sorted by tenant."""

    prometheus_url: str
    scrape_interval: Duration
    folders: tuple[Folder, ...]
