"""What Grafana is told about tenants: data sources, organisations, folders, teams."""

from __future__ import annotations

from dataclasses import dataclass

from generator.values import Duration

MAIN_ORGANISATION = 1


@dataclass(frozen=True, slots=True)
class Datasource:
    """A Prometheus data source; with `header` it sends that header with the tenant's id."""

    name: str
    uid: str
    url: str
    tenant: str = ""
    """Empty: it answers for all tenants."""
    header: str = ""
    organisation: int = MAIN_ORGANISATION
    default: bool = False
    """Whether it is its organisation's default data source."""


@dataclass(frozen=True, slots=True)
class Access:
    """How Grafana is let in where it asks: files on its machine; empty: not needed."""

    username: str = ""
    password_file: str = ""
    token_file: str = ""
    ca_file: str = ""


@dataclass(frozen=True, slots=True)
class Backend:
    """What answers, in Grafana's words; an empty version is not told."""

    kind: str
    """`Prometheus` or `Mimir`."""
    version: str
    scrape_interval: Duration


@dataclass(frozen=True, slots=True)
class Folder:
    """A tenant's folder; `uid` as Grafana wants it: at most 40 of `[A-Za-z0-9_-]`."""

    tenant: str
    uid: str
    title: str
    team: str
    """Grafana team that may read it."""
    organisation: int = MAIN_ORGANISATION
    """0: the tenant has one of its own whose number is not known yet."""
    services: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class GrafanaProvisioning:
    """Everything in Grafana that dashboards need; folders of all tenants, sorted by tenant."""

    datasources: tuple[Datasource, ...]
    backend: Backend
    access: Access
    folders: tuple[Folder, ...]
    per_tenant: bool = False
    """An organisation for each tenant, named by it."""
    removed: tuple[str, ...] = ()
    """Names of data sources of the main organisation that must not be there any more."""
    from_files: bool = True
    """Whether Grafana reads dashboards of this kind from files."""
