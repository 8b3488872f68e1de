"""Small tenants compiled to dashboards, and the check that Grafana's own schemas and rules make."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from generator.compile.tenant import compile_tenant
from generator.findings import Finding, in_order
from generator.ir.build import Build
from generator.ir.dashboards import Dashboard, Panel
from generator.render.grafana import dashboard_json
from generator.render.provisioning import lint_file
from generator.spec.load import load_platform, load_tenant
from tests.conftest import ROOT
from tests.judges import grafana_check

PLATFORM = """\
version: 1
targets: {prometheus: "3.5", alertmanager: "0.28"}
intervals: {scrape: 15s, evaluation: 30s}
urls: {prometheus: https://prometheus.example.com}
fallback: hook
channels: {hook: {webhook: {url_file: /s/hook}, people: true}}
escalation: {all: [{notify: [hook]}]}
defaults: {routing: {critical: all, warning: all, info: all}}
"""
HEAD = "version: 1\ntenant: acme\nowner: {team: core}\n"


class Drawn:
    """What a spec of the tenant acme compiles to."""

    def __init__(self, build: Build | None, findings: tuple[Finding, ...]) -> None:
        self._build = build
        self.findings = findings

    @property
    def build(self) -> Build:
        assert self._build is not None, self.findings
        return self._build

    def view(self, name: str) -> Dashboard:
        return next(one for one in self.build.dashboards if one.view == name)

    def panels(self, view: str) -> Mapping[str, Panel]:
        """By title."""
        return {panel.title: panel for row in self.view(view).rows for panel in row.panels}

    def codes(self) -> list[str]:
        return [finding.code for finding in self.findings if finding.level == "error"]


def draw(folder: Path, spec: str, platform: str = PLATFORM) -> Drawn:
    """The spec, after HEAD, compiled without its tests."""
    (folder / "specs" / "tenants").mkdir(parents=True, exist_ok=True)
    (folder / "specs" / "platform.yaml").write_text(platform)
    (folder / "specs" / "tenants" / "acme.yaml").write_text(HEAD + spec)
    around = load_platform(folder)
    loaded = load_tenant(folder, "acme", around)
    if loaded.tenant is None:
        return Drawn(None, loaded.findings)
    build = compile_tenant(loaded.tenant, around.platform, proven=False)
    return Drawn(build, in_order((*loaded.findings, *build.findings)))


def links(build: Build) -> Iterator[tuple[str, int]]:
    """(uid, panel) that alerts name."""
    for group in build.groups:
        for rule in group.rules:
            noted = getattr(rule, "annotations", {})
            if "__panelId__" in noted:
                yield noted["__dashboardUid__"], int(noted["__panelId__"])


def ids(build: Build) -> set[tuple[str, int]]:
    """(uid, panel) that there are."""
    boards = build.dashboards
    return {(one.uid, panel.id) for one in boards for row in one.rows for panel in row.panels}


def complaints(build: Build, folder: Path, capsys: Any) -> list[dict[str, Any]]:
    """What grafana_check says of a build's dashboards, warnings too."""
    check = grafana_check(ROOT)
    folder.mkdir(parents=True, exist_ok=True)
    for old in folder.glob("*.json"):
        old.unlink()
    (folder / ".lint").write_bytes(lint_file().content)
    for one in build.dashboards:
        (folder / f"{one.view}.json").write_bytes(dashboard_json(one))
    capsys.readouterr()
    flags = ["--tenant-label", "tenant", "--tenant", build.tenant, "--json"]
    check.main([*flags, "--closed-links", "--canonical", "--strict", str(folder)])
    told: list[dict[str, Any]] = json.loads(capsys.readouterr().out)
    return told
