"""The widths of a row's panels: lines without gaps, names that can be read, lines of one height."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from generator.ir.dashboards import COLUMNS, Panel

_CELL, _LETTER, _FRAME = 52, 7, 50
"""Pixels: a column on a screen of 1280, a letter of a title, what stands beside a title."""
_NAMED = 8
"""Columns that a small panel may take for its title alone."""
_GRAPH, _SQUEEZED = 6, 2
"""Columns that a graph needs, and that it gives up rather than begin a line."""
_SMALL = frozenset({"stat", "gauge"})


def fitted(panels: Sequence[Panel]) -> tuple[Panel, ...]:
    """The panels in their order, each line of them 24 columns wide and as high as its highest."""
    lines = _lines([replace(p, width=_least(p)) for p in panels])
    return tuple(panel for line in lines for panel in _stretched(line))


def _least(panel: Panel) -> int:
    """The width that a panel asks for: a small one's is at least that of its title."""
    if panel.kind not in _SMALL:
        return panel.width
    wanted = -(-(len(panel.title) * _LETTER + _FRAME) // _CELL)
    return max(panel.width, min(_NAMED, wanted))


def _lines(panels: Sequence[Panel]) -> list[list[Panel]]:
    """Panels wrapped at 24 columns; what is lonely in the last line gets company from above."""
    lines: list[list[Panel]] = [[]]
    for panel in panels:
        over = _width(lines[-1]) + panel.width - COLUMNS
        gives = panel.kind not in _SMALL and panel.width - over >= _GRAPH
        if 0 < over <= _SQUEEZED and gives:
            panel = replace(panel, width=panel.width - over)
        elif over > 0:
            lines.append([])
        lines[-1].append(panel)
    if len(lines) > 1:
        above, last = lines[-2:]
        while len(above) > len(last) + 1 and _width(last) + above[-1].width <= COLUMNS:
            last.insert(0, above.pop())
    return lines


def _width(line: Sequence[Panel]) -> int:
    return sum(panel.width for panel in line)


def _stretched(line: Sequence[Panel]) -> list[Panel]:
    """The line at full width: what is left over goes to its graphs, to small panels if alone."""
    taking = [i for i, panel in enumerate(line) if panel.kind not in _SMALL] or range(len(line))
    each, over = divmod(COLUMNS - _width(line), max(1, len(taking)))
    more = {index: each + (place < over) for place, index in enumerate(taking)}
    tallest = max((panel.height for panel in line), default=0)
    return [
        replace(panel, width=panel.width + more.get(index, 0), height=tallest)
        for index, panel in enumerate(line)
    ]
