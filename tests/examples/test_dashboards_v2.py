"""The examples' dashboards in Grafana's schema v2: the same as in classic JSON, and valid."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from generator.api import Compilation
from generator.ir.artifacts import Artifact
from generator.render.files import tenant_artifacts
from generator.verify.reread import reread
from tests.conftest import ROOT
from tests.judges import judged_by_grafana
from tests.provisioning.schemas import said_by_classic, said_by_v2


def boards(artifacts: tuple[Artifact, ...]) -> dict[str, bytes]:
    return {
        a.path: a.content
        for a in artifacts
        if a.path.startswith("grafana/") and a.path.endswith(".json")
    }


@pytest.fixture(scope="session")
def v2(examples: Compilation) -> dict[str, tuple[Artifact, ...]]:
    found = {}
    for name, one in examples.tenants.items():
        assert one.build is not None
        found[name] = tenant_artifacts(replace(one.build, dashboard_schema="v2"))
    return found


def test_both_schemas_say_the_same(
    examples: Compilation, v2: dict[str, tuple[Artifact, ...]]
) -> None:
    compared = 0
    for name, artifacts in v2.items():
        classic = boards(examples.tenants[name].artifacts)
        resources = boards(artifacts)
        assert sorted(classic) == sorted(resources)
        for path, content in resources.items():
            resource = json.loads(content)
            said = said_by_v2(resource)
            assert said == said_by_classic(json.loads(classic[path])), f"{name}/{path}"
            assert resource["metadata"]["annotations"] == {"grafana.app/folder": f"{name}-folder"}
            compared += len(said.panels)
    assert compared > 100


def test_resources_are_read_again_for_isolation(
    examples: Compilation, v2: dict[str, tuple[Artifact, ...]]
) -> None:
    for name, artifacts in v2.items():
        only = [a for a in artifacts if a.path in boards(artifacts)]
        assert [f for f in reread(only, examples.scope(name)) if f.level == "error"] == []
        foreign = reread(only, examples.scope("somebody-else"))
        assert len([f for f in foreign if f.code == "not-isolated"]) > 10


@pytest.mark.parametrize("schema", ["classic", "v2"])
def test_grafanas_own_schemas_accept_them(
    examples: Compilation, v2: dict[str, tuple[Artifact, ...]], schema: str, tmp_path: Path
) -> None:
    for name, artifacts in v2.items():
        written = artifacts if schema == "v2" else examples.tenants[name].artifacts
        folder = tmp_path / name
        folder.mkdir()
        for path, content in boards(written).items():
            (folder / Path(path).name).write_bytes(content)
        for artifact in written:
            if artifact.path == "grafana/.lint":
                (folder / ".lint").write_bytes(artifact.content)
        answer = judged_by_grafana(ROOT, folder, name)
        assert answer.returncode == 0, answer.stdout + answer.stderr
