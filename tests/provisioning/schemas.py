"""What a dashboard says, read out of classic JSON and out of a resource of schema v2 alike."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

_HIDE = {0: "dontHide", 2: "hideVariable"}
_KINDS = {
    "DatasourceVariable": "datasource",
    "QueryVariable": "query",
    "ConstantVariable": "constant",
    "CustomVariable": "custom",
}


@dataclass(frozen=True)
class Said:
    uid: str
    about: Any
    panels: dict[int, Any]
    rows: list[Any]
    variables: list[Any]
    events: list[Any]


def said_by_classic(board: Any) -> Said:
    rows: list[Any] = []
    panels: dict[int, Any] = {}
    top = 0
    for panel in board["panels"]:
        if panel["type"] == "row":
            top = panel["gridPos"]["y"] + 1
            rows.append((panel["title"], panel["collapsed"], panel.get("repeat"), []))
        for inside in panel["panels"] if panel["type"] == "row" else [panel]:
            grid = inside["gridPos"]
            place = (inside["id"], grid["x"], grid["y"] - top, grid["w"], grid["h"])
            rows[-1][3].append((*place, inside.get("repeat")))
            panels[inside["id"]] = _classic_panel(inside)
    return Said(
        board["uid"],
        (
            *(board[key] for key in ("title", "description", "tags", "editable", "timezone")),
            board["time"],
            board["refresh"],
            [(n["title"], n["tags"], n["keepTime"], n["includeVars"]) for n in board["links"]],
        ),
        panels,
        rows,
        [_classic_variable(v) for v in board["templating"]["list"]],
        [_classic_event(a) for a in board["annotations"]["list"]],
    )


def _classic_panel(panel: Any) -> Any:
    assert panel["datasource"] == {"type": "prometheus", "uid": "${datasource}"}
    return {
        "title": panel["title"],
        "description": panel["description"],
        "kind": panel["type"],
        "options": panel["options"],
        "fields": panel["fieldConfig"],
        "queries": [
            (t["refId"], t["expr"], t["legendFormat"], t["instant"], t["range"], t["format"])
            for t in panel.get("targets", ())
        ],
        "transformations": [(t["id"], t["options"]) for t in panel.get("transformations", ())],
        "links": [(n["title"], n["url"]) for n in panel.get("links", ())],
        "time": panel.get("timeFrom"),
    }


def _classic_variable(variable: Any) -> Any:
    query = variable["query"]
    asked = query["query"] if isinstance(query, dict) else query
    current = variable["current"]
    return (
        variable["name"],
        variable["type"],
        asked,
        variable.get("regex", ""),
        _HIDE[variable["hide"]],
        variable["skipUrlSync"],
        (current.get("text", ""), current.get("value", "")),
        variable.get("includeAll", False),
        variable.get("multi", False),
    )


def _classic_event(event: Any) -> Any:
    if "target" in event:
        return (event["name"], event["target"])
    shown = {key: event[key] for key in ("titleFormat", "textFormat", "tagKeys")}
    return (event["name"], event["expr"], event["step"], event["iconColor"], shown)


def said_by_v2(resource: Any) -> Said:
    spec = resource["spec"]
    time = spec["timeSettings"]
    panels = {}
    for name, element in spec["elements"].items():
        panel = element["spec"]
        assert name == f"panel-{panel['id']}"
        panels[panel["id"]] = _v2_panel(panel)
    return Said(
        resource["metadata"]["name"],
        (
            *(spec[key] for key in ("title", "description", "tags", "editable")),
            time["timezone"],
            {"from": time["from"], "to": time["to"]},
            time["autoRefresh"],
            [(n["title"], n["tags"], n["keepTime"], n["includeVars"]) for n in spec["links"]],
        ),
        panels,
        [_v2_row(row["spec"]) for row in spec["layout"]["spec"]["rows"]],
        [_v2_variable(v["kind"], v["spec"]) for v in spec["variables"]],
        [_v2_event(a["spec"]) for a in spec["annotations"]],
    )


def _v2_panel(panel: Any) -> Any:
    data, looks = panel["data"]["spec"], panel["vizConfig"]
    queries = []
    for one in data["queries"]:
        asked = one["spec"]["query"]
        assert asked["datasource"] == {"name": "${datasource}"}
        said = asked["spec"]
        keys = ("expr", "legendFormat", "instant", "range", "format")
        queries.append((one["spec"]["refId"], *(said[key] for key in keys)))
    return {
        "title": panel["title"],
        "description": panel["description"],
        "kind": looks["group"],
        "options": looks["spec"]["options"],
        "fields": looks["spec"]["fieldConfig"],
        "queries": queries,
        "transformations": [(t["kind"], t["spec"]["options"]) for t in data["transformations"]],
        "links": [(n["title"], n["url"]) for n in panel["links"]],
        "time": data["queryOptions"].get("timeFrom"),
    }


def _v2_row(row: Any) -> Any:
    cells = []
    for item in row["layout"]["spec"]["items"]:
        cell = item["spec"]
        number = int(cell["element"]["name"].removeprefix("panel-"))
        repeat = cell.get("repeat", {}).get("value")
        cells.append((number, cell["x"], cell["y"], cell["width"], cell["height"], repeat))
    return (row["title"], row["collapse"], row.get("repeat", {}).get("value"), cells)


def _v2_variable(kind: str, spec: Any) -> Any:
    query = spec.get("query", spec.get("pluginId"))
    asked = query["spec"]["query"] if isinstance(query, dict) else query
    return (
        spec["name"],
        _KINDS[kind],
        asked,
        spec.get("regex", ""),
        spec["hide"],
        spec["skipUrlSync"],
        (spec["current"]["text"], spec["current"]["value"]),
        spec.get("includeAll", False),
        spec.get("multi", False),
    )


def _v2_event(event: Any) -> Any:
    asked = event["query"]["spec"]
    if "expr" not in asked:
        return (event["name"], asked)
    shown = {key: event["legacyOptions"][key] for key in ("titleFormat", "textFormat", "tagKeys")}
    return (event["name"], asked["expr"], asked["interval"], event["iconColor"], shown)
