"""Answers as Grafana's data frames: named columns of one length."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

Value = float | str | None
_LEGEND = re.compile(r"\{\{\s*(.+?)\s*\}\}")


@dataclass(frozen=True, slots=True)
class Column:
    """One column. `kind` is time (seconds since the epoch), number or string."""

    name: str
    kind: str
    values: tuple[Value, ...]
    labels: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Frame:
    """Columns side by side; `ref` is the query they come from, `grid` the regular times."""

    ref: str
    columns: tuple[Column, ...]
    grid: tuple[float, float] | None = None
    """(first time, step) in seconds, when the first column is time at a regular step."""

    @property
    def length(self) -> int:
        """How many rows."""
        return len(self.columns[0].values) if self.columns else 0


@dataclass(frozen=True, slots=True)
class Line:
    """A series of an answer: labels and (time, value) pairs."""

    labels: Mapping[str, str]
    points: Sequence[tuple[float, float]]


@dataclass(frozen=True, slots=True)
class Asked:
    """One query of a panel as it was asked."""

    ref: str
    expr: str
    legend: str
    form: str = "time_series"
    instant: bool = False
    start: float = 0
    end: float = 0
    step: float = 0


def framed(asked: Asked, lines: Sequence[Line], alone: bool) -> tuple[Frame, ...]:
    """The frames of an answer. `alone`: no other query, so `Value` needs no letter."""
    if asked.form == "table":
        return (_table(asked, lines, alone),) if lines else ()
    names = named(asked, [line.labels for line in lines])
    make = _instant if asked.instant else _series
    made = [make(asked, line, name) for line, name in zip(lines, names, strict=True)]
    if asked.form == "heatmap":
        made.sort(key=lambda frame: _bound(frame.columns[1].labels.get("le", "")))
        if any("le" in frame.columns[1].labels for frame in made):
            made = _apart(made)
    return tuple(made)


def named(asked: Asked, found: Sequence[Mapping[str, str]]) -> list[str]:
    """A name for each series: by the legend, else by the labels in which they differ."""
    if asked.legend and asked.legend != "__auto":
        return [
            _LEGEND.sub(lambda m, labels=labels: labels.get(m[1], ""), asked.legend).strip()  # type: ignore[misc]
            or _selector(labels) or asked.expr
            for labels in found
        ]  # fmt: skip
    keys = sorted({key for labels in found for key in labels})
    differing = [k for k in keys if len({labels.get(k) for labels in found}) > 1]
    if len(differing) == 1:
        return [labels.get(differing[0], "") or _selector(labels) for labels in found]
    wanted = differing or keys
    return [
        _selector({k: labels[k] for k in wanted if k in labels}) or asked.expr for labels in found
    ]


def plain_value(value: Value) -> Any:
    """A value as JSON holds it: six figures are more than anybody sees; infinity is a word."""
    if not isinstance(value, float):
        return value
    if math.isnan(value):
        return None
    if math.isinf(value):
        return "Infinity" if value > 0 else "-Infinity"
    short = float(f"{value:.6g}") if abs(value) < 1e8 else round(value, 3)
    return int(short) if short == int(short) else short


def _selector(labels: Mapping[str, str]) -> str:
    name = labels.get("__name__", "")
    inner = ", ".join(f'{k}="{v}"' for k, v in sorted(labels.items()) if k != "__name__")
    return name + (f"{{{inner}}}" if inner else "")


def _series(asked: Asked, line: Line, name: str) -> Frame:
    """On the whole grid of times, so that gaps are seen."""
    count = round((asked.end - asked.start) / asked.step) + 1
    values: list[Value] = [None] * count
    for at, value in line.points:
        place = round((at - asked.start) / asked.step)
        if 0 <= place < count:
            values[place] = value
    times = tuple(asked.start + i * asked.step for i in range(count))
    columns = (
        Column("Time", "time", times),
        Column(name, "number", tuple(values), line.labels),
    )
    return Frame(asked.ref, columns, (asked.start, asked.step))


def _instant(asked: Asked, line: Line, name: str) -> Frame:
    at, value = line.points[-1]
    columns = (Column("Time", "time", (at,)), Column(name, "number", (value,), line.labels))
    return Frame(asked.ref, columns)


def _table(asked: Asked, lines: Sequence[Line], alone: bool) -> Frame:
    rows = [(at, value, line.labels) for line in lines for at, value in line.points]
    keys = sorted({key for line in lines for key in line.labels})
    columns = [Column("Time", "time", tuple(at for at, _, _ in rows))]
    columns += [Column(k, "string", tuple(labels.get(k, "") for *_, labels in rows)) for k in keys]
    value = "Value" if alone else f"Value #{asked.ref}"
    columns.append(Column(value, "number", tuple(v for _, v, _ in rows)))
    return Frame(asked.ref, tuple(columns))


def _bound(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return math.inf


def _apart(frames: Sequence[Frame]) -> list[Frame]:
    """Cumulative buckets as what lies between one bound and the next."""
    made, below = [], [0.0] * max(frame.length for frame in frames)
    for frame in frames:
        time, count = frame.columns
        own = [v if isinstance(v, float) else None for v in count.values]
        apart = tuple(
            None if v is None else max(0.0, v - b) for v, b in zip(own, below, strict=False)
        )
        below = [b if v is None else v for v, b in zip(own, below, strict=False)]
        name = count.labels.get("le", count.name)
        made.append(
            Frame(frame.ref, (time, Column(name, "number", apart, count.labels)), frame.grid)
        )
    return made
