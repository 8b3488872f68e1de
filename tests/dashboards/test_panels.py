"""What stands on a panel: forecasts, limits, levels, last week, tables, the users' own."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tests.dashboards.drawn import Drawn, draw

ALERT = """\
alerts:
  Watched:
    service: api
    {}
services: {{api: {{selector: {{job: api}}}}}}
"""


def watched(folder: Path, signal: str) -> Any:
    return draw(folder, ALERT.format(signal)).panels("technical")["Watched (api)"]


def test_a_forecast_is_drawn_with_its_line(tmp_path: Path) -> None:
    panel = watched(tmp_path, "forecast: {expr: disk_free, below: 0, within: 4h, from: 6h}")
    value, ahead = panel.queries
    assert value.expr == 'disk_free{tenant="acme"}'
    assert ahead.expr == 'predict_linear(disk_free{tenant="acme"}[6h], 14400)'
    assert ahead.legend == "in 4h"
    assert panel.overrides[0]["matcher"] == {"id": "byFrameRefID", "options": "B"}


def test_an_anomaly_is_drawn_with_the_limits_that_fire_it(tmp_path: Path) -> None:
    method = "anomaly: {expr: sum(load), method: adaptive, sensitivity: 3, direction: above}"
    panel = watched(tmp_path, method)
    assert [query.legend for query in panel.queries] == ["api", "upper limit"]
    upper = " ".join(panel.queries[1].expr.split())
    assert "anomaly:value:mean_1d{" in upper and "3 * anomaly:value:stddev_1d{" in upper
    assert "0.1 * abs(anomaly:value:mean_1d{" in upper


def test_hysteresis_is_drawn_with_both_levels(tmp_path: Path) -> None:
    panel = watched(tmp_path, "threshold: {expr: sum(depth), above: 10, clear_below: 8}")
    steps = [(step.value, step.color) for step in panel.thresholds]
    assert steps == [(None, "green"), (8.0, "orange"), (10.0, "red")]


def test_hysteresis_of_a_floor_is_red_below(tmp_path: Path) -> None:
    panel = watched(tmp_path, "threshold: {expr: sum(depth), below: 8, clear_above: 10}")
    steps = [(step.value, step.color) for step in panel.thresholds]
    assert steps == [(None, "red"), (8.0, "orange"), (10.0, "green")]


CUSTOM = "dashboards:\n  custom:\n    mine:\n      title: Mine\n      view: technical\n{}\n"


def custom(folder: Path, *lines: str) -> Drawn:
    return draw(folder, CUSTOM.format("\n".join(f"      {line}" for line in lines)))


def test_a_graph_is_compared_by_the_same_query_moved(tmp_path: Path) -> None:
    drawn = custom(tmp_path, "compare: 1w", "queries: [{expr: 'sum(rate(x[$__rate_interval]))'}]")
    now, then = drawn.panels("technical")["Mine"].queries
    assert now.expr == 'sum(rate(x{tenant="acme"}[$__rate_interval]))'
    assert then.expr == 'sum(rate(x{tenant="acme"}[$__rate_interval] offset 7d))'
    assert then.legend == "a week ago"


def test_a_number_is_compared_by_its_change(tmp_path: Path) -> None:
    drawn = custom(tmp_path, "kind: stat", "compare: 1w", "queries: [{expr: sum(x)}]")
    change = drawn.panels("technical")["Mine"].queries[1]
    assert change.expr == 'sum(x{tenant="acme"}) / (sum(x{tenant="acme"} offset 7d) > 0) - 1'


def test_a_ratio_is_compared_in_points(tmp_path: Path) -> None:
    lines = ("kind: stat", "unit: percentunit", "compare: 1w", "queries: [{expr: avg(x)}]")
    change = custom(tmp_path, *lines).panels("technical")["Mine"].queries[1]
    assert change.expr == 'avg(x{tenant="acme"}) - avg(x{tenant="acme"} offset 7d)'


def test_what_cannot_be_compared_is_a_finding(tmp_path: Path) -> None:
    for expr in ("time() - x", "x offset 1h"):
        drawn = custom(tmp_path, "compare: 1w", f"queries: [{{expr: {expr}}}]")
        assert drawn.codes() == ["panel-compare"], expr
    drawn = custom(tmp_path, "kind: heatmap", "compare: 1w", "queries: [{expr: x}]")
    assert drawn.codes() == ["panel-compare"]


def test_a_table_has_a_column_for_each_query(tmp_path: Path) -> None:
    lines = (
        "kind: table",
        "queries:",
        "  - {expr: max by (model) (quality), legend: quality}",
        "  - {expr: max by (model) (age), legend: age, unit: s}",
    )
    panel = custom(tmp_path, *lines).panels("technical")["Mine"]
    assert all(query.instant and query.format == "table" for query in panel.queries)
    merge, organize = panel.transformations
    assert merge["id"] == "merge"
    heads = {"model": "Model", "Value #A": "quality", "Value #B": "age"}
    assert organize["options"]["renameByName"] == heads
    (override,) = panel.overrides
    assert override["matcher"] == {"id": "byName", "options": "age"}
    assert override["properties"] == [{"id": "unit", "value": "s"}]


def test_another_tenant_in_a_panel_is_refused(tmp_path: Path) -> None:
    drawn = custom(tmp_path, "queries: [{expr: 'sum(x{tenant=\"other\"})'}]")
    assert drawn.codes() == ["isolation-label"]


ATTACHED = """\
services:
  api:
    selector: {job: api, zone: a}
    packs:
      service-health:
        panels:
          clients:
            title: Clients
            signal: rate
            queries: [{expr: 'sum by (client) (rate(calls_total{job="b"}[$__rate_interval]))'}]
