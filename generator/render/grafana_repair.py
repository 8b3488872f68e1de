"""grafanalib's output mended: without the keys of old panels and without nulls.

Why it needs mending is in docs/adr/0004-classic-dashboard-json.md.
"""

from __future__ import annotations

from typing import Any

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


def mended(data: dict[str, Any]) -> dict[str, Any]:
    """grafanalib's output without legacy keys and nulls, as schemaVersion 41 wants it."""
    made = {k: _clean(v) for k, v in data.items() if k not in _LEGACY_DASHBOARD}
    made["panels"] = [_mended_panel(p) for p in data["panels"]]
    made["id"] = None
    made["version"] = 1
    made["timepicker"] = {}
    made["annotations"] = {"list": _clean(data["annotations"]["list"])}
    made["templating"] = {"list": _clean(data["templating"]["list"])}
    return made


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
