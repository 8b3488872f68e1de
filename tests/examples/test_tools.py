"""The real tools of every generation accept what the examples compile to, and run its tests."""

from __future__ import annotations

import re
import shutil
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
from tests.once import once

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
    compilation = once(
        tmp_path_factory,
        f"examples for prometheus {tools['prometheus'].version}",
        lambda: retargeted(tmp_path_factory.mktemp("repository"), tools),
    )
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
