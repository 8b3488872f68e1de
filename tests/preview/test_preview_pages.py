"""Previews in a real Chromium: fed by a real Prometheus, every kind of panel, every unit."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from playwright.sync_api import Browser

from generator.cli.main import cli
from generator.render.preview.frames import Asked, Line, framed
from generator.render.preview.layout import sections
from generator.render.preview.page import Answer, Event, Page, preview_page
from generator.tools import Tool
from tests.browser import Opened, browser, opened

END = 1_764_072_000
AT = "2025-11-25T12:00:00Z"
PLATFORM = """\
version: 1
targets: {prometheus: "2.42", alertmanager: "0.28", grafana: "11.0"}
urls: {prometheus: "https://p.example.com", alertmanager: "https://a.example.com",
  grafana: "https://g.example.com", runbooks: "https://r.example.com"}
fallback: hook
channels: {hook: {webhook: {url_file: /etc/hook}}}
escalation: {all: [{notify: [hook]}]}
defaults: {routing: {critical: all, warning: all, info: all}}
"""
SPEC = """\
version: 1
tenant: acme
owner: {team: shop, contact: shop@example.com}
services: {api: {selector: {job: api}}}
alerts:
  Busy: {service: api, threshold: {expr: 'sum(rate(hits_total[5m]))', above: 5}, severity: warning}
dashboards:
  views: [executive, technical]
  custom:
    hits:
      view: executive
      title: Hits
      unit: reqps
      service: api
      queries: [{expr: 'sum by (code) (rate(hits_total[$__rate_interval]))', legend: '{{ code }}'}]
    broken:
      view: executive
      title: Broken
      service: api
      queries: [{expr: 'hits_total * on (job) group_left () other'}]
"""


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    with browser() as started:
        yield started


@pytest.fixture(scope="module")
def repository(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("preview")
    (root / "specs/tenants").mkdir(parents=True)
    (root / "specs/platform.yaml").write_text(PLATFORM)
    (root / "specs/tenants/acme.yaml").write_text(SPEC)
    return root


def metrics() -> str:
    """An hour of two counters, and of twins that no join takes."""
    lines = ["# TYPE hits counter"]
    for code, pace in (("200", 6), ("500", 1)):
        lines += [
            f'hits_total{{job="api",code="{code}",tenant="acme"}} {i * 15 * pace} {END - 3600 + i * 15}'
            for i in range(241)
        ]
    lines.append("# TYPE other gauge")
    for twin in "ab":
        lines += [
            f'other{{job="api",twin="{twin}",tenant="acme"}} 1 {END - 3600 + i * 60}'
            for i in range(61)
        ]
    return "\n".join([*lines, "# EOF", ""])


@pytest.mark.live
@pytest.mark.tools
def test_a_preview_of_files(
    repository: Path, newest: Mapping[str, Tool], chromium: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Real values are drawn; a broken query is told in its panel; the same data, the same bytes."""
    monkeypatch.setenv("TOCSIN_TOOLS", str(newest["promtool"].path.parent))
    data = repository / "metrics.om"
    data.write_text(metrics())
    arguments = ["preview", "acme", "--root", str(repository), "--range", "1h", "--data", str(data)]
    first = CliRunner().invoke(cli, [*arguments, "--output", str(repository / "one"), "--at", AT])
    assert first.exit_code == 0, first.output
    assert "preview-query" in first.output and "'Broken" in first.output
    second = CliRunner().invoke(cli, [*arguments, "--output", str(repository / "two"), "--at", AT])
    assert second.exit_code == 0, second.output
    for name in ("executive.html", "technical.html"):
        one, two = (repository / where / name for where in ("one", "two"))
        assert one.read_bytes() == two.read_bytes()
    with opened(chromium, repository / "one" / "executive.html", 1280, dark=True) as seen:
        judge(seen)
        assert state(seen, "Hits (api)") == "drawn" or state(seen, "Hits") == "drawn"
        assert seen.page.locator(".panel[data-state=problem] .problem").count() == 1
        legend = seen.page.locator(".panel-timeseries .legend-entry").all_inner_texts()
        assert {"200", "500"} <= set(legend)
        seen.page.click("nav a >> nth=1")
        seen.page.wait_for_selector("html[data-ready]")
        assert "Technical" in seen.page.inner_text("h1")


