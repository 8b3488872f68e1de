"""What PromQL's operators and functions do to numbers, as far as `simulation` needs it.

Formulas follow Prometheus' own code: extrapolation of rates, interpolation of quantiles.
"""

from __future__ import annotations

import math
import re
from calendar import monthrange
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from itertools import pairwise

from generator.promql.tree import COMPARISON, Aggregate, Binary, Call, String, unwrapped

Labels = dict[str, str]


@dataclass(frozen=True, slots=True)
class Sample:
    """One element of an instant vector."""

    labels: Labels
    value: float


Vector = list[Sample]
Points = Sequence[tuple[float, float]]


class Unsupported(Exception):
    """PromQL that the simulation does not know; the alert then needs its author's tests."""


def nameless(labels: Labels) -> Labels:
    """The labels without the metric's name."""
    return {name: value for name, value in labels.items() if name != "__name__"}


# ranges ------------------------------------------------------------------------------------


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


def _variance(values: Sequence[float]) -> float:
    mean = math.fsum(values) / len(values)
    return math.fsum((value - mean) ** 2 for value in values) / len(values)


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
    "stddev_over_time": lambda p, s, e: math.sqrt(_variance(_values(p))),
    "stdvar_over_time": lambda p, s, e: _variance(_values(p)),
    "quantile_over_time": lambda p, s, e, q: quantile(q, _values(p)),
}
"""Functions of a range: (points, start, end, parameters) -> value or nothing."""


# aggregations ------------------------------------------------------------------------------

_AGGREGATIONS: dict[str, Callable[[list[float]], float]] = {
    "sum": math.fsum,
    "avg": lambda values: math.fsum(values) / len(values),
    "min": min,
    "max": max,
    "count": lambda values: float(len(values)),
    "group": lambda values: 1.0,
    "stddev": lambda values: math.sqrt(_variance(values)),
    "stdvar": _variance,
}


def aggregate(node: Aggregate, vector: Vector, parameter: float) -> Vector:
    """`sum by (…)`, `topk(…)`, … Raises Unsupported."""
    groups = _grouped(node, vector)
    if node.op in ("topk", "bottomk"):
        chosen = []
        for samples in groups.values():
            ordered = sorted(samples, key=lambda s: s.value, reverse=node.op == "topk")
            chosen += ordered[: int(parameter)]
        return chosen
    if node.op == "quantile":
        return [
            Sample(dict(key), quantile(parameter, [s.value for s in samples]))
            for key, samples in groups.items()
        ]
    compute = _AGGREGATIONS.get(node.op)
    if compute is None:
        raise Unsupported(node.op)
    return [
        Sample(dict(key), compute([s.value for s in samples])) for key, samples in groups.items()
    ]


def count_values(node: Aggregate, vector: Vector, label: str) -> Vector:
    """`count_values("label", …)`: how many samples have each value, which becomes a label."""
    found: dict[tuple[tuple[str, str], ...], float] = {}
    for key, samples in _grouped(node, vector).items():
        for sample in samples:
            text = format(Decimal(repr(sample.value)).normalize(), "f")
            named = tuple(sorted({**dict(key), label: text}.items()))
            found[named] = found.get(named, 0.0) + 1
    return [Sample(dict(key), count) for key, count in found.items()]


def _grouped(node: Aggregate, vector: Vector) -> dict[tuple[tuple[str, str], ...], Vector]:
    groups: dict[tuple[tuple[str, str], ...], Vector] = {}
    for sample in vector:
        labels = nameless(sample.labels)
        if node.grouping == "without":
            kept = {n: v for n, v in labels.items() if n not in node.labels}
        else:
            kept = {n: v for n, v in labels.items() if n in node.labels}
        groups.setdefault(tuple(sorted(kept.items())), []).append(sample)
    return groups


# operators ---------------------------------------------------------------------------------


def _divided(left: float, right: float) -> float:
    if right != 0:
        return left / right
    return math.nan if left == 0 or math.isnan(left) else math.copysign(math.inf, left)


def _modulo(left: float, right: float) -> float:
    return math.fmod(left, right) if right else math.nan


_ARITHMETIC: dict[str, Callable[[float, float], float]] = {
    "+": lambda a, b: a + b,
    "-": lambda a, b: a - b,
    "*": lambda a, b: a * b,
    "/": _divided,
    "%": _modulo,
    "^": lambda a, b: a**b,
    "atan2": math.atan2,
}
_COMPARED: dict[str, Callable[[float, float], bool]] = {
    "==": lambda a, b: a == b,
    "!=": lambda a, b: a != b,
    "<": lambda a, b: a < b,
    "<=": lambda a, b: a <= b,
    ">": lambda a, b: a > b,
    ">=": lambda a, b: a >= b,
}


