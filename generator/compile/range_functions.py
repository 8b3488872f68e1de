"""What PromQL's functions make of a range of samples.

Formulas follow Prometheus' own code: the extrapolation of rates, the regression of lines.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from itertools import pairwise

from generator.compile.vectors import Points, quantile, variance


def _extrapolated(
    points: Points, start: float, end: float, *, counter: bool, per_second: bool
) -> float | None:
    """rate, increase and delta as Prometheus extrapolates them to the range's ends."""
    if len(points) < 2:
        return None
    (first_time, first), (last_time, last) = points[0], points[-1]
    change = last - first
    if counter:
        for (_, before), (_, after) in pairwise(points):
            change += before if after < before else 0.0
    to_start, to_end = first_time - start, end - last_time
    sampled = last_time - first_time
    average = sampled / (len(points) - 1)
    if counter and change > 0 and first >= 0:
        to_start = min(to_start, sampled * (first / change))
    threshold = average * 1.1
    extended = sampled
    extended += to_start if to_start < threshold else average / 2
    extended += to_end if to_end < threshold else average / 2
    value = change * (extended / sampled)
    return value / (end - start) if per_second else value


def _regression(points: Points, at: float) -> tuple[float, float]:
    """(slope, value at `at`) of the least-squares line."""
    n = len(points)
    if all(value == points[0][1] for _, value in points):
        return 0.0, points[0][1]
    mean_x = sum(time - at for time, _ in points) / n
    mean_y = sum(value for _, value in points) / n
    covariance = sum((time - at - mean_x) * (value - mean_y) for time, value in points)
    slope = covariance / sum((time - at - mean_x) ** 2 for time, _ in points)
    return slope, mean_y - slope * mean_x


def _deriv(points: Points, start: float, end: float) -> float | None:
    return _regression(points, points[0][0])[0] if len(points) > 1 else None


def _predict(points: Points, start: float, end: float, ahead: float) -> float | None:
    if len(points) < 2:
        return None
    slope, value = _regression(points, end)
    return slope * ahead + value


def _last_two(points: Points, *, rate: bool) -> float | None:
    if len(points) < 2:
        return None
    (before_time, before), (time, value) = points[-2], points[-1]
    if not rate:
        return value - before
    return (value if value < before else value - before) / (time - before_time)


def _count(points: Points, changed: Callable[[float, float], bool]) -> float:
    return float(sum(changed(a, b) for (_, a), (_, b) in pairwise(points)))


def _values(points: Points) -> list[float]:
    return [value for _, value in points]


OVER_RANGE: dict[str, Callable[..., float | None]] = {
    "rate": lambda p, s, e: _extrapolated(p, s, e, counter=True, per_second=True),
    "increase": lambda p, s, e: _extrapolated(p, s, e, counter=True, per_second=False),
    "delta": lambda p, s, e: _extrapolated(p, s, e, counter=False, per_second=False),
    "irate": lambda p, s, e: _last_two(p, rate=True),
    "idelta": lambda p, s, e: _last_two(p, rate=False),
    "deriv": _deriv,
    "predict_linear": _predict,
    "changes": lambda p, s, e: _count(p, lambda a, b: a != b),
    "resets": lambda p, s, e: _count(p, lambda a, b: b < a),
    "avg_over_time": lambda p, s, e: math.fsum(_values(p)) / len(p),
    "sum_over_time": lambda p, s, e: math.fsum(_values(p)),
    "min_over_time": lambda p, s, e: min(_values(p)),
    "max_over_time": lambda p, s, e: max(_values(p)),
    "count_over_time": lambda p, s, e: float(len(p)),
    "last_over_time": lambda p, s, e: p[-1][1],
    "present_over_time": lambda p, s, e: 1.0,
    "stddev_over_time": lambda p, s, e: math.sqrt(variance(_values(p))),
    "stdvar_over_time": lambda p, s, e: variance(_values(p)),
    "quantile_over_time": lambda p, s, e, q: quantile(q, _values(p)),
}
"""Functions of a range: (points, start, end, parameters) -> value or nothing."""
