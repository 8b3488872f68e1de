"""Where a recording rule's answer is known already: its inputs rise evenly, as they did before.

`simulation` asks it so that hours of even data are evaluated once. A rule qualifies when it reads
raw series alone and nothing that knows the time of day.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from generator.promql.tree import (
    Call,
    Expr,
    RangeSelector,
    Subquery,
    VectorSelector,
    children,
)

Values = Sequence[float | None]
Key = tuple[tuple[float | None, float | None], ...]
"""For each series: its rise a sample and, where its value matters, the value; None: no sample."""

_RATED = frozenset({"rate", "irate", "increase"})
_TIMED = frozenset(
    [
        "time",
        "timestamp",
        "month",
        "year",
        "day_of_month",
        "day_of_week",
        "day_of_year",
        "days_in_month",
        "hour",
        "minute",
        "predict_linear",
        "deriv",
        "delta",
        "idelta",
    ]
)


class Runs:
    """Where the values of one series rise by equal steps."""

    def __init__(self, values: Values) -> None:
        self.values = values
        self.starts = _starts(values)

    def even(self, first: int, last: int) -> bool:
        """Whether the samples from first to last are all missing, or rise by equal steps."""
        return first >= 0 and last < len(self.values) and self.starts[last] <= first

    def rise(self, last: int) -> float | None:
        """The step of the run that ends at `last`; None where there is no sample."""
        value = self.values[last]
        before = self.values[last - 1]
        return None if value is None or before is None else round(value - before, 7)


def _starts(values: Values) -> list[int]:
    """For each sample, where the longest even run that ends with it begins."""
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
            same = abs((two - one) - (one - before)) <= 1e-7 * max(1.0, abs(two - one))
            starts[index] = starts[index - 1] if same else index - 1
    return starts


@dataclass(frozen=True, slots=True)
class Read:
    """A selector of a rule: how far it looks back, in seconds, and whether only its rise counts."""

    node: VectorSelector
    seconds: float
    rated: bool


def reads(expr: Expr, lookback: float) -> tuple[Read, ...] | None:
    """The selectors of an expression; None where its answer depends on more than even data."""
    try:
        return tuple(_reads(expr, lookback, rated=False))
    except _Uneven:
        return None


class _Uneven(Exception):
    """The answer may change although the data rises evenly."""


def _reads(expr: Expr, lookback: float, *, rated: bool) -> Iterable[Read]:
    match expr:
        case Subquery():
            raise _Uneven
        case Call() if expr.function in _TIMED:
            raise _Uneven
        case RangeSelector(selector=node):
            yield Read(node, _length(expr.range) + _moved(expr) + _moved(node), rated)
        case VectorSelector():
            yield Read(expr, lookback + _moved(expr), rated=False)
        case Call():
            for arg in expr.args:
                yield from _reads(arg, lookback, rated=expr.function in _RATED)
        case _:
            for child in children(expr):
                yield from _reads(child, lookback, rated=False)


def _moved(node: RangeSelector | VectorSelector) -> float:
    if node.at is not None:
        raise _Uneven
    return _length(node.offset) if node.offset is not None else 0.0


def _length(span: object) -> float:
    ms = getattr(span, "ms", None)
    if ms is None or ms < 0:
        raise _Uneven
    return float(ms) / 1000


def key(found: Iterable[tuple[Read, Sequence[Runs]]], time: float, interval: float) -> Key | None:
    """What the answer at a time depends on; None where the data is not even before it.

    A counter that has hardly begun is extrapolated differently: it does not count as even.
    """
    last = math.floor(time / interval + 1e-9)
    parts: list[tuple[float | None, float | None]] = [(round(time - last * interval, 6), None)]
    for read, series in found:
        first = math.ceil((time - read.seconds) / interval - 1e-9) - 1
        for runs in series:
            if first < 1 or not runs.even(first, last):
                return None
            rise, begun = runs.rise(last), runs.values[first]
            if rise is None or begun is None:
                parts.append((None, None))
            elif read.rated and rise > 0 and begun > 2 * rise:
                parts.append((rise, None))
            elif rise == 0:
                parts.append((0.0, runs.values[last]))
            else:
                return None
    return tuple(parts)
