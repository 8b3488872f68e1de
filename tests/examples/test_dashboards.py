"""The examples' dashboards as Grafana will read them."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from generator.api import Compilation
from generator.promql.parser import parse
from generator.promql.tree import vector_selectors
from generator.promql.variables import isolate_variable_query
from tests.dashboards.drawn import complaints

VIEWS = ("executive", "technical", "security", "ml")
Board = tuple[str, str, dict[str, Any]]


@pytest.fixture(scope="session")
def boards(examples: Compilation) -> list[Board]:
    return [
        (name, artifact.path, json.loads(artifact.content))
        for name, one in examples.tenants.items()
        for artifact in one.artifacts
        if artifact.path.startswith("grafana/") and artifact.path.endswith(".json")
    ]


def panels(board: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for panel in board["panels"]:
        yield panel
        yield from panel.get("panels", ())


def expressions(board: dict[str, Any]) -> Iterator[str]:
    for panel in panels(board):
        for target in panel.get("targets", ()):
            yield target["expr"]
    for annotation in board["annotations"]["list"]:
        if "expr" in annotation:
            yield annotation["expr"]


def plain(expr: str) -> str:
    """An expression without Grafana's variables, for the parser."""
    expr = re.sub(r"\$(__rate_interval|__interval|__range)", "5m", expr)
    return re.sub(r"\$\{?\w+(:\w+)?\}?", "x", expr)


def test_a_gold_tenant_has_all_four_views_and_its_own(boards: list[Board]) -> None:
    views = [path for name, path, _ in boards if name == "spotify-tenant-1"]
    assert sorted(views) == sorted(f"grafana/{view}.json" for view in (*VIEWS, "queues"))


def test_ids_are_unique_and_uids_are_valid(boards: list[Board]) -> None:
    uids = [board["uid"] for _, _, board in boards]
    assert len(set(uids)) == len(uids)
    for _, path, board in boards:
        assert re.fullmatch(r"[A-Za-z0-9_-]{1,40}", board["uid"])
        ids = [panel["id"] for panel in panels(board)]
        assert len(set(ids)) == len(ids), path
        assert all(0 < number < 2**31 for number in ids)


def test_panels_do_not_overlap_and_fit_the_grid(boards: list[Board]) -> None:
    for _, path, board in boards:
        for level in (board["panels"], *(p.get("panels", []) for p in board["panels"])):
            taken: set[tuple[int, int]] = set()
            for panel in level:
                grid = panel["gridPos"]
                cells = {
                    (x, y)
                    for x in range(grid["x"], grid["x"] + grid["w"])
                    for y in range(grid["y"], grid["y"] + grid["h"])
                }
                assert grid["x"] + grid["w"] <= 24, path
                assert not cells & taken, f"{path}: {panel['title']}"
                taken |= cells


def test_rows_have_no_gaps(boards: list[Board]) -> None:
    for _, path, board in boards:
        rows: list[list[dict[str, int]]] = []
        for panel in board["panels"]:
            if panel["type"] == "row":
                rows.append([inner["gridPos"] for inner in panel["panels"]])
            else:
                rows[-1].append(panel["gridPos"])
        for grids in rows:
            high = max(g["y"] + g["h"] for g in grids) - min(g["y"] for g in grids)
            assert sum(g["w"] * g["h"] for g in grids) == 24 * high, path


def test_every_query_is_pinned_to_the_tenant(boards: list[Board]) -> None:
    for name, path, board in boards:
        for expr in expressions(board):
            for selector in vector_selectors(parse(plain(expr))):
                pinned = [(m.op, m.value) for m in selector.matchers if m.name == "tenant"]
                assert pinned == [("=", name)], f"{path}: {expr}"


def test_variables_ask_for_the_tenant_only(boards: list[Board], examples: Compilation) -> None:
    for name, _, board in boards:
        for variable in board["templating"]["list"]:
            if variable["type"] == "query":
                query = variable["query"]
                text = query["query"] if isinstance(query, dict) else query
                assert f'tenant="{name}"' in text
                with pytest.raises(Exception, match="tenant"):
                    isolate_variable_query(text, examples.scope("somebody-else"))