def state(seen: Opened, title: str) -> str | None:
    found = seen.page.locator(f'.panel[aria-label="{title}"]')
    return found.first.get_attribute("data-state") if found.count() else None


def test_without_a_source_the_page_says_how(repository: Path, chromium: Browser) -> None:
    output = repository / "empty"
    done = CliRunner().invoke(
        cli, ["preview", "acme", "--root", str(repository), "--output", str(output)]
    )
    assert done.exit_code == 0, done.output
    with opened(chromium, output / "technical.html") as seen:
        judge(seen)
        assert seen.page.locator("#no-source").is_visible()
        assert set(states(seen)) <= {"no data", "drawn"}
        assert "no data" in states(seen)


@pytest.mark.parametrize(
    "arguments",
    [
        ["--prometheus", "localhost"],
        ["--token-file", __file__],
        ["--at", "soon"],
        ["--range", "6 moons"],
    ],
)
def test_wrong_use(repository: Path, arguments: list[str]) -> None:
    done = CliRunner().invoke(cli, ["preview", "acme", "--root", str(repository), *arguments])
    assert done.exit_code == 2, done.output


def test_an_unknown_view_is_named(repository: Path) -> None:
    done = CliRunner().invoke(
        cli, ["preview", "acme", "--root", str(repository), "--view", "cellar"]
    )
    assert done.exit_code == 1 and "executive, technical" in done.output


KINDS = (
    "timeseries", "stat", "gauge", "bargauge", "heatmap", "state-timeline", "status-history",
    "table", "alertlist", "piechart", "barchart", "text",
)  # fmt: skip


