"""What recording rules record in a simulation, each evaluation once, and even data at one go.

The evaluation itself is `simulation`'s; what it has recorded can be gone on with by another one.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from operator import is_
from typing import Protocol

from generator.compile import steadiness
from generator.compile.history import History, Row, Series, common
from generator.compile.selection import LOOKBACK, Parsed, Selected, parsed
from generator.compile.steadiness import Clock, Read
from generator.compile.vectors import Sample, Vector, nameless
from generator.ir.rules import RecordingRule
from generator.promql.tree import Expr, VectorSelector

_PASTS = 4
"""How many histories of a rule are kept."""

_Key = tuple[object, ...]


class World(Protocol):
    """The evaluation that is recorded; `step` and `interval` in seconds."""

    interval: float
    step: float
    rules: Sequence[RecordingRule]

    def value(self, expr: Expr, time: float) -> Vector | float:
        """An expression's answer at a time."""

    def select(self, node: VectorSelector) -> Selected:
        """What a selector selects."""

    def indexes(self, start: float, end: float, interval: float) -> tuple[int, int]:
        """The first and the last multiple of an interval in a range."""


@dataclass(frozen=True, slots=True)
class _Recorded:
    """What a rule recorded from some series."""

    rule: RecordingRule
    basis: tuple[Series, ...]
    history: History


Past = dict[int, list[_Recorded]]
"""By the number of a rule, what it recorded in the last few evaluations of the same rules."""


