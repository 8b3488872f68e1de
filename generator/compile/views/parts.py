"""What the views' panels are put together from: rows, words, colours, selectors of firing alerts.

Nothing here decides what stands on which view.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from generator.compile.context import Context
from generator.compile.kinds import FLAPPING, MARKER
from generator.compile.naming import panel_id
from generator.compile.views.fitting import fitted
from generator.ir.dashboards import Panel, Row, Threshold, ref_id
from generator.promql.build import selector

GREEN, AMBER, RED = "green", "orange", "red"
Steps = tuple[Threshold, ...]
CALM: Steps = (Threshold(None, GREEN),)
ALARM: Steps = (Threshold(None, GREEN), Threshold(1.0, RED))
"""Anything at all is bad."""
STATES: tuple[Mapping[str, Any], ...] = (
    {
        "type": "value",
        "options": {
            "0": {"text": "in order", "color": GREEN, "index": 0},
            "1": {"text": "firing", "color": RED, "index": 1},
        },
    },
)
"""Words for 0 and 1 of a state."""


def row(
    key: str,
    title: str,
    panels: Iterable[Panel],
    *,
    collapsed: bool = False,
    repeat: str | None = None,
) -> Row:
    """A row without gaps, with the ids of its panels and its own derived from their keys."""
    found = tuple(replace(p, id=panel_id(p.key)) for p in fitted(tuple(panels)))
    return Row(key, title, found, collapsed, repeat, id=panel_id(f"row:{key}"))


def text_panel(key: str, title: str, markdown: str, *, height: int = 5, width: int = 24) -> Panel:
    """A panel of words, where there is nothing to draw."""
    return Panel(
        key=key,
        title=title,
        description="What this view shows once the spec declares it.",
        kind="text",
        width=width,
        height=height,
        options={"content": markdown, "mode": "markdown"},
    )


def told_height(lines: int) -> int:
    """The height of a panel with a sentence and a list of so many lines."""
    return 3 - -lines * 3 // 5


def ordered(panels: Sequence[Panel]) -> list[Panel]:
    """Small panels first, so that rows fill up; each key once."""
    seen: dict[str, Panel] = {}
    for panel in panels:
        seen.setdefault(panel.key, panel)
    return sorted(seen.values(), key=lambda p: (p.height > 5, p.kind == "text"))


def firing(context: Context, *matchers: tuple[str, str, str]) -> str:
    """The selector of firing alerts: no markers, no notices of flapping, no later steps."""
    names = context.platform.labels
    silent = f"{MARKER}|{FLAPPING}"
    return selector(
        "ALERTS",
        [
            ("alertstate", "=", "firing"),
            (names.kind, "!~", silent),
            (names.level, "=", ""),
            *matchers,
        ],
    )


def one_of(label: str, values: Sequence[str]) -> tuple[str, str, str]:
    """A matcher for any of the values: equality where there is one."""
    return (label, "=", values[0]) if len(values) == 1 else (label, "=~", "|".join(values))


def query_override(index: int, *properties: tuple[str, Any]) -> Mapping[str, Any]:
    """A `fieldConfig` override of one query of a panel, by its place."""
    return {
        "matcher": {"id": "byFrameRefID", "options": ref_id(index)},
        "properties": [{"id": name, "value": value} for name, value in properties],
    }


def dashed(index: int, color: str) -> Mapping[str, Any]:
    """A line that helps to read another: dashed, unfilled, in a colour of its own."""
    return query_override(
        index,
        ("custom.lineStyle", {"fill": "dash", "dash": [10, 10]}),
        ("custom.fillOpacity", 0),
        ("color", {"mode": "fixed", "fixedColor": color}),
    )