def arithmetic(node: Binary, left: Vector | float, right: Vector | float) -> Vector | float:
    """Arithmetic and comparisons between vectors and scalars. Raises Unsupported."""
    if isinstance(left, float) and isinstance(right, float):
        if node.op in COMPARISON:
            return float(_COMPARED[node.op](left, right))
        return _ARITHMETIC[node.op](left, right)
    if isinstance(left, float):
        assert not isinstance(right, float)
        return _kept(_combined(node, s.labels, left, s.value, s.value) for s in right)
    if isinstance(right, float):
        return _kept(_combined(node, s.labels, s.value, right, s.value) for s in left)
    return _joined(node, left, right)


def _kept(samples: Iterable[Sample | None]) -> Vector:
    return [sample for sample in samples if sample is not None]


def _combined(
    node: Binary, labels: Labels, left: float, right: float, kept: float
) -> Sample | None:
    if node.op not in COMPARISON:
        return Sample(nameless(labels), _ARITHMETIC[node.op](left, right))
    holds = _COMPARED[node.op](left, right)
    if node.bool:
        return Sample(nameless(labels), float(holds))
    return Sample(labels, kept) if holds else None


def _key(node: Binary, labels: Labels) -> tuple[tuple[str, str], ...]:
    """What series are matched by."""
    matching = node.matching
    if matching is not None and matching.on:
        kept = {n: v for n, v in labels.items() if n in matching.labels}
    else:
        ignored = matching.labels if matching is not None else ()
        kept = {n: v for n, v in nameless(labels).items() if n not in ignored}
    return tuple(sorted(kept.items()))


def _joined(node: Binary, left: Vector, right: Vector) -> Vector:
    group = node.matching.group if node.matching is not None else ""
    many, one = (right, left) if group == "right" else (left, right)
    index: dict[tuple[tuple[str, str], ...], Sample] = {}
    for sample in one:
        key = _key(node, sample.labels)
        if key in index:
            raise Unsupported("several series on the side that must be one")
        index[key] = sample
    made: Vector = []
    taken: set[tuple[tuple[str, str], ...]] = set()
    for sample in many:
        key = _key(node, sample.labels)
        other = index.get(key)
        if other is None:
            continue
        if not group and key in taken:
            raise Unsupported("several series on the side that must be one")
        taken.add(key)
        a, b = (other, sample) if group == "right" else (sample, other)
        result = _combined(node, _result_labels(node, sample, other), a.value, b.value, a.value)
        if result is not None:
            made.append(result)
    return made


def _result_labels(node: Binary, many: Sample, one: Sample) -> Labels:
    matching = node.matching
    if matching is None or not matching.group:
        labels = dict(many.labels)
        if matching is not None and matching.on:
            return {n: v for n, v in labels.items() if n in matching.labels}
        ignored = matching.labels if matching is not None else ()
        return {n: v for n, v in labels.items() if n not in ignored}
    labels = dict(many.labels)
    for name in matching.include:
        labels.pop(name, None)
        if name in one.labels:
            labels[name] = one.labels[name]
    return labels


def set_operation(node: Binary, left: Vector, right: Vector) -> Vector:
    """`and`, `or`, `unless`."""
    theirs = {_key(node, sample.labels) for sample in right}
    if node.op == "and":
        return [s for s in left if _key(node, s.labels) in theirs]
    if node.op == "unless":
        return [s for s in left if _key(node, s.labels) not in theirs]
    ours = {_key(node, sample.labels) for sample in left}
    return left + [s for s in right if _key(node, s.labels) not in ours]


# functions of a vector -----------------------------------------------------------------------

Args = Sequence[Vector | float]


def _mapped(function: Callable[[float], float]) -> Callable[[Call, Args, float], Vector]:
    def apply(node: Call, args: Args, time: float) -> Vector:
        return [Sample(nameless(s.labels), function(s.value)) for s in _vector(args[0])]

    return apply


def _vector(value: Vector | float) -> Vector:
    if isinstance(value, float):
        raise Unsupported("a scalar where a vector is needed")
    return value


def _number(value: Vector | float) -> float:
    if not isinstance(value, float):
        raise Unsupported("a vector where a scalar is needed")
    return value


def _guarded(function: Callable[[float], float], at_zero: float) -> Callable[[float], float]:
    def apply(value: float) -> float:
        if value == 0:
            return at_zero
        try:
            return function(value)
        except ValueError:
            return math.nan

    return apply


def _exp(value: float) -> float:
    try:
        return math.exp(value)
    except OverflowError:
        return math.inf


def _clamp(node: Call, args: Args, time: float) -> Vector:
    low = -math.inf if node.function == "clamp_max" else _number(args[1])
    high = math.inf if node.function == "clamp_min" else _number(args[-1])
    return [
        Sample(nameless(s.labels), s.value if math.isnan(s.value) else max(low, min(high, s.value)))
        for s in _vector(args[0])
    ]


