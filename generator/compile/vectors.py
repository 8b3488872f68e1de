"""Samples and vectors as the simulation of PromQL has them, and arithmetic that its parts share."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

Labels = dict[str, str]


@dataclass(frozen=True, slots=True)
class Sample:
    """One element of an instant vector."""

    labels: Labels
    value: float


Vector = list[Sample]


class Points(NamedTuple):
    """The samples of a range: their times, in seconds and rising, and their values."""

    times: Sequence[float]
    values: Sequence[float]


class Unsupported(Exception):
    """PromQL that the simulation does not know; the alert then needs its author's tests."""


def nameless(labels: Labels) -> Labels:
    """The labels without the metric's name; the same, not to be changed, if they have none."""
    if "__name__" not in labels:
        return labels
    return {name: value for name, value in labels.items() if name != "__name__"}


def quantile(q: float, values: Iterable[float]) -> float:
    """The q-quantile with linear interpolation."""
    ordered = sorted(values)
    if not ordered or math.isnan(q):
        return math.nan
    if not 0 <= q <= 1:
        return -math.inf if q < 0 else math.inf
    rank = q * (len(ordered) - 1)
    low = max(0, math.floor(rank))
    high = min(len(ordered) - 1, low + 1)
    weight = rank - math.floor(rank)
    return ordered[low] * (1 - weight) + ordered[high] * weight


def variance(values: Sequence[float]) -> float:
    """The mean square of the distances from the mean; there is a value at least."""
    mean = math.fsum(values) / len(values)
    return math.fsum((value - mean) ** 2 for value in values) / len(values)


def divided(left: float, right: float) -> float:
    """Division as floats do it: by zero it is infinite, 0 / 0 no number."""
    if right != 0:
        return left / right
    return math.nan if left == 0 or math.isnan(left) else math.copysign(math.inf, left)
