"""What PromQL's functions make of an instant vector.

Quantiles of buckets are interpolated as in Prometheus' own code.
"""

from __future__ import annotations

import math
import re
from calendar import monthrange
from collections.abc import Callable, Sequence
from datetime import UTC, datetime

from generator.compile.vectors import (
    Sample,
    Unsupported,
    Vector,
    divided,
    nameless,
)
from generator.promql.tree import Call, String, unwrapped

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
        labels = dict(nameless(sample.labels))
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
    return start + (end - start) * divided(rank - below, count - below)


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
