"""A tenant with forty services: one repeated row, not forty copies, and links that still lead."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from generator.compile.views.budget import opening_queries
from generator.ir.rules import AlertRule
from generator.promql.parser import parse
from generator.promql.tree import vector_selectors
from generator.render.grafana import dashboard_json
from tests.dashboards.drawn import Drawn, complaints, draw, ids, links


def forty(extra: str = "") -> str:
    lines = ["services:"]
    for number in range(40):
        name = f"svc-{number:02}"
        below = f", depends_on: [svc-{number + 1:02}]" if number < 39 else ""
        latency = 400 if number % 7 else 300
        packs = f"{{http-api: {{latency_p99: {latency}ms}}, service-health: {{}}}}"
        lines.append(f"  {name}: {{selector: {{job: prod-{name}}}{below}, packs: {packs}}}")
    return "\n".join(lines) + f"\n{extra}"


@pytest.fixture(scope="module")
def drawn(tmp_path_factory: pytest.TempPathFactory) -> Drawn:
    own = "alerts: {Own: {service: svc-03, threshold: {expr: sum(depth), above: 3}}}\n"
    return draw(tmp_path_factory.mktemp("forty"), forty(own))


def test_the_view_stays_small(drawn: Drawn) -> None:
    technical = drawn.view("technical")
    assert sum(len(row.panels) for row in technical.rows) < 30
    assert opening_queries(technical) < 15
    assert len(dashboard_json(technical)) < 100_000
    assert len(dashboard_json(drawn.view("executive"))) < 60_000


def test_one_row_repeats_over_the_services(drawn: Drawn) -> None:
    technical = drawn.view("technical")
    (variable,) = technical.variables
    assert (variable.name, variable.kind, variable.multi) == ("service", "custom", True)
    assert variable.options[3] == ("svc-03", "prod-svc-03") and len(variable.options) == 40
    (row,) = [row for row in technical.rows if row.repeat]
    assert (row.repeat, row.collapsed, row.title) == ("service", True, "${service:text}")


def test_its_queries_are_of_the_chosen_service_and_the_tenant(drawn: Drawn) -> None:
    (row,) = [row for row in drawn.view("technical").rows if row.repeat]
    chosen = {("job", "=~", "$service"), ("service", "=~", "${service:text}")}
    for panel in row.panels:
        for query in panel.queries:
            nodes = vector_selectors(parse(query.expr, variables=True))
            matchers = [{(m.name, m.op, m.value) for m in node.matchers} for node in nodes]
            assert all(("tenant", "=", "acme") in found for found in matchers), query.expr
            assert any(found & chosen for found in matchers), query.expr
            assert "svc-" not in query.expr


def test_levels_that_differ_are_told_not_drawn(drawn: Drawn) -> None:
    panels = drawn.panels("technical")
    assert [step.value for step in panels["Latency"].thresholds] == [None]
    assert "differs by service" in panels["Latency"].description
    assert [step.value for step in panels["HttpErrorRatioHigh"].thresholds] == [None, 0.01]


def test_alerts_lead_to_the_shared_panel_with_their_service(drawn: Drawn) -> None:
    build = drawn.build
    assert set(links(build)) <= ids(build)
    urls = {
        rule.labels["service"]: rule.annotations["dashboard_url"]
        for group in build.groups
        for rule in group.rules
        if isinstance(rule, AlertRule) and rule.alert == "HttpLatencyHigh"
    }
    panel = drawn.panels("technical")["HttpLatencyHigh"]
    assert urls["svc-07"].endswith(
        f"/d/acme-technical?viewPanel={panel.id}&var-service=prod-svc-07"
    )
    assert len(urls) == 40


def test_what_is_a_services_own_has_rows_of_its_own(drawn: Drawn) -> None:
    technical = drawn.view("technical")
    rows = {row.title: row for row in technical.rows}
    assert [p.title for p in rows["svc-03: what alerts watch"].panels] == ["Own (svc-03)"]
    assert all(row.collapsed for title, row in rows.items() if title != "Now")
    needed = drawn.panels("technical")["svc-03: depends on"]
    state = drawn.panels("technical")["Alerts that fire"]
    url = f"/d/acme-technical?viewPanel={state.id}&var-service=prod-svc-04"
    assert needed.links == (("svc-04", url),)


def test_another_class_changes_no_id(drawn: Drawn, tmp_path: Path) -> None:
    others = "".join(
        f"  db-{n}: {{selector: {{job: db-{n}}}, packs: {{redis: {{}}}}}}\n" for n in range(2)
    )
    both = draw(tmp_path, forty(others))
    first = {v.name for v in both.view("technical").variables}
    assert len(first) == 2 and "service" not in first
    shared = {pair for pair in ids(drawn.build) if pair in set(links(drawn.build))}
    own = next(p.id for p in drawn.panels("technical").values() if p.title == "Own (svc-03)")
    assert {pair for pair in shared if pair[1] != own} <= ids(both.build)


def test_grafana_takes_it(drawn: Drawn, tmp_path: Path, capsys: Any) -> None:
    assert complaints(drawn.build, tmp_path / "boards", capsys) == []
