"""Where everything lies in output/: the one list of a tenant's files and of the fleet's."""

from __future__ import annotations

from collections.abc import Mapping

from generator.ir.artifacts import Artifact
from generator.ir.build import Build, FleetBuild
from generator.render.alertmanager import alertmanager_files
from generator.render.docs import docs_files
from generator.render.flags import flags_files
from generator.render.grafana import dashboard_json
from generator.render.prometheus import prometheus_config, rule_files, scrape_file, test_files
from generator.render.provisioning import lint_file, provisioning_files
from generator.render.web import web_files

FLEET_SOURCE = "specs/"


def tenant_artifacts(build: Build) -> tuple[Artifact, ...]:
    """A tenant's files, without the manifest and what simulation adds to the documents."""
    source = build.spec_file
    dashboards = [Artifact(f"grafana/{d.view}.json", dashboard_json(d)) for d in build.dashboards]
    return (
        *rule_files(build.groups, source),
        scrape_file(build.scrape, source),
        *test_files(build.tests, source),
        *alertmanager_files(build.alertmanager, "alertmanager", source),
        *dashboards,
        *((lint_file(),) if dashboards else ()),
        *docs_files(build.docs),
    )


def fleet_artifacts(fleet: FleetBuild, builds: Mapping[str, Build]) -> tuple[Artifact, ...]:
    """What lies beside the tenants' folders; `builds` are all of them, by id."""
    jobs = {name: build.scrape for name, build in builds.items()}
    return (
        prometheus_config(fleet.prometheus, jobs),
        *alertmanager_files(fleet.alertmanager, "", FLEET_SOURCE),
        *provisioning_files(fleet.grafana),
        *web_files(fleet.web, FLEET_SOURCE),
        *flags_files(fleet, FLEET_SOURCE),
    )
