"""PromQL's aggregations and operators on vectors, as far as `simulation` needs them."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from decimal import Decimal

from generator.compile.vectors import (
    Labels,
    Sample,
    Unsupported,
    Vector,
    divided,
    nameless,
    quantile,
    variance,
)
from generator.promql.tree import COMPARISON, Aggregate, Binary

_AGGREGATIONS: dict[str, Callable[[list[float]], float]] = {
    "sum": math.fsum,
    "avg": lambda values: math.fsum(values) / len(values),
    "min": min,
    "max": max,
    "count": lambda values: float(len(values)),
    "group": lambda values: 1.0,
    "stddev": lambda values: math.sqrt(variance(values)),
    "stdvar": variance,
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


def _modulo(left: float, right: float) -> float:
    return math.fmod(left, right) if right else math.nan


_ARITHMETIC: dict[str, Callable[[float, float], float]] = {
    "+": lambda a, b: a + b,
    "-": lambda a, b: a - b,
    "*": lambda a, b: a * b,
    "/": divided,
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
