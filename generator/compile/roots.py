"""Where a gap closes: the level of one source at which a number changes its sign."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import pairwise

from generator.compile.stimulus import AGE, DROPS, GAUGE, HISTOGRAM, LINE, STEPS, Source

_COARSE = 2**-12
"""Counters rise in steps of fourteen bits: a level is found this closely."""


def root(source: Source, at: Callable[[float], float | None]) -> float | None:
    """The level of the source at which `at`, the gap, is 0; None where none was found.

    `at` may have no value at a level. The root is rounded where that keeps the gap closed.
    """
    guess = _rational(source, at)
    if guess is not None:
        return guess
    seen = [(level, value) for level in grid(source) if (value := at(level)) is not None]
    for (low, below), (high, above) in pairwise(seen):
        if below == 0:
            return low
        if below * above < 0:
            found = _bisected(low, below, high, at)
            if found is not None:
                return found
    return seen[-1][0] if seen and seen[-1][1] == 0 else None


def _rational(source: Source, at: Callable[[float], float | None]) -> float | None:
    """The root where the gap is (p + q·level) / (1 + r·level), as of sums and ratios it is."""
    unit = 0.001 if source.kind == LINE else 1.0
    found = [(x, at(x)) for x in (unit, 2 * unit, 5 * unit)]
    points = [(x, y) for x, y in found if y is not None]
    if len(points) < 3 or points[0][1] == points[1][1] == points[2][1]:
        return None
    root = _rational_root(points)
    if root is None or (root < 0 and source.kind not in (GAUGE, LINE, AGE)):
        return None
    if source.kind == HISTOGRAM and root <= 0:
        return None
    scale = max(*(abs(y) for _, y in points), 1e-9)
    for candidate in (float(f"{root:.6g}"), root):
        value = at(candidate)
        if value is not None and abs(value) <= 1e-5 * scale:
            return candidate
    below, above = at(root * (1 - _COARSE)), at(root * (1 + _COARSE))
    if below is not None and above is not None and below * above < 0:
        return float(f"{root:.6g}")
    return None


def _rational_root(points: Sequence[tuple[float, float]]) -> float | None:
    """-p / q of p + q·x - r·x·y = y through three points, by Cramer's rule."""
    rows = [(1.0, x, -x * y, y) for x, y in points]

    def determinant(*columns: int) -> float:
        (a, b, c), (d, e, f), (g, h, i) = ([row[k] for k in columns] for row in rows)
        return a * (e * i - f * h) - b * (d * i - f * g) + c * (d * h - e * g)

    p, q = determinant(3, 1, 2), determinant(0, 3, 2)
    if abs(q) < 1e-12 * max(1.0, abs(p)):
        line = points[1][1] - points[0][1]
        if line == 0:
            return None
        return points[0][0] - points[0][1] * (points[1][0] - points[0][0]) / line
    return -p / q


def _bisected(
    low: float, below: float, high: float, at: Callable[[float], float | None]
) -> float | None:
    """The root between two levels; None where the gap jumps over it."""
    for _ in range(50):
        if high - low <= 1e-6 * abs(high):
            break
        middle = (low + high) / 2
        value = at(middle)
        if value is None:
            return None
        if value == 0:
            return middle
        if (value < 0) == (below < 0):
            low = middle
        else:
            high = middle
    for candidate in (float(f"{high:.6g}"), high):
        value = at(candidate)
        if value is not None and abs(value) <= 0.01 * abs(below):
            return candidate
    return None


def grid(source: Source) -> list[float]:
    """Levels to look at, rising."""
    powers = [10.0**exponent for exponent in range(-6, 13)]
    if source.kind == LINE:
        small = [10.0**exponent for exponent in range(-6, 4)]
        return [-level for level in reversed(small)] + [0.0, *small]
    if source.kind in (STEPS, DROPS):
        return [0.0, *(count / 3600 for count in (0.5, 1, 2, 3, 5, 8, 12, 20, 40))]
    if source.kind == HISTOGRAM:
        return powers[3:]
    if source.kind in (GAUGE, AGE):
        return [-level for level in reversed(powers[4:])] + [0.0, *powers]
    return [0.0, *powers]
