"""What the views are made of: promises, incidents, controls, dependencies, budgets, stable ids."""

from __future__ import annotations

from pathlib import Path

from generator.compile.views.budget import opening_queries
from generator.ir.dashboards import Dashboard
from tests.dashboards.drawn import PLATFORM, Drawn, draw, ids, links

SPEC = """\
compliance: [soc2]
services:
  api: {selector: {job: api}, depends_on: [db], packs: {http-api: {}, service-health: {}}}
  db: {selector: {job: db}}
slos:
  first:
    service: api
    objective: 99.9%
    window: 28d
    sli: {probe: {metric: up}}
    compliance: ["soc2:A1.2"]
  second: {service: api, objective: 99%, calendar: month, sli: {probe: {metric: up}}}
"""


def spec(folder: Path) -> Drawn:
    return draw(folder, SPEC)


def plain(text: str) -> str:
    return " ".join(text.split())


def test_the_promises_stand_in_one_table(tmp_path: Path) -> None:
    panel = spec(tmp_path).panels("executive")["Is every promise kept?"]
    names = [query.legend for query in panel.queries]
    assert names == ["Objective", "Attained", "Budget left", "Burn rate", "Budget ends"]
    assert panel.queries[4].expr.startswith("(time() + (min by (slo) (slo:time_to_exhaustion")
    properties = {p["id"]: p["value"] for p in panel.overrides[4]["properties"]}
    assert properties == {"unit": "dateTimeAsIso"}


def test_a_budget_burns_down_over_its_own_period(tmp_path: Path) -> None:
    panels = spec(tmp_path).panels("executive")
    assert panels["first: error budget"].time_from == "28d"
    assert [q.legend for q in panels["second: error budget"].queries] == ["second", "even pace"]


def test_incidents_of_the_month_look_no_further_than_samples_are_kept(tmp_path: Path) -> None:
    drawn = draw(tmp_path, SPEC, PLATFORM + "retention: 15d\n")
    hours = drawn.panels("executive")["Hours of alerts, 15d"].queries[0].expr
    assert "[15d]" in hours and hours.endswith("* 30 / 3600")
    assert 'severity=~"critical|warning"' in hours and 'kind!~"marker|flapping"' in hours


def test_a_control_is_red_for_its_own_slo_only(tmp_path: Path) -> None:
    queries = spec(tmp_path).panels("security")["Controls"].queries
    assert {query.legend for query in queries} == {"{{ framework }} {{ control }}"}
    (text,) = [plain(query.expr) for query in queries if '"A1.2"' in query.expr]
    state = text[: text.index('"control", "A1.2"')].rsplit("max(", 1)[1]
    assert 'alertname=~"SLOErrorBudgetBurn|' in state and 'slo="first"' in state
    assert 'slo="second"' not in text


def test_controls_without_evidence_are_told_with_what_to_attach(tmp_path: Path) -> None:
    words = spec(tmp_path).panels("security")["Controls without evidence"].options["content"]
    assert "**soc2:C1.1**" in words and "attach `compliance`" in words


def test_dependencies_lead_to_the_upstream(tmp_path: Path) -> None:
    drawn = spec(tmp_path)
    panels = drawn.panels("technical")
    needed = panels["api: depends on"]
    state = panels["db: alerts that fire"]
    assert needed.links == (("db", f"/d/acme-technical?viewPanel={state.id}"),)
    assert 'service="db"' in needed.queries[0].expr


def test_a_service_drawn_elsewhere_says_where(tmp_path: Path) -> None:
    drawn = draw(tmp_path, "services: {m: {selector: {job: m}, packs: {ml-model: {}}}}\n")
    assert "[ml](/d/acme-ml)" in drawn.panels("technical")["m: nothing here"].options["content"]


def test_views_without_data_say_what_to_declare(tmp_path: Path) -> None:
    drawn = draw(tmp_path, "services: {a: {selector: {job: a}}}\n")
    for view, pack in (("executive", "engagement"), ("security", "intrusion"), ("ml", "ml-model")):
        assert f"`{pack}`" in drawn.panels(view)["What to declare"].options["content"]
        assert not drawn.view(view).rows[-1].collapsed
    assert "`service-health`" in drawn.panels("technical")["a: nothing here"].options["content"]


