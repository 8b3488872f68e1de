"""The real tools of every generation accept what the examples compile to, and run its tests."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from generator.api import FLEET, Compilation, compile_specs
from generator.findings import has_errors
from generator.tools import Tool
from generator.values import Version
from generator.verify.amtool import check_config as amtool_check
from generator.verify.promtool import check_config, check_rules, run_tests
from generator.verify.stage import staged
from tests.conftest import ROOT

NEWER = re.compile(r"\{(msteams: \{webhook_url_file|webhook: \{url_file): [^}]+\}\}")
"""Channels whose address 0.25 cannot read from a file."""


def retargeted(root: Path, tools: Mapping[str, Tool]) -> Compilation:
    """The examples compiled for one generation; on 0.25 mail stands for what it cannot do."""
    shutil.copytree(ROOT / "specs", root / "specs")
    platform = root / "specs" / "platform.yaml"
    text = platform.read_text()
    for name in ("prometheus", "alertmanager"):
        before = {"prometheus": 'prometheus: "2.42"', "alertmanager": 'alertmanager: "0.28"'}[name]
        assert before in text
        text = text.replace(before, f'{name}: "{tools[name].version}"')
    platform.write_text(text)
    if tools["alertmanager"].version < Version(0, 26):
        for file in (platform, root / "specs" / "tenants" / "spotify-tenant-1.yaml"):
            told, count = NEWER.subn("{email: {to: ops@example.com}}", file.read_text())
            assert count
            file.write_text(told)
    compilation = compile_specs(root)
    assert compilation.fleet is not None, compilation.findings
    return compilation


@pytest.fixture(scope="module")
def stage(
    tmp_path_factory: pytest.TempPathFactory, tools: Mapping[str, Tool]
) -> Iterator[tuple[Path, Mapping[str, Tool]]]:
    """Everything on disk, made for the generation at hand."""
    compilation = retargeted(tmp_path_factory.mktemp("repository"), tools)
    assert compilation.fleet is not None
    trees = {name: one.artifacts for name, one in compilation.tenants.items()}
    with staged({**trees, FLEET: compilation.fleet}) as folder:
        yield folder, tools


@pytest.mark.tools
def test_rules_pass_every_lint(stage: tuple[Path, Mapping[str, Tool]]) -> None:
    folder, tools = stage
    files = sorted(folder.glob("*/prometheus/rules/*.yml"))
    assert len(files) > 8
    assert check_rules(tools["promtool"], files, folder, {}) == []


@pytest.mark.tools
def test_every_generated_unit_test_passes(stage: tuple[Path, Mapping[str, Tool]]) -> None:
    folder, tools = stage
    files = sorted(folder.glob("*/prometheus/tests/*/test.yml"))
    alerts = {p.parent.name for p in files}
    assert len(alerts) > 30
    findings, ran = run_tests(tools["promtool"], files, folder, {}, None)
    assert findings == []
    assert ran == len(files)


@pytest.mark.tools
def test_the_configurations_load(stage: tuple[Path, Mapping[str, Tool]]) -> None:
    folder, tools = stage
    found = check_config(tools["promtool"], folder / FLEET / "prometheus.yml", folder)
    assert not has_errors(found)
    assert {f.code for f in found} <= {"discovery-unchecked"}
    files = sorted(folder.glob("*/alertmanager/alertmanager.yml"))
    files.append(folder / FLEET / "alertmanager.yml")
    assert len(files) == 4
    assert amtool_check(tools["amtool"], files, folder) == []


ALERT = {
    "status": "firing",
    "labels": {
        "alertname": "QueueBacklog",
        "tenant": "acme",
        "service": 'api"><script>alert(1)</script>',
        "severity": "critical",
    },
    "annotations": {"summary": "line\nbreak <b>bold</b> {{ x }}"},
    "startsAt": "2026-01-01T00:00:00Z",
    "endsAt": "0001-01-01T00:00:00Z",
    "generatorURL": "http://prometheus/graph",
    "fingerprint": "0123456789abcdef",
}


def template_data(labels: Mapping[str, str]) -> dict[str, object]:
    return {
        "receiver": "acme/chat",
        "status": "firing",
        "alerts": [{**ALERT, "labels": dict(labels)}],
        "groupLabels": {"alertname": labels["alertname"]},
        "commonLabels": dict(labels),
        "commonAnnotations": ALERT["annotations"],
        "externalURL": "http://alertmanager",
    }


def rendered(tool: Tool, folder: Path, text: str, labels: Mapping[str, str]) -> str:
    data = folder / "data.json"
    data.write_text(json.dumps(template_data(labels)))
    arguments = ["template", "render", "--template.glob=*.tmpl", f"--template.data={data}"]
    answer = subprocess.run(
        [tool.path, *arguments, f"--template.text={text}"],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )
    assert answer.returncode == 0, answer.stderr
    return answer.stdout


@pytest.fixture
def templates(stage: tuple[Path, Mapping[str, Tool]]) -> tuple[Path, Tool]:
    folder, tools = stage
    found = sorted((folder / FLEET).rglob("*.tmpl"))
    assert len(found) >= 5
    return found[0].parent, tools["amtool"]


NAMES = (
    "tocsin.subject",
    "tocsin.slack.title",
    "tocsin.slack.text",
    "tocsin.slack.color",
    "tocsin.teams.title",
    "tocsin.teams.text",
    "tocsin.sms",
    "tocsin.pagerduty.firing",
    "tocsin.pagerduty.severity",
    "tocsin.alerts",
    "tocsin.silence",
)


@pytest.mark.tools
@pytest.mark.parametrize("name", NAMES)
def test_templates_render(templates: tuple[Path, Tool], name: str) -> None:
    folder, amtool = templates
    labels = dict(ALERT["labels"])  # type: ignore[call-overload]
    text = rendered(amtool, folder, f'{{{{ template "{name}" . }}}}', labels)
    assert text.strip()
    bare = rendered(amtool, folder, f'{{{{ template "{name}" . }}}}', {"alertname": "QueueBacklog"})
    assert "<no value>" not in bare
    if name == "tocsin.sms":
        assert len(text.strip().splitlines()) == 1


@pytest.mark.tools
def test_hostile_labels_stay_text_in_mail(templates: tuple[Path, Tool]) -> None:
    folder, amtool = templates
    labels = dict(ALERT["labels"])  # type: ignore[call-overload]
    command = [
        amtool.path,
        "template",
        "render",
        "--template.glob=*.tmpl",
        "--template.type=html",
        '--template.text={{ template "tocsin.email.html" . }}',
    ]
    data = folder / "html.json"
    data.write_text(json.dumps(template_data(labels)))
    answer = subprocess.run(
        [*command, f"--template.data={data}"],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )
    assert answer.returncode == 0, answer.stderr
    assert "QueueBacklog" in answer.stdout
    assert "<script>" not in answer.stdout
    assert "<b>bold" not in answer.stdout
