"""Variables, frames, transformations and rows of previews: literal in, literal out."""

from __future__ import annotations

import math
from typing import Any

import pytest

from generator.promql.interpolate import Chosen, interpolated, titled
from generator.render.preview.frames import Asked, Column, Frame, Line, framed, plain_value
from generator.render.preview.layout import sections
from generator.render.preview.transform import transformed

VALUES = {
    "__rate_interval": Chosen(("75s",)),
    "job": Chosen(("a.b", "c"), True),
    "all": Chosen(("x", "y"), True, ".*"),
    "one": Chosen(("z",)),
}


@pytest.mark.parametrize(
    ("expr", "expected"),
    [
        ("rate(a[$__rate_interval])", "rate(a[75s])"),
        ("rate(a[${__rate_interval}])", "rate(a[75s])"),
        ('a{job=~"$job"}', r'a{job=~"(a\\.b|c)"}'),
        ("a{job=~`$job`}", r"a{job=~`(a\.b|c)`}"),
        ('a{job=~"${job:pipe}"}', 'a{job=~"a.b|c"}'),
        ('a{job=~"$all"} > $one', 'a{job=~".*"} > z'),
        ('a{b="$unknown"} # $one', 'a{b="$unknown"} # $one'),
    ],
)
def test_variables_are_put_in_by_token(expr: str, expected: str) -> None:
    assert interpolated(expr, VALUES) == expected


def test_titles_are_for_people() -> None:
    assert titled("of $job, ${all} and $gone", VALUES) == "of a.b + c, All and $gone"


def asked(legend: str, form: str = "time_series", instant: bool = False) -> Asked:
    return Asked("A", "up", legend, form, instant, 0, 120, 60)


def test_series_stand_on_the_whole_grid() -> None:
    (frame,) = framed(asked("{{ job }}!"), [Line({"job": "x"}, [(0, 1.0), (120, 3.0)])], True)
    assert frame.columns[1] == Column("x!", "number", (1.0, None, 3.0), {"job": "x"})
    assert frame.grid == (0, 60)


def test_automatic_legends_name_what_differs() -> None:
    lines = [Line({"job": "x", "code": c}, [(0, 1.0)]) for c in ("200", "500")]
    assert [f.columns[1].name for f in framed(asked("__auto"), lines, True)] == ["200", "500"]
    (alone,) = framed(asked("__auto"), [Line({}, [(0, 1.0)])], True)
    assert alone.columns[1].name == "up"


def test_buckets_are_taken_apart_in_order() -> None:
    lines = [Line({"le": le}, [(0, n)]) for le, n in (("+Inf", 9.0), ("0.1", 2.0), ("1", 7.0))]
    frames = framed(asked("{{le}}", "heatmap"), lines, True)
    assert [(f.columns[1].name, f.columns[1].values[0]) for f in frames] == [
        ("0.1", 2.0),
        ("1", 5.0),
        ("+Inf", 2.0),
    ]


@pytest.mark.parametrize(
    ("value", "expected"),
    [(1.0, 1), (0.123456789, 0.123457), (math.inf, "Infinity"), (math.nan, None), ("a", "a")],
)
def test_values_in_json(value: Any, expected: Any) -> None:
    assert plain_value(value) == expected


def table(ref: str, value: str, *rows: tuple[str, float]) -> Frame:
    names, numbers = zip(*rows, strict=True)
    return Frame(ref, (Column("job", "string", names), Column(value, "number", numbers)))


TWO = (table("A", "Value #A", ("x", 3.0), ("y", 1.0)), table("B", "Value #B", ("y", 7.0)))


@pytest.mark.parametrize(
    ("steps", "expected"),
    [
        (
            [{"id": "merge", "options": {}}],
            {"job": ("x", "y"), "Value #A": (3.0, 1.0), "Value #B": (None, 7.0)},
        ),
        (
            [
                {"id": "merge"},
                {
                    "id": "organize",
                    "options": {
                        "renameByName": {"Value #A": "up"},
                        "excludeByName": {"Value #B": True},
                        "indexByName": {"Value #A": 0, "job": 1},
                    },
                },
            ],
            {"up": (3.0, 1.0), "job": ("x", "y")},
        ),
        (
            [{"id": "joinByField", "options": {"byField": "job", "mode": "inner"}}],
            {"job": ("y",), "Value #A": (1.0,), "Value #B": (7.0,)},
        ),
        (
            [
                {"id": "filterByRefId", "options": {"include": "A"}},
                {"id": "sortBy", "options": {"sort": [{"field": "Value #A"}]}},
                {"id": "limit", "options": {"limitField": 1}},
            ],
            {"job": ("y",), "Value #A": (1.0,)},
        ),
        (
            [{"id": "reduce", "options": {"reducers": ["max"]}}],
            {"Field": ("Value #A", "Value #B"), "Max": (3.0, 7.0)},
        ),
    ],
)
def test_transformations(steps: list[dict[str, Any]], expected: dict[str, Any]) -> None:
    (frame,), unknown = transformed(TWO, steps)
    assert {c.name: c.values for c in frame.columns} == expected
    assert list(expected) == [c.name for c in frame.columns]
    assert not unknown


def test_unknown_transformations_are_named() -> None:
    assert transformed(TWO, [{"id": "spatial"}]) == (TWO, ["spatial"])


def test_rows_and_panels_repeat() -> None:
    grid = {"x": 0, "y": 1, "w": 8, "h": 4}
    panel = {"type": "stat", "title": "$job", "gridPos": grid, "repeat": "job"}
    row = {"type": "row", "title": "of $team", "repeat": "team", "collapsed": True,
           "panels": [panel], "gridPos": {"x": 0, "y": 0, "w": 24, "h": 1}}  # fmt: skip
    chosen = {"job": Chosen(("a", "b"), True), "team": Chosen(("t", "u"), True)}
    found = sections({"panels": [row]}, chosen, {"job": ["a", "b"], "team": ["t", "u"]})
    assert [(s.title, s.collapsed) for s in found] == [("of t", True), ("of u", True)]
    assert [(p.x, p.y, p.width) for p in found[0].spots] == [(0, 0, 12), (12, 0, 12)]
    assert found[1].spots[1].chosen["job"] == Chosen(("b",))
