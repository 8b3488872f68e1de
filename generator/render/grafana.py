"""Dashboards as Grafana's classic JSON, through grafanalib; no grafanalib class leaves this file.

grafanalib 0.7.1 writes schemaVersion 12 with many keys of old panels; one pass over its output
mends that (docs/adr/0004-classic-dashboard-json.md). Ids and uids come from the IR.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

import attr
from grafanalib import core as grafana
from grafanalib._gen import DashboardEncoder

from generator.ir.dashboards import (
    COLUMNS,
    Annotation,
    Dashboard,
    Panel,
    PinnedDatasource,
    Query,
    Row,
    TaggedEvents,
    Variable,
    ref_id,
)
from generator.render.grid import in_grid

SCHEMA_VERSION = 41
DATASOURCE = {"type": "prometheus", "uid": "${datasource}"}

_LEGACY_PANEL = frozenset(
    {
        "cacheTimeout", "editable", "error", "height", "hideTimeOverride", "interval",
        "maxDataPoints", "minSpan", "span", "timeShift", "maxPerRow",
        "repeatDirection", "transparent", "renderer", "thresholds",
    }
)  # fmt: skip
_LEGACY_TARGET = frozenset({"query", "target", "metric", "step", "intervalFactor", "hide"})
_LEGACY_DASHBOARD = frozenset(
    {"__inputs", "gnetId", "hideControls", "rows", "sharedCrosshair", "style"}
)


@attr.s
class _AnyPanel(grafana.Panel):  # type: ignore[misc]
    """A panel of any kind, its options and fieldConfig given as data."""

    kind: str = attr.ib(default="timeseries")
    options: Any = attr.ib(factory=dict)
    field_config: Any = attr.ib(factory=dict)

    def to_json_data(self) -> dict[str, Any]:
        """The panel as grafanalib's encoder wants it."""
        data: dict[str, Any] = self.panel_json({"type": self.kind, "options": self.options})
        data["fieldConfig"] = self.field_config
        return data


_make_panel: Any = _AnyPanel
"""The class without attrs' types, which grafanalib's untyped base hides."""


def dashboard_json(dashboard: Dashboard) -> bytes:
    """One dashboard as canonical bytes: sorted keys, indent 2, newline at the end."""
    made = grafana.Dashboard(
        title=dashboard.title,
        description=dashboard.description,
        uid=dashboard.uid,
        tags=sorted(dashboard.tags),
        editable=False,
        graphTooltip=1,
        refresh=dashboard.refresh,
        schemaVersion=SCHEMA_VERSION,
        time=grafana.Time(dashboard.time_from, "now"),
        timezone=dashboard.timezone,
        panels=_laid_out(dashboard.rows),
        links=[_view_links(dashboard)],
        templating=grafana.Templating(
            list=[_datasource(dashboard.datasource), *map(_variable, dashboard.variables)]
        ),
        annotations=grafana.Annotations(
            list=[*map(_annotation, dashboard.annotations), *map(_posted, dashboard.posted)]
        ),
    )
    data = json.loads(json.dumps(made.to_json_data(), cls=DashboardEncoder))
    text = json.dumps(_mended(data), indent=2, sort_keys=True, ensure_ascii=False)
    return f"{text}\n".encode()


# --------------------------------------------------------------------------- layout


def _laid_out(rows: Sequence[Row]) -> list[Any]:
    """Rows under each other; panels left to right, wrapped at 24 columns."""
    placed: list[Any] = []
    top = 0
    for row in rows:
        inside, bottom = _placed(row.panels, top + 1)
        if row.collapsed:
            placed.append(_row(row, top, inside))
            top += 1
        else:
            placed += [_row(row, top, []), *inside]
            top = bottom
    return placed


def _placed(panels: Sequence[Panel], top: int) -> tuple[list[Any], int]:
    cells, height = in_grid(panels)
    placed = [
        _panel(c.panel, {"x": c.x, "y": top + c.y, "w": c.panel.width, "h": c.panel.height})
        for c in cells
    ]
    return placed, top + height


def _row(row: Row, top: int, panels: list[Any]) -> Any:
    return grafana.RowPanel(
        title=row.title,
        id=row.id,
        collapsed=row.collapsed,
        panels=panels,
        gridPos={"x": 0, "y": top, "w": COLUMNS, "h": 1},
        repeat=grafana.Repeat(variable=row.repeat),
    )


# --------------------------------------------------------------------------- panels


def _panel(panel: Panel, grid: dict[str, int]) -> Any:
    return _make_panel(
        kind=panel.kind,
        id=panel.id,
        title=panel.title,
        description=panel.description,
        gridPos=grid,
        dataSource=DATASOURCE,
        targets=[_target(q, i) for i, q in enumerate(panel.queries)],
        options=panel_options(panel),
        field_config=field_config(panel),
        transformations=list(panel.transformations),
        links=[_panel_link(title, url) for title, url in panel.links],
        timeFrom=panel.time_from or None,
        repeat=grafana.Repeat(variable=panel.repeat),
    )


