"""How Grafana draws a panel: its `options` and `fieldConfig`, by its kind and of its own."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from generator.ir.dashboards import Panel

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
