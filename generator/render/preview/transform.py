"""Grafana's transformations on frames; those that are not known here are named."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from generator.render.preview.frames import Column, Frame, Value

Frames = tuple[Frame, ...]
Options = Mapping[str, Any]


def transformed(
    frames: Frames, transformations: Sequence[Mapping[str, Any]]
) -> tuple[Frames, list[str]]:
    """(the frames after all transformations, ids of those that were left out)."""
    unknown = []
    for one in transformations:
        if one.get("disabled"):
            continue
        change = _CHANGES.get(str(one["id"]))
        if change is None:
            unknown.append(str(one["id"]))
        elif frames:
            frames = change(frames, one.get("options", {}))
    return frames, unknown


def reduced(values: Sequence[Value], calculation: str) -> Value:
    """One value for many, as `reduceOptions.calcs` and the transformation `reduce` name it."""
    numbers = [v for v in values if isinstance(v, float) and not math.isnan(v)]
    if calculation in ("last", "lastNotNull"):
        kept = [v for v in values if v is not None]
        return kept[-1] if kept else None
    if calculation in ("first", "firstNotNull"):
        kept = [v for v in values if v is not None]
        return kept[0] if kept else None
    if calculation == "count":
        return float(len(values))
    if not numbers:
        return None
    made: dict[str, Callable[[list[float]], float]] = {
        "max": max,
        "min": min,
        "sum": math.fsum,
        "mean": lambda found: math.fsum(found) / len(found),
        "range": lambda found: max(found) - min(found),
        "delta": lambda found: found[-1] - found[0],
        "diff": lambda found: found[-1] - found[0],
    }
    return made[calculation](numbers) if calculation in made else numbers[-1]


def _organize(frames: Frames, options: Options) -> Frames:
    hidden, order = options.get("excludeByName", {}), options.get("indexByName", {})
    names = options.get("renameByName", {})
    return tuple(
        replace(
            frame,
            columns=tuple(
                replace(c, name=names.get(c.name) or c.name)
                for c in sorted(frame.columns, key=lambda c: order.get(c.name, 1000))
                if not hidden.get(c.name)
            ),
        )
        for frame in frames
    )


def _merge(frames: Frames, _options: Options) -> Frames:
    """One table; rows that agree in every column that two tables share become one."""
    tables = [_labelled(frame) for frame in frames]
    order = list(dict.fromkeys(c.name for t in tables for c in t.columns))
    kinds = {c.name: c.kind for t in tables for c in t.columns}
    rows: list[dict[str, Value]] = []
    for table in tables:
        for index in range(table.length):
            own = {c.name: c.values[index] for c in table.columns}
            for row in rows:
                shared = [k for k in own if k in row]
                same = shared and all(row[k] == own[k] for k in shared)
                if same and any(kinds[k] != "time" for k in shared):
                    row.update(own)
                    break
            else:
                rows.append(own)
    return (_from_rows(frames[0].ref, order, kinds, rows),)


def _labels_to_fields(frames: Frames, options: Options) -> Frames:
    made = tuple(_labelled(frame) for frame in frames)
    return _merge(made, options) if options.get("mode") != "rows" else made


def _labelled(frame: Frame) -> Frame:
    """Labels of a series as columns of their own."""
    keys = list(dict.fromkeys(k for c in frame.columns for k in c.labels))
    if not keys:
        return frame
    size = frame.length
    labels = {k: v for c in frame.columns for k, v in c.labels.items()}
    added = tuple(Column(k, "string", (labels[k],) * size) for k in keys)
    rest = tuple(
        replace(c, name="Value" if c.labels else c.name, labels={}) for c in frame.columns[1:]
    )
    return Frame(frame.ref, (frame.columns[0], *added, *rest))


def _reduce(frames: Frames, options: Options) -> Frames:
    wanted = options.get("reducers") or ["max"]
    if options.get("mode") == "reduceFields":
        return tuple(
            Frame(
                frame.ref,
                tuple(
                    replace(c, values=(reduced(c.values, wanted[0]),))
                    for c in frame.columns
                    if c.kind == "number"
                ),
            )
            for frame in frames
        )
    series = [c for frame in frames for c in frame.columns if c.kind == "number"]
    columns = [Column("Field", "string", tuple(c.name for c in series))]
    if options.get("labelsToFields"):
        keys = list(dict.fromkeys(k for c in series for k in c.labels))
        columns += [Column(k, "string", tuple(c.labels.get(k, "") for c in series)) for k in keys]
    columns += [
        Column(_CALLED.get(w, w), "number", tuple(reduced(c.values, w) for c in series))
        for w in wanted
    ]
    return (Frame(frames[0].ref, tuple(columns)),)


_CALLED = {
    "lastNotNull": "Last *", "last": "Last", "max": "Max", "min": "Min", "mean": "Mean",
    "sum": "Total", "count": "Count", "firstNotNull": "First *", "range": "Range",
}  # fmt: skip


def _rows(frames: Frames, _options: Options) -> Frames:
    parts = [
        (at, c.name, c.values[i])
        for frame in frames
        for c in frame.columns[1:]
        for i, at in enumerate(frame.columns[0].values)
    ]
    parts.sort(key=lambda part: -(part[0] if isinstance(part[0], float) else 0))
    columns = (
        Column("Time", "time", tuple(at for at, _, _ in parts)),
        Column("Metric", "string", tuple(name for _, name, _ in parts)),
        Column("Value", "number", tuple(value for *_, value in parts)),
    )
    return (Frame(frames[0].ref, columns),)


def _join(frames: Frames, options: Options) -> Frames:
    by = options.get("byField") or frames[0].columns[0].name
    having = [f for f in frames if any(c.name == by for c in f.columns)]
    order: list[str] = [by]
    kinds, rows = {by: "string"}, dict[Value, dict[str, Value]]()
    for frame in having:
        key = next(c for c in frame.columns if c.name == by)
        kinds[by] = key.kind
        for column in frame.columns:
            if column is key:
                continue
            name = column.name if column.name not in order else f"{column.name} {frame.ref}"
            order.append(name)
            kinds[name] = column.kind
            for index, value in enumerate(key.values):
                rows.setdefault(value, {by: value})[name] = column.values[index]
    found = list(rows.values())
    if options.get("mode", "outer") == "inner":
        found = [row for row in found if len(row) == len(order)]
    return (_from_rows(frames[0].ref, order, kinds, found),)


def _from_rows(
    ref: str, order: Sequence[str], kinds: Mapping[str, str], rows: Sequence[Mapping[str, Value]]
) -> Frame:
    return Frame(ref, tuple(Column(n, kinds[n], tuple(r.get(n) for r in rows)) for n in order))


def _filter_names(frames: Frames, options: Options) -> Frames:
    def kept(column: Column) -> bool:
        include, exclude = options.get("include"), options.get("exclude")
        return (include is None or _named(column, include)) and not (
            exclude is not None and _named(column, exclude)
        )

    return tuple(replace(f, columns=tuple(c for c in f.columns if kept(c))) for f in frames)


def _named(column: Column, rule: Options) -> bool:
    pattern = str(rule.get("pattern", "")).strip("/")
    return column.name in rule.get("names", ()) or bool(pattern and re.search(pattern, column.name))


def _filter_refs(frames: Frames, options: Options) -> Frames:
    return tuple(f for f in frames if re.fullmatch(str(options.get("include", ".*")), f.ref))


def _sorted(frames: Frames, options: Options) -> Frames:
    wanted = (options.get("sort") or [{}])[0]
    return tuple(_by(frame, wanted.get("field"), bool(wanted.get("desc"))) for frame in frames)


def _by(frame: Frame, name: str | None, falling: bool) -> Frame:
    key = next((c for c in frame.columns if c.name == name), None)
    if key is None:
        return frame
    known = [i for i, v in enumerate(key.values) if v is not None]
    known.sort(key=lambda i: (isinstance(key.values[i], str), key.values[i]), reverse=falling)
    return _picked(frame, known + [i for i, v in enumerate(key.values) if v is None])


def _limited(frames: Frames, options: Options) -> Frames:
    size = int(options.get("limitField") or 10)
    return tuple(_picked(f, list(range(min(size, f.length)))) for f in frames)


def _picked(frame: Frame, rows: Sequence[int]) -> Frame:
    columns = tuple(replace(c, values=tuple(c.values[i] for i in rows)) for c in frame.columns)
    return Frame(frame.ref, columns)


def _renamed(frames: Frames, options: Options) -> Frames:
    pattern = re.compile(str(options.get("regex", "")).strip("/") or "(?!)")
    text = re.sub(r"\$(\d)", r"\\\1", str(options.get("renamePattern", "")))
    return tuple(
        replace(
            f,
            columns=tuple(
                replace(c, name=pattern.sub(text, c.name)) if c.kind != "time" else c
                for c in f.columns
            ),
        )
        for f in frames
    )


def _grouped(frames: Frames, options: Options) -> Frames:
    fields = options.get("fields", {})
    return tuple(_one_grouped(frame, fields) for frame in frames)


def _one_grouped(frame: Frame, fields: Mapping[str, Any]) -> Frame:
    keys = [c for c in frame.columns if fields.get(c.name, {}).get("operation") == "groupby"]
    groups: dict[tuple[Value, ...], list[int]] = {}
    for index in range(frame.length):
        groups.setdefault(tuple(c.values[index] for c in keys), []).append(index)
    columns = [replace(c, values=tuple(group[i] for group in groups)) for i, c in enumerate(keys)]
    for column in frame.columns:
        for wanted in fields.get(column.name, {}).get("aggregations") or ():
            values = tuple(
                reduced([column.values[i] for i in rows], wanted) for rows in groups.values()
            )
            columns.append(Column(f"{column.name} ({wanted})", column.kind, values))
    return Frame(frame.ref, tuple(columns))


def _kept_values(frames: Frames, options: Options) -> Frames:
    rules, every = options.get("filters", ()), options.get("match") == "all"
    include = options.get("type", "include") == "include"

    def kept(frame: Frame, index: int) -> bool:
        told = [
            _holds(c.values[index], rule.get("config", {}))
            for rule in rules
            for c in frame.columns
            if c.name == rule.get("fieldName")
        ]
        return not told or (all(told) if every else any(told)) == include

    return tuple(_picked(f, [i for i in range(f.length) if kept(f, i)]) for f in frames)


def _holds(value: Value, config: Options) -> bool:
    kind, wanted = config.get("id"), config.get("options", {}).get("value")
    match kind:
        case "isNull":
            return value is None
        case "isNotNull":
            return value is not None
        case "equal":
            return str(value) == str(wanted) or value == wanted
        case "notEqual":
            return not (str(value) == str(wanted) or value == wanted)
        case "regex":
            return re.search(str(wanted), str(value)) is not None
        case "greater" | "greaterOrEqual" | "lower" | "lowerOrEqual":
            if not isinstance(value, float) or wanted is None:
                return False
            limit = float(wanted)
            if value == limit:
                return str(kind).endswith("OrEqual")
            return (value > limit) == str(kind).startswith("greater")
        case _:
            return True


_CHANGES: Mapping[str, Callable[[Frames, Options], Frames]] = {
    "organize": _organize,
    "merge": _merge,
    "labelsToFields": _labels_to_fields,
    "reduce": _reduce,
    "seriesToRows": _rows,
    "joinByField": _join,
    "seriesToColumns": _join,
    "filterFieldsByName": _filter_names,
    "filterByRefId": _filter_refs,
    "sortBy": _sorted,
    "limit": _limited,
    "renameByRegex": _renamed,
    "groupBy": _grouped,
    "filterByValue": _kept_values,
    "convertFieldType": lambda frames, _options: frames,
}
