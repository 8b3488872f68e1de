"""A course of data, played: when an alert fires on it and when it resolves, or no proof at all."""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import product

from generator.compile.proof import Proof, Resolution, Subject
from generator.compile.reach import apart, reach
from generator.compile.stimulus import Levels, Phase, Source
from generator.compile.timeline import Grid, Offset, Onset, Play

EXTRA = 10
"""Evaluations before a change, so that every window is full of what was before."""


@dataclass(frozen=True, slots=True)
class Course:
    """What data does around an alert, in order; all sources of it."""

    before: tuple[Phase, ...]
    hot: Levels
    """The levels that make it fire."""
    calm: Phase
    """What goes on in their place on the safe side, for as long as is needed."""
    after: tuple[Phase, ...]
    """What may end the alert; the first that does is taken."""

    @property
    def lead(self) -> float:
        """Seconds before the levels change."""
        return sum(phase.seconds for phase in self.before)


def played(subject: Subject, all_: tuple[Source, ...], grid: Grid, course: Course) -> Proof | None:
    """The proof, if the data does what it should: fires, and does not on the safe side.

    Raises Unsupported.
    """
    before, lead = course.before, course.lead
    hold = grid.up(subject.hold)
    ahead = lead * 3 if subject.usual is None else 0.0
    length = grid.up(ahead + hold + 20 * grid.step)
    play = Play(subject.expr, all_, [*before, Phase(length, course.hot)], grid, subject.rules)
    onset = play.onset(lead)
    if onset is None:
        return None
    fires, quiet = onset.late + hold, onset.early + hold - grid.step
    settled = filled(subject, grid)
    if fires >= play.end or not play.never(settled, onset.early - grid.step):
        return None
    if not play.lasts(onset.late, fires, onset.count):
        return None
    tail = fires + 2 * grid.step
    safe = [*before, replace(course.calm, seconds=tail - lead)]
    if not Play(subject.expr, all_, safe, grid, subject.rules).never(settled, tail - grid.step):
        return None
    phases = [*before, Phase(tail - lead, course.hot)]
    resolves = None
    for patience, calmer in product((1, 20), course.after):
        resolves = _resolved(subject, all_, grid, phases, calmer, onset, patience)
        if resolves is not None:
            phases.append(replace(calmer, seconds=resolves.silent_from + 2 * grid.step - tail))
            break
    base = {source: source.base for source in all_}
    hot, calm = tuple(phases), tuple(safe)
    return Proof(grid, all_, hot, fires, quiet, onset.count, calm, resolves, base)


def filled(subject: Subject, grid: Grid) -> float:
    """When windows are full. What holds only until then is no alert if `for` is longer."""
    window = grid.up(reach(subject.expr, subject.rules).window) + 2 * grid.step
    return window if subject.hold > window else grid.step


def _resolved(
    subject: Subject,
    all_: tuple[Source, ...],
    grid: Grid,
    phases: list[Phase],
    calm: Phase,
    onset: Onset,
    patience: float,
) -> Resolution | None:
    """How it ends when the data is calm again: after `keep_firing_for`, and for good.

    `patience` times as long as the windows say is waited: an average of all so far is slow. When
    it ends is then known to a tenth only, for a sample more or less at its beginning tells.
    """
    start = sum(phase.seconds for phase in phases)
    found = reach(subject.expr, subject.rules)
    keep = grid.up(subject.keep)
    short = apart(subject.expr, subject.rules)
    settled = (found.window + found.offset + short) * 1.5 + 4 * EXTRA * grid.step
    length = grid.up(settled * patience + keep)
    play = Play(subject.expr, all_, [*phases, replace(calm, seconds=length)], grid, subject.rules)
    gone = play.offset(start, onset.count)
    if gone is not None and patience > 1:
        slack = grid.up((gone.late - start) / 10)
        gone = Offset(gone.early - slack, gone.late + slack)
    if gone is None or gone.late + keep + 2 * grid.step >= play.end:
        return None
    if not play.never(gone.late, gone.late + keep + 2 * grid.step):
        return None
    if not play.lasts(start, gone.early - grid.step, onset.count):
        return None
    return Resolution(gone.early + keep - grid.step, gone.late + keep)
