"""Data with a past: conditions that look at two times, or over two windows, told apart.

A series that is young, that had a gap, that stopped long ago, a short window that has recovered
while a long one has not. Each case is played through first; what shows nothing is left out.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from generator.compile.conditions import Side
from generator.compile.inversion import Bench, firing, silent
from generator.compile.stimulus import COUNTER, LINE, Levels, Phase, Source
from generator.compile.timeline import Grid, Play
from generator.compile.unusual import UnusualCase
from generator.ir.rules import RecordingRule
from generator.promql.tree import (
    COMPARISON,
    Binary,
    Expr,
    RangeSelector,
    VectorSelector,
    walk,
)

_BURNT = 1.5
"""How much longer than it recovers it is bad, so that the mean of both is bad: see `inversion`."""
_GAP = 1.25
"""A gap, relative to the range that looks back to before it."""
_EDGES = 8
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

    def cases(self, bench: Bench, short: float, found: Sequence[Side]) -> Iterator[UnusualCase]:
        """All cases that show something; `short`: see `stimulus.apart`. Raises Unsupported."""
        if short:
            yield from self._recovered(short, found)
        yield from self._young()
        yield from self._stopped(bench)
        yield from self._shares()

    def _recovered(self, short: float, found: Iterable[Side]) -> Iterator[UnusualCase]:
        """The long window is still over its limit, the short one, full of calm, no longer."""
        back = self.grid.up(short * 1.1 + self.window + self.hold) + 4 * self.grid.step
        phases = (Phase(self.grid.up(back * _BURNT), self.hot), Phase(back, self.calm))
        play = self._play(self.expr, phases)
        end = play.end - 2 * self.grid.step
        if not play.never(end - self.grid.up(self.hold), end):
            return
        if any(all(self._play(side.rest, phases).counts(end)) for side in found):
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
        before = Phase(self.lead, self.calm)
        yield from self._told("tells a gap in a series", (before, gap, Phase(tail, self.hot)))

    def _stopped(self, bench: Bench) -> Iterator[UnusualCase]:
        """Short times of more than the limit, and of less, that two looks back must find."""
        seen = _offsets(self.expr)
        if len(seen) < 2:
            return
        limits = [node for node in walk(self.expr) if _looks_back(node)]
        start = {source: source.base for source in self.all_}
        over = firing(bench, limits[0], start) if limits else None
        under = silent(bench, limits[0], over) if over is not None else None
        if over is None or under is None:
            return
        none = dict.fromkeys(start, 0.0)
        length = self.grid.up(2 * self.window + self.hold) + 4 * self.grid.step
        rest = Phase(self.grid.up(max(seen)) + length, none)
        phases = (Phase(length, over), rest, Phase(length, under), rest)
        yield from self._told("finds what stopped at each of its looks back", phases)

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

    def _told(self, name: str, phases: tuple[Phase, ...]) -> Iterator[UnusualCase]:
        """The case with the times just before and after each change, where both readings agree."""
        play = self._play(self.expr, phases)
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
            moments = tuple(dict.fromkeys((*edges, *last)))
            yield UnusualCase(name, phases, moments)

    def _states(self, play: Play) -> Iterator[tuple[float, tuple[int, int]]]:
        """How many alerts fire at each evaluation, by both readings."""
        since: list[float | None] = [None, None]
        time = self.grid.step
        while time < play.end - self.grid.step / 2:
            fired = [0, 0]
            for reading, count in enumerate(play.counts(time)):
                begun = since[reading]
                since[reading] = (time if begun is None else begun) if count else None
                begun = since[reading]
                if begun is not None and time - begun >= self.hold:
                    fired[reading] = count
            yield time, (fired[0], fired[1])
            time += self.grid.step

    def _play(self, expr: Expr, phases: tuple[Phase, ...]) -> Play:
        return Play(expr, self.all_, phases, self.grid, self.rules)


def _looks_back(node: Expr) -> bool:
    return isinstance(node, Binary) and node.op in COMPARISON and bool(_offsets(node.lhs))


def _offsets(expr: Expr) -> set[float]:
    """How far its selectors look back, in seconds; those that do not are left out."""
    return {
        node.offset.ms / 1000
        for node in walk(expr)
        if isinstance(node, RangeSelector | VectorSelector) and node.offset and node.offset.ms
    }
