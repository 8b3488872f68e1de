"""Where panels stand: rows opened into sections, rows and panels repeated by their variables."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from generator.ir.dashboards import COLUMNS
from generator.promql.interpolate import Chosen, titled


@dataclass(frozen=True, slots=True)
class Spot:
    """A panel in a section: its JSON, its place on the grid, what its variables stand for."""

    panel: Mapping[str, Any]
    x: int
    y: int
    width: int
    height: int
    chosen: Mapping[str, Chosen]


@dataclass(frozen=True, slots=True)
class Section:
    """A row with its panels; without a title it is what stands above the first row."""

    title: str
    collapsed: bool
    spots: tuple[Spot, ...]


def sections(
    dashboard: Mapping[str, Any], chosen: Mapping[str, Chosen], listed: Mapping[str, Sequence[str]]
) -> tuple[Section, ...]:
    """The dashboard from top to bottom. `listed`: variable -> every value it may have."""
    found: list[Section] = []
    for row, panels in _grouped(dashboard["panels"]):
        name = row.get("repeat") if row else None
        for value in listed.get(name, ()) if name else (None,):
            own = {**chosen, name: Chosen((value,))} if name and value is not None else chosen
            title = titled(str(row.get("title", "")), own) if row else ""
            collapsed = bool(row and row.get("collapsed"))
            found.append(Section(title, collapsed, _spots(panels, own, listed)))
    return tuple(one for one in found if one.spots or one.title)


def _grouped(
    panels: Sequence[Mapping[str, Any]],
) -> list[tuple[Mapping[str, Any] | None, list[Mapping[str, Any]]]]:
    """(row, its panels); a collapsed row carries them inside."""
    groups: list[tuple[Mapping[str, Any] | None, list[Mapping[str, Any]]]] = [(None, [])]
    for panel in panels:
        if panel["type"] == "row":
            groups.append((panel, list(panel.get("panels", ()))))
        else:
            groups[-1][1].append(panel)
    return groups


def _spots(
    panels: Sequence[Mapping[str, Any]],
    chosen: Mapping[str, Chosen],
    listed: Mapping[str, Sequence[str]],
) -> tuple[Spot, ...]:
    made: list[Spot] = []
    top = min((p["gridPos"]["y"] for p in panels), default=0)
    pushed = 0
    for panel in sorted(panels, key=lambda p: (p["gridPos"]["y"], p["gridPos"]["x"])):
        grid = panel["gridPos"]
        spot = Spot(panel, grid["x"], grid["y"] - top + pushed, grid["w"], grid["h"], chosen)
        copies = _repeated(spot, listed)
        made += copies
        pushed += max(one.y for one in copies) - spot.y if copies else 0
    return tuple(made)


def _repeated(spot: Spot, listed: Mapping[str, Sequence[str]]) -> list[Spot]:
    """A panel for each value of its variable, beside and below each other as Grafana lays them."""
    name = spot.panel.get("repeat")
    if not name or name not in listed:
        return [spot]
    values = listed[name]
    across = min(len(values), int(spot.panel.get("maxPerRow") or 4)) or 1
    width = COLUMNS // across
    down = spot.panel.get("repeatDirection") == "v"
    return [
        replace(
            spot,
            x=spot.x if down else i % across * width,
            y=spot.y + (i if down else i // across) * spot.height,
            width=spot.width if down else width,
            chosen={**spot.chosen, name: Chosen((value,))},
        )
        for i, value in enumerate(values)
    ]
