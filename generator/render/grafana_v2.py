"""Dashboards as resources of Grafana's schema v2, through Grafana's own types of it.

For the API (`dashboard.grafana.app`) and Git Sync: files are not provisioned in this schema
(grafana/grafana#127928). What panels look like is `render.grafana`'s; only the form differs.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.models import dashboardv2beta1 as v2
from grafana_foundation_sdk.models import resource

from generator.ir.dashboards import (
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
from generator.render.grafana import only
from generator.render.grafana_panels import field_config, panel_options
from generator.render.grid import in_grid

FOLDER = "grafana.app/folder"
"""Annotation of a resource: uid of its folder."""
_SOURCE = "${datasource}"
_REFRESHES = ["30s", "1m", "5m", "15m", "30m", "1h"]
_WITHOUT_QUERIES = ("text", "alertlist")

AnyVariable = v2.QueryVariableKind | v2.ConstantVariableKind | v2.CustomVariableKind


def resource_json(dashboard: Dashboard) -> bytes:
    """One dashboard as canonical bytes: sorted keys, indent 2, newline at the end."""
    made = resource.Manifest(
        api_version=resource.DashboardV2Beta1,
        kind=resource.DashboardKind,
        metadata=resource.Metadata(
            name=dashboard.uid,
            annotations={FOLDER: dashboard.folder} if dashboard.folder else None,
        ),
        spec=_spec(dashboard),
    )
    text = json.dumps(made, cls=JSONEncoder, indent=2, sort_keys=True, ensure_ascii=False)
    return f"{text}\n".encode()


def _spec(dashboard: Dashboard) -> v2.Dashboard:
    panels = [panel for row in dashboard.rows for panel in row.panels]
    return v2.Dashboard(
        title=dashboard.title,
        description=dashboard.description,
        tags=sorted(dashboard.tags),
        editable=False,
        cursor_sync=v2.DashboardCursorSync.CROSSHAIR,
        time_settings=v2.TimeSettingsSpec(
            timezone=dashboard.timezone,
            from_val=dashboard.time_from,
            auto_refresh=dashboard.refresh,
            auto_refresh_intervals=_REFRESHES,
        ),
        elements={_element(panel): v2.PanelKind(_panel(panel)) for panel in panels},
        layout=v2.RowsLayoutKind(v2.RowsLayoutSpec([_row(row) for row in dashboard.rows])),
        links=[_view_links(dashboard)],
        variables=[_datasource(dashboard.datasource), *map(_variable, dashboard.variables)],
        annotations=[*map(_annotation, dashboard.annotations), *map(_posted, dashboard.posted)],
    )


# --------------------------------------------------------------------------- layout


def _element(panel: Panel) -> str:
    """The panel's name in the resource, from its id, which is stable under edits."""
    return f"panel-{panel.id}"


def _row(row: Row) -> v2.RowsLayoutRowKind:
    cells, _ = in_grid(row.panels)
    items = [
        v2.GridLayoutItemKind(
            v2.GridLayoutItemSpec(
                x=cell.x,
                y=cell.y,
                width=cell.panel.width,
                height=cell.panel.height,
                element=v2.ElementReference(_element(cell.panel)),
                repeat=_repeat(cell.panel),
            )
        )
        for cell in cells
    ]
    return v2.RowsLayoutRowKind(
        v2.RowsLayoutRowSpec(
            title=row.title,
            collapse=row.collapsed,
            repeat=v2.RowRepeatOptions(row.repeat) if row.repeat else None,
            layout=v2.GridLayoutKind(v2.GridLayoutSpec(items)),
        )
    )


def _repeat(panel: Panel) -> v2.RepeatOptions | None:
    return v2.RepeatOptions(panel.repeat, direction="h") if panel.repeat else None


# --------------------------------------------------------------------------- panels


def _panel(panel: Panel) -> v2.PanelSpec:
    queries = () if panel.kind in _WITHOUT_QUERIES else panel.queries
    group = v2.QueryGroupSpec(
        queries=[_query(query, index) for index, query in enumerate(queries)],
        transformations=[_transformation(made) for made in panel.transformations],
        query_options=v2.QueryOptionsSpec(time_from=panel.time_from or None),
    )
    looks = v2.VizConfigSpec(
        options=panel_options(panel),
        field_config=v2.FieldConfigSource.from_json(field_config(panel)),
    )
    return v2.PanelSpec(
        id_val=panel.id,
        title=panel.title,
        description=panel.description,
        links=[v2.DataLink(title, url, target_blank=True) for title, url in panel.links],
        data=v2.QueryGroupKind(group),
        viz_config=v2.VizConfigKind(group=panel.kind, spec=looks),
    )


def _asked(what: Mapping[str, Any]) -> v2.DataQueryKind:
    """A question to the dashboard's data source."""
    source = v2.Dashboardv2beta1DataQueryKindDatasource(_SOURCE)
    return v2.DataQueryKind(group="prometheus", datasource=source, spec=dict(what))


