"""Choosing the schema of dashboards, and the corners of schema v2 that examples do not reach."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

from generator.ir.dashboards import Dashboard, Panel, PinnedDatasource, Query, Row, Variable
from generator.render.grafana import dashboard_json
from generator.render.grafana_v2 import resource_json
from generator.values import IsolatedExpr
from tests.conftest import ROOT
from tests.judges import grafana_check_file
from tests.provisioning.place import made, write
from tests.provisioning.schemas import said_by_classic, said_by_v2

V2 = "grafana: {dashboard_schema: v2}"


def corners(datasource: PinnedDatasource | None) -> Dashboard:
    """Whatever the IR can say of a dashboard, once."""
    expr = IsolatedExpr('up{tenant="acme",job=~"$job"}')
    panels = (
        Panel("a", "A", "a", "timeseries", (Query(expr, "x"), Query(expr)), width=20, id=1),
        Panel(
            "b",
            "B",
            "b",
            "table",
            (Query(expr, instant=True, format="table"),),
            unit="s",
            width=12,
            decimals=1,
            minimum=0.0,
            maximum=5.0,
            transformations=({"id": "merge", "options": {}},),
            mappings=({"type": "value", "options": {"0": {"text": "down", "color": "red"}}},),
            overrides=(
                {
                    "matcher": {"id": "byName", "options": "x"},
                    "properties": [
                        {"id": "unit", "value": "ms"},
                        {
                            "id": "thresholds",
                            "value": {
                                "mode": "absolute",
                                "steps": [
                                    {"color": "green", "value": None},
                                    {"color": "red", "value": 1},
                                ],
                            },
                        },
                    ],
                },
            ),
            links=(("Runbook", "https://runbooks.example.com/a"),),
            repeat="job",
            time_from="30d",
            id=2,
        ),
    )
    words = Panel("c", "C", "c", "text", options={"content": "hello", "mode": "markdown"}, id=3)
    return Dashboard(
        uid="acme-corners",
        view="corners",
        title="Corners",
        description="Everything once.",
        tags=("tocsin", "tenant:acme"),
        rows=(
            Row("r", "Rows", panels, id=10),
            Row("s", "Shut", (words,), collapsed=True, repeat="job", id=11),
        ),
        variables=(
            Variable("tenant", "Tenant", "constant", value="acme"),
            Variable("job", "Job", "query", 'label_values(up{tenant="acme"}, job)', "", True, True),
            Variable("one", "One", "query", 'label_values(up{tenant="acme"}, job)'),
            Variable("quantile", "Q", "custom", options=(("p99", "0.99"), ("0.5", "0.5"))),
            Variable("any", "Any", "custom", include_all=True, options=(("a", "b"),)),
        ),
        datasource=datasource,
    )


def test_everything_the_ir_can_say_is_said_in_both_schemas() -> None:
    for datasource in (None, PinnedDatasource("acme-prometheus", "Tocsin acme")):
        board = corners(datasource)
        resource = json.loads(resource_json(board))
        assert said_by_v2(resource) == said_by_classic(json.loads(dashboard_json(board)))
        first = resource["spec"]["variables"][0]["spec"]
        assert first["allowCustomValue"] is (datasource is None)


def test_the_judge_takes_the_corners_too(tmp_path: Path) -> None:
    check = grafana_check_file(ROOT)
    (tmp_path / "corners.json").write_bytes(resource_json(corners(None)))
    answer = subprocess.run(
        [sys.executable, str(check), "--canonical", "--strict", str(tmp_path)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert answer.returncode == 0, answer.stdout + answer.stderr


def test_the_platform_chooses_and_files_are_not_given_what_they_refuse(tmp_path: Path) -> None:
    found = made(tmp_path, V2, grafana_version="13.0")
    assert found.json("acme/grafana/technical.json")["apiVersion"] == (
        "dashboard.grafana.app/v2beta1"
    )
    assert not [path for path in found.files if "provisioning/dashboards" in path]
    assert "acme/grafana/.lint" not in found.files
    assert found.told("target-version") == []
    assert found.datasources["datasources"]


def test_a_grafana_that_does_not_know_the_schema_is_told_about(tmp_path: Path) -> None:
    (told,) = made(tmp_path, V2, grafana_version="12.1").told("target-version")
    assert told == "warning: Grafana 12.1 does not know dashboards of schema v2"


def tocsin(*arguments: str, cwd: Path, path: str = "") -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "generator", *arguments],
        cwd=cwd,
        env={
            "PATH": os.environ["PATH"],
            "PYTHONPATH": f"{path}:{ROOT}",
            "HOME": str(cwd),
            "TOCSIN_CACHE": os.environ["TOCSIN_CACHE"],
        },
        capture_output=True,
        text=True,
        check=False,
    )


def test_the_flag_overrides_the_platform_for_one_run(tmp_path: Path) -> None:
    root = write(tmp_path, V2)
    answer = tocsin("build", "--verify=off", "--dashboard-schema", "classic", cwd=root)
    assert answer.returncode == 0, answer.stderr
    written = json.loads((root / "output/acme/grafana/executive.json").read_text())
    assert written["schemaVersion"] == 41
    assert (root / "output/fleet/grafana/provisioning/dashboards/acme.yaml").is_file()


def test_without_the_extra_it_is_said_how_to_get_it(tmp_path: Path) -> None:
    root = write(tmp_path, V2)
    hidden = tmp_path / "hidden"
    hidden.mkdir()
    (hidden / "grafana_foundation_sdk.py").write_text(
        "raise ModuleNotFoundError('no', name='grafana_foundation_sdk')\n"
    )
    answer = tocsin("build", "--verify=off", cwd=root, path=str(hidden))
    assert answer.returncode == 3
    assert "pip install 'tocsin[dashboards-v2]'" in answer.stderr
    assert "Traceback" not in answer.stderr
    assert not (root / "output").exists()
