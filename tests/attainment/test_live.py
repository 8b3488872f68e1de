"""`tocsin report` on real Prometheus servers over a past whose truth is known, and its page."""

from __future__ import annotations

import csv
import io
import json
import re
import shutil
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from playwright.sync_api import Browser

from generator.cli.main import cli
from generator.render.report_csv import HEADER
from generator.tools import Tool
from tests.attainment import past
from tests.browser import browser, opened
from tests.live.stack import free_port, prometheus

pytestmark = [pytest.mark.live, pytest.mark.tools]
WEEK = ("--period", "2026-W43")


@dataclass(frozen=True)
class Scene:
    """A repository, and a Prometheus of one generation that remembers its tenant."""

    root: Path
    url: str
    output: Path

    def report(self, *arguments: str) -> Result:
        command = ["report", "--root", str(self.root), "--prometheus", self.url, *arguments]
        return CliRunner().invoke(cli, command)

    def files(self) -> Mapping[str, bytes]:
        return {path.suffix: path.read_bytes() for path in self.output.iterdir()}

    def data(self) -> Any:
        (tenant,) = json.loads(self.files()[".json"])["tenants"]
        return tenant


@pytest.fixture(scope="module")
def blocks(oldest: Mapping[str, Tool], tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("past")
    past.blocks(oldest["promtool"], folder)
    return folder / "prometheus"


@pytest.fixture(scope="module")
def scenes(
    blocks: Path,
    oldest: Mapping[str, Tool],
    newest: Mapping[str, Tool],
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[list[Scene]]:
    """The oldest and the newest generation, each asked for all formats."""
    found = []
    root = past.repository(tmp_path_factory.mktemp("repository"))
    for tools in (oldest, newest):
        folder = tmp_path_factory.mktemp("server")
        shutil.copytree(blocks, folder / "data" / "prometheus")
        config, port = folder / "prometheus.yml", free_port()
        config.write_text("global: {}\n")
        kept = "--storage.tsdb.retention.time=100y"
        with prometheus(tools["prometheus"], config, folder / "data", port, kept):
            scene = Scene(root, f"http://127.0.0.1:{port}", folder / "reports")
            result = scene.report("acme", *WEEK, "--output", f"{scene.output}/")
            assert result.exit_code == 0, result.output
            found.append(scene)
            if tools is newest:
                yield found


@pytest.fixture(scope="module")
def scene(scenes: list[Scene]) -> Scene:
    """The newest, which still runs."""
    return scenes[-1]


def slo_of(data: Any, name: str) -> Any:
    return next(slo for slo in data["slos"] if slo["slo"] == name)


def ratio(*rates: tuple[past.Value, past.Value]) -> float:
    """The true error ratio of several series of (errors, total)."""
    return sum(past.sums(e) for e, _ in rates) / sum(past.sums(t) for _, t in rates)


GETS, POSTS = (past.failing_gets, past.gets), (past.failing_posts, past.posts)
PATCHES = (past.failing_patches, past.patches)
PROBES = (past.failing_probes, past.probes)


def test_generations_agree_to_the_byte(scenes: list[Scene]) -> None:
    old, new = scenes
    assert sorted(old.files()) == [".csv", ".html", ".json", ".md"]
    assert old.files() == new.files()


@pytest.mark.parametrize(
    ("name", "truth", "objective", "coverage"),
    [
        ("availability", lambda: ratio(GETS, POSTS, PATCHES), 0.001, 1 - 408 / 10140),
        ("reachable", lambda: ratio(PROBES), 0.005, 1),
        ("fresh", lambda: ratio((past.stale, past.slices)), 0.01, 1),
        (
            "journey",
            lambda: 1 - (1 - ratio(GETS, POSTS, PATCHES)) * (1 - ratio(PROBES)),
            0.01,
            1 - 408 / 10140,
        ),
    ],
)
def test_attained_is_the_truth(
    scene: Scene, name: str, truth: Callable[[], float], objective: float, coverage: float
) -> None:
    found, wrong = slo_of(scene.data(), name), truth()
    assert found["attained"] == pytest.approx(1 - wrong, rel=1e-9)
    assert found["budget_spent"] == pytest.approx(wrong / objective, rel=1e-9)
    assert found["coverage"] == pytest.approx(coverage, rel=1e-9)
    spent = sum(hour["budget_spent"] for hour in found["hours"])
    assert spent == pytest.approx(found["budget_spent"], rel=1e-9)
    assert len(found["hours"]) == 169


def test_events_are_counted_with_the_interval(scene: Scene) -> None:
    found = slo_of(scene.data(), "availability")
    totals = past.sums(past.gets) + past.sums(past.posts) + past.sums(past.patches)
    assert found["total"] == pytest.approx(totals, rel=1e-9)
    assert found["budget"]["unit"] == "events"
    assert found["budget"]["allowed"] == pytest.approx(totals * 0.001, rel=1e-9)
    assert found["budget"]["used"] == found["errors"]


def test_time_is_told_in_seconds(scene: Scene) -> None:
    found = slo_of(scene.data(), "fresh")
    assert found["budget"]["unit"] == "seconds"
    assert found["budget"]["used"] == pytest.approx(42 * 60, rel=1e-9)
    assert found["budget"]["allowed"] == pytest.approx(0.01 * (169 * 60 - 125) * 60, rel=1e-9)


def test_groups_have_their_own_truth(scene: Scene) -> None:
    groups = slo_of(scene.data(), "availability")["groups"]
    assert [group["labels"]["method"] for group in groups] == ["POST", "GET", "PATCH"]
    for group, rates in zip(groups, (POSTS, GETS, PATCHES), strict=True):
        assert group["attained"] == pytest.approx(1 - ratio(rates), rel=1e-9)
    assert groups[2]["coverage"] == pytest.approx(1440 / 10140, rel=1e-9)


def test_ratios_are_the_mean_of_what_was_recorded(scene: Scene) -> None:
    values = [past.bad_ratio(at) for at in past.minutes(past.START, past.END)]
    known = [value for value in values if value is not None]
    found = slo_of(scene.data(), "quality")
    assert found["attained"] == pytest.approx(1 - sum(known) / len(known), rel=1e-9)
    assert found["coverage"] == pytest.approx(len(known) / len(values), rel=1e-9)


def test_nothing_is_not_a_hundred_percent(scene: Scene) -> None:
    silent, idle = slo_of(scene.data(), "silent"), slo_of(scene.data(), "idle")
    assert (silent["state"], silent["attained"], silent["coverage"]) == ("no data", None, 0)
    assert (idle["state"], idle["attained"], idle["coverage"]) == ("no traffic", None, 1)


def test_the_period_before_is_compared(scene: Scene) -> None:
    data = scene.data()
    assert data["previous_period"]["name"] == "2026-W42"
    errors, total = (
        sum(past.sums(rate, past.BEFORE, past.START) for rate in rates)
        for rates in ((past.failing_gets, past.failing_posts), (past.gets, past.posts))
    )
    before = slo_of(data, "availability")["previous"]
    assert before["attained"] == pytest.approx(1 - errors / total, rel=1e-9)
    assert data["previous_incidents"] == 2


def test_what_a_reader_must_know_is_told(scene: Scene) -> None:
    data = scene.data()
    (change,) = slo_of(data, "availability")["objective_changes"]
    assert change == {
        "at": "2026-10-20T09:00:00+02:00",
        "before_percent": 99.5,
        "after_percent": 99.9,
    }
    (window,) = slo_of(data, "fresh")["excluded_maintenance"]
    assert (window["name"], window["seconds"]) == ("upgrade", 125 * 60)
    assert data["unknown_slos"] == ["retired"]


def test_incidents_are_what_fired(scene: Scene) -> None:
    incidents = scene.data()["incidents"]
    told = [
        (i["alert"], i["slo"], i["severity"], i["from"][5:16], i["until"][5:16], i["series"])
        for i in incidents
    ]
    assert told == [
        ("Backlog", "", "warning", "10-19T00:00", "10-19T01:00", 1),
        ("SLOErrorBudgetBurn", "availability", "critical", "10-21T03:02", "10-21T05:00", 2),
        ("Backlog", "", "warning", "10-23T12:00", "10-23T12:20", 1),
        ("Backlog", "", "warning", "10-23T12:22", "10-23T12:30", 1),
        ("Down", "", "critical", "10-25T22:00", "10-26T00:00", 1),
    ]
    assert [i["begun_before"] for i in incidents] == [True, False, False, False, False]
    assert [i["goes_on"] for i in incidents] == [False, False, False, False, True]


def test_an_incident_took_what_failed_while_it_fired(scene: Scene) -> None:
    data = scene.data()
    burn = data["incidents"][1]["budget_spent"]
    span = past.paris("10-21T03:02"), past.paris("10-21T05:00")
    failed = past.sums(past.failing_gets, *span) + past.sums(past.failing_posts, *span)
    allowed = slo_of(data, "availability")["budget"]["allowed"]
    assert burn == {"availability": pytest.approx(failed / allowed, rel=1e-5)}
    assert set(data["incidents"][2]["budget_spent"]) == {"quality"}


def test_the_worst_hour_is_the_outages(scene: Scene) -> None:
    rows = list(csv.DictReader(io.StringIO(scene.files()[".csv"].decode())))
    assert tuple(rows[0]) == HEADER
    assert [(row["slo"], row["group"]) for row in rows] == [
        ("availability", ""),
        ("availability", "method=POST"),
        ("availability", "method=GET"),
        ("availability", "method=PATCH"),
        *((name, "") for name in ("journey", "reachable", "fresh", "idle", "quality", "silent")),
    ]
    first, silent = rows[0], rows[-1]
    assert first["worst_hour"] == "2026-10-21T03:00:00+02:00"
    assert first["budget_used"] == first["errors"]
    assert first["attained_percent"].startswith("99.738029")
    assert (first["incidents"], first["firing_seconds"]) == ("1", str(118 * 60))
    assert (silent["attained_percent"], silent["errors"], silent["coverage_percent"]) == (
        "", "", "0",
    )  # fmt: skip


def test_the_markdown_says_it_in_words(scene: Scene) -> None:
    text = scene.files()[".md"].decode()
    assert "| api | availability | 99.9 % | 99.73 % | −0.25 | 262 % | 95.9 % | ✗ missed |" in text
    assert "| db | silent | 99 % | no data |  |  | 0 % | ? no data |" in text
    assert "attained 99.73 % of the 95.9 % that was measured" in text
    assert "Planned maintenance upgrade is left out: Sat 24 Oct 01:00 to Sat 24 Oct 03:05" in text
    assert "had begun before the period" in text
    assert "availability :crit, 2026-10-21T03:02, 2026-10-21T05:00" in text


# --------------------------------------------------------------------------- the command


def test_a_gate_for_scheduled_runs(scene: Scene) -> None:
    result = scene.report(*WEEK, "--format", "csv", "--fail-below-objective")
    assert result.exit_code == 1
    assert result.stdout.splitlines()[0] == ",".join(HEADER)
    said = re.findall(r": (\w+): (.*) \[(report-[\w-]+)\]", result.stderr)
    missing = "nothing was measured of silent of acme in week 43 of 2026"
    below = "availability of acme attained 99.73 % in week 43 of 2026, below 99.9 %"
    assert ("error", missing, "report-no-data") in said
    assert ("error", below, "report-below-objective") in said
    assert "specs/tenants/acme.yaml:12:3: error: availability of acme" in result.stderr


def test_any_hours_from_until_do_not_depend_on_now(scene: Scene) -> None:
    span = ("--from", "2026-10-20T13:30", "--until", "2026-10-20T15:45")
    first, second = (scene.report(*span, "--format", "json") for _ in range(2))
    assert first.stdout == second.stdout
    (tenant,) = json.loads(first.stdout)["tenants"]
    found = slo_of(tenant, "availability")
    start, end = past.paris("10-20T13:30"), past.paris("10-20T15:45")
    failed = past.sums(past.failing_gets, start, end) + past.sums(past.failing_posts, start, end)
    total = past.sums(past.gets, start, end) + past.sums(past.posts, start, end)
    assert found["attained"] == pytest.approx(1 - failed / total, rel=1e-9)
    assert [hour["coverage"] for hour in found["hours"]] == [1, 1, 1]


def test_a_file_is_written_in_the_format_of_its_name(scene: Scene, tmp_path: Path) -> None:
    result = scene.report(*WEEK, "--output", str(tmp_path / "new" / "week.md"))
    assert result.exit_code == 0
    assert (tmp_path / "new" / "week.md").read_bytes() == scene.files()[".md"]
    assert [path.name for path in (tmp_path / "new").iterdir()] == ["week.md"]


def test_hours_that_took_next_to_nothing_are_not_among_the_worst(scene: Scene) -> None:
    page = scene.files()[".md"].decode()
    journey = page[page.index("## api: journey") : page.index("## api: reachable")]
    told = re.findall(r"^\| (\w{3} \d+ Oct \d\d:\d\d) \|", journey, re.MULTILINE)
    assert told == ["Mon 19 Oct 08:00", "Wed 21 Oct 03:00", "Tue 20 Oct 14:00"]


def test_a_period_between_two_times_is_told_as_one(scene: Scene) -> None:
    result = scene.report("--from", "2026-10-21T02:00", "--until", "2026-10-21T08:00")
    said = "% from 21 October 2026, 02:00 to 21 October 2026, 08:00, below 99.9 %"
    assert said in result.stderr


def test_a_refusal_and_a_hole_are_told_apart(scene: Scene) -> None:
    """Before anything was recorded there is no data, and no complaint of the server."""
    result = scene.report("--period", "2026-03", "--format", "json")
    (tenant,) = json.loads(result.stdout)["tenants"]
    assert result.exit_code == 0
    assert {slo["state"] for slo in tenant["slos"]} == {"no data"}
    assert tenant["incidents"] == []


# --------------------------------------------------------------------------- the page


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    with browser() as started:
        yield started


@pytest.mark.parametrize("dark", [False, True])
def test_the_page_draws_everything_and_asks_for_nothing(
    scene: Scene, chromium: Browser, dark: bool
) -> None:
    (page,) = scene.output.glob("*.html")
    with opened(chromium, page, dark=dark) as seen:
        for chart in seen.page.locator("[data-chart]").all():
            chart.scroll_into_view_if_needed()
        seen.page.wait_for_function(
            "document.querySelectorAll('[data-chart]').length === "
            "document.querySelectorAll('[data-drawn] svg').length"
        )
        kinds = seen.page.eval_on_selector_all(
            "[data-chart]", "all => all.map(e => e.dataset.chart)"
        )
        assert sorted(set(kinds)) == ["burn", "heat", "incidents", "overview"]
        assert len(kinds) == 2 + 2 * 5
        shapes = "all => all.map(e => e.querySelectorAll('path').length)"
        assert min(seen.page.eval_on_selector_all("[data-chart]", shapes)) >= 2
        assert seen.page.evaluate("document.documentElement.scrollWidth") == 1280
        assert seen.page.inner_text("h1") == "Acme's <shop>"
        shown = seen.page.evaluate("getComputedStyle(document.body).backgroundColor")
        assert shown == ("rgb(18, 22, 29)" if dark else "rgb(245, 246, 248)")
        assert (seen.complaints, seen.asked) == ([], [])


def test_charts_have_tables_beside_them(scene: Scene, chromium: Browser) -> None:
    (page,) = scene.output.glob("*.html")
    with opened(chromium, page) as seen:
        row = seen.page.locator("table.summary tbody tr").first.inner_text().split("\t")
        assert [cell.strip() for cell in row] == [
            "api", "availability", "99.9 %", "99.73 %", "−0.25", "262 %", "95.9 %", "✗ missed",
        ]  # fmt: skip
        labels = "all => all.map(e => [e.role, e.ariaLabel.length > 30])"
        assert all(
            found == ["img", True]
            for found in seen.page.eval_on_selector_all("[data-chart]", labels)
        )
        assert seen.page.locator("details table.days tbody tr").count() == 5 * 7


def test_the_page_prints_on_a4(scene: Scene, chromium: Browser, tmp_path: Path) -> None:
    """In print all charts are drawn, in ink on white, and nothing is wider than the sheet."""
    (page,) = scene.output.glob("*.html")
    with opened(chromium, page, width=695, dark=True) as seen:
        seen.page.emulate_media(media="print")
        seen.page.wait_for_function(
            "document.querySelectorAll('[data-chart]').length === "
            "document.querySelectorAll('[data-drawn] svg').length"
        )
        assert seen.page.evaluate("document.documentElement.scrollWidth") <= 695
        assert (
            seen.page.evaluate("getComputedStyle(document.body).backgroundColor")
            == "rgb(255, 255, 255)"
        )
        label = seen.page.locator("#t0-overview text").first.get_attribute("fill")
        assert label in ("#1b2330", "#5a6576", "rgb(27,35,48)", "rgb(90,101,118)"), label
        seen.page.pdf(path=tmp_path / "report.pdf", prefer_css_page_size=True)
        assert (tmp_path / "report.pdf").read_bytes()[:5] == b"%PDF-"
        assert seen.complaints == []
