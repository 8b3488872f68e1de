"""How Grafana is provisioned, and what its graphs take for a deployment."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from generator.findings import Place

PLAIN, MIMIR, PROXY = "plain", "mimir", "proxy"
CLASSIC, V2 = "classic", "v2"
TENANT = "{tenant}"
"""Stands in an address for the tenant's id."""


@dataclass(frozen=True, slots=True)
class Grafana:
    """Data sources and organisations; secrets by file, on Grafana's machine."""

    datasources: str = PLAIN
    """How tenants' queries are kept apart: plain (not at all), mimir or proxy."""
    url: str = ""
    """Empty: nothing is known of where to ask."""
    header: str = ""
    """A proxy's header that names the tenant."""
    version: str = ""
    """Mimir's."""
    username: str = ""
    password_file: str = ""
    token_file: str = ""
    ca_file: str = ""
    per_tenant: bool = False
    """An organisation for each tenant."""
    organisations: Mapping[str, int] = field(default_factory=dict)
    """Grafana's number of a tenant's organisation."""
    dashboard_schema: str = CLASSIC
    places: Mapping[str, Place] = field(default_factory=dict)
    """Where each key is written; empty: the platform says nothing of Grafana."""

    @property
    def scoped(self) -> bool:
        """Whether each tenant has a data source that answers for it alone."""
        return self.datasources != PLAIN


@dataclass(frozen=True, slots=True)
class Deployments:
    """A metric with one series for each running version, named by a label."""

    metric: str
    label: str = "version"
