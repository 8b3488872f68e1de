"""Panels that users and packs write, isolated and checked like any other expression of theirs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from generator.compile.context import Context
from generator.compile.views.parts import (
    GREEN,
    RED,
    dashed,
    query_override,
)
from generator.compile.views.tables import column_override, header, table_columns
from generator.compile.wording import operand
from generator.findings import Finding, Text, error, has_errors
from generator.ir.dashboards import Panel, Query, Threshold
from generator.promql.build import matchers_added, shifted
from generator.promql.isolate import isolate_text
from generator.promql.labels import output_labels
from generator.promql.parser import parse
from generator.spec.model import CustomPanel
from generator.values import Duration, IsolatedExpr

_SMALL = frozenset({"stat", "gauge"})
_GRAPHS = frozenset({"timeseries"})
NEUTRAL = "#5c6370"
"""Of a change, which is neither good nor bad by itself: readable on dark and light."""
_NUMBERS = frozenset({"stat", "gauge", "bargauge"})
_WEEK = Duration.of(days=7)


def custom_panel(panel: CustomPanel, context: Context) -> tuple[Panel | None, list[Finding]]:
    """A user's or a pack's own panel; None with findings when a query cannot be used."""
    drawn = _Drawn(panel, context)
    for index, (text, legend) in enumerate(panel.queries):
        drawn.add(text, legend, panel.units[index] if panel.units else "")
    if panel.compare is not None:
        drawn.compare(panel.compare)
    if has_errors(drawn.findings):
        return None, drawn.findings
    suffix = f" ({panel.service})" if panel.service and panel.pack else ""
    small = panel.kind in _SMALL
    made = Panel(
        key=panel.key,
        title=f"{panel.title}{suffix}",
        description=panel.description or f"{panel.title}.",
        kind=panel.kind,
        queries=tuple(drawn.queries),
        unit=panel.unit,
        thresholds=(
            Threshold(None, _base(panel)),
            *(Threshold(float(value), color) for value, color in panel.thresholds),
        ),
        width=4 if small else 8,
        height=5 if small else 7,
        overrides=tuple(drawn.overrides),
        transformations=drawn.transformations,
    )
    return made, drawn.findings


def _base(panel: CustomPanel) -> str:
    """Below a first step that turns green, values are bad."""
    first = panel.thresholds[0][1] if panel.thresholds else ""
    return RED if first == GREEN else GREEN


@dataclass(slots=True)
class _Drawn:
    """The queries of a panel as they are read, with what they need besides themselves."""

    panel: CustomPanel
    context: Context
    queries: list[Query] = field(default_factory=list)
    overrides: list[Mapping[str, Any]] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)
    transformations: tuple[Mapping[str, Any], ...] = ()
    labels: set[str] = field(default_factory=set)
    """Of the columns of a table."""

    def add(self, text: Text, legend: str, unit: str) -> None:
        """One query of the author's."""
        expr, told = self.context.author(text, variables=True)
        self.findings += told
        if expr is None:
            return
        if self.panel.matchers:
            expr = self.context.graph(self._scoped(text))
        table = self.panel.kind == "table"
        heat = "heatmap" if self.panel.kind == "heatmap" else "time_series"
        self.queries.append(Query(expr, legend, table, "table" if table else heat))
        if table:
            self._column(legend, unit)
        elif unit:
            self.overrides.append(query_override(len(self.queries) - 1, ("unit", unit)))

    def _scoped(self, text: Text) -> str:
        equals = ((label, "=", value) for label, value in self.panel.matchers.items())
        return matchers_added(text.value, equals)

    def _column(self, legend: str, unit: str) -> None:
        columns = ["" if "{{" in q.legend else q.legend for q in self.queries]
        hidden = ("__name__", self.context.platform.labels.tenant)
        known = self.context.catalogue.known()
        for query in self.queries:
            self.labels |= output_labels(parse(query.expr, variables=True), known).named
        heads = {label: header(label) for label in sorted(self.labels.difference(hidden))}
        self.transformations = table_columns(columns, heads, hidden)
        if legend and unit:
            self.overrides.append(column_override(legend, ("unit", unit)))

    def compare(self, ago: Duration) -> None:
        """The same queries as they were: dashed on a graph, as the change on a number."""
        kind = self.panel.kind
        if kind not in _GRAPHS | _NUMBERS:
            message = f"a {kind} cannot show how it was {_told(ago)}"
            hint = f"compare on a {', '.join(sorted(_GRAPHS | _NUMBERS))}"
            self.findings.append(error("panel-compare", message, self.panel.place, hint))
            return
        for text, legend in self.panel.queries:
            self._compared(text, legend, ago)

    def _compared(self, text: Text, legend: str, ago: Duration) -> None:
        if isolate_text(text, self.context.scope, variables=True)[0] is None:
            return
        now = self._scoped(text)
        then = shifted(now, ago)
        if then is None:
            message = "this cannot be read as it was: it reads the clock or has an offset itself"
            hint = "leave out compare, and write the second query yourself"
            self.findings.append(error("panel-compare", message, text.place, hint))
        elif self.panel.kind in _GRAPHS:
            self.overrides.append(dashed(len(self.queries), "text"))
            label = f"{legend} {_told(ago)}" if "{{" in legend else _told(ago)
            self.queries.append(Query(self._graph(then), label))
        else:
            self._changed(operand(now), operand(then), ago)

    def _changed(self, now: str, then: str, ago: Duration) -> None:
        """Ratios by points of a hundred, anything else by its part."""
        ratio = self.panel.unit == "percentunit"
        change = f"{now} - {then}" if ratio else f"{now} / ({then} > 0) - 1"
        self.overrides.append(
            query_override(
                len(self.queries),
                ("unit", "percentunit"),
                ("color", {"mode": "fixed", "fixedColor": NEUTRAL}),
            )
        )
        told = "points since" if ratio else "change since"
        self.queries.append(Query(self._graph(change), f"{told} {_told(ago)}"))

    def _graph(self, expr: str) -> IsolatedExpr:
        return self.context.graph(expr)


def _told(ago: Duration) -> str:
    return "a week ago" if ago == _WEEK else f"{ago} ago"
