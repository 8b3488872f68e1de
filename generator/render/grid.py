"""Where panels stand in a row of Grafana's grid: left to right, wrapped at 24 columns."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from generator.ir.dashboards import COLUMNS, Panel


@dataclass(frozen=True, slots=True)
class Placed:
    """A panel and its upper left corner, in cells; `y` counts from the top of its row."""

    panel: Panel
    x: int
    y: int


def in_grid(panels: Iterable[Panel]) -> tuple[tuple[Placed, ...], int]:
    """The panels of a row with their places, and how many cells high they are together."""
    placed, x, y, tallest = [], 0, 0, 0
    for panel in panels:
        if x + panel.width > COLUMNS:
            x, y, tallest = 0, y + tallest, 0
        placed.append(Placed(panel, x, y))
        x, tallest = x + panel.width, max(tallest, panel.height)
    return tuple(placed), y + tallest
