"""Small tenants compiled from text: many specs, one platform read once."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from generator.compile.tenant import compile_tenant
from generator.findings import Finding, in_order
from generator.lints import LINTS
from generator.spec.ignores import heeded
from generator.spec.load import PlatformSpec, load_platform, load_tenant
from tests.conftest import ROOT

PLATFORM = """\
version: 1
targets: {prometheus: "3.5", alertmanager: "0.28"}
intervals: {scrape: 15s, evaluation: 30s}
retention: 15d
fallback: hook
channels: {hook: {webhook: {url_file: /s/hook}, people: true}}
escalation: {all: [{notify: [hook]}]}
defaults: {routing: {critical: all, warning: all, info: all}}
"""


class Specs:
    """A repository in a temporary folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        (folder / "specs" / "tenants").mkdir(parents=True)
        (folder / "specs" / "platform.yaml").write_text(PLATFORM)
        shutil.copytree(ROOT / "templates", folder / "templates")
        self.platform: PlatformSpec = load_platform(folder)

    def findings(self, spec: str) -> tuple[Finding, ...]:
        """Everything found in a spec of the tenant acme."""
        (self.folder / "specs" / "tenants" / "acme.yaml").write_text(spec)
        loaded = load_tenant(self.folder, "acme", self.platform)
        if loaded.tenant is None:
            return loaded.findings
        build = compile_tenant(loaded.tenant, self.platform.platform, proven=False)
        return heeded(in_order((*loaded.findings, *build.findings)), loaded.ignores)

    def lints(self, spec: str) -> list[Finding]:
        """Its lints; whatever else is wrong fails the test."""
        found = self.findings(spec)
        broken = [f for f in found if f.level == "error" and f.code not in LINTS]
        assert not broken, broken
        return [f for f in found if f.code in LINTS]


@pytest.fixture(scope="module")
def specs(tmp_path_factory: pytest.TempPathFactory) -> Specs:
    return Specs(tmp_path_factory.mktemp("specs"))