"""


def test_an_attached_panel_is_of_its_services_series(tmp_path: Path) -> None:
    drawn = draw(tmp_path, ATTACHED)
    panel = drawn.panels("technical")["Clients (api)"]
    assert panel.queries[0].expr == (
        'sum by (client) (rate(calls_total{tenant="acme",zone="a",job="b"}[$__rate_interval]))'
    )
    row = next(row for row in drawn.view("technical").rows if panel in row.panels)
    assert row.title == "api: rate, errors, duration"


OWN = """\
dashboards:
  own:
    queues:
      title: Queues
      range: 24h
      variables: {queue: {query: "label_values(depth, queue)"}}
      panels:
        all: {title: All, kind: stat, queries: [{expr: 'sum(depth{queue=~"$queue"})'}]}
        each: {title: Each, row: By queue, queries: [{expr: sum by (queue) (depth)}]}
"""


def test_a_dashboard_of_ones_own_is_isolated_with_its_variables(tmp_path: Path) -> None:
    board = draw(tmp_path, OWN).view("queues")
    assert (board.uid, board.title, board.time_from) == ("acme-queues", "acme / Queues", "now-1d")
    assert [row.title for row in board.rows] == ["Queues", "By queue"]
    assert board.variables[0].query == 'label_values(depth{tenant="acme"}, queue)'
    assert board.rows[0].panels[0].queries[0].expr == 'sum(depth{tenant="acme",queue=~"$queue"})'
    assert "tenant:acme" in board.tags and board.annotations


def test_variables_that_leave_the_tenant_are_findings(tmp_path: Path) -> None:
    for query, code in (
        ("label_names()", "isolation-variable-query"),
        ('label_values(depth{tenant=\\"b\\"}, queue)', "isolation-label"),
    ):
        told = draw(tmp_path, OWN.replace("label_values(depth, queue)", query)).codes()
        assert told == [code], query


def test_a_dashboard_cannot_take_a_views_name(tmp_path: Path) -> None:
    assert draw(tmp_path, OWN.replace("    queues:", "    executive:")).codes()
