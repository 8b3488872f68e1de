"""Rows without gaps: each line of a row is full and of one height, small panels show their name."""

from __future__ import annotations

from collections.abc import Iterable

from hypothesis import given
from hypothesis import strategies as st

from generator.compile.views.fitting import fitted
from generator.ir.dashboards import COLUMNS, Panel
from generator.render.grid import in_grid

PANELS = st.lists(
    st.builds(
        lambda kind, title, width, height: Panel(
            title, title, "", kind, width=width, height=height
        ),
        st.sampled_from(["stat", "gauge", "timeseries", "table"]),
        st.text("abc ", max_size=60),
        st.integers(3, 24),
        st.integers(3, 12),
    ),
    min_size=1,
    max_size=12,
)


def sizes(*panels: tuple[str, int, int]) -> list[tuple[int, int]]:
    made = [Panel(str(i), "t", "", k, width=w, height=h) for i, (k, w, h) in enumerate(panels)]
    return [(panel.width, panel.height) for panel in fitted(made)]


def cells(panels: Iterable[Panel]) -> tuple[set[tuple[int, int]], int, int]:
    placed, height = in_grid(panels)
    taken = [
        (x, y)
        for one in placed
        for x in range(one.x, one.x + one.panel.width)
        for y in range(one.y, one.y + one.panel.height)
    ]
    return set(taken), len(taken), height


@given(PANELS)
def test_every_cell_of_a_row_is_taken_once(panels: list[Panel]) -> None:
    made = fitted(panels)
    taken, count, height = cells(made)
    assert len(taken) == count == COLUMNS * height
    assert [panel.key for panel in made] == [panel.key for panel in panels]


def test_graphs_take_what_small_panels_leave() -> None:
    assert sizes(("stat", 4, 5), ("timeseries", 8, 7), ("timeseries", 8, 7)) == [
        (4, 7),
        (10, 7),
        (10, 7),
    ]


def test_a_lonely_panel_gets_company() -> None:
    assert sizes(*[("timeseries", 8, 7)] * 4) == [(12, 7)] * 4
    assert sizes(*[("timeseries", 8, 7)] * 3) == [(8, 7)] * 3


def test_a_small_panel_is_as_wide_as_its_title_needs() -> None:
    short = Panel("a", "Lag", "", "stat", width=4, height=5)
    long = Panel("b", "Instances that answer (feature-store)", "", "stat", width=4, height=5)
    graph = Panel("c", "Graph", "", "timeseries", width=8, height=7)
    assert [panel.width for panel in fitted([short, long, graph])] == [4, 6, 14]