@dataclass(slots=True)
class Recorder:
    """The histories of an evaluation's rules, and the answers that even data settles.

    `past`: earlier evaluations' with the same rules and intervals, to be gone on with.
    """

    past: Past
    histories: dict[int, History] = field(default_factory=dict)
    """By the number of the rule."""
    read: dict[int, Parsed] = field(default_factory=dict)
    """Whole expressions, by their identity."""
    compared: dict[tuple[int, int], tuple[Series, int]] = field(default_factory=dict)
    """How long series of earlier evaluations are as this one's, by the identity of both."""
    rows: dict[Row, Row] = field(default_factory=dict)
    even: dict[tuple[int, _Key], Row] = field(default_factory=dict)
    answers: dict[tuple[int, _Key], Vector | float] = field(default_factory=dict)
    """What rules recorded, and what whole expressions returned, on even data."""

    def answer(self, world: World, expr: Expr, time: float) -> Vector | float:
        """An expression at an evaluation of the rules. Raises Unsupported."""
        if id(expr) not in self.read:
            self.read[id(expr)] = Parsed(expr)
        key = self._key(world, self.read[id(expr)], time)
        if key is None:
            return world.value(expr, time)
        known = self.answers.get((id(expr), key))
        if known is None:
            known = self.answers[id(expr), key] = world.value(expr, time)
        return known

    def recorded(self, world: World, number: int, first: int, last: int) -> History:
        """What a rule has recorded, with all evaluations of a range."""
        history = self.histories.get(number)
        if history is None:
            history = self.histories[number] = self._history(world, number)
        for index in [*history.missing(max(0, first), last)]:
            if history.row(index) is None:
                row, end = self._evaluated(world, number, index, last)
                history.put(index, end, row)
        return history

    def _history(self, world: World, number: int) -> History:
        """Of a rule, what earlier evaluations recorded from the samples that are the same in this
        one: all, if they read the very same series."""
        rule, basis = world.rules[number], tuple(self._basis(world, world.rules[number]))
        past = self.past.setdefault(number, [])
        best, most = History(), 0
        for recorded in past:
            if recorded.rule is not rule or len(recorded.basis) != len(basis):
                continue
            if all(map(is_, recorded.basis, basis)):
                return recorded.history
            count = self._shared(world, recorded.basis, basis)
            if count > most:
                best, most = recorded.history, count
        history = best.beginning(most)
        self.past[number] = [*past[1 - _PASTS :], _Recorded(rule, basis, history)]
        return history

    def _shared(self, world: World, before: Sequence[Series], now: Sequence[Series]) -> int:
        """At how many evaluations, from the beginning, two sets of series have been the same."""
        if any(one.labels != other.labels for one, other in zip(before, now, strict=True)):
            return 0
        if any(parsed(rule.expr).ahead for rule in world.rules):
            return 0
        samples = min(map(self._common, before, now), default=0)
        return math.ceil(samples * world.interval / world.step - 1e-9)

    def _common(self, before: Series, now: Series) -> int:
        key = id(before), id(now)
        if key not in self.compared:
            self.compared[key] = before, common(before, now)
        return self.compared[key][1]

    def _basis(self, world: World, rule: RecordingRule) -> Iterable[Series]:
        """The series that a rule reads, through others too."""
        for node in parsed(rule.expr).selectors:
            selected = world.select(node)
            yield from (one for _, one in selected.series)
            for number in selected.rules:
                yield from self._basis(world, world.rules[number])

    def row(self, world: World, number: int, index: int) -> Row:
        """What a rule records at an evaluation."""
        history = self.histories.get(number)
        known = history.row(index) if history is not None else None
        if known is None:
            known = self.recorded(world, number, index, index).row(index)
        return known or ()

    def _evaluated(self, world: World, number: int, index: int, last: int) -> tuple[Row, int]:
        """What a rule records at an evaluation, and how far it goes on so, at most to the last."""
        rule, time = world.rules[number], index * world.step
        found = parsed(rule.expr)
        key = self._key(world, found, time)
        known = self.even.get((number, key)) if key is not None else None
        if known is None:
            value = world.value(found.tree, time)
            made = [Sample({}, value)] if isinstance(value, float) else value
            row = tuple(
                (tuple(sorted({**nameless(s.labels), **rule.labels}.items())), s.value)
                for s in made
            )
            known = self.rows.setdefault(row, row)
            if key is not None:
                self.even[number, key] = known
        return known, index if key is None else self._even_until(world, found, index, last)

    def _key(self, world: World, whole: Parsed, time: float) -> _Key | None:
        """What an answer depends on; None where that is more than a few numbers."""
        if not whole.reads:
            return None
        parts: list[object] = []
        for one in whole.reads:
            part = (
                self._clock(world, one, time)
                if isinstance(one, Clock)
                else self._even(world, one, time)
            )
            if part is None:
                return None
            parts.append(part)
        return tuple(parts)

    def _clock(self, world: World, part: Clock, time: float) -> object:
        if time not in part.known:
            part.keep(time, world.value(part.node, time))
        return part.known[time]

    def _even(self, world: World, read: Read, time: float) -> object | None:
        """The part of the key that a selector gives."""
        selected = world.select(read.node)
        end = time - read.moved
        last = math.floor(time / world.interval + 1e-9)
        parts: list[object] = [round(time - last * world.interval, 6)]
        if selected.series:
            span = (read.span or LOOKBACK) + read.moved
            first = math.ceil((time - span) / world.interval - 1e-9) - 1
            for _, one in selected.series:
                part = steadiness.key(one.runs, first, last, read.rated)
                if part is None:
                    return None
                parts.append(part)
        for number in selected.rules:
            first, last = world.indexes(end - (read.span or world.step / 2), end, world.step)
            if first < 0 or first > last:
                return None
            row = self.recorded(world, number, first, last).even(first, last)
            if row is None:
                return None
            parts.append(id(row))
        return tuple(parts)

    def _even_until(self, world: World, whole: Parsed, index: int, last: int) -> int:
        """The last evaluation, of those up to `last`, on which an answer depends as at `index`."""
        ratio = world.step / world.interval
        found = whole.reads
        if not ratio.is_integer() or not found:
            return index
        for read in (one for one in found if isinstance(one, Read)):
            selected = world.select(read.node)
            for _, one in selected.series:
                last = min(last, int(one.runs.until(int(index * ratio)) // ratio))
            moved = index * world.step - read.moved
            for number in selected.rules:
                first, now = world.indexes(moved - (read.span or world.step / 2), moved, world.step)
                then = now + last - index
                last = index - now + self.recorded(world, number, first, then).until(now, then)
        for clock in (one for one in found if isinstance(one, Clock)):
            end = index
            told = self._clock(world, clock, end * world.step)
            while end < last and self._clock(world, clock, (end + 1) * world.step) == told:
                end += 1
            last = end
        return last
