"""Where everything lies in output/: the one list of a tenant's files and of the fleet's."""

from __future__ import annotations

from collections.abc import Callable

from generator.ir.artifacts import Artifact, ExtraMissing, Streamed
from generator.ir.build import Build, FleetBuild
from generator.ir.dashboards import Dashboard
from generator.ir.share import Library
from generator.render.alertmanager import alertmanager_files, message_templates
from generator.render.docs import docs_files
from generator.render.flags import flags_files
from generator.render.fleet import fleet_alertmanager
from generator.render.grafana import dashboard_json
from generator.render.prometheus import prometheus_config, rule_files, scrape_file, test_files
from generator.render.provisioning import lint_file, provisioning_files
from generator.render.web import web_files

FLEET_SOURCE = "specs/"
CLASSIC = "classic"
SDK = "grafana_foundation_sdk"


def tenant_artifacts(build: Build, *, unit_tests: bool = True) -> tuple[Artifact, ...]:
    """A tenant's files, without the manifest and what simulation adds to the documents."""
    source = build.spec_file
    dashboards = _dashboards(build)
    return (
        *rule_files(build.groups, source),
        scrape_file(build.scrape, source),
        *(test_files(build.tests, source) if unit_tests else ()),
        *alertmanager_files(build.alertmanager, "alertmanager", source),
        *dashboards,
        *((lint_file(),) if dashboards and build.dashboard_schema == CLASSIC else ()),
        *docs_files(build.docs),
    )


def fleet_artifacts(fleet: FleetBuild, library: Library) -> tuple[Artifact | Streamed, ...]:
    """What lies beside the tenants' folders; the library holds all tenants' lines."""
    return (
        prometheus_config(fleet.prometheus, library),
        fleet_alertmanager(fleet, library),
        *message_templates(fleet.alertmanager, ""),
        *provisioning_files(fleet.grafana),
        *web_files(fleet.web, FLEET_SOURCE),
        *flags_files(fleet, FLEET_SOURCE),
    )


def _dashboards(build: Build) -> list[Artifact]:
    """Raises ExtraMissing when the schema needs a package that is not installed."""
    if build.dashboard_schema == CLASSIC:
        made = map(dashboard_json, build.dashboards)
    else:
        made = map(_resource_json(), build.dashboards)
    return [
        Artifact(f"grafana/{d.view}.json", text)
        for d, text in zip(build.dashboards, made, strict=True)
    ]


def _resource_json() -> Callable[[Dashboard], bytes]:
    """The renderer of schema v2, whose package is imported only where it is asked for."""
    try:
        from generator.render.grafana_v2 import resource_json
    except ModuleNotFoundError as problem:
        if (problem.name or "").partition(".")[0] != SDK:
            raise
        raise ExtraMissing(
            "dashboards of schema v2 need Grafana's types, which are not installed: "
            "pip install 'tocsin[dashboards-v2]', or write dashboard_schema: classic"
        ) from None
    return resource_json
