"""What differs in dashboards: views, panels by their id, queries as trees. Order is not meaning."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from generator.deliver.diff.alerts import facets_of
from generator.deliver.diff.settings import settings
from generator.ir.change import DashboardChange, Facet, PanelChange, Sort
from generator.ir.dashboards import Dashboard, Panel, Query, Row
from generator.promql.edits import edits
from generator.promql.meaning import same_meaning


@dataclass(frozen=True, slots=True)
class Boards:
    """A tenant's dashboards, and by view what else they say."""

    views: Sequence[Dashboard]
    further: Mapping[str, Mapping[str, Any]]


def dashboard_changes(before: Boards, after: Boards, label: str) -> tuple[DashboardChange, ...]:
    """Views that are new, gone or different; `label` is the tenant's."""
    left, right = ({d.view: d for d in side.views} for side in (before, after))
    found = []
    for view in (*right, *(name for name in left if name not in right)):
        one, other = left.get(view), right.get(view)
        if one is None or other is None:
            shown = other or one
            assert shown is not None
            sort = Sort.ADDED if one is None else Sort.REMOVED
            count = sum(len(row.panels) for row in shown.rows)
            found.append(DashboardChange(sort, view, shown.title, count=count))
            continue
        panels = (
            *_panels(one, other, label),
            *_variables(one, other),
            *_annotations(one, other, label),
        )
        rest = settings(before.further.get(view, {}), after.further.get(view, {}))
        facets = (*_facets(one, other), *rest)
        if panels or facets:
            found.append(DashboardChange(Sort.CHANGED, view, other.title, panels, facets))
    return tuple(found)


def _facets(one: Dashboard, other: Dashboard) -> Iterator[Facet]:
    for name in ("uid", "title", "description", "time_from", "refresh", "timezone"):
        yield from _texts(name, getattr(one, name), getattr(other, name))
    known = {row.key: row for row in one.rows}
    for row in (row for row in other.rows if row.key in known):
        yield from _texts("row", known[row.key].title, row.title)
        yield from _data("folded", known[row.key].collapsed, row.collapsed)
    yield from _texts("tags", ", ".join(sorted(one.tags)), ", ".join(sorted(other.tags)))


def _panels(one: Dashboard, other: Dashboard, label: str) -> Iterator[PanelChange]:
    left, right = ({p.key: (row, p) for row in d.rows for p in row.panels} for d in (one, other))
    for key, (row, panel) in right.items():
        if key not in left:
            yield PanelChange(Sort.ADDED, panel.title, panel.kind)
            continue
        facets = tuple(_panel(left[key], (row, panel), label))
        if facets:
            yield PanelChange(Sort.CHANGED, panel.title, panel.kind, facets)
    for key, (_, panel) in left.items():
        if key not in right:
            yield PanelChange(Sort.REMOVED, panel.title, panel.kind)


def _panel(before: tuple[Row, Panel], after: tuple[Row, Panel], label: str) -> Iterator[Facet]:
    (row, one), (later, other) = before, after
    yield from _queries(one.queries, other.queries, label)
    for name in ("title", "description", "kind", "unit"):
        yield from _texts(name, getattr(one, name), getattr(other, name))
    colours = [
        ", ".join(
            f"{step.color} from {step.value:.12g}" if step.value is not None else step.color
            for step in panel.thresholds
        )
        for panel in (one, other)
    ]
    yield from _texts("colours", *colours)
    if row.key != later.key:
        yield from _texts("row", row.title, later.title)
    yield from _texts("size", f"{one.width}x{one.height}", f"{other.width}x{other.height}")
    for name in (
        "decimals", "minimum", "maximum", "options", "custom", "transformations",
        "mappings", "links", "repeat",
    ):  # fmt: skip
        yield from _data(name, getattr(one, name), getattr(other, name))


def _queries(one: Sequence[Query], other: Sequence[Query], label: str) -> Iterator[Facet]:
    left, right = _unmatched(one, other), _unmatched(other, one)
    for before, after in zip(left, right, strict=False):
        yield from facets_of(edits(before.expr, after.expr), label)
        yield from _texts("legend", before.legend, after.legend)
        yield from _texts("format", before.format, after.format)
        yield from _data("instant", before.instant, after.instant)
    for query in left[len(right) :]:
        yield Facet("query", query.expr, "")
    for query in right[len(left) :]:
        yield Facet("query", "", query.expr)


def _unmatched(ours: Sequence[Query], theirs: Sequence[Query]) -> list[Query]:
    """The queries that the other side has not."""
    left, found = list(theirs), []
    for query in ours:
        same = next((q for q in left if _same(q, query)), None)
        if same is None:
            found.append(query)
        else:
            left.remove(same)
    return found


def _same(one: Query, other: Query) -> bool:
    rest = [(q.legend, q.instant, q.format) for q in (one, other)]
    return rest[0] == rest[1] and same_meaning(one.expr, other.expr)


def _variables(one: Dashboard, other: Dashboard) -> Iterator[PanelChange]:
    left, right = ({v.name: v for v in d.variables} for d in (one, other))
    for name in sorted({*left, *right}):
        before, after = left.get(name), right.get(name)
        if before is None or after is None:
            yield PanelChange(Sort.ADDED if before is None else Sort.REMOVED, name, "variable")
        elif before != after:
            facets = [
                facet
                for field in ("label", "kind", "query", "multi", "include_all", "description")
                for facet in _data(field, getattr(before, field), getattr(after, field))
            ]
            yield PanelChange(Sort.CHANGED, name, "variable", tuple(facets))


def _annotations(one: Dashboard, other: Dashboard, label: str) -> Iterator[PanelChange]:
    left, right = ({a.name: a for a in d.annotations} for d in (one, other))
    for name in sorted({*left, *right}):
        before, after = left.get(name), right.get(name)
        if before is None or after is None:
            yield PanelChange(Sort.ADDED if before is None else Sort.REMOVED, name, "annotation")
            continue
        facets = [*facets_of(edits(before.expr, after.expr), label)]
        for field in ("title", "text", "tags", "color"):
            facets += _texts(field, getattr(before, field), getattr(after, field))
        if facets:
            yield PanelChange(Sort.CHANGED, name, "annotation", tuple(facets))


def _texts(aspect: str, before: str, after: str) -> Iterator[Facet]:
    if before != after:
        yield Facet(aspect, before, after)


def _data(aspect: str, before: Any, after: Any) -> Iterator[Facet]:
    """Plain data of Grafana's: told by name, compared as JSON."""
    if before != after and _text(before) != _text(after):
        yield Facet(aspect, _text(before), _text(after))


def _text(value: Any) -> str:
    if value is None or isinstance(value, str):
        return value or ""
    plain = dict(value) if isinstance(value, Mapping) else value
    return json.dumps(plain, sort_keys=True, ensure_ascii=False)
