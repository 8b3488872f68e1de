"""Dashboards as Grafana's classic JSON, through grafanalib; no grafanalib class leaves this file.

grafanalib 0.7.1 writes schemaVersion 12 with many keys of old panels; one pass over its output
mends that (docs/adr/0004-classic-dashboard-json.md). Ids and uids come from the IR.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

import attr
from grafanalib import core as grafana

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
from generator.render.grafana_panels import field_config, panel_options
from generator.render.grafana_repair import mended
from generator.render.grid import in_grid
from generator.render.json_text import dumped

SCHEMA_VERSION = 41
DATASOURCE = {"type": "prometheus", "uid": "${datasource}"}


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
    text = dumped(mended(_plain(made.to_json_data())))
    return f"{text}\n".encode()


def _plain(value: Any) -> Any:
    """What grafanalib's encoder would make of its objects, as plain data."""
    kind = type(value)
    if kind is str or kind is bool or kind is int or value is None:
        return value
    if kind is dict:
        return {key: _plain(item) for key, item in value.items()}
    if kind is list or kind is tuple:
        return [_plain(item) for item in value]
    return _plain(value.to_json_data()) if hasattr(value, "to_json_data") else value


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
