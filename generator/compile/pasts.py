"""Data with a past: conditions that look at two times, or over two windows, told apart.

A series that is young, that had a gap, that stopped long ago, a short window that has recovered
while a long one has not. Each case is played through first; what shows nothing is left out.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from generator.compile.bench import Bench
from generator.compile.conditions import Side
from generator.compile.inversion import firing, silent
from generator.compile.stimulus import BUSY, COUNTER, LINE, Levels, Phase, Source
from generator.compile.timeline import Grid, Play
from generator.compile.unusual import UnusualCase
from generator.ir.rules import RecordingRule
from generator.promql.tree import (
    COMPARISON,
    Binary,
    Expr,
    Number,
    RangeSelector,
    VectorSelector,
    unwrapped,
    walk,
)

_BURNT = 1.5
"""How much longer than it recovers it is bad, so that the mean of both is bad: see `inversion`."""
_GAP = 1.25
"""A gap, relative to the range that looks back to before it."""
_STEEP = 20
"""How much faster a line falls after a gap: it must be seen before the gap is forgotten."""
_STRIDE = 5
"""Evaluations that are taken for alike where the first and the last are."""
_EDGES = 16
"""Changes that one case tells, at most."""


@dataclass(frozen=True, slots=True)
class Pasts:
    """An expression with the levels at which it holds and at which it does not; times in seconds.

    `window` is its longest range over what is not recorded, `lead` fills all of them.
    """

    expr: Expr
    rules: Sequence[RecordingRule]
    all_: tuple[Source, ...]
    grid: Grid
    hold: float
    window: float
    lead: float
    hot: Levels
    calm: Levels

    def cases(self, short: float, found: Sequence[Side]) -> Iterator[UnusualCase]:
        """All cases that show something; `short`: see `reach.apart`. Raises Unsupported."""
        if short:
            yield from self._recovered(short, found)
        yield from self._young()
        yield from self._stopped()
        yield from self._trends()
        yield from self._shares()

    def _recovered(self, short: float, found: Iterable[Side]) -> Iterator[UnusualCase]:
        """The long window is still over its limit, the short one, full of calm, no longer."""
        back = self.grid.up(short * 1.1 + self.window + self.hold) + 4 * self.grid.step
        phases = (Phase(self.grid.up(back * _BURNT), self.hot), Phase(back, self.calm))
        play = self._play(phases)
        end = play.end - 2 * self.grid.step
        if not play.never(end - self.grid.up(self.hold), end):
            return
        if any(all(one.vector(side.rest, end) for one in play.readings) for side in found):
            yield UnusualCase("is silent when a short window has recovered", phases, ((end, 0),))

    def _young(self) -> Iterator[UnusualCase]:
        """A series that begins, and one that had a gap, where the expression asks for a past."""
        asked = self._past_ranges()
        if not asked or any(source.kind != LINE for source in self.all_):
            return
        span, offset = max(asked)
        none: Levels = dict.fromkeys(self.hot)
        tail = self.grid.up(span + offset + self.hold) + 4 * self.grid.step
        yield from self._told(
            "waits until a series is old enough",
            (Phase(self.grid.up(self.window), none), Phase(tail, self.hot)),
        )
        gap = Phase(self.grid.up(span * _GAP), none)
        before = Phase(self.lead, {source: source.base for source in self.hot})
        steep = {s: level * _STEEP if level else level for s, level in self.hot.items()}
        yield from self._told("tells a gap in a series", (before, gap, Phase(tail, steep)))

    def _stopped(self) -> Iterator[UnusualCase]:
        """Short times of more than the limit, and of less, that two looks back must find."""
        seen = _offsets(self.expr)
        if len(seen) < 2:
            return
        limits = [node for node in walk(self.expr) if _looks_back(node)]
        start = {source: source.base for source in self.all_}
        bench = Bench(self.all_, self.rules, self.grid.interval, self.grid.step, self.lead)
        over = firing(bench, limits[0], start) if limits else None
        under = silent(bench, limits[0], over) if over is not None else None
        if over is None or under is None:
            return
        none = dict.fromkeys(start, 0.0)
        length = self.grid.up(2 * self.window + self.hold) + 4 * self.grid.step
        rest = Phase(self.grid.up(max(seen)) + length, none)
        phases = (Phase(length, over), rest, Phase(length, under), rest)
        late = length + rest.seconds + self.window + self.hold + 2 * self.grid.step
        looks = [self.grid.up(late + offset) for offset in sorted(seen)]
        yield from self._told("finds what stopped at each of its looks back", phases, looks)

    def _trends(self) -> Iterator[UnusualCase]:
        """A line that falls to its limit: faster than usual, not at all, past it, back, past it.

        What differs are the trends over a long and over a short window, and the level itself.
        """
        limit = next((found for node in walk(self.expr) if (found := _level(node))), None)
        if limit is None or len(self.all_) != 1 or self.all_[0].kind != LINE:
            return
        (source,) = self.all_
        rate = 2 * (self.hot[source] or 0.0)
        if not rate or (limit.value - BUSY) / rate <= 0:
            return
        through, up, window = (limit.value - BUSY) / rate, self.grid.up, self.window
        first = up(min(window, through / 2))
        path = (
            (up(window) + 4 * self.grid.step, 0.0),
            (first, rate),
            (up(window * 1.5 + self.hold), 0.0),
            (up(through - first + window / 2), rate),
            (up(window / 2), -rate),
            (up(window * 1.25 + self.hold) + 4 * self.grid.step, rate),
        )
        phases = tuple(Phase(seconds, {source: level}) for seconds, level in path)
        yield from self._told("tells its trends and its level apart", phases)

    def _shares(self) -> Iterator[UnusualCase]:
        """What a ratio divides by falls, while what it divides stays."""
        if self.rules or not any(isinstance(n, Binary) and n.op == "/" for n in walk(self.expr)):
            return
        for source, level in self.hot.items():
            if source.kind != COUNTER or not level or self.calm.get(source) != level:
                continue
            more = Phase(self.lead, {**self.hot, source: level * 2})
            tail = Phase(self.grid.up(2 * self.window + self.hold) + 4 * self.grid.step, self.hot)
            yield from self._told(f"fires when {source.metric} falls", (more, tail))

    def _past_ranges(self) -> list[tuple[float, float]]:
        """(range, offset) of the selectors that look at a time before now, in seconds."""
        return [
            (node.range.ms / 1000, node.offset.ms / 1000)
            for node in walk(self.expr)
            if isinstance(node, RangeSelector) and node.offset and node.offset.ms and node.range.ms
        ]

    def _told(
        self, name: str, phases: tuple[Phase, ...], looks: Sequence[float] = ()
    ) -> Iterator[UnusualCase]:
        """The case with the times just before and after each change, where both readings agree.

        `looks`: further times to tell.
        """
        play = self._play(phases)
        states = list(self._states(play))
        agreed = [(time, counts[0]) for time, counts in states if counts[0] == counts[1]]
        edges = [
            moment
            for one, other in pairwise(agreed)
            if one[1] != other[1]
            for moment in (one, other)
        ][:_EDGES]
        if edges:
            last = [agreed[-1]] if len(edges) < _EDGES else []
            also = [moment for moment in agreed if moment[0] in looks]
            yield UnusualCase(name, phases, tuple(sorted({*edges, *last, *also})))

    def _states(self, play: Play) -> Iterator[tuple[float, tuple[int, int]]]:
        """How many alerts fire at each evaluation, by both readings."""
        since: list[float | None] = [None, None]
        for number, counts in enumerate(self._counts(play), 1):
            time = number * self.grid.step
            fired = [0, 0]
            for reading, count in enumerate(counts):
                begun = since[reading]
                begun = (time if begun is None else begun) if count else None
                since[reading] = begun
                if begun is not None and time - begun >= self.hold:
                    fired[reading] = count
            yield time, (fired[0], fired[1])

    def _counts(self, play: Play) -> Iterator[tuple[int, int]]:
        """For how many the condition holds at each evaluation, the first at one step.

        Looks in strides, then at each evaluation of those in which it changed.
        """
        step, last = self.grid.step, round(play.end / self.grid.step) - 1
        looks = [*range(1, last, _STRIDE), last]
        other = play.counts(looks[0] * step)
        for first, then in pairwise(looks):
            one, other = other, play.counts(then * step)
            yield one
            for index in range(first + 1, then):
                yield one if one == other else play.counts(index * step)
        yield other

    def _play(self, phases: tuple[Phase, ...]) -> Play:
        return Play(self.expr, self.all_, phases, self.grid, self.rules)


def _looks_back(node: Expr) -> bool:
    return isinstance(node, Binary) and node.op in COMPARISON and bool(_offsets(node.lhs))


def _level(node: Expr) -> Number | None:
    """The limit with which a series itself is compared."""
    if not isinstance(node, Binary) or node.op not in COMPARISON:
        return None
    limit = unwrapped(node.rhs)
    return limit if isinstance(node.lhs, VectorSelector) and isinstance(limit, Number) else None


def _offsets(expr: Expr) -> set[float]:
    """How far its selectors look back, in seconds; those that do not are left out."""
    return {
        node.offset.ms / 1000
        for node in walk(expr)
        if isinstance(node, RangeSelector | VectorSelector) and node.offset and node.offset.ms
    }
