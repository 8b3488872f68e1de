"""What shows the parts of an anomaly's condition: data at both edges of its band, and its guards.

Each case is played through first; one that does not do what its name says is left out.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from generator.compile.stimulus import Phase, Source
from generator.compile.timeline import Grid, Play
from generator.compile.vectors import Unsupported
from generator.ir.rules import RecordingRule
from generator.promql.tree import Expr

_NEAR = 0.1
"""How far from a band's edge, relative to its distance from the usual."""
_HALVINGS = 9
"""How closely an edge is found: to a five-hundredth of the way to where it surely is outside."""
_YOUNG = 0.4
"""The part of the usual time after which a series is still too young."""
_QUIET, _BURST, _LOW = 5 * 3600.0, 3600.0, 0.01
"""A wild series: hours at a level near zero, then an hour at its own."""


@dataclass(frozen=True, slots=True)
class Usual:
    """How a series swings around its level, and for how long before; `odd` levels to try.

    `swing`, `narrow` and `odd` are relative to the level, times in seconds.
    """

    swing: float
    period: float
    before: float
    step: float
    odd: tuple[float, ...]
    other: tuple[float, ...] = ()
    """Levels beyond the band on the side where it does not look."""
    narrow: float = 0.0
    """A swing at which the margin decides; 0: there is no margin."""
    wild: bool = False
    """Whether a series that varies too much has no band."""


@dataclass(frozen=True, slots=True)
class UnusualCase:
    """Phases, and how many alerts fire at which times in them."""

    name: str
    phases: tuple[Phase, ...]
    moments: tuple[tuple[float, int], ...]


@dataclass(frozen=True, slots=True)
class UnusualData:
    """An anomaly's expression with all that data for it is made of; `hold` is its `for`."""

    expr: Expr
    rules: Sequence[RecordingRule]
    all_: tuple[Source, ...]
    grid: Grid
    usual: Usual
    before: Phase
    hold: float
    settled: float
    """Seconds after which its ranges hold nothing of before."""

    def cases(self) -> tuple[UnusualCase, ...]:
        """All cases that do what they should. What cannot be played is left out."""
        try:
            return tuple(self._cases())
        except Unsupported:
            return ()

    def _cases(self) -> Iterator[UnusualCase]:
        usual, before = self.usual, self.before
        narrow = replace(before, noise=usual.narrow)
        sides = {factor > 1: factor for factor in reversed(usual.odd)}
        for above, odd in sides.items():
            side = "above" if above else "below"
            yield from self._edge(f"its band, {side}", before, odd)
            if usual.narrow:
                yield from self._edge(f"the margin, {side}", narrow, odd)
        for odd in usual.other:
            yield from self._silent("is silent on the other side", (before, self._at(odd)))
        odd = usual.odd[0]
        gone = Phase(self._tail, dict.fromkeys(before.levels))
        yield from self._fires("fires when all stops", (before, gone))
        flat = replace(before, noise=0.0)
        yield from self._silent("is silent while a flat series has no band", (flat, self._at(odd)))
        young = replace(before, seconds=self.grid.up(before.seconds * _YOUNG))
        yield from self._silent("is silent while a series is young", (young, self._at(odd)))
        if usual.wild:
            yield from self._wild()

    def _edge(self, what: str, before: Phase, odd: float) -> Iterator[UnusualCase]:
        """Just beyond an edge it fires, just inside it does not."""
        edge = self._found(before, odd)
        if edge is None:
            return
        beyond, inside = (1 + (edge - 1) * share for share in (1 + _NEAR, 1 - _NEAR))
        yield from self._fires(f"fires just outside {what}", (before, self._at(beyond)))
        yield from self._silent(f"is silent just inside {what}", (before, self._at(inside)))

    def _found(self, before: Phase, odd: float) -> float | None:
        """The level, relative to the usual, from which on it is outside."""
        inside, outside = 1.0, odd
        if not self._outside(before, odd):
            return None
        for _ in range(_HALVINGS):
            middle = (inside + outside) / 2
            if self._outside(before, middle):
                outside = middle
            else:
                inside = middle
        return outside

    def _outside(self, before: Phase, factor: float) -> bool:
        play = self._play((before, self._at(factor)))
        return all(play.counts(self.grid.up(before.seconds + self.settled)))

    def _wild(self) -> Iterator[UnusualCase]:
        """Bursts that are rarer than a fifth of the time: no value is odd among them."""
        calm, burst = self._levels(_LOW), self._levels(1.0)
        rounds = round(self.before.seconds / (_QUIET + _BURST))
        past = (Phase(_BURST, burst), Phase(_QUIET, calm)) * rounds
        yield from self._silent("is silent while a series is too wild", (*past, self._at(3.0)))

    def _fires(self, name: str, phases: tuple[Phase, ...]) -> Iterator[UnusualCase]:
        """It begins with the last phase and lasts."""
        start, step = sum(phase.seconds for phase in phases[:-1]), self.grid.step
        play = self._play(phases)
        onset = play.onset(start)
        if onset is None or not play.never(step, onset.early - step):
            return
        hold = self.grid.up(self.hold)
        fires, quiet = onset.late + hold, onset.early + hold - step
        if fires < play.end and play.lasts(onset.late, fires, onset.count):
            yield UnusualCase(name, phases, ((quiet, 0), (fires, onset.count)))

    def _silent(self, name: str, phases: tuple[Phase, ...]) -> Iterator[UnusualCase]:
        """It never begins, though the last phase is longer than its `for`."""
        play = self._play(phases)
        end = play.end - 2 * self.grid.step
        if play.never(self.grid.step, end):
            yield UnusualCase(name, phases, ((end, 0),))

    def _at(self, factor: float) -> Phase:
        return Phase(self._tail, self._levels(factor))

    def _levels(self, factor: float) -> Mapping[Source, float | None]:
        levels = self.before.levels.items()
        return {s: level * factor for s, level in levels if level is not None}

    @property
    def _tail(self) -> float:
        """Long enough to fire when ranges are full of it and `for` has passed."""
        return self.grid.up(self.settled + self.hold) + 4 * self.grid.step

    def _play(self, phases: tuple[Phase, ...]) -> Play:
        return Play(self.expr, self.all_, phases, self.grid, self.rules)
