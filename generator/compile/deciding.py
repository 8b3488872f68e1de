"""Data in which one condition alone decides: a side of `and`, `or`, `unless`, or one alert read.

Without it, a test would pass though the condition were gone.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import partial

from generator.compile.bench import Bench
from generator.compile.conditions import Side, sides
from generator.compile.course import Course, filled, played
from generator.compile.inversion import deciding, differing
from generator.compile.proof import Proof, Shown, Subject
from generator.compile.stimulus import ALERT, Levels, Phase, Source
from generator.compile.timeline import Play
from generator.compile.vectors import Unsupported


@dataclass(frozen=True, slots=True)
class Deciders:
    """A proven alert whose conditions are shown one by one; `proof` came of `course`."""

    subject: Subject
    bench: Bench
    proof: Proof
    course: Course

    def shown(self) -> Iterator[Shown]:
        """Each condition that can be shown to decide alone; the others are left out."""
        tries: list[Callable[[], Shown | None]] = [
            *(partial(self._side, side) for side in sides(self.subject.expr)),
            *(partial(self._alert, s) for s in self.proof.sources if s.kind == ALERT),
        ]
        for attempt in tries:
            try:
                made = attempt()
            except (Unsupported, OverflowError, ZeroDivisionError):
                continue
            if made is not None:
                yield made

    def _side(self, side: Side) -> Shown | None:
        """Levels at which the whole and the rest differ; None where they did, or none are."""
        expr, bench = self.subject.expr, self.bench
        hot, calm = self.course.hot, self.course.calm.levels
        if bench.holds(side.rest, calm) or not bench.holds(expr, hot):
            return None
        if side.op == "or" and not bench.holds(side.rest, hot):
            return None
        for levels in differing(bench, side, hot, calm, self.proof.base):
            whole = bench.holds(expr, levels)
            if whole == bench.holds(side.rest, levels):
                continue
            found = self._fired(levels) if whole else self._decided(side, levels)
            if found is not None:
                return Shown(side.expr, side.op, found.calm, found)
            safe = None if whole else self._silent(levels)
            if safe is not None:
                return Shown(side.expr, side.op, safe, None)
        return None

    def _fired(self, levels: Levels) -> Proof | None:
        """It fires at other levels than the ones found first."""
        return self._played(replace(self.course, hot=levels))

    def _decided(self, side: Side, failing: Levels) -> Proof | None:
        """One condition fails, just holds, and fails again, while all others hold."""
        levels = deciding(self.bench, side, failing)
        if levels is None or not self.bench.holds(self.subject.expr, levels):
            return None
        if self.bench.before is not None:
            return None
        return self._between(self.course.lead, failing, levels)

    def _silent(self, levels: Levels) -> tuple[Phase, ...] | None:
        """Phases in which it is silent for as long as it takes to fire."""
        subject, grid, lead = self.subject, self.proof.grid, self.course.lead
        tail = self.proof.fires + 2 * grid.step
        safe = (*self.course.before, Phase(tail - lead, levels))
        play = Play(subject.expr, self.proof.sources, safe, grid, subject.rules)
        return safe if play.never(filled(subject, grid), tail - grid.step) else None

    def _alert(self, source: Source) -> Shown | None:
        """One alert of those read begins last and ends first, or is the only one to fire."""
        if self.bench.before is not None:
            return None
        hot, calm = self.course.hot, self.course.calm.levels
        fired = hot.get(source)
        levels = {**hot, source: None} if fired else {**calm, source: 1.0}
        if levels == calm or self.bench.holds(self.subject.expr, levels) == bool(fired):
            return None
        failing, holding = (levels, hot) if fired else (calm, levels)
        found = self._between(self.course.before[0].seconds, failing, holding)
        name = dict(source.labels).get("alertname", "")
        return Shown(name, "and", found.calm, found) if found else None

    def _between(self, lead: float, failing: Levels, holding: Levels) -> Proof | None:
        """Levels that hold, after and before others that do not."""
        quiet = Phase(0, failing)
        return self._played(Course((Phase(lead, failing),), holding, quiet, (quiet,)))

    def _played(self, course: Course) -> Proof | None:
        return played(self.subject, self.proof.sources, self.proof.grid, course)
