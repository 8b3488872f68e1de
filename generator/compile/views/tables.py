"""Tables of instant queries: a column for each query, heads that people read, a fitting height."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from generator.ir.dashboards import ref_id

_TABLE_FRAME, _TABLE_ROW, _GRID_ROW = 100, 36, 38
"""Pixels: title and head of a table, one row of it, one row of the grid."""


def table_height(rows: int) -> int:
    """The height of a table that shows so many rows, without an empty rest or bars to scroll."""
    return -(-(_TABLE_FRAME + rows * _TABLE_ROW) // _GRID_ROW)


def column_override(name: str, *properties: tuple[str, Any]) -> Mapping[str, Any]:
    """A `fieldConfig` override of one column of a table."""
    return {
        "matcher": {"id": "byName", "options": name},
        "properties": [{"id": key, "value": value} for key, value in properties],
    }


def header(label: str) -> str:
    """A label's name as the head of a column: `model_version` is Model version."""
    return label.replace("_", " ").strip().capitalize()


def table_columns(
    columns: Sequence[str], labels: Mapping[str, str], hidden: Sequence[str] = ()
) -> tuple[Mapping[str, Any], ...]:
    """The transformations that make one table of instant queries, a column for each.

    `labels`: label -> the head of its column.
    """
    numbered = [f"Value #{ref_id(index)}" for index in range(len(columns))]
    values = numbered if len(columns) > 1 else ["Value"]
    organize = {
        "id": "organize",
        "options": {
            "excludeByName": dict.fromkeys(["Time", *hidden], True),
            "indexByName": {},
            "renameByName": {**labels, **{v: c for v, c in zip(values, columns, strict=True) if c}},
        },
    }
    merge = ({"id": "merge", "options": {}},) if len(columns) > 1 else ()
    return (*merge, organize)