def test_alerts_name_their_panels(tmp_path: Path) -> None:
    build = spec(tmp_path).build
    assert set(links(build)) <= ids(build)


def test_an_edit_elsewhere_changes_no_id(tmp_path: Path) -> None:
    def numbers(board: Dashboard) -> dict[str, int]:
        return {panel.key: panel.id for row in board.rows for panel in row.panels}

    before = spec(tmp_path)
    new = "  new: {selector: {job: n}, packs: {redis: {}}}\n"
    edited = SPEC.replace("services:\n", f"services:\n{new}")
    edited += "alerts: {More: {service: db, threshold: {expr: sum(x), above: 1}}}\n"
    after = draw(tmp_path, edited)
    for view in ("executive", "technical", "security", "ml"):
        old, new = numbers(before.view(view)), numbers(after.view(view))
        gone = {"empty:db"} if view == "technical" else set()
        assert old.keys() - new.keys() == gone, view
        assert all(new[key] == old[key] for key in old.keys() & new.keys())
    assert set(links(before.build)) <= ids(after.build)


def test_what_alerts_watch_is_closed_where_there_are_figures(tmp_path: Path) -> None:
    packs = "{engagement: {}, ml-model: {}}"
    drawn = draw(tmp_path, f"services: {{m: {{selector: {{job: m}}, packs: {packs}}}}}\n")
    closed = {
        row.title for view in ("executive", "ml") for row in drawn.view(view).rows if row.collapsed
    }
    assert {"Business: what alerts watch", "m: what alerts watch"} <= closed
    assert not {"Business", "m"} & closed


def test_of_many_promises_each_is_opened_when_it_is_wanted(tmp_path: Path) -> None:
    def rows(count: int) -> list[bool]:
        sli = "sli: {probe: {metric: up}}"
        slos = "".join(f"  s{n}: {{service: a, objective: 99%, {sli}}}\n" for n in range(count))
        text = f"services: {{a: {{selector: {{job: a}}}}}}\nslos:\n{slos}"
        board = draw(tmp_path / str(count), text).view("executive")
        return [row.collapsed for row in board.rows if row.key.startswith("slo:")]

    assert rows(4) == [False] * 4
    assert rows(5) == [True] * 5


def test_opening_asks_for_open_rows_and_events(tmp_path: Path) -> None:
    board = spec(tmp_path).view("technical")
    shown = [len(p.queries) for row in board.rows if not row.collapsed for p in row.panels]
    assert len(board.annotations) == 3 and any(row.collapsed for row in board.rows)
    assert opening_queries(board) == sum(shown) + 3


def test_too_many_queries_are_a_finding(tmp_path: Path) -> None:
    sent = opening_queries(spec(tmp_path).view("executive"))
    limits = f"limits: {{queries_per_view: {sent - 1}, level: error}}\n"
    told = draw(tmp_path, SPEC, PLATFORM + limits)
    (message,) = [f.message for f in told.findings if f.code == "cost-limit"]
    assert f"sends {sent} queries" in message and f"({sent - 1})" in message
    assert draw(tmp_path, SPEC, PLATFORM + limits.replace(str(sent - 1), str(sent))).codes() == []


def test_a_series_that_nobody_records_is_a_finding(tmp_path: Path) -> None:
    panel = "dashboards: {custom: {p: {title: P, queries: [{expr: 'max(job:calls:rate5m)'}]}}}\n"
    drawn = draw(tmp_path, panel)
    (found,) = [f for f in drawn.findings if f.code == "dashboard-record"]
    assert "job:calls:rate5m" in found.message and found.place is not None
    assert found.place.file == "specs/tenants/acme.yaml" and found.place.line == 4
    declared = panel + "metrics: {'job:calls:rate5m': {type: gauge}}\n"
    assert "dashboard-record" not in [f.code for f in draw(tmp_path, declared).findings]