def _panel_link(title: str, url: str) -> dict[str, Any]:
    return {
        "asDropdown": False,
        "icon": "doc",
        "includeVars": False,
        "keepTime": False,
        "tags": [],
        "targetBlank": True,
        "title": title,
        "tooltip": title,
        "type": "link",
        "url": url,
    }


def _target(query: Query, index: int) -> Any:
    return grafana.Target(
        expr=query.expr,
        legendFormat=query.legend or "__auto",
        format=query.format,
        instant=query.instant,
        refId=ref_id(index),
        datasource=DATASOURCE,
    )


_LEGEND = {"calcs": [], "displayMode": "list", "placement": "bottom", "showLegend": True}
_REDUCE = {"calcs": ["lastNotNull"], "fields": "", "values": False}
_OPTIONS: Mapping[str, Mapping[str, Any]] = {
    "timeseries": {"legend": _LEGEND, "tooltip": {"mode": "multi", "sort": "desc"}},
    "stat": {
        "colorMode": "background",
        "graphMode": "area",
        "justifyMode": "auto",
        "orientation": "auto",
        "reduceOptions": _REDUCE,
        "textMode": "auto",
        "wideLayout": True,
    },
    "gauge": {
        "orientation": "auto",
        "reduceOptions": _REDUCE,
        "showThresholdLabels": False,
        "showThresholdMarkers": True,
    },
    "bargauge": {
        "displayMode": "gradient",
        "orientation": "horizontal",
        "reduceOptions": _REDUCE,
        "showUnfilled": True,
    },
    "table": {"cellHeight": "sm", "showHeader": True},
    "heatmap": {
        "calculate": False,
        "cellGap": 1,
        "color": {"mode": "scheme", "scheme": "Spectral", "steps": 64},
        "legend": {"show": True},
        "tooltip": {"mode": "single"},
        "yAxis": {"axisPlacement": "left"},
    },
    "state-timeline": {
        "alignValue": "left",
        "legend": _LEGEND,
        "mergeValues": True,
        "rowHeight": 0.9,
        "showValue": "never",
        "tooltip": {"mode": "single", "sort": "none"},
    },
    "text": {"mode": "markdown"},
}
_CUSTOM: Mapping[str, Mapping[str, Any]] = {
    "timeseries": {
        "drawStyle": "line",
        "fillOpacity": 10,
        "lineWidth": 1,
        "showPoints": "never",
        "spanNulls": False,
        "thresholdsStyle": {"mode": "line"},
    },
    "state-timeline": {"fillOpacity": 80, "lineWidth": 0},
}


def panel_options(panel: Panel) -> dict[str, Any]:
    """Grafana's `options` of a panel: what its kind has by default, and its own."""
    return {**_OPTIONS.get(panel.kind, {}), **panel.options}


def field_config(panel: Panel) -> dict[str, Any]:
    """Grafana's `fieldConfig` of a panel: unit, thresholds, colours, overrides."""
    if panel.kind in ("text", "alertlist"):
        return {"defaults": {}, "overrides": []}
    steps = [{"color": t.color, "value": t.value} for t in panel.thresholds]
    defaults: dict[str, Any] = {
        "unit": panel.unit,
        "thresholds": {"mode": "absolute", "steps": steps},
        "color": {"mode": "palette-classic" if panel.kind == "timeseries" else "thresholds"},
    }
    custom = {**_CUSTOM.get(panel.kind, {}), **panel.custom}
    if custom:
        defaults["custom"] = custom
    for key, value in (
        ("decimals", panel.decimals),
        ("min", panel.minimum),
        ("max", panel.maximum),
    ):
        if value is not None:
            defaults[key] = value
    if panel.empty:
        defaults["noValue"] = panel.empty
    if panel.mappings:
        defaults["mappings"] = [dict(m) for m in panel.mappings]
    return {"defaults": defaults, "overrides": [dict(o) for o in panel.overrides]}


# --------------------------------------------------------------------------- dashboard


def _datasource(pinned: PinnedDatasource | None) -> dict[str, Any]:
    """The choice of data sources; a pinned one is the only choice, and no address changes it."""
    current = {"selected": False, "text": "default", "value": "default"}
    if pinned is not None:
        current = {"selected": True, "text": pinned.name, "value": pinned.uid}
    return {
        "name": "datasource",
        "label": "Data source",
        "type": "datasource",
        "query": "prometheus",
        "current": current,
        "hide": 0 if pinned is None else 2,
        "includeAll": False,
        "multi": False,
        "options": [],
        "refresh": 1,
        "regex": only(pinned) if pinned is not None else "",
        "skipUrlSync": pinned is not None,
    }


def only(pinned: PinnedDatasource) -> str:
    """Grafana's regular expression of data sources' names that lets one of them through."""
    return f"/^{re.escape(pinned.name)}$/"


