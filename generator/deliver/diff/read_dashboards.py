"""A dashboard's JSON read into values; a panel's key is its id as text.

What these values have no place for is kept as plain data, so that no difference is lost.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from generator.ir.dashboards import (
    Annotation,
    Dashboard,
    Panel,
    Query,
    Row,
    Threshold,
    Variable,
)

_DASHBOARD = frozenset(
    {
        "uid", "title", "description", "tags", "panels", "templating", "annotations", "time",
        "refresh", "timezone", "id",
    }
)  # fmt: skip
_PANEL = frozenset(
    {
        "id", "title", "description", "type", "targets", "gridPos", "options", "fieldConfig",
        "transformations", "links", "repeat",
    }
)  # fmt: skip
_DEFAULTS = frozenset({"unit", "decimals", "min", "max", "custom", "mappings"})
_STEPS = frozenset({"steps"})
_QUERY = frozenset({"expr", "legendFormat", "instant", "format", "refId"})
_VARIABLE = frozenset({"name", "label", "type", "query", "multi", "includeAll", "description"})
_ANNOTATION = frozenset({"name", "expr", "titleFormat", "textFormat", "tagKeys", "iconColor"})


def dashboard(view: str, document: Mapping[str, Any]) -> Dashboard:
    """One view. Panels keep the row that they stand below."""
    templating = document.get("templating") or {}
    annotations = document.get("annotations") or {}
    return Dashboard(
        uid=document.get("uid") or "",
        view=view,
        title=document.get("title") or "",
        description=document.get("description") or "",
        tags=tuple(document.get("tags") or ()),
        rows=tuple(_rows(document)),
        variables=tuple(_variable(one) for one in templating.get("list") or ()),
        annotations=tuple(
            Annotation(
                name=one.get("name") or "",
                expr=one["expr"],
                title=one.get("titleFormat") or "",
                text=one.get("textFormat") or "",
                tags=one.get("tagKeys") or "",
                color=one.get("iconColor") or "",
            )
            for one in annotations.get("list") or ()
            if one.get("expr")
        ),
        time_from=(document.get("time") or {}).get("from") or "",
        refresh=document.get("refresh") or "",
        timezone=document.get("timezone") or "",
    )


def further(document: Mapping[str, Any]) -> Mapping[str, Any]:
    """What a dashboard says besides: links, how variables are offered, versions."""
    found = {k: v for k, v in document.items() if k not in _DASHBOARD}
    found["time.to"] = (document.get("time") or {}).get("to")
    for section, known in (("templating", _VARIABLE), ("annotations", _ANNOTATION)):
        for one in (document.get(section) or {}).get("list") or ():
            rest = {k: v for k, v in one.items() if k not in known}
            found[f"{section} {one.get('name')}"] = rest
    return found


def _rows(document: Mapping[str, Any]) -> Iterator[Row]:
    title, key, collapsed = "", "", False
    inside: list[Panel] = []
    for node in document.get("panels") or ():
        if node.get("type") != "row":
            inside.append(_panel(node))
            continue
        if inside or key:
            yield Row(key, title, tuple(inside), collapsed)
        title, key = node.get("title") or "", str(node.get("id"))
        collapsed = bool(node.get("collapsed"))
        inside = [_panel(one) for one in node.get("panels") or ()]
    if inside or key:
        yield Row(key, title, tuple(inside), collapsed)


def _panel(node: Mapping[str, Any]) -> Panel:
    field = {k: v for k, v in (node.get("fieldConfig") or {}).items() if k != "defaults"}
    queries = {json.dumps(_rest(t, _QUERY), sort_keys=True) for t in node.get("targets") or ()}
    defaults = (node.get("fieldConfig") or {}).get("defaults") or {}
    steps = (defaults.get("thresholds") or {}).get("steps") or ()
    grid = node.get("gridPos") or {}
    return Panel(
        key=str(node.get("id")),
        title=node.get("title") or "",
        description=node.get("description") or "",
        kind=node.get("type") or "",
        queries=tuple(
            Query(
                expr=one["expr"],
                legend=one.get("legendFormat") or "",
                instant=bool(one.get("instant")),
                format=one.get("format") or "",
            )
            for one in node.get("targets") or ()
            if one.get("expr")
        ),
        unit=defaults.get("unit") or "",
        thresholds=tuple(
            Threshold(_number(one.get("value")), one.get("color") or "") for one in steps
        ),
        width=int(grid.get("w", 0)),
        height=int(grid.get("h", 0)),
        decimals=defaults.get("decimals"),
        minimum=defaults.get("min"),
        maximum=defaults.get("max"),
        options={
            **(node.get("options") or {}),
            **_rest(node, _PANEL),
            "fieldConfig": field,
            "targets": sorted(queries),
        },
        custom={
            **(defaults.get("custom") or {}),
            **_rest(defaults, _DEFAULTS),
            "thresholds": _rest(defaults.get("thresholds") or {}, _STEPS),
        },
        transformations=tuple(node.get("transformations") or ()),
        mappings=tuple(defaults.get("mappings") or ()),
        links=tuple((one.get("title", ""), json.dumps(one)) for one in node.get("links") or ()),
        repeat=node.get("repeat"),
        id=int(node.get("id") or 0),
    )


def _rest(node: Mapping[str, Any], known: frozenset[str]) -> dict[str, Any]:
    return {key: value for key, value in node.items() if key not in known}


def _number(value: Any) -> float | None:
    return None if value is None else float(value)


def _variable(node: Mapping[str, Any]) -> Variable:
    query = node.get("query")
    return Variable(
        name=node.get("name") or "",
        label=node.get("label") or "",
        kind=node.get("type") or "",
        query=str(query.get("query", "")) if isinstance(query, Mapping) else str(query or ""),
        multi=bool(node.get("multi")),
        include_all=bool(node.get("includeAll")),
        description=node.get("description") or "",
    )
