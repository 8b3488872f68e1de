"""One page of one view: everything it needs in one file, with no word to the network."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from html import escape
from typing import Any

from markdown_it import MarkdownIt

from generator.assets import echarts, preview_parts
from generator.promql.interpolate import titled
from generator.render.preview.frames import Frame, plain_value
from generator.render.preview.layout import Section, Spot
from generator.render.preview.transform import transformed


@dataclass(frozen=True, slots=True)
class Answer:
    """What became of a panel's queries: frames, or why there are none."""

    frames: tuple[Frame, ...] = ()
    problem: str = ""
    start: float = 0
    end: float = 0


@dataclass(frozen=True, slots=True)
class Event:
    """An annotation's moment, drawn over every graph."""

    at: float
    until: float
    name: str
    color: str
    title: str
    text: str


@dataclass(frozen=True, slots=True)
class Page:
    """A view with its answers; `answers` stand in the order of the sections' spots."""

    dashboard: Mapping[str, Any]
    sections: tuple[Section, ...]
    answers: Sequence[Answer]
    start: float
    end: float
    links: Sequence[tuple[str, str, bool]]
    """(title, file, whether it is this page)."""
    variables: Sequence[tuple[str, str]] = ()
    """(label, chosen) of those that people see."""
    events: Sequence[Event] = ()
    source: str = ""
    """Where the data is from; empty: there is none."""
    timezone: str = "UTC"


@dataclass(frozen=True, slots=True)
class _Markdown:
    made: MarkdownIt = field(
        default_factory=lambda: MarkdownIt("commonmark", {"html": False}).enable("table")
    )

    def html(self, text: str) -> str:
        return str(self.made.render(text))


def preview_page(page: Page) -> bytes:
    """The page. The same values give the same bytes."""
    style, script, body = preview_parts()
    data = json.dumps(_data(page), ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    parts = {
        "@@TITLE@@": escape(str(page.dashboard["title"])),
        "@@STYLE@@": style,
        "@@ECHARTS@@": echarts(),
        "@@SCRIPT@@": script,
        "@@DATA@@": data.replace("<", "\\u003c"),
    }
    return re.sub(r"@@[A-Z]+@@", lambda mark: parts[mark[0]], body).encode()


def _data(page: Page) -> dict[str, Any]:
    answers = iter(page.answers)
    markdown = _Markdown()
    made = []
    for section in page.sections:
        panels = [_panel(spot, next(answers), markdown) for spot in section.spots]
        made.append({"title": section.title, "collapsed": section.collapsed, "panels": panels})
    return {
        "title": page.dashboard["title"],
        "description": page.dashboard.get("description", ""),
        "from": page.start,
        "to": page.end,
        "timezone": page.timezone,
        "links": [{"title": t, "href": h, "here": here} for t, h, here in page.links],
        "variables": [{"label": label, "value": value} for label, value in page.variables],
        "events": [
            {"at": e.at, "until": e.until, "name": e.name, "color": e.color, "title": e.title,
             "text": e.text}
            for e in page.events
        ],
        "source": page.source,
        "sections": made,
    }  # fmt: skip


def _panel(spot: Spot, answer: Answer, markdown: _Markdown) -> dict[str, Any]:
    panel = spot.panel
    frames, unknown = transformed(answer.frames, panel.get("transformations", ()))
    options = dict(panel.get("options", {}))
    made: dict[str, Any] = {
        "type": panel["type"],
        "title": titled(str(panel.get("title", "")), spot.chosen),
        "grid": [spot.x, spot.y, spot.width, spot.height],
        "fieldConfig": panel.get("fieldConfig", {}),
        "options": options,
        "frames": [_frame(frame) for frame in frames],
        "range": [answer.start, answer.end],
    }
    if panel.get("description"):
        made["description"] = titled(str(panel["description"]), spot.chosen)
    if panel.get("timeFrom"):
        made["timeFrom"] = panel["timeFrom"]
    if answer.problem:
        made["problem"] = answer.problem
    if unknown:
        made["note"] = f"drawn without the transformation {', '.join(unknown)}"
    if panel["type"] == "text":
        content = titled(str(options.get("content", "")), spot.chosen)
        plain = f"<pre>{escape(content)}</pre>"
        made["html"] = markdown.html(content) if options.get("mode") == "markdown" else plain
    if panel.get("links"):
        made["links"] = [[link["title"], link["url"]] for link in panel["links"]]
    return made


def _frame(frame: Frame) -> dict[str, Any]:
    columns = []
    for column in frame.columns:
        one: dict[str, Any] = {"name": column.name, "kind": column.kind}
        if frame.grid and column.kind == "time":
            one["grid"] = [*frame.grid, len(column.values)]
        else:
            one["values"] = [plain_value(v) for v in column.values]
        if column.labels:
            one["labels"] = dict(column.labels)
        columns.append(one)
    return {"ref": frame.ref, "fields": columns}
