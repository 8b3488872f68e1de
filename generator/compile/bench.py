"""Expressions evaluated at given levels of their sources, once these have settled."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from generator.compile.recorder import Past, Recorder
from generator.compile.samples import samples
from generator.compile.simulation import Evaluation
from generator.compile.stimulus import ALERT, Levels, Phase, Source, sources
from generator.compile.vectors import Vector
from generator.ir.rules import RecordingRule
from generator.promql.tree import Expr

_RECENT = 4
"""How many evaluations a bench keeps."""

_Key = tuple["float | None", ...]
"""The levels of all sources, in order."""


@dataclass(slots=True)
class Bench:
    """Where expressions are evaluated for given levels of the sources.

    The sources first behave as `before` says, if it is given, then at the levels in question for
    `settled` seconds.
    """

    all_: tuple[Source, ...]
    rules: Sequence[RecordingRule]
    interval: float
    step: float
    settled: float
    before: Phase | None = None
    known: dict[tuple[int, _Key], Vector | float] = field(default_factory=dict)
    recent: dict[_Key, Evaluation] = field(default_factory=dict)
    """The last levels looked at: both sides of a comparison are asked about the same."""
    past: Past = field(default_factory=dict)

    def value(self, expr: Expr, levels: Levels) -> Vector | float:
        """The expression once the levels have settled. Raises Unsupported."""
        key = tuple(levels.get(source, source.base) for source in self.all_)
        known = self.known.get((id(expr), key))
        if known is None:
            whole = self.settled + (self.before.seconds if self.before else 0.0)
            time = math.floor((whole - self.interval) / self.step) * self.step
            known = self.known[id(expr), key] = self._evaluation(key, levels).value(expr, time)
        return known

    def _evaluation(self, key: _Key, levels: Levels) -> Evaluation:
        if key not in self.recent:
            if len(self.recent) == _RECENT:
                del self.recent[next(iter(self.recent))]
            phases = [*([self.before] if self.before else []), Phase(self.settled, levels)]
            series = samples(self.all_, phases, self.interval)
            self.recent[key] = Evaluation(
                series, self.interval, self.step, self.rules, recorder=Recorder(self.past)
            )
        return self.recent[key]

    def holds(self, expr: Expr, levels: Levels) -> bool:
        """Whether the expression returns a sample."""
        found = self.value(expr, levels)
        return isinstance(found, float) or bool(found)

    def number(self, expr: Expr, levels: Levels) -> float | None:
        """The expression's value; its first where it has several, None where it has none."""
        found = self.value(expr, levels)
        if isinstance(found, float):
            return found
        return found[0].value if found else None

    def read_by(self, expr: Expr) -> list[Source]:
        """The sources of a part of the expression, narrow selectors first."""
        wanted = sources(expr, self.rules)
        return [s for s in self.all_ if s in wanted or _alike(s, wanted)]


def _alike(source: Source, wanted: Iterable[Source]) -> bool:
    """The same series, of a kind that another part of the expression decided.

    Alerts and copies may have more labels than are asked of them.
    """
    labels = set(source.labels)
    return any(
        source.metric == w.metric
        and (
            source.labels == w.labels
            or ((source.copy or w.kind == ALERT) and labels.issuperset(w.labels))
        )
        for w in wanted
    )
