"""What shows the parts of an anomaly's condition: data at both edges of its band, and its guards.

Each case is played through first; one that does not do what its name says is left out.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from generator.compile.guards import age_asked, furthest_look, least_spread
from generator.compile.stimulus import ALERT, ALERTS, Phase, Source
from generator.compile.timeline import Grid, Play
from generator.compile.vectors import Unsupported
from generator.ir.rules import RecordingRule
from generator.promql.tree import (
    Expr,
    vector_selectors,
)

_NEAR = 0.1
"""How far from a band's edge, relative to its distance from the usual."""
_HALVINGS = 9
"""How closely an edge is found: to a five-hundredth of the way to where it surely is outside."""
_YOUNG = 0.4
"""The part of the usual time after which a series is still too young."""
_LONG_GAP, _SHORT_GAP = 1.5, 0.75
"""Gaps in a series, relative to the time that it must have been there before: after the long one
and the time that it is back again, nothing is left of what was before."""
_LONGEST = 86_400.0
"""How long the time a series must have been there may be, for its gaps to be played: a week of
it would be a month of data."""
_REMEMBERED = 3 * 3600.0
"""How much longer than its furthest look back an alert that reads itself may go on."""
_LOOKBACK = 300.0
"""An alert that is evaluated this rarely does not see itself: Prometheus 3 looks back for less."""
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
    """An anomaly's expression with all that data for it is made of; `labels` are those of its rule.

    `hold` is its `for`, `keep` its `keep_firing_for`, in seconds.
    """

    expr: Expr
    rules: Sequence[RecordingRule]
    all_: tuple[Source, ...]
    grid: Grid
    usual: Usual
    before: Phase
    alert: str
    labels: Mapping[str, str]
    hold: float
    keep: float
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
        yield from self._stopped()
        yield from self._flat(odd)
        young = replace(before, seconds=self.grid.up(before.seconds * _YOUNG))
        yield from self._silent("is silent while a series is young", (young, self._at(odd)))
        yield from self._gap(odd)
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

    def _stopped(self) -> Iterator[UnusualCase]:
        """All stops; an alert that reads itself goes on for as long as it remembers what was."""
        oldest = furthest_look(self.expr)
        reads_itself = any(node.name == ALERTS for node in vector_selectors(self.expr))
        if reads_itself and oldest <= _LONGEST and self.grid.step < _LOOKBACK:
            length = self.grid.up(oldest + _REMEMBERED + self.hold + self.keep)
            for level in (None, 0.0):
                stopped = Phase(length, dict.fromkeys(self.before.levels, level))
                found = self._latched((self.before, stopped))
                if found is not None:
                    yield found
                    return
        gone = Phase(self._tail, dict.fromkeys(self.before.levels))
        yield from self._fires("fires when all stops", (self.before, gone))

    def _latched(self, phases: tuple[Phase, Phase]) -> UnusualCase | None:
        """It fires, and would have ended but for itself; then it ends. None if it does not so."""
        before, stopped = phases
        hold, keep = self.grid.up(self.hold), self.grid.up(self.keep)
        alone, step = self._play(phases), self.grid.step
        onset = alone.onset(before.seconds)
        if onset is None or not alone.never(step, onset.early - step):
            return None
        fires = onset.late + hold
        if not alone.lasts(onset.late, fires, onset.count):
            return None
        own = [self._own(s.labels) for s in alone.readings[0].vector(self.expr, fires)]
        fired = replace(stopped, levels={**stopped.levels, **dict.fromkeys(own, 1.0)})
        play = Play(self.expr, (*self.all_, *own), (before, fired), self.grid, self.rules)
        gone, unaided = (one.offset(fires, onset.count) for one in (play, alone))
        if gone is None or unaided is None or gone.early <= unaided.late + keep:
            return None
        lasting, ended = gone.early + keep - step, gone.late + keep
        if not play.lasts(fires, gone.early - step, onset.count) or ended + step > play.end:
            return None
        count = onset.count
        moments = ((onset.early + hold - step, 0), (fires, count), (lasting, count), (ended, 0))
        return UnusualCase("fires when all stops, until that is long ago", phases, moments)

    def _own(self, labels: Mapping[str, str]) -> Source:
        """The alert itself as it fires, for a series with these labels."""
        told = {"alertname": self.alert, "alertstate": "firing"}
        return Source(ALERTS, tuple(sorted({**labels, **self.labels, **told}.items())), ALERT)

    def _flat(self, odd: float) -> Iterator[UnusualCase]:
        """A band too narrow to be one, and one that is just wide enough: by how busy it is."""
        narrowest = self._narrowest()
        flat = "is silent while a flat series has no band"
        if narrowest is None:
            still = replace(self.before, noise=0.0)
            yield from self._silent(flat, (still, self._at(odd)))
            return
        for share, case, name in (
            (1 - _NEAR, self._silent, flat),
            (1 + _NEAR, self._fires, "fires once a series is not flat"),
        ):
            faint = replace(self.before, levels=self._levels(narrowest * share))
            yield from case(name, (faint, self._at(odd * narrowest * share)))

    def _narrowest(self) -> float | None:
        """The level, relative to the usual, at which its spread is what a band needs; None
        where no such least is asked, or where the spread does not grow with the level.
        """
        guard = least_spread(self.expr)
        if guard is None:
            return None
        spread, least = guard
        phases = (self.before, self._at(1.0))
        play, time = self._play(phases), self.grid.up(self.before.seconds)
        wide = play.readings[0].vector(spread, time)
        return least / wide[0].value if wide and wide[0].value else None

    def _gap(self, odd: float) -> Iterator[UnusualCase]:
        """It must have been there a season ago: longer ago is too long, half of one suffices.

        Both in one case: a series that comes back after a long gap, and after a short one.
        """
        span, up = age_asked(self.expr), self.grid.up
        if span is None or span > _LONGEST:
            return
        strange = up(self.settled + self.hold) + 2 * self.grid.step
        back = replace(self.before, seconds=up(span) - strange - self.grid.step)
        none = dict.fromkeys(self.before.levels)
        out = Phase(strange, self._levels(odd))
        phases = (
            replace(self.before, seconds=up(span / 4)),
            Phase(up(span * _LONG_GAP), none),
            back,
            out,
            Phase(up(span * _SHORT_GAP), none),
            back,
            out,
        )
        play, step = self._play(phases), self.grid.step
        first = sum(phase.seconds for phase in phases[:3])
        onset = play.onset(play.end - strange)
        if onset is None or not play.never(first, first + strange - step):
            return
        quiet, fires = first + strange - step, onset.late + up(self.hold)
        if fires < play.end and play.lasts(onset.late, fires, onset.count):
            moments = ((quiet, 0), (fires, onset.count))
            yield UnusualCase("asks whether it was there a season ago", phases, moments)

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
