"""What a Prometheus recorded of a tenant's SLOs and alerts: the questions, and their answers.

Everything is asked in spans of an hour and a week at a time, so that no answer holds more points
than servers give; what a server refuses as too much is asked again in halves.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cached_property

from generator.compile.burn_rate import BASE
from generator.compile.context import Context
from generator.compile.kinds import FLAPPING, MARKER
from generator.compile.slo_series import ERRORS, TOTAL, ratio_name
from generator.ir.attainment import HOUR, Span
from generator.promql.build import selector
from generator.servers.http import ServerFailed
from generator.servers.prometheus import Prometheus, Series
from generator.values import Duration

Labels = tuple[tuple[str, str], ...]
"""The labels of a recorded series without its name, sorted."""
Table = Mapping[Labels, Mapping[int, float]]
"""Series -> number of the span -> value; spans without a sample are not there."""

OBJECTIVE = "slo:objective:ratio"
_RATIO = ratio_name(BASE)
_AT_ONCE = 168
"""Points of a series in one answer: a week of hours. Servers give 11,000."""
_WEEK = timedelta(days=7)
_TOO_MUCH = frozenset({413, 422, 503, 504})
"""What servers answer to a question that needs too many samples or too much time."""
_MILLISECOND = timedelta(milliseconds=1)


@dataclass(frozen=True, slots=True)
class Tables:
    """What was recorded in a row of spans, by series."""

    errors: Table = field(default_factory=dict)
    totals: Table = field(default_factory=dict)
    evaluations: Table = field(default_factory=dict)
    """How many samples of the totals there are."""
    ratios: Table = field(default_factory=dict)
    """Sums of the error ratios of SLOs that record nothing else."""
    ratio_evaluations: Table = field(default_factory=dict)


def hours_of(span: Span) -> tuple[Span, ...]:
    """A span of time in whole hours from its start; the last may be shorter."""
    found, start = [], span.start
    while start < span.end:
        end = min(start + HOUR, span.end)
        found.append(Span(start, end))
        start = end
    return tuple(found)


@dataclass(frozen=True)
class Recorder:
    """Asks one Prometheus about one tenant. Every call may raise ServerFailed."""

    prometheus: Prometheus
    context: Context
    asked: Callable[[], None] = lambda: None
    """Called after each answer: progress."""

    @cached_property
    def closed(self) -> bool:
        """Whether a range holds a sample that is as old as the range is long.

        Until Prometheus 2 it does, from 3 on it does not. A sample stands for what happened before
        it, so a span takes the samples after its start up to its end.
        """
        found = self.prometheus.query("count_over_time(vector(1)[1m:1m])", 86_400.0)
        self.asked()
        return bool(found) and found[0].points[0][1] > 1

    def tables(self, spans: Sequence[Span], unweighted: Sequence[str]) -> Tables:
        """Sums and counts of every SLO's base series; `unweighted` names those of ratios."""
        if not spans:
            return Tables()
        ratios = selector(_RATIO, [(self.context.platform.labels.slo, "=~", "|".join(unweighted))])
        return Tables(
            self._table("sum_over_time", selector(ERRORS, []), spans),
            self._table("sum_over_time", selector(TOTAL, []), spans),
            self._table("count_over_time", selector(TOTAL, []), spans),
            self._table("sum_over_time", ratios, spans) if unweighted else {},
            self._table("count_over_time", ratios, spans) if unweighted else {},
        )

    def objectives(self, spans: Sequence[Span]) -> Table:
        """The objective, from 0 to 1, that was recorded last in each span."""
        return self._table("last_over_time", selector(OBJECTIVE, []), spans)

    def firing(self, span: Span, severities: Sequence[str]) -> tuple[Series, ...]:
        """Each sample of the alerts that fired, in pieces of a week.

        Markers, notices of flapping and later steps of an escalation are not asked for.
        """
        names = self.context.platform.labels
        alerts = selector(
            "ALERTS",
            [
                ("alertstate", "=", "firing"),
                (names.severity, "=~", "|".join(severities)),
                (names.kind, "!~", f"{MARKER}|{FLAPPING}"),
                (names.level, "=", ""),
            ],
        )
        found: list[Series] = []
        start = span.start
        while start < span.end:
            piece = Span(start, min(start + _WEEK, span.end))
            found += self._raw(alerts, piece)
            start = piece.end
        return tuple(found)

    # -------------------------------------------------------------------------- questions

    def _table(self, function: str, selected: str, spans: Sequence[Span]) -> Table:
        """A function over a series in each of the spans, which follow each other."""
        found: dict[Labels, dict[int, float]] = {}
        for first, row in _rows(spans):
            for series in self._row(f"{function}({selected}[{self._range(row[0])}])", row):
                labels = tuple(sorted((k, v) for k, v in series.labels.items() if k != "__name__"))
                values = found.setdefault(labels, {})
                for at, value in series.points:
                    index = first + round((at - _stamp(row[0].end)) / row[0].length.total_seconds())
                    values[index] = value
        return found

    def _row(self, expr: str, row: Sequence[Span]) -> tuple[Series, ...]:
        """An expression at the end of each of equally long spans."""
        question = self.context.own(expr)
        start, end = _stamp(row[0].end), _stamp(row[-1].end)
        try:
            if len(row) == 1:
                found = self.prometheus.query(question, end)
            else:
                found = self.prometheus.query_range(question, start, end, row[0].length)
        except ServerFailed as problem:
            half = len(row) // 2
            if problem.status not in _TOO_MUCH or not half:
                raise
            return (*self._row(expr, row[:half]), *self._row(expr, row[half:]))
        self.asked()
        return found

    def _raw(self, selected: str, span: Span) -> tuple[Series, ...]:
        question = self.context.own(f"{selected}[{self._range(span)}]")
        try:
            found = self.prometheus.query(question, _stamp(span.end))
        except ServerFailed as problem:
            if problem.status not in _TOO_MUCH or span.length <= HOUR:
                raise
            middle = span.start + span.length / 2
            middle -= timedelta(microseconds=middle.microsecond % 1000)
            halves = (Span(span.start, middle), Span(middle, span.end))
            return tuple(s for half in halves for s in self._raw(selected, half))
        self.asked()
        return found

    def _range(self, span: Span) -> Duration:
        """The range of a selector that takes the samples after a span's start up to its end."""
        return Duration(span.length // _MILLISECOND - self.closed)


def _rows(spans: Sequence[Span]) -> list[tuple[int, Sequence[Span]]]:
    """Runs of equally long spans, none longer than an answer may be; with the first's number."""
    rows: list[tuple[int, Sequence[Span]]] = []
    first = 0
    while first < len(spans):
        last = first + 1
        while (
            last < len(spans)
            and last - first < _AT_ONCE
            and spans[last].length == spans[first].length
        ):
            last += 1
        rows.append((first, spans[first:last]))
        first = last
    return rows


def _stamp(moment: datetime) -> float:
    return moment.timestamp()
