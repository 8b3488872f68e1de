"""Everything that one tenant, or the fleet as a whole, compiles to."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from generator.findings import Finding
from generator.ir.checks import AlertTest
from generator.ir.cost import TenantCost
from generator.ir.dashboards import Dashboard
from generator.ir.docs import TenantDocs
from generator.ir.incident import Expected
from generator.ir.provisioning import GrafanaProvisioning
from generator.ir.routing import AlertmanagerConfig, TenantRouting
from generator.ir.rules import RuleGroup
from generator.ir.scrape import ScrapeJob
from generator.values import Duration


@dataclass(frozen=True, slots=True)
class Build:
    """One tenant, compiled. A build with an error among its findings is never written."""

    tenant: str
    spec_file: str
    spec_hash: str
    groups: tuple[RuleGroup, ...]
    tests: tuple[AlertTest, ...]
    scrape: tuple[ScrapeJob, ...]
    routing: TenantRouting
    alertmanager: AlertmanagerConfig
    """This tenant alone."""
    dashboards: tuple[Dashboard, ...]
    docs: TenantDocs
    findings: tuple[Finding, ...]
    cost: TenantCost
    alerts: tuple[str, ...] = ()
    """Every alert and marker by its unit test's slug; none where no tests were asked for."""
    expected: tuple[Expected, ...] = ()
    """Who the author says is told, for `verify` to hold against the simulation."""
    dashboard_schema: str = "classic"
    """Grafana's schema that the dashboards are written in: `classic` or `v2`."""

    @property
    def untested(self) -> tuple[str, ...]:
        """The alerts that no unit test makes fire."""
        tested = {test.slug for test in self.tests if test.fires}
        return tuple(slug for slug in self.alerts if slug not in tested)


@dataclass(frozen=True, slots=True)
class WebServer:
    """The TLS of a server's own port, as exporter-toolkit's web configuration."""

    program: str
    """`prometheus` or `alertmanager`."""
    cert_file: str
    key_file: str
    client_ca_file: str
    min_version: str


@dataclass(frozen=True, slots=True)
class PrometheusServer:
    """What the fleet's prometheus.yml says besides its includes."""

    scrape_interval: Duration
    evaluation_interval: Duration
    external_labels: Mapping[str, str]
    alertmanagers: tuple[str, ...]
    tenants: tuple[str, ...]
    scrape_config_files: bool = True
    """Whether the target includes files of scrape configurations (2.43 and later)."""
    alertmanager_client: Mapping[str, Any] = field(default_factory=dict)
    """`scheme`, `tls_config` and `authorization` of the connection to the Alertmanagers."""
    shards: int = 0
    """Alerts get a hash of their tenant below this number as a label; 0: they do not."""
    tenant_label: str = "tenant"
    shard_label: str = "shard"


@dataclass(frozen=True, slots=True)
class FleetBuild:
    """What all tenants share."""

    prometheus: PrometheusServer
    alertmanager: AlertmanagerConfig
    """Without what is a tenant's own."""
    grafana: GrafanaProvisioning
    findings: tuple[Finding, ...]
    web: tuple[WebServer, ...] = ()
