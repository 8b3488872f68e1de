"""What all tenants share: the configuration of their servers, from little that is known of each."""

from __future__ import annotations

from collections.abc import Mapping

from generator.compile.alertmanager import fleet_config
from generator.compile.directory import SHARED
from generator.compile.grafana import provisioning
from generator.compile.security import alertmanager_client, security_findings, web_servers
from generator.ir.build import Build, FleetBuild, PrometheusServer
from generator.ir.routing import owner
from generator.ir.share import Layout, Share
from generator.spec.model import Platform
from generator.values import Version

INCLUDES_JOBS = Version(2, 43)
"""The first Prometheus that includes files of scrape configurations."""


def compile_fleet(platform: Platform, shares: Mapping[str, Share]) -> FleetBuild:
    """What all tenants share, from what is to know of every tenant, by id."""
    layout = layout_of(platform, len(shares))
    server = PrometheusServer(
        scrape_interval=platform.scrape_interval,
        evaluation_interval=platform.evaluation_interval,
        external_labels=platform.external_labels,
        alertmanagers=platform.alertmanager_targets,
        tenants=tuple(sorted(shares)),
        scrape_config_files=not layout.jobs,
        alertmanager_client=alertmanager_client(platform),
        shards=platform.sharding.shards if layout.sharded else 0,
        tenant_label=platform.labels.tenant,
        shard_label=platform.labels.shard,
    )
    grafana, told = provisioning(platform, shares)
    config, findings = fleet_config(platform, shares.values()), security_findings(platform)
    return FleetBuild(server, config, grafana, (*findings, *told), web_servers(platform))


def layout_of(platform: Platform, tenants: int) -> Layout:
    """How the lines of so many tenants stand in the files of the fleet."""
    sharding = platform.sharding
    return Layout(
        sharded=bool(sharding.shards) and tenants > sharding.above,
        jobs=platform.targets.prometheus < INCLUDES_JOBS,
    )


def share_of(build: Build) -> Share:
    """What the files of the fleet are told of a tenant."""
    return Share(
        tenant=build.tenant,
        team=build.docs.team,
        services=tuple(dict.fromkeys(s.name for s in build.docs.services)),
        mutable=build.routing.mutable,
        receivers=tuple(r for r in build.routing.receivers if owner(r.name) == SHARED),
    )
