"""PromQL over a few sampled series: when does an expression hold on this data?

Finds the data and the times of generated unit tests; promtool is the judge of both. Covers what
alerts are made of and raises `Unsupported` for the rest.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from operator import is_
from typing import Any

from generator.compile import operations, steadiness
from generator.compile.history import History, LabelPairs, Row, Series, common, cut
from generator.compile.range_functions import OVER_RANGE
from generator.compile.series import accepts
from generator.compile.steadiness import Clock, Read
from generator.compile.vector_functions import OF_VECTOR
from generator.compile.vectors import Labels, Points, Sample, Unsupported, Vector, nameless
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
    vector_selectors,
    walk,
)

_PASTS = 4
"""How many histories of a rule are kept."""

LOOKBACK = 300.0
"""Seconds for which an instant selector sees the last sample."""

_Key = tuple[object, ...]


@dataclass(frozen=True, slots=True)
class _Selected:
    """What a selector selects of the series, and of the rules."""

    node: VectorSelector
    """Kept alive, as its identity is what this is known by."""
    series: tuple[tuple[Labels, Series], ...]
    rules: tuple[int, ...]
    accepted: dict[LabelPairs, Labels | None] = field(default_factory=dict)
    """The labels of series that rules record; None where the selector does not select them."""

    def labels(self, found: LabelPairs) -> Labels | None:
        """The labels of a recorded series, if it is selected."""
        if found not in self.accepted:
            labels = dict(found)
            self.accepted[found] = labels if accepts(self.node.matchers, labels) else None
        return self.accepted[found]


_MOVABLE = (VectorSelector, RangeSelector, Subquery)


@dataclass(frozen=True)
class _Parsed:
    """An expression, with what it reads."""

    tree: Expr

    @cached_property
    def reads(self) -> tuple[Read | Clock, ...] | None:
        """What it depends on: see `steadiness`."""
        return steadiness.reads(self.tree)

    @cached_property
    def selectors(self) -> tuple[VectorSelector, ...]:
        """Its selectors."""
        return tuple(vector_selectors(self.tree))

    @cached_property
    def ahead(self) -> bool:
        """Whether it may read samples of later times."""
        moved = (n.offset for n in walk(self.tree) if isinstance(n, _MOVABLE))
        return any(span is not None and (span.ms is None or span.ms < 0) for span in moved)


@dataclass(frozen=True, slots=True)
class _Recorded:
    """What a rule recorded from some series."""

    rule: RecordingRule
    basis: tuple[Series, ...]
    history: History


Past = dict[int, list[_Recorded]]
"""By the number of a rule, what it recorded in the last few evaluations."""


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
    past: Past = field(default_factory=dict)
    """What rules recorded in earlier evaluations with the same intervals, to be gone on with."""
    selected: dict[int, _Selected] = field(default_factory=dict)
    histories: dict[int, History] = field(default_factory=dict)
    """What the rules have recorded, by their number."""
    read: dict[int, _Parsed] = field(default_factory=dict)
    """What whole expressions depend on, by their identity."""
    compared: dict[tuple[int, int], tuple[Series, int]] = field(default_factory=dict)
    """How long series of earlier evaluations are as this one's, by the identity of both."""
    rows: dict[Row, Row] = field(default_factory=dict)
    even: dict[tuple[int, _Key], Row] = field(default_factory=dict)
    answers: dict[tuple[int, _Key], Vector] = field(default_factory=dict)
    """What rules recorded, and what whole expressions returned, on even data."""

    def asked(self, expr: Expr, time: float) -> Vector:
        """The instant vector at an evaluation of the rules; even data is evaluated once.

        Raises Unsupported.
        """
        if id(expr) not in self.read:
            self.read[id(expr)] = _Parsed(expr)
        key = self._key(self.read[id(expr)], time)
        if key is None:
            return self.vector(expr, time)
        known = self.answers.get((id(expr), key))
        if known is None:
            known = self.answers[id(expr), key] = self.vector(expr, time)
        return known

    def vector(self, expr: Expr, time: float) -> Vector:
        """The instant vector at a time. Raises Unsupported."""
        value = self.value(expr, time)
        if isinstance(value, float):
            raise Unsupported("a scalar is no condition")
        return value

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
        selected = self._select(node)
        first, last = self._indexes(at - LOOKBACK, at, self.interval)
        for labels, one in selected.series:
            values = one.values
            for index in range(min(last, len(values) - 1), max(first, 0) - 1, -1):
                value = values[index]
                if value is not None:
                    found.append(Sample({**labels, "__name__": node.name or ""}, value))
                    break
        first, last = self._indexes(at - self.step / 2, at, self.step)
        for number in selected.rules if max(0, first) <= last else ():
            for pairs, value in self._row(number, last):
                accepted = selected.labels(pairs)
                if accepted is not None:
                    found.append(Sample({**accepted, "__name__": node.name or ""}, value))
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
    ) -> Iterable[tuple[Labels, Points]]:
        """Every series the selector selects, with its samples in the range."""
        selected = self._select(node)
        first, last = self._indexes(start, end, self.interval)
        for labels, one in selected.series:
            times = multiples(self.interval, len(one.values))
            yield labels, cut(times, one.values, first, last, one.gapless)
        first, last = self._indexes(start, end, self.step)
        for number in selected.rules:
            history = self._recorded(number, first, last)
            times = multiples(self.step, last + 1)
            for pairs, points in history.series(times, first, last):
                accepted = selected.labels(pairs)
                if accepted is not None:
                    yield accepted, points

    def _indexes(self, start: float, end: float, interval: float) -> tuple[int, int]:
        """The first and the last multiple of an interval in a range."""
        first = math.ceil(start / interval - 1e-9)
        if self.left_open and abs(first * interval - start) < 1e-6:
            first += 1
        return first, math.floor(end / interval + 1e-9)

    def _recorded(self, number: int, first: int, last: int) -> History:
        """What a rule has recorded, with all evaluations of a range."""
        history = self.histories.get(number)
        if history is None:
            history = self.histories[number] = self._history(number)
        for index in [*history.missing(max(0, first), last)]:
            if history.row(index) is None:
                row, end = self._evaluated(number, index, last)
                history.put(index, end, row)
        return history

    def _history(self, number: int) -> History:
        """Of a rule, what earlier evaluations recorded from the samples that are the same in this
        one: all, if they read the very same series."""
        rule, basis = self.rules[number], tuple(self._basis(self.rules[number]))
        past = self.past.setdefault(number, [])
        best, most = History(), 0
        for recorded in past:
            if recorded.rule is not rule or len(recorded.basis) != len(basis):
                continue
            if all(map(is_, recorded.basis, basis)):
                return recorded.history
            count = self._shared(recorded.basis, basis)
            if count > most:
                best, most = recorded.history, count
        history = best.beginning(most)
        self.past[number] = [*past[1 - _PASTS :], _Recorded(rule, basis, history)]
        return history

    def _shared(self, before: Sequence[Series], now: Sequence[Series]) -> int:
        """At how many evaluations, from the beginning, two sets of series have been the same."""
        if any(one.labels != other.labels for one, other in zip(before, now, strict=True)):
            return 0
        if any(_parsed(rule.expr).ahead for rule in self.rules):
            return 0
        samples = min(map(self._common, before, now), default=0)
        return math.ceil(samples * self.interval / self.step - 1e-9)

    def _common(self, before: Series, now: Series) -> int:
        key = id(before), id(now)
        if key not in self.compared:
            self.compared[key] = before, common(before, now)
        return self.compared[key][1]

    def _basis(self, rule: RecordingRule) -> Iterable[Series]:
        """The series that a rule reads, through others too."""
        for node in _parsed(rule.expr).selectors:
            selected = self._select(node)
            yield from (one for _, one in selected.series)
            for number in selected.rules:
                yield from self._basis(self.rules[number])

    def _row(self, number: int, index: int) -> Row:
        """What a rule records at an evaluation."""
        history = self.histories.get(number)
        known = history.row(index) if history is not None else None
        return known if known is not None else self._recorded(number, index, index).row(index) or ()

    def _evaluated(self, number: int, index: int, last: int) -> tuple[Row, int]:
        """What a rule records at an evaluation, and how far it goes on so, at most to the last."""
        rule, time = self.rules[number], index * self.step
        parsed = _parsed(rule.expr)
        key = self._key(parsed, time)
        known = self.even.get((number, key)) if key is not None else None
        if known is None:
            value = self.value(parsed.tree, time)
            made = [Sample({}, value)] if isinstance(value, float) else value
            row = tuple(
                (tuple(sorted({**nameless(s.labels), **rule.labels}.items())), s.value)
                for s in made
            )
            known = self.rows.setdefault(row, row)
            if key is not None:
                self.even[number, key] = known
        return known, index if key is None else self._even_until(parsed, index, last)

    # even data ---------------------------------------------------------------------------

    def _key(self, parsed: _Parsed, time: float) -> _Key | None:
        """What an answer depends on; None where that is more than a few numbers."""
        if not parsed.reads:
            return None
        parts: list[object] = []
        for one in parsed.reads:
            part = self._clock(one, time) if isinstance(one, Clock) else self._even(one, time)
            if part is None:
                return None
            parts.append(part)
        return tuple(parts)

    def _clock(self, part: Clock, time: float) -> object:
        if time not in part.known:
            part.keep(time, self.value(part.node, time))
        return part.known[time]

    def _even(self, read: Read, time: float) -> object | None:
        """The part of the key that a selector gives."""
        selected = self._select(read.node)
        end = time - read.moved
        last = math.floor(time / self.interval + 1e-9)
        parts: list[object] = [round(time - last * self.interval, 6)]
        if selected.series:
            span = (read.span or LOOKBACK) + read.moved
            first = math.ceil((time - span) / self.interval - 1e-9) - 1
            for _, one in selected.series:
                part = steadiness.key(one.runs, first, last, read.rated)
                if part is None:
                    return None
                parts.append(part)
        for number in selected.rules:
            first, last = self._indexes(end - (read.span or self.step / 2), end, self.step)
            if first < 0 or first > last:
                return None
            row = self._recorded(number, first, last).even(first, last)
            if row is None:
                return None
            parts.append(id(row))
        return tuple(parts)

    def _even_until(self, parsed: _Parsed, index: int, last: int) -> int:
        """The last evaluation, of those up to `last`, on which an answer depends as at `index`."""
        ratio = self.step / self.interval
        found = parsed.reads
        if not ratio.is_integer() or not found:
            return index
        for read in (one for one in found if isinstance(one, Read)):
            selected = self._select(read.node)
            for _, one in selected.series:
                last = min(last, int(one.runs.until(int(index * ratio)) // ratio))
            end = index * self.step - read.moved
            for number in selected.rules:
                first, now = self._indexes(end - (read.span or self.step / 2), end, self.step)
                then = now + last - index
                last = index - now + self._recorded(number, first, then).until(now, then)
        for clock in (one for one in found if isinstance(one, Clock)):
            now_ = self._clock(clock, index * self.step)
            later = range(index + 1, last + 1)
            last = next((n - 1 for n in later if self._clock(clock, n * self.step) != now_), last)
        return last

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


@lru_cache(1024)
def _parsed(text: str) -> _Parsed:
    """A rule's expression; rules are evaluated many times."""
    return _Parsed(parse(text))


def may_select(node: VectorSelector, rule: RecordingRule) -> bool:
    """Whether a selector may select what a rule records, as far as static labels tell."""
    static = [m for m in node.matchers if m.name in rule.labels]
    return rule.record == node.name and accepts(static, rule.labels)
