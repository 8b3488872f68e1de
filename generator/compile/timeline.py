"""When an alert fires on given data: phases played through, evaluation by evaluation.

Both readings of ranges are played, Prometheus 2's and 3's: a time is only claimed where they
agree, and where they do not, the earlier one is what must still be silent before.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from generator.compile.recorder import Past, Recorder
from generator.compile.samples import samples
from generator.compile.simulation import Evaluation
from generator.compile.stimulus import Phase, Source
from generator.ir.rules import RecordingRule
from generator.promql.tree import Expr

_LOOKED_AT = 40
"""Evaluations looked at where a state should last."""

_Tells = Callable[[tuple[int, int]], bool]
"""What is so for how many samples the condition has, by the earlier and the later reading."""


@dataclass(frozen=True, slots=True)
class Grid:
    """The steps of a test, in seconds: of the data and of the evaluations."""

    interval: float
    step: float
    pasts: tuple[Past, Past] = field(default_factory=lambda: ({}, {}), compare=False, repr=False)
    """What the rules recorded when something was last played on it, by both readings."""

    def up(self, seconds: float) -> float:
        """The first evaluation at or after a time."""
        return math.ceil(seconds / self.step - 1e-9) * self.step


@dataclass(frozen=True, slots=True)
class Onset:
    """When the condition first held, by the earlier and the later reading, and for how many."""

    early: float
    late: float
    count: int


@dataclass(frozen=True, slots=True)
class Offset:
    """When the condition first failed for a series, and when for all, by both readings."""

    early: float
    late: float


class Play:
    """An expression over the phases, by both readings."""

    def __init__(
        self,
        expr: Expr,
        all_: Sequence[Source],
        phases: Sequence[Phase],
        grid: Grid,
        rules: Sequence[RecordingRule],
    ) -> None:
        self.expr = expr
        self.grid = grid
        self.end = sum(phase.seconds for phase in phases)
        series = samples(all_, phases, grid.interval)
        self.readings = [
            Evaluation(
                series, grid.interval, grid.step, rules, left_open, Recorder(grid.pasts[left_open])
            )
            for left_open in (False, True)
        ]
        self.known: dict[float, tuple[int, int]] = {}

    def counts(self, time: float) -> tuple[int, int]:
        """How many samples the condition has at a time. Raises Unsupported."""
        known = self.known.get(time)
        if known is None:
            first, second = (len(r.asked(self.expr, time)) for r in self.readings)
            known = self.known[time] = first, second
        return known

    def onset(self, start: float) -> Onset | None:
        """The first evaluations from `start` on at which it holds, for good in both readings."""
        change = self._change(start, lambda counts: not any(counts), all)
        if change is None:
            return None
        early, late = change
        first, second = self.counts(late)
        return Onset(early, late, first) if first == second else None

    def offset(self, start: float, count: int) -> Offset | None:
        """When, from `start` on, it no longer holds for `count` series, and for none at all."""
        all_hold = (count, count)
        change = self._change(start, lambda counts: counts == all_hold, lambda c: not any(c))
        return Offset(*change) if change is not None else None

    def _change(self, start: float, before: _Tells, after: _Tells) -> tuple[float, float] | None:
        """The first evaluations at which the state `before` has ended and `after` has begun.

        Looks in strides, then at each evaluation of the stride in which it changed.
        """
        step = self.grid.step
        first, last = round(self.grid.up(start) / step), math.ceil(self.end / step) - 1
        stride = max(1, (last - first) // 64)
        begin = first
        for index in (*range(first, last, stride), last):
            counts = self.counts(index * step)
            if after(counts):
                break
            if before(counts):
                begin = index
        else:
            return None
        early = None
        for index in range(begin, last + 1):
            counts = self.counts(index * step)
            if early is None and not before(counts):
                early = index * step
            if early is not None and after(counts):
                return early, index * step
        return None

    def lasts(self, start: float, end: float, count: int, looks: int = _LOOKED_AT) -> bool:
        """Whether it holds for `count` series from start to end, looked at in many places."""
        return all(self.counts(time) == (count, count) for time in self._places(start, end, looks))

    def never(self, start: float, end: float) -> bool:
        """Whether it holds for nothing from start to end, looked at in many places."""
        return not any(any(self.counts(time)) for time in self._places(start, end))

    def _places(self, start: float, end: float, looks: int = _LOOKED_AT) -> list[float]:
        first, last = round(start / self.grid.step), round(end / self.grid.step)
        stride = max(1, (last - first) // looks)
        steps = [*range(first, last, stride), last]
        return [step * self.grid.step for step in steps]