def _query(query: Query, index: int) -> v2.PanelQueryKind:
    asked = _asked(
        {
            "expr": query.expr,
            "format": query.format,
            "instant": query.instant,
            "legendFormat": query.legend or "__auto",
            "range": not query.instant,
        }
    )
    return v2.PanelQueryKind(v2.PanelQuerySpec(query=asked, ref_id=ref_id(index)))


def _transformation(made: Mapping[str, Any]) -> v2.TransformationKind:
    config = v2.DataTransformerConfig(id_val=made["id"], options=made.get("options", {}))
    return v2.TransformationKind(kind=made["id"], spec=config)


# --------------------------------------------------------------------------- variables


def _option(text: str, value: str) -> v2.VariableOption:
    return v2.VariableOption(selected=True, text=text, value=value)


def _datasource(pinned: PinnedDatasource | None) -> v2.DatasourceVariableKind:
    spec = v2.DatasourceVariableSpec(
        name="datasource",
        label="Data source",
        plugin_id="prometheus",
        refresh=v2.VariableRefresh.ON_DASHBOARD_LOAD,
        current=_option("default", "default"),
        options=[],
        hide=v2.VariableHide.DONT_HIDE,
        allow_custom_value=pinned is None,
    )
    if pinned is not None:
        spec.current = _option(pinned.name, pinned.uid)
        spec.regex = only(pinned)
        spec.hide = v2.VariableHide.HIDE_VARIABLE
        spec.skip_url_sync = True
    return v2.DatasourceVariableKind(spec)


def _variable(variable: Variable) -> AnyVariable:
    if variable.kind == "constant":
        return v2.ConstantVariableKind(
            v2.ConstantVariableSpec(
                name=variable.name,
                label=variable.label,
                description=variable.description,
                query=variable.value,
                current=_option(variable.value, variable.value),
                hide=v2.VariableHide.HIDE_VARIABLE,
                skip_url_sync=True,
            )
        )
    every = _option("All", "$__all")
    if variable.kind == "custom":
        return _choice(variable, every)
    return v2.QueryVariableKind(
        v2.QueryVariableSpec(
            name=variable.name,
            label=variable.label,
            description=variable.description,
            query=_asked({"query": variable.query, "refId": f"variable-{variable.name}"}),
            definition=variable.query,
            current=every if variable.include_all else _option("", ""),
            refresh=v2.VariableRefresh.ON_TIME_RANGE_CHANGED,
            sort=v2.VariableSort.ALPHABETICAL_ASC,
            hide=v2.VariableHide.DONT_HIDE,
            options=[],
            multi=variable.multi,
            include_all=variable.include_all,
            all_value=".*" if variable.include_all else None,
        )
    )


def _choice(variable: Variable, every: v2.VariableOption) -> v2.CustomVariableKind:
    """A variable whose values are written down."""
    listed = [v2.VariableOption(False, text, value) for text, value in variable.options]
    return v2.CustomVariableKind(
        v2.CustomVariableSpec(
            name=variable.name,
            label=variable.label,
            description=variable.description,
            query=", ".join(v if t == v else f"{t} : {v}" for t, v in variable.options),
            current=every if variable.include_all else _option(*variable.options[0]),
            options=[every, *listed] if variable.include_all else listed,
            multi=variable.multi,
            include_all=variable.include_all,
            hide=v2.VariableHide.DONT_HIDE,
        )
    )


# --------------------------------------------------------------------------- dashboard


def _annotation(annotation: Annotation) -> v2.AnnotationQueryKind:
    asked = _asked({"expr": annotation.expr, "interval": str(annotation.step), "refId": "Anno"})
    return v2.AnnotationQueryKind(
        v2.AnnotationQuerySpec(
            name=annotation.name,
            enable=True,
            icon_color=annotation.color,
            query=asked,
            legacy_options={
                "tagKeys": annotation.tags,
                "textFormat": annotation.text,
                "titleFormat": annotation.title,
                "useValueForTime": False,
            },
        )
    )


def _posted(events: TaggedEvents) -> v2.AnnotationQueryKind:
    """Events that Grafana itself keeps."""
    asked = v2.DataQueryKind(
        group="grafana",
        datasource=v2.Dashboardv2beta1DataQueryKindDatasource("-- Grafana --"),
        spec={"limit": 100, "matchAny": False, "tags": list(events.tags), "type": "tags"},
    )
    return v2.AnnotationQueryKind(
        v2.AnnotationQuerySpec(name=events.name, enable=True, icon_color=events.color, query=asked)
    )


def _view_links(dashboard: Dashboard) -> v2.DashboardLink:
    """The tenant's other views, found by its tag."""
    tenant_tag = next((t for t in dashboard.tags if t.startswith("tenant:")), "tocsin")
    return v2.DashboardLink(
        title="Views",
        tooltip="The tenant's other views",
        type_val=v2.DashboardLinkType.DASHBOARDS,
        icon="external link",
        tags=[tenant_tag],
        include_vars=True,
        keep_time=True,
    )