def _rounded(node: Call, args: Args, time: float) -> Vector:
    to = _number(args[1]) if len(args) > 1 else 1.0
    return [
        Sample(nameless(s.labels), math.floor(s.value / to + 0.5) * to) for s in _vector(args[0])
    ]


def _same(node: Call, args: Args, time: float) -> Vector:
    return _vector(args[0])


def _label_replace(node: Call, args: Args, time: float) -> Vector:
    texts = [a.value for arg in node.args[1:] if isinstance(a := unwrapped(arg), String)]
    if len(texts) != 4:
        raise Unsupported("label_replace without literals")
    target, replacement, source, pattern = texts
    template = re.sub(r"\$\{?(\w+)\}?", r"\\g<\1>", replacement)
    made = []
    for sample in _vector(args[0]):
        labels = dict(sample.labels)
        match = re.fullmatch(pattern, labels.get(source, ""))
        if match:
            labels[target] = match.expand(template)
            if not labels[target]:
                del labels[target]
        made.append(Sample(labels, sample.value))
    return made


def _label_join(node: Call, args: Args, time: float) -> Vector:
    texts = [a.value for arg in node.args[1:] if isinstance(a := unwrapped(arg), String)]
    target, separator, *sources = texts
    made = []
    for sample in _vector(args[0]):
        joined = separator.join(sample.labels.get(name, "") for name in sources)
        made.append(Sample({**sample.labels, target: joined}, sample.value))
    return made


def _histogram_quantile(node: Call, args: Args, time: float) -> Vector:
    q, groups = _number(args[0]), dict[tuple[tuple[str, str], ...], list[tuple[float, float]]]()
    for sample in _vector(args[1]):
        labels = nameless(sample.labels)
        bound = labels.pop("le", None)
        if bound is None:
            continue
        try:
            upper = float(bound)
        except ValueError:
            continue
        groups.setdefault(tuple(sorted(labels.items())), []).append((upper, sample.value))
    return [Sample(dict(key), _bucket_quantile(q, found)) for key, found in groups.items()]


def _bucket_quantile(q: float, buckets: list[tuple[float, float]]) -> float:
    buckets = sorted(buckets)
    if len(buckets) < 2 or not math.isinf(buckets[-1][0]) or buckets[-1][1] == 0:
        return math.nan
    if not 0 <= q <= 1:
        return -math.inf if q < 0 else math.inf
    rank = q * buckets[-1][1]
    index = next(i for i, (_, count) in enumerate(buckets) if count >= rank)
    if index == len(buckets) - 1:
        return buckets[-2][0]
    if index == 0 and buckets[0][0] <= 0:
        return buckets[0][0]
    start, below = (0.0, 0.0) if index == 0 else buckets[index - 1]
    end, count = buckets[index]
    return start + (end - start) * _divided(rank - below, count - below)


def _calendar(part: Callable[[datetime], int]) -> Callable[[Call, Args, float], Vector]:
    """A part of a time in UTC: of now, or of the times that series hold."""

    def apply(node: Call, args: Args, time: float) -> Vector:
        given = _vector(args[0]) if args else [Sample({}, time)]
        return [
            Sample(nameless(s.labels), float(part(datetime.fromtimestamp(int(s.value), UTC))))
            for s in given
        ]

    return apply


OF_VECTOR: dict[str, Callable[[Call, Args, float], Vector]] = {
    "abs": _mapped(abs),
    "ceil": _mapped(lambda v: float(math.ceil(v)) if math.isfinite(v) else v),
    "floor": _mapped(lambda v: float(math.floor(v)) if math.isfinite(v) else v),
    "exp": _mapped(_exp),
    "ln": _mapped(_guarded(math.log, -math.inf)),
    "log2": _mapped(_guarded(math.log2, -math.inf)),
    "log10": _mapped(_guarded(math.log10, -math.inf)),
    "sqrt": _mapped(_guarded(math.sqrt, 0.0)),
    "sgn": _mapped(lambda v: float((v > 0) - (v < 0))),
    "round": _rounded,
    "clamp": _clamp,
    "clamp_min": _clamp,
    "clamp_max": _clamp,
    "sort": _same,
    "sort_desc": _same,
    "label_replace": _label_replace,
    "label_join": _label_join,
    "histogram_quantile": _histogram_quantile,
    "minute": _calendar(lambda t: t.minute),
    "hour": _calendar(lambda t: t.hour),
    "day_of_week": _calendar(lambda t: (t.weekday() + 1) % 7),
    "day_of_month": _calendar(lambda t: t.day),
    "day_of_year": _calendar(lambda t: t.timetuple().tm_yday),
    "days_in_month": _calendar(lambda t: monthrange(t.year, t.month)[1]),
    "month": _calendar(lambda t: t.month),
    "year": _calendar(lambda t: t.year),
}
"""Functions of instant vectors: (call, arguments without strings, time) -> vector."""