def test_every_panel_says_what_it_shows(boards: list[Board]) -> None:
    for _, path, board in boards:
        for panel in panels(board):
            if panel["type"] in ("row", "text"):
                continue
            assert panel["title"] and panel["description"], f"{path}: {panel['id']}"
            if panel["type"] != "alertlist":
                defaults = panel["fieldConfig"]["defaults"]
                assert defaults["unit"] and defaults["thresholds"]["steps"], panel["title"]


def test_recorded_series_that_panels_read_are_recorded(
    boards: list[Board], examples: Compilation
) -> None:
    for name, path, board in boards:
        build = examples.tenants[name].build
        assert build is not None
        recorded = {getattr(r, "record", "") for g in build.groups for r in g.rules}
        for expr in expressions(board):
            for selector in vector_selectors(parse(plain(expr))):
                if selector.name and ":" in selector.name:
                    assert selector.name in recorded, f"{path}: {expr}"


def test_links_of_alerts_lead_to_panels(boards: list[Board], examples: Compilation) -> None:
    known = {board["uid"]: {p["id"] for p in panels(board)} for _, _, board in boards}
    links = 0
    for one in examples.tenants.values():
        assert one.build is not None
        for group in one.build.groups:
            for rule in group.rules:
                url = getattr(rule, "annotations", {}).get("dashboard_url", "")
                found = re.search(r"/d/([^?]+)\?viewPanel=(\d+)$", url)
                if found:
                    links += 1
                    assert int(found[2]) in known[found[1]], f"{rule}: {url}"
    assert links > 50


def titles(board: dict[str, Any]) -> set[str]:
    return {panel["title"] for panel in panels(board)}


@pytest.mark.parametrize(
    ("view", "wanted"),
    [
        (
            "executive",
            {
                "Is every promise kept?",
                "availability: attained",
                "availability: error budget",
                "availability: burn rate",
                "availability: runs out",
                "Breaches",
                "Recommendation quality (recommender)",
                "Plays today (playlist-api)",
                "Listeners (playlist-api)",
                "Recommendations played (recommender)",
                "From suggestion to playlist (playlist-api)",
                "Playlists made today (playlist-api)",
                "Alerts that fired, 30d",
                "Hours of alerts, 30d",
                "Data coverage",
            },
        ),
        (
            "technical",
            {
                "Firing alerts",
                "Versions that run",
                "playlist-api: depends on",
                "playlist-api: rate, errors, duration",
                "playlist-api: utilisation, saturation",
                "Requests by method (playlist-api)",
                "DiskFull (postgres)",
            },
        ),
        (
            "security",
            {
                "Failed authentications (identity)",
                "Blocked requests (identity)",
                "Audit events (identity)",
                "Controls",
                "Controls without evidence",
                "What to declare",
            },
        ),
        (
            "ml",
            {
                "Quality (recommender)",
                "Drift of features (recommender)",
                "Inference latency (recommender)",
                "Oldest features (recommender)",
                "Versions side by side (recommender)",
                "Trainings of a week (recommender)",
            },
        ),
    ],
)
def test_a_view_answers_its_questions(boards: list[Board], view: str, wanted: set[str]) -> None:
    board = next(b for n, p, b in boards if (n, p) == ("spotify-tenant-1", f"grafana/{view}.json"))
    assert wanted <= titles(board)


def test_panels_of_alerts_lead_to_runbook_and_rule(
    boards: list[Board], examples: Compilation
) -> None:
    shown = {
        (board["uid"], panel["id"]): panel for _, _, board in boards for panel in panels(board)
    }
    seen = 0
    for one in examples.tenants.values():
        assert one.build is not None
        for rule in (rule for group in one.build.groups for rule in group.rules):
            noted = getattr(rule, "annotations", {})
            if "__panelId__" in noted:
                panel = shown[noted["__dashboardUid__"], int(noted["__panelId__"])]
                links = {link["title"]: link["url"] for link in panel["links"]}
                assert {"Runbook", "Alert rule"} <= set(links), panel["title"]
                seen += 1
    assert seen > 50


def test_grafana_takes_the_examples(
    examples: Compilation, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for name, one in examples.tenants.items():
        assert one.build is not None
        assert complaints(one.build, tmp_path / name, capsys) == [], name
