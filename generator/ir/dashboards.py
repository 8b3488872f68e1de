"""Dashboards as plain values, in terms of monitoring; Grafana's JSON is `render.grafana`'s."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from generator.values import Duration, IsolatedExpr

COLUMNS = 24
"""How wide Grafana's grid is."""


def ref_id(index: int) -> str:
    """Grafana's name of a panel's query by its place: A, B, … Z, AA, AB, …"""
    letters = ""
    while index >= 0:
        letters = chr(ord("A") + index % 26) + letters
        index = index // 26 - 1
    return letters


@dataclass(frozen=True, slots=True)
class Query:
    """One query of a panel. `expr` may hold Grafana variables; it is isolated like any other."""

    expr: IsolatedExpr
    legend: str = ""
    instant: bool = False
    format: str = "time_series"
    """`time_series`, `table` or `heatmap`."""


@dataclass(frozen=True, slots=True)
class Threshold:
    """From `value` on (None: the base) the colour is `color`."""

    value: float | None
    color: str


@dataclass(frozen=True, slots=True)
class Panel:
    """One panel. `key` is its stable name in the dashboard: its id derives from it.

    `kind` is Grafana's panel type: timeseries, stat, gauge, bargauge, table, heatmap,
    state-timeline, alertlist, piechart, text. Width and height are in Grafana's grid (24 columns).
    """

    key: str
    title: str
    description: str
    kind: str
    queries: tuple[Query, ...] = ()
    unit: str = "short"
    thresholds: tuple[Threshold, ...] = (Threshold(None, "green"),)
    width: int = 12
    height: int = 8
    decimals: int | None = None
    minimum: float | None = None
    maximum: float | None = None
    options: Mapping[str, Any] = field(default_factory=dict)
    """Extra Grafana `options` of this kind, laid over the renderer's defaults."""
    custom: Mapping[str, Any] = field(default_factory=dict)
    """Extra `fieldConfig.defaults.custom`."""
    transformations: tuple[Mapping[str, Any], ...] = ()
    mappings: tuple[Mapping[str, Any], ...] = ()
    links: tuple[tuple[str, str], ...] = ()
    """(title, url) pairs."""
    repeat: str | None = None
    """Name of the variable the panel repeats by."""
    overrides: tuple[Mapping[str, Any], ...] = ()
    """`fieldConfig.overrides`: a matcher and its properties, for single queries or columns."""
    time_from: str = ""
    """Length of time the panel shows whatever the dashboard's range is, `30d`; empty: that."""
    empty: str = ""
    """What it says where a query returns nothing, when that has a meaning; empty: no data."""
    id: int = 0
    """Grafana's id, from the key; at least 1 in a finished dashboard."""


@dataclass(frozen=True, slots=True)
class Row:
    """A titled row; a collapsed one holds its panels inside itself."""

    key: str
    title: str
    panels: tuple[Panel, ...]
    collapsed: bool = False
    repeat: str | None = None
    id: int = 0


@dataclass(frozen=True, slots=True)
class Variable:
    """A dashboard variable of a kind: `query`, isolated, `constant` with `value`, `custom`."""

    name: str
    label: str
    kind: str
    query: str = ""
    value: str = ""
    multi: bool = False
    include_all: bool = False
    description: str = ""
    options: tuple[tuple[str, str], ...] = ()
    """(text, value) pairs of a custom one, in order."""


@dataclass(frozen=True, slots=True)
class Annotation:
    """Events drawn over every graph."""

    name: str
    expr: IsolatedExpr
    title: str
    text: str
    tags: str = ""
    color: str = "blue"
    step: Duration = Duration(60_000)


@dataclass(frozen=True, slots=True)
class TaggedEvents:
    """Events that somebody posted to Grafana with all of these tags, drawn over every graph."""

    name: str
    tags: tuple[str, ...]
    color: str = "orange"


@dataclass(frozen=True, slots=True)
class PinnedDatasource:
    """The one data source that a dashboard may ask; Grafana knows it by name and by uid."""

    uid: str
    name: str


@dataclass(frozen=True, slots=True)
class Dashboard:
    """One dashboard of a tenant; `view` is executive, technical, security, ml or a custom name."""

    uid: str
    view: str
    title: str
    description: str
    tags: tuple[str, ...]
    rows: tuple[Row, ...]
    variables: tuple[Variable, ...] = ()
    annotations: tuple[Annotation, ...] = ()
    time_from: str = "now-6h"
    refresh: str = "1m"
    timezone: str = "browser"
    datasource: PinnedDatasource | None = None
    """None: people choose among Grafana's Prometheus data sources."""
    posted: tuple[TaggedEvents, ...] = ()
    folder: str = ""
    """Uid of Grafana's folder; empty: not known."""
