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
    times, values = points
    if len(values) < 2:
        return None
    first_time, last_time, first, last = times[0], times[-1], values[0], values[-1]
    change = last - first
    if counter:
        for before, after in pairwise(values):
            if after < before:
                change += before
    to_start, to_end = first_time - start, end - last_time
    sampled = last_time - first_time
    average = sampled / (len(values) - 1)
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
    times, values = points
    n = len(values)
    if all(value == values[0] for value in values):
        return 0.0, values[0]
    mean_x = sum(time - at for time in times) / n
    mean_y = sum(values) / n
    covariance = sum(
        (time - at - mean_x) * (value - mean_y) for time, value in zip(times, values, strict=True)
    )
    slope = covariance / sum((time - at - mean_x) ** 2 for time in times)
    return slope, mean_y - slope * mean_x


def _deriv(points: Points, start: float, end: float) -> float | None:
    return _regression(points, points.times[0])[0] if len(points.values) > 1 else None


def _predict(points: Points, start: float, end: float, ahead: float) -> float | None:
    if len(points.values) < 2:
        return None
    slope, value = _regression(points, end)
    return slope * ahead + value


def _last_two(points: Points, *, rate: bool) -> float | None:
    if len(points.values) < 2:
        return None
    before, value = points.values[-2:]
    if not rate:
        return value - before
    return (value if value < before else value - before) / (points.times[-1] - points.times[-2])


def _count(points: Points, changed: Callable[[float, float], bool]) -> float:
    return float(sum(changed(a, b) for a, b in pairwise(points.values)))


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
    "avg_over_time": lambda p, s, e: math.fsum(p.values) / len(p.values),
    "sum_over_time": lambda p, s, e: math.fsum(p.values),
    "min_over_time": lambda p, s, e: min(p.values),
    "max_over_time": lambda p, s, e: max(p.values),
    "count_over_time": lambda p, s, e: float(len(p.values)),
    "last_over_time": lambda p, s, e: p.values[-1],
    "present_over_time": lambda p, s, e: 1.0,
    "stddev_over_time": lambda p, s, e: math.sqrt(variance(p.values)),
    "stdvar_over_time": lambda p, s, e: variance(p.values),
    "quantile_over_time": lambda p, s, e, q: quantile(q, p.values),
}
"""Functions of a range: (points, start, end, parameters) -> value or nothing."""
