"""PromQL over a few sampled series: when does an expression hold on this data?

Finds the data and the times of generated unit tests; promtool is the judge of both. Covers what
alerts are made of and raises `Unsupported` for the rest.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from generator.compile import operations, steadiness
from generator.compile.range_functions import OVER_RANGE
from generator.compile.series import accepts
from generator.compile.vector_functions import OF_VECTOR
from generator.compile.vectors import Labels, Sample, Unsupported, Vector, nameless
from generator.ir.rules import RecordingRule
from generator.promql.parser import parse
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

LOOKBACK = 300.0
"""Seconds for which an instant selector sees the last sample."""

Points = list[tuple[float, float]]
"""(time, value) pairs in seconds, rising."""

_Recorded = tuple[tuple[tuple[str, str], ...], float]
_Inputs = Sequence[tuple[steadiness.Read, Sequence[steadiness.Runs]]]


@dataclass(frozen=True)
class Series:
    """One input series: a value, or None for no sample, at every multiple of the interval."""

    metric: str
    labels: tuple[tuple[str, str], ...]
    values: Sequence[float | None]

    @cached_property
    def runs(self) -> steadiness.Runs:
        """Where its values rise by equal steps."""
        return steadiness.Runs(self.values)


@dataclass(frozen=True, slots=True)
class _Selected:
    """What a selector selects of the series, with their labels, and of the rules."""

    node: VectorSelector
    """Kept alive, as its identity is what this is known by."""
    series: tuple[tuple[Labels, Series], ...]
    rules: tuple[int, ...]


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
    recorded: dict[tuple[int, int], list[_Recorded]] = field(default_factory=dict)
    selected: dict[int, _Selected] = field(default_factory=dict)
    inputs: dict[int, _Inputs | None] = field(default_factory=dict)
    """What a rule reads, by its number; None where even data does not settle its answer."""
    even: dict[tuple[int, steadiness.Key], list[_Recorded]] = field(default_factory=dict)

    def vector(self, expr: Expr, time: float) -> Vector:
        """The instant vector at a time. Raises Unsupported."""
        value = self.value(expr, time)
        if isinstance(value, float):
            raise Unsupported("a scalar is no condition")
        return value

    def value(self, expr: Expr, time: float) -> Vector | float:
        """The instant vector or scalar at a time. Raises Unsupported."""
        match expr:
            case Number():
                return expr.value
            case Paren():
                return self.value(expr.expr, time)
            case Unary():
                return self._unary(expr, time)
            case VectorSelector():
                return self._instant(expr, time)
            case Aggregate():
                return self._aggregate(expr, time)
            case Binary():
                return self._binary(expr, time)
            case Call():
                return self._call(expr, time)
            case _:
                raise Unsupported(type(expr).__name__)

    # selectors ---------------------------------------------------------------------------

    def _instant(self, node: VectorSelector, time: float) -> Vector:
        at = time - _offset(node.offset)
        if node.at is not None:
            raise Unsupported("@")
        if node.extended is not None:
            raise Unsupported(node.extended.text)
        found: Vector = []
        selected = self._select(node)
        first, last = self._indexes(at - LOOKBACK, at)
        for labels, one in selected.series:
            values = one.values
            for index in range(min(last, len(values) - 1), max(first, 0) - 1, -1):
                value = values[index]
                if value is not None:
                    found.append(Sample({**labels, "__name__": node.name or ""}, value))
                    break
        for number in selected.rules:
            for name, labels, points in self._history(node, number, at - self.step / 2, at):
                found.append(Sample({**labels, "__name__": name}, points[-1][1]))
        return found

    def _select(self, node: VectorSelector) -> _Selected:
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
            known = self.selected[id(node)] = _Selected(node, series, rules)
        return known

    def _matching(
        self, node: VectorSelector, start: float, end: float
    ) -> Iterable[tuple[str, Labels, Points]]:
        """Every series the selector selects, with its samples in the range."""
        selected = self._select(node)
        first, last = self._indexes(start, end)
        for labels, one in selected.series:
            yield node.name or "", labels, self._points(one.values, first, last)
        for number in selected.rules:
            yield from self._history(node, number, start, end)

    def _indexes(self, start: float, end: float) -> tuple[int, int]:
        """The first and the last sample of a range."""
        first = math.ceil(start / self.interval - 1e-9)
        if self.left_open and abs(first * self.interval - start) < 1e-6:
            first += 1
        return first, math.floor(end / self.interval + 1e-9)

    def _points(self, values: Sequence[float | None], first: int, last: int) -> Points:
        first, interval = max(0, first), self.interval
        return [
            (index * interval, value)
            for index, value in enumerate(values[first : max(first, last + 1)], first)
            if value is not None
        ]

    def _history(
        self, node: VectorSelector, number: int, start: float, end: float
    ) -> Iterable[tuple[str, Labels, Points]]:
        """What a recording rule has recorded in the range, by series."""
        first = math.ceil(start / self.step - 1e-9)
        if self.left_open and abs(first * self.step - start) < 1e-6:
            first += 1
        last = math.floor(end / self.step + 1e-9)
        rule = self.rules[number]
        found: dict[tuple[tuple[str, str], ...], Points] = {}
        for index in range(max(0, first), last + 1):
            time = index * self.step
            for key, value in self._record(number, index):
                if key in found:
                    found[key].append((time, value))
                else:
                    found[key] = [(time, value)]
        for key, points in found.items():
            labels = dict(key)
            if accepts(node.matchers, labels):
                yield rule.record, labels, points

    def _record(self, number: int, index: int) -> list[_Recorded]:
        """What a rule records at an evaluation."""
        known = self.recorded.get((number, index))
        if known is None:
            time = index * self.step
            found = self._inputs(number)
            even = steadiness.key(found, time, self.interval) if found is not None else None
            known = self.even.get((number, even)) if even is not None else None
            if known is None:
                known = self._evaluated(number, time)
                if even is not None:
                    self.even[number, even] = known
            self.recorded[number, index] = known
        return known

    def _evaluated(self, number: int, time: float) -> list[_Recorded]:
        rule = self.rules[number]
        value = self.value(_tree(rule.expr), time)
        made = [Sample({}, value)] if isinstance(value, float) else value
        return [
            (tuple(sorted({**nameless(s.labels), **rule.labels}.items())), s.value) for s in made
        ]

    def _inputs(self, number: int) -> _Inputs | None:
        """The raw series that a rule reads; None when it reads other rules, or the clock."""
        if number not in self.inputs:
            found: list[tuple[steadiness.Read, Sequence[steadiness.Runs]]] | None = []
            for read in steadiness.reads(_tree(self.rules[number].expr), LOOKBACK) or ():
                selected = self._select(read.node)
                if selected.rules:
                    found = None
                    break
                assert found is not None
                found.append((read, [one.runs for _, one in selected.series]))
            self.inputs[number] = found or None
        return self.inputs[number]

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
            return [(labels, points, start, end) for _, labels, points in found if points]
        if isinstance(node, Subquery):
            return self._subquery(node, time)
        raise Unsupported("a range of this kind")

    def _subquery(self, node: Subquery, time: float) -> list[tuple[Labels, Points, float, float]]:
        if node.at is not None or node.step is None:
            raise Unsupported("a subquery without a step")
        end = time - _offset(node.offset)
        start, step = end - _seconds(node.range), _seconds(node.step)
        found: dict[tuple[tuple[str, str], ...], Points] = {}
        index = math.ceil(start / step - 1e-9)
        if self.left_open and abs(index * step - start) < 1e-6:
            index += 1
        while index * step <= end + 1e-9:
            for sample in self.vector(node.expr, index * step):
                key = tuple(sorted(nameless(sample.labels).items()))
                found.setdefault(key, []).append((index * step, sample.value))
            index += 1
        return [(dict(key), points, start, end) for key, points in found.items()]

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


def _offset(span: Span | None) -> float:
    return 0.0 if span is None else _seconds(span)


def _seconds(span: Span) -> float:
    if span.ms is None:
        raise Unsupported("a duration that is no literal")
    return span.ms / 1000


_TREES: dict[str, Expr] = {}


def _tree(text: str) -> Expr:
    """The tree of a rule's expression; rules are evaluated many times."""
    if text not in _TREES:
        if len(_TREES) > 4096:
            _TREES.clear()
        _TREES[text] = parse(text)
    return _TREES[text]


def may_select(node: VectorSelector, rule: RecordingRule) -> bool:
    """Whether a selector may select what a rule records, as far as static labels tell."""
    static = [m for m in node.matchers if m.name in rule.labels]
    return rule.record == node.name and accepts(static, rule.labels)
