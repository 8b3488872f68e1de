"""Every pack that ships, with its defaults: each alert is proven, documented and drawn."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from generator.api import Compiled, compile_specs
from generator.findings import Level
from generator.spec.packs import OWN_PACKS, SHIPPED, read_packs
from generator.tools import Tool
from generator.verify.promtool import check_rules, run_tests
from generator.verify.stage import staged

PLATFORM = """\
version: 1
fallback: mail
channels: {mail: {email: {to: ops@example.com}}}
smtp: {smarthost: "mail:25", from: tocsin@example.com}
escalation: {mail-only: [{notify: [mail]}]}
defaults: {routing: {critical: mail-only, warning: mail-only, info: mail-only}}
"""
PACKS = {
    name: pack for name, pack in read_packs(SHIPPED)[0].items() if pack.file.startswith(OWN_PACKS)
}
PROMISED = {
    "http-api",
    "service-health",
    "resources",
    "network",
    "engagement",
    "recommendation-quality",
    "playlist-conversion",
    "ml-model",
    "intrusion",
    "access-anomaly",
    "compliance",
    "audit-trail",
}


@pytest.fixture(scope="module")
def compiled(tmp_path_factory: pytest.TempPathFactory) -> Compiled:
    """A tenant with a service for each pack."""
    root = tmp_path_factory.mktemp("packs")
    (root / "specs" / "tenants").mkdir(parents=True)
    (root / "specs" / "platform.yaml").write_text(PLATFORM)
    services = "".join(
        f"  {name}-service: {{selector: {{job: {name}}}, packs: {{{name}: {{}}}}}}\n"
        for name in PACKS
    )
    text = f"version: 1\ntenant: acme\nowner: {{team: core}}\nservices:\n{services}"
    (root / "specs" / "tenants" / "acme.yaml").write_text(text)
    return compile_specs(root).tenants["acme"]


def test_the_catalogue_is_whole() -> None:
    assert set(PACKS) >= PROMISED


def test_nothing_is_wrong_and_nothing_is_unproven(compiled: Compiled) -> None:
    assert [f for f in compiled.findings if f.level is not Level.INFO] == []
    assert [f.message for f in compiled.findings if f.code == "untested-alert"] == []


def test_every_alert_has_a_runbook_text_and_evidence(compiled: Compiled) -> None:
    assert compiled.build is not None
    for entry in compiled.build.docs.runbooks:
        assert "First checks" in entry.text, entry.alert
        assert "**Who.**" in entry.text, entry.alert
    categories = {PACKS[e.pack].category for e in compiled.build.docs.runbooks if e.compliance}
    assert {"security", "system"} <= categories


@pytest.mark.tools
def test_promtool_agrees(compiled: Compiled, tools: Mapping[str, Tool]) -> None:
    with staged({"acme": compiled.artifacts}) as folder:
        rules = sorted(folder.glob("acme/prometheus/rules/*.yml"))
        assert check_rules(tools["promtool"], rules, folder, {}) == []
        tests = sorted(folder.glob("acme/prometheus/tests/*/test.yml"))
        assert len(tests) >= 40
        findings, _ = run_tests(tools["promtool"], tests, folder, {}, None)
        assert findings == []
