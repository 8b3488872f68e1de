"""Where an expression's answer is known already: its inputs rise evenly, as they did before.

`simulation` asks it so that hours of even data are evaluated once. It depends on what each selector
reads, which must rise by equal steps or, if recorded, not change at all, and on what its parts say
that read the clock alone.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from operator import sub

from generator.compile.vectors import Vector
from generator.promql.tree import (
    Binary,
    Call,
    Expr,
    Paren,
    RangeSelector,
    Subquery,
    VectorSelector,
    children,
    walk,
)

Values = Sequence[float | None]

_RATED = frozenset({"rate", "irate", "increase"})
_SECONDS = frozenset({"time", "timestamp"})
"""They never say the same twice."""
_CLOCK = _SECONDS | {
    "month",
    "year",
    "day_of_month",
    "day_of_week",
    "day_of_year",
    "days_in_month",
    "hour",
    "minute",
}
_TIMES = 4096
"""At how many times a clock's answer is kept."""

_UNEVEN = _CLOCK | {"predict_linear", "deriv", "delta", "idelta"}


class Runs:
    """Where the values of one series rise by equal steps."""

    def __init__(self, values: Values) -> None:
        self.values = values
        self.starts = _starts(values)

    def even(self, first: int, last: int) -> bool:
        """Whether the samples from first to last are all missing, or rise by equal steps."""
        return first >= 0 and last < len(self.values) and self.starts[last] <= first

    def until(self, last: int) -> int:
        """Where the even run ends that `last` is part of."""
        end = bisect_right(self.starts, self.starts[last], last) - 1
        flat = self.rise(last) == 0
        return last if flat and self.values[end] != self.values[last] else end

    def rise(self, last: int) -> float | None:
        """The step of the run that ends at `last`; None where there is no sample."""
        value = self.values[last]
        before = self.values[last - 1]
        return None if value is None or before is None else round(value - before, 7)


def _starts(values: Values) -> list[int]:
    """For each sample, where the longest even run that ends with it begins."""
    whole = [value for value in values if value is not None]
    if len(whole) == len(values) > 1:
        return _starts_of_whole(whole)
    starts = [0] * len(values)
    for index in range(1, len(values)):
        one, two = values[index - 1], values[index]
        if one is None or two is None:
            starts[index] = starts[index - 1] if one is two else index
            continue
        before = values[index - 2] if index > 1 else None
        # a run may begin with any two samples, and goes on while the step stays the same
        if starts[index - 1] == index - 1 or before is None:
            starts[index] = index - 1
        else:
            same = _same(one - before, two - one)
            starts[index] = starts[index - 1] if same else index - 1
    return starts


def _starts_of_whole(values: Sequence[float]) -> list[int]:
    """The same where no sample is missing, quicker."""
    steps = [*map(sub, values[1:], values)]
    starts, begun = [0, 0], 0
    for index, (one, two) in enumerate(pairwise(steps)):
        if one != two and not _same(one, two):
            starts += [begun] * (index + 2 - len(starts))
            begun = index + 1
    return starts + [begun] * (len(values) - len(starts))


def _same(one: float, two: float) -> bool:
    """Whether two steps are the same, but for rounding."""
    return abs(two - one) <= 1e-7 * max(1.0, abs(two))


@dataclass(frozen=True, slots=True)
class Read:
    """A selector: how far it looks back, in seconds, and whether only its rise counts.

    `span`: its range, 0 for an instant. `moved`: its offset.
    """

    node: VectorSelector
    span: float
    moved: float
    rated: bool

    @property
    def instant(self) -> bool:
        """Whether it takes the last sample only."""
        return not self.span


@dataclass(frozen=True, slots=True)
class Clock:
    """A part that reads the time alone; `shape`: only which series it has counts."""

    node: Expr
    shape: bool
    known: dict[float, object] = field(default_factory=dict, compare=False)
    """What it told at which times."""

    def keep(self, time: float, found: Vector | float) -> None:
        """Keep what counts of its answer at a time, for a while."""
        if len(self.known) > _TIMES:
            self.known.clear()
        told: object = found
        if not isinstance(found, float):
            told = tuple(
                (tuple(sorted(s.labels.items())), 0.0 if self.shape else s.value) for s in found
            )
        last = self.known.get(next(reversed(self.known), time))
        self.known[time] = last if last == told else told


def reads(expr: Expr) -> tuple[Read | Clock, ...] | None:
    """What an expression depends on; None where its answer changes although the data is even."""
    try:
        return tuple(_reads(expr, rated=False, shape=False))
    except _Uneven:
        return None


class _Uneven(Exception):
    """The answer may change although the data rises evenly."""


def _reads(expr: Expr, *, rated: bool, shape: bool) -> Iterable[Read | Clock]:
    if _of_clock(expr):
        called = {node.function for node in walk(expr) if isinstance(node, Call)}
        if called & _SECONDS and not shape:
            raise _Uneven
        if called & _CLOCK:
            yield Clock(expr, shape)
        return
    match expr:
        case Subquery():
            raise _Uneven
        case Call() if expr.function in _UNEVEN:
            raise _Uneven
        case RangeSelector(selector=node):
            yield Read(node, _length(expr.range), _moved(expr) + _moved(node), rated)
        case VectorSelector():
            yield Read(expr, 0.0, _moved(expr), rated=False)
        case Call():
            for arg in expr.args:
                yield from _reads(arg, rated=expr.function in _RATED, shape=False)
        case Paren():
            yield from _reads(expr.expr, rated=rated, shape=shape)
        case Binary() if expr.op in ("and", "unless"):
            yield from _reads(expr.lhs, rated=False, shape=shape)
            yield from _reads(expr.rhs, rated=False, shape=True)
        case _:
            for child in children(expr):
                yield from _reads(child, rated=False, shape=False)


def _of_clock(expr: Expr) -> bool:
    """Whether an expression reads no series."""
    return not any(isinstance(node, VectorSelector | Subquery) for node in walk(expr))


def _moved(node: RangeSelector | VectorSelector) -> float:
    if node.at is not None:
        raise _Uneven
    return _length(node.offset) if node.offset is not None else 0.0


def _length(span: object) -> float:
    ms = getattr(span, "ms", None)
    if ms is None or ms < 0:
        raise _Uneven
    return float(ms) / 1000


def key(runs: Runs, first: int, last: int, rated: bool) -> tuple[float | None, float | None] | None:
    """What an answer depends on of a series' samples from first to last; None: they are uneven.

    Its rise a sample and, where that matters, its value; both None where there is no sample.
    A counter that has hardly begun is extrapolated differently: it does not count as even.
    """
    if first < 1 or not runs.even(first, last):
        return None
    rise, begun = runs.rise(last), runs.values[first]
    if rise is None or begun is None:
        return None, None
    if rated and rise > 0 and begun > 2 * rise:
        return rise, None
    return (0.0, runs.values[last]) if rise == 0 else None
