"""PromQL over a few sampled series: when does an expression hold on this data?

Finds the data and the times of generated unit tests; promtool is the judge of both. Covers what
alerts are made of and raises `Unsupported` for the rest.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from generator.compile import operations
from generator.compile.history import LabelPairs, Series, cut
from generator.compile.range_functions import OVER_RANGE
from generator.compile.recorder import Recorder
from generator.compile.selection import LOOKBACK, Selected, may_select
from generator.compile.series import accepts
from generator.compile.vector_functions import OF_VECTOR
from generator.compile.vectors import Labels, Points, Sample, Unsupported, Vector, nameless
from generator.ir.rules import RecordingRule
from generator.promql.tree import (
    SET,
    TRIM,
    Aggregate,
    Binary,
    Call,
    Expr,
    Number,
    Paren,
    RangeSelector,
    Span,
    String,
    Subquery,
    Unary,
    VectorSelector,
)


@dataclass(slots=True)
class Evaluation:
    """Expressions over the series, sampled every `interval` seconds, and over recording rules.

    Rules are evaluated every `step` seconds. `left_open` tells Prometheus 3's ranges, which leave
    out the sample exactly at their beginning, from 2's.
    """

    series: Sequence[Series]
    interval: float
    step: float
    rules: Sequence[RecordingRule] = ()
    left_open: bool = False
    recorder: Recorder = field(default_factory=lambda: Recorder({}))
    selected: dict[int, Selected] = field(default_factory=dict)

    def asked(self, expr: Expr, time: float) -> Vector:
        """The instant vector at an evaluation of the rules; even data is evaluated once.

        Raises Unsupported.
        """
        return _vector(self.recorder.answer(self, expr, time))

    def vector(self, expr: Expr, time: float) -> Vector:
        """The instant vector at a time. Raises Unsupported."""
        return _vector(self.value(expr, time))

    def value(self, expr: Expr, time: float) -> Vector | float:
        """The instant vector or scalar at a time. Raises Unsupported."""
        evaluate = _OF_NODE.get(type(expr))
        if evaluate is None:
            raise Unsupported(type(expr).__name__)
        return evaluate(self, expr, time)

    # selectors ---------------------------------------------------------------------------

    def _instant(self, node: VectorSelector, time: float) -> Vector:
        at = time - _offset(node.offset)
        if node.at is not None:
            raise Unsupported("@")
        if node.extended is not None:
            raise Unsupported(node.extended.text)
        found: Vector = []
        selected = self.select(node)
        first, last = self.indexes(at - LOOKBACK, at, self.interval)
        for labels, one in selected.series:
            values = one.values
            for index in range(min(last, len(values) - 1), max(first, 0) - 1, -1):
                value = values[index]
                if value is not None:
                    found.append(Sample({**labels, "__name__": node.name or ""}, value))
                    break
        first, last = self.indexes(at - self.step / 2, at, self.step)
        for number in selected.rules if max(0, first) <= last else ():
            for pairs, value in self.recorder.row(self, number, last):
                accepted = selected.labels(pairs)
                if accepted is not None:
                    found.append(Sample({**accepted, "__name__": node.name or ""}, value))
        return found

    def select(self, node: VectorSelector) -> Selected:
        """What a selector selects of the series and of the rules. Raises Unsupported."""
        known = self.selected.get(id(node))
        if known is None:
            name = node.name
            if name is None:
                raise Unsupported("a selector without a metric's name")
            series = tuple(
                (labels, one)
                for one in self.series
                if one.metric == name and accepts(node.matchers, labels := dict(one.labels))
            )
            rules = tuple(n for n, rule in enumerate(self.rules) if may_select(node, rule))
            known = self.selected[id(node)] = Selected(node, series, rules)
        return known

    def _matching(
        self, node: VectorSelector, start: float, end: float
    ) -> Iterable[tuple[Labels, Points]]:
        """Every series the selector selects, with its samples in the range."""
        selected = self.select(node)
        first, last = self.indexes(start, end, self.interval)
        for labels, one in selected.series:
            times = multiples(self.interval, len(one.values))
            yield labels, cut(times, one.values, first, last, one.gapless)
        first, last = self.indexes(start, end, self.step)
        for number in selected.rules:
            history = self.recorder.recorded(self, number, first, last)
            times = multiples(self.step, last + 1)
            for pairs, points in history.series(times, first, last):
                accepted = selected.labels(pairs)
                if accepted is not None:
                    yield accepted, points

    def indexes(self, start: float, end: float, interval: float) -> tuple[int, int]:
        """The first and the last multiple of an interval in a range."""
        first = math.ceil(start / interval - 1e-9)
        if self.left_open and abs(first * interval - start) < 1e-6:
            first += 1
        return first, math.floor(end / interval + 1e-9)

    # ranges ------------------------------------------------------------------------------

    def _ranges(self, node: Expr, time: float) -> list[tuple[Labels, Points, float, float]]:
        """(labels, samples, start, end) of a range selector or a subquery."""
        if isinstance(node, Paren):
            return self._ranges(node.expr, time)
        if isinstance(node, RangeSelector):
            end = time - _offset(node.offset) - _offset(node.selector.offset)
            start = end - _seconds(node.range)
            if node.at is not None or node.selector.at is not None:
                raise Unsupported("@")
            if node.extended is not None:
                raise Unsupported(node.extended.text)
            found = self._matching(node.selector, start, end)
            return [(labels, points, start, end) for labels, points in found if points.values]
        if isinstance(node, Subquery):
            return self._subquery(node, time)
        raise Unsupported("a range of this kind")

    def _subquery(self, node: Subquery, time: float) -> list[tuple[Labels, Points, float, float]]:
        if node.at is not None or node.step is None:
            raise Unsupported("a subquery without a step")
        end = time - _offset(node.offset)
        start, step = end - _seconds(node.range), _seconds(node.step)
        found: dict[LabelPairs, tuple[list[float], list[float]]] = {}
        index = math.ceil(start / step - 1e-9)
        if self.left_open and abs(index * step - start) < 1e-6:
            index += 1
        while index * step <= end + 1e-9:
            for sample in self.vector(node.expr, index * step):
                key = tuple(sorted(nameless(sample.labels).items()))
                times, values = found.setdefault(key, ([], []))
                times.append(index * step)
                values.append(sample.value)
            index += 1
        return [(dict(key), Points(*points), start, end) for key, points in found.items()]

    # operations --------------------------------------------------------------------------

    def _unary(self, node: Unary, time: float) -> Vector | float:
        inner = self.value(node.expr, time)
        if node.op == "+":
            return inner
        if isinstance(inner, float):
            return -inner
        return [Sample(nameless(s.labels), -s.value) for s in inner]

    def _aggregate(self, node: Aggregate, time: float) -> Vector:
        inner = self.vector(node.args[-1], time)
        if isinstance(node.args[0], String):
            return operations.count_values(node, inner, node.args[0].value)
        parameter = self.value(node.args[0], time) if len(node.args) > 1 else 0.0
        if not isinstance(parameter, float):
            raise Unsupported("a parameter that is no number")
        return operations.aggregate(node, inner, parameter)

    def _binary(self, node: Binary, time: float) -> Vector | float:
        if node.op in TRIM or node.fill:
            raise Unsupported(f"{node.op} with fill()" if node.fill else node.op)
        left, right = self.value(node.lhs, time), self.value(node.rhs, time)
        if node.op in SET:
            if isinstance(left, float) or isinstance(right, float):
                raise Unsupported("a set operation on scalars")
            return operations.set_operation(node, left, right)
        return operations.arithmetic(node, left, right)

    def _call(self, node: Call, time: float) -> Vector | float:
        name, args = node.function, node.args
        if name == "time":
            return time
        if name == "vector":
            inner = self.value(args[0], time)
            return [Sample({}, inner)] if isinstance(inner, float) else inner
        if name == "scalar":
            found = self.vector(args[0], time)
            return found[0].value if len(found) == 1 else math.nan
        if name in ("absent", "absent_over_time"):
            return self._absent(node, time)
        if name in OVER_RANGE:
            return self._over_range(node, time)
        if name in OF_VECTOR:
            numbers = [self.value(arg, time) for arg in args if not isinstance(arg, String)]
            return OF_VECTOR[name](node, numbers, time)
        raise Unsupported(name)

    def _absent(self, node: Call, time: float) -> Vector:
        arg = node.args[0]
        found = self.vector(arg, time) if node.function == "absent" else self._ranges(arg, time)
        if found:
            return []
        selector = arg.selector if isinstance(arg, RangeSelector) else arg
        labels: Labels = {}
        if isinstance(selector, VectorSelector):
            labels = {m.name: m.value for m in selector.matchers if m.op == "=" and m.value}
        return [Sample(nameless(labels), 1.0)]

    def _over_range(self, node: Call, time: float) -> Vector:
        compute: Callable[..., float | None] = OVER_RANGE[node.function]
        position = 1 if node.function == "quantile_over_time" else 0
        numbers = [self.value(arg, time) for i, arg in enumerate(node.args) if i != position]
        if any(not isinstance(number, float) for number in numbers):
            raise Unsupported("a parameter that is no number")
        made: Vector = []
        for labels, points, start, end in self._ranges(node.args[position], time):
            value = compute(points, start, end, *numbers)
            if value is not None:
                made.append(Sample(labels, value))
        return made


def _vector(value: Vector | float) -> Vector:
    if isinstance(value, float):
        raise Unsupported("a scalar is no condition")
    return value


def _offset(span: Span | None) -> float:
    return 0.0 if span is None else _seconds(span)


def _seconds(span: Span) -> float:
    if span.ms is None:
        raise Unsupported("a duration that is no literal")
    return span.ms / 1000


_MULTIPLES: dict[float, list[float]] = {}


def multiples(interval: float, count: int) -> Sequence[float]:
    """The first multiples of an interval, `count` of them at least."""
    if len(_MULTIPLES) > 64:
        _MULTIPLES.clear()
    known = _MULTIPLES.setdefault(interval, [])
    known += [index * interval for index in range(len(known), count)]
    return known


_OF_NODE: dict[type[object], Callable[[Evaluation, Any, float], Vector | float]] = {
    Number: lambda self, node, time: node.value,
    Paren: lambda self, node, time: self.value(node.expr, time),
    Unary: Evaluation._unary,
    VectorSelector: Evaluation._instant,
    Aggregate: Evaluation._aggregate,
    Binary: Evaluation._binary,
    Call: Evaluation._call,
}