def every_kind() -> bytes:
    """A page with a panel of each kind, all fed by the same two series."""
    panels, answers = [], []
    config = {
        "defaults": {
            "unit": "percentunit",
            "thresholds": {"mode": "absolute", "steps": [{"color": "green", "value": None}, {"color": "red", "value": 0.5}]},
            "mappings": [{"type": "value", "options": {"1": {"text": "full", "color": "purple"}}}],
            "custom": {"thresholdsStyle": {"mode": "line+area"}, "fillOpacity": 10},
        },
        "overrides": [{"matcher": {"id": "byName", "options": "b"}, "properties": [
            {"id": "unit", "value": "bytes"}, {"id": "displayName", "value": "<b>&"}, {"id": "custom.axisPlacement", "value": "right"}]}],
    }  # fmt: skip
    for index, kind in enumerate(KINDS):
        grid = {"x": index % 3 * 8, "y": index // 3 * 8, "w": 8, "h": 8}
        panels.append({"type": kind, "title": kind, "gridPos": grid, "fieldConfig": config, "description": "what it is",
                       "options": {"content": "# Hello\n<script>x</script>", "mode": "markdown"}})  # fmt: skip
        form = (
            "heatmap"
            if kind == "heatmap"
            else "table"
            if kind in ("table", "barchart")
            else "time_series"
        )
        asked = Asked("A", "up", "{{ n }}", form, form == "table", END - 600, END, 60)
        lines = [
            Line(
                {"n": n, "le": le},
                [(END - 600 + 60 * i, float((i + 1) % 2) * size) for i in range(11)],
            )
            for n, le, size in (("a", "0.1", 1.0), ("b", "+Inf", 2.0))
        ]
        frames = () if kind in ("alertlist", "text") else framed(asked, lines, True)
        answers.append(Answer(frames, "", END - 600, END))
    dashboard = {"title": "acme / <Kinds>", "panels": panels}
    events = [Event(END - 300, END - 200, "Deployments", "blue", "started", "api")]
    laid = sections(dashboard, {}, {})
    links = [("Kinds", "kinds.html", True)]
    return preview_page(Page(dashboard, laid, answers, END - 600, END, links, [("Job", "All")], events, "x", "Europe/Paris"))  # fmt: skip


@pytest.mark.parametrize(("width", "dark"), [(1280, True), (1920, False)])
def test_every_kind_is_drawn(tmp_path: Path, chromium: Browser, width: int, dark: bool) -> None:
    page = tmp_path / "kinds.html"
    page.write_bytes(every_kind())
    with opened(chromium, page, width, dark=dark) as seen:
        judge(seen)
        assert states(seen) == ["drawn"] * len(KINDS)
        assert seen.page.title() == "acme / <Kinds>"
        assert seen.page.locator(".markdown script").count() == 0
        assert "12:00" in seen.page.inner_text("#when") or "13:00" in seen.page.inner_text("#when")
        theme = "html[data-theme=dark]" if dark else "html[data-theme=light]"
        assert seen.page.locator(theme).count() == 1
        seen.page.keyboard.press("Tab")
        seen.page.click("#theme")
        judge(seen)
        assert seen.page.locator(theme).count() == 0
        assert states(seen) == ["drawn"] * len(KINDS)


def states(seen: Opened) -> list[str]:
    found: list[str] = seen.page.eval_on_selector_all(
        ".panel", "all => all.filter(p => p.offsetParent).map(p => p.dataset.state)"
    )
    return found


def judge(seen: Opened) -> None:
    """Ready, silent, without a word to the network; no panel on another, none cut off.

    Panels of rows that begin closed are not there to be seen.
    """
    seen.page.wait_for_selector("html[data-ready]")
    assert not seen.complaints and not seen.asked
    boxes: list[list[float]] = seen.page.eval_on_selector_all(
        ".panel",
        "all => all.filter(p => p.offsetParent).map(p => p.getBoundingClientRect())"
        ".map(b => [b.left, b.top, b.right, b.bottom])",
    )
    assert boxes
    for i, (left, top, right, bottom) in enumerate(boxes):
        assert right > left + 60 and bottom > top + 60
        for other in boxes[:i]:
            apart = left >= other[2] or right <= other[0] or top >= other[3] or bottom <= other[1]
            assert apart, (boxes[i], other)
    assert seen.page.evaluate("document.documentElement.scrollWidth <= innerWidth")


UNITS: tuple[tuple[Any, str, Any, str], ...] = (
    (1234, "short", None, "1.23 K"),
    (0.5, "short", None, "0.500"),
    (12, "none", None, "12"),
    (0, "s", None, "0 s"),
    (0.0123, "s", None, "12.3 ms"),
    (45, "s", None, "45 s"),
    (90, "s", None, "1.50 min"),
    (7200, "s", None, "2 hours"),
    (3600, "s", 0, "1 hour"),
    (86400 * 3.5, "s", None, "3.50 days"),
    (1500, "ms", None, "1.50 s"),
    (3, "d", None, "3 days"),
    (0.9991, "percentunit", 2, "99.91%"),
    (12.5, "percent", None, "12.5%"),
    (1536, "bytes", None, "1.50 KiB"),
    (1500, "decbytes", None, "1.50 kB"),
    (2.0**30, "bytes", 1, "1.0 GiB"),
    (1500, "reqps", None, "1.50K req/s"),
    (3, "ops", None, "3 ops/s"),
    (2, "cps", 1, "2.0 c/s"),
    (2_000_000, "Bps", None, "2 MB/s"),
    ((END - 7200) * 1000, "dateTimeFromNow", None, "2 hours ago"),
    (END * 1000, "dateTimeAsIso", None, "2025-11-25 13:00:00"),
    (93784, "dtdurations", 1, "1 day, 2 hours"),
    (3723, "dthms", None, "01:02:03"),
    (1, "bool_yes_no", None, "Yes"),
    (5, "suffix: pods", None, "5 pods"),
    (5, "currencyEUR", 2, "€5.00"),
    (5, "users", None, "5 users"),
    (None, "s", None, "no data"),
)


def test_units_are_written_as_grafana_writes_them(tmp_path: Path, chromium: Browser) -> None:
    page = tmp_path / "kinds.html"
    page.write_bytes(every_kind())
    with opened(chromium, page) as seen:
        given = json.dumps([[v, u, d] for v, u, d, _ in UNITS])
        made = seen.page.evaluate(f"{given}.map(([v, u, d]) => unitText(v, u, d ?? undefined))")
        assert list(zip((u for _, u, *_ in UNITS), made, strict=True)) == [
            (u, text) for _, u, _, text in UNITS
        ]
        assert seen.page.evaluate("unitText(Infinity, 's')") == "∞"