def _variable(variable: Variable) -> dict[str, Any]:
    base = {"name": variable.name, "label": variable.label, "description": variable.description}
    if variable.kind == "constant":
        chosen = {"selected": True, "text": variable.value, "value": variable.value}
        return {
            **base,
            "type": "constant",
            "query": variable.value,
            "current": chosen,
            "options": [chosen],
            "hide": 2,
            "skipUrlSync": True,
        }
    every = {"selected": True, "text": "All", "value": "$__all"}
    if variable.kind == "custom":
        return {**base, **_choice(variable, every)}
    found: dict[str, Any] = {
        **base,
        "type": "query",
        "datasource": DATASOURCE,
        "definition": variable.query,
        "query": {"query": variable.query, "refId": f"variable-{variable.name}"},
        "current": every if variable.include_all else {},
        "hide": 0,
        "includeAll": variable.include_all,
        "multi": variable.multi,
        "options": [],
        "refresh": 2,
        "regex": "",
        "skipUrlSync": False,
        "sort": 1,
    }
    if variable.include_all:
        found["allValue"] = ".*"
    return found


def _choice(variable: Variable, every: dict[str, Any]) -> dict[str, Any]:
    """A variable whose values are written down; with `All`, it stands there as the first."""
    listed = [{"selected": False, "text": text, "value": value} for text, value in variable.options]
    first = every if variable.include_all else {**listed[0], "selected": True}
    if not variable.include_all:
        listed[0] = first
    query = ", ".join(v if t == v else f"{t} : {v}" for t, v in variable.options)
    return {
        "type": "custom",
        "query": query,
        "current": first,
        "hide": 0,
        "includeAll": variable.include_all,
        "multi": variable.multi,
        "options": [every, *listed] if variable.include_all else listed,
        "skipUrlSync": False,
    }


def _annotation(annotation: Annotation) -> dict[str, Any]:
    return {
        "name": annotation.name,
        "datasource": DATASOURCE,
        "enable": True,
        "hide": False,
        "iconColor": annotation.color,
        "expr": annotation.expr,
        "step": str(annotation.step),
        "titleFormat": annotation.title,
        "textFormat": annotation.text,
        "tagKeys": annotation.tags,
        "useValueForTime": False,
    }


def _posted(events: TaggedEvents) -> dict[str, Any]:
    """Events that Grafana itself keeps."""
    return {
        "name": events.name,
        "datasource": {"type": "datasource", "uid": "grafana"},
        "enable": True,
        "hide": False,
        "iconColor": events.color,
        "target": {"limit": 100, "matchAny": False, "tags": list(events.tags), "type": "tags"},
    }


def _view_links(dashboard: Dashboard) -> dict[str, Any]:
    """The tenant's other views, found by its tag."""
    tenant_tag = next((t for t in dashboard.tags if t.startswith("tenant:")), "tocsin")
    return {
        "asDropdown": False,
        "icon": "external link",
        "includeVars": True,
        "keepTime": True,
        "tags": [tenant_tag],
        "targetBlank": False,
        "title": "Views",
        "tooltip": "The tenant's other views",
        "type": "dashboards",
        "url": "",
    }


# --------------------------------------------------------------------------- repair


def _mended(data: dict[str, Any]) -> dict[str, Any]:
    """grafanalib's output without legacy keys and nulls, as schemaVersion 41 wants it."""
    mended = {k: _clean(v) for k, v in data.items() if k not in _LEGACY_DASHBOARD}
    mended["panels"] = [_mended_panel(p) for p in data["panels"]]
    mended["id"] = None
    mended["version"] = 1
    mended["timepicker"] = {}
    mended["annotations"] = {"list": _clean(data["annotations"]["list"])}
    mended["templating"] = {"list": _clean(data["templating"]["list"])}
    return mended


def _mended_panel(panel: dict[str, Any]) -> dict[str, Any]:
    kept = {k: v for k, v in panel.items() if k not in _LEGACY_PANEL}
    if kept["type"] == "row":
        keys = ("collapsed", "gridPos", "id", "title", "type", "repeat")
        row = {k: _clean(kept[k]) for k in keys if kept.get(k) is not None}
        row["panels"] = [_mended_panel(p) for p in kept["panels"]]
        return row
    kept["targets"] = [
        {k: v for k, v in t.items() if k not in _LEGACY_TARGET and v not in (None, "")}
        for t in kept["targets"]
    ]
    for target in kept["targets"]:
        target["range"] = not target["instant"]
    steps = kept["fieldConfig"].get("defaults", {}).get("thresholds", {}).get("steps")
    mended: dict[str, Any] = _clean(kept)
    if steps:
        mended["fieldConfig"]["defaults"]["thresholds"]["steps"] = steps
    if kept["fieldConfig"].get("overrides"):
        mended["fieldConfig"]["overrides"] = kept["fieldConfig"]["overrides"]
    if kept["type"] in ("text", "alertlist"):
        mended.pop("targets", None)
    for key in ("links", "transformations"):
        if not mended.get(key):
            mended.pop(key, None)
    return mended


def _clean(value: Any) -> Any:
    """Without nulls, at any depth."""
    if isinstance(value, dict):
        return {k: _clean(v) for k, v in value.items() if v is not None}
    if isinstance(value, list):
        return [_clean(v) for v in value]
    return value
