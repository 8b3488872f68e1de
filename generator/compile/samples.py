"""The samples of a test's series: every source through the phases, one each interval."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import NamedTuple

from generator.compile.history import Series
from generator.compile.stimulus import (
    AGE,
    ALERT,
    BUSY,
    COUNTER,
    DROPS,
    GAUGE,
    HISTOGRAM,
    LINE,
    STEPS,
    SWING,
    Phase,
    Source,
)

_SHARES = (("a", 0.75), ("b", 0.25))
"""The shards of a series, and which part of it each is."""


def samples(all_: Iterable[Source], phases: Sequence[Phase], interval: float) -> tuple[Series, ...]:
    """The series of the sources through the phases, one sample every `interval` seconds."""
    made: list[Series] = []
    for source in all_:
        spells = tuple(
            _Spell(phase.seconds, _level(phase, source), phase.noise, phase.period)
            for phase in phases
        )
        if any(spell.level is not None for spell in spells):
            made += _series(source, spells, interval)
    return tuple(made)


class _Spell(NamedTuple):
    """A phase as one source sees it."""

    seconds: float
    level: float | None
    noise: float = 0.0
    period: float = 0.0


@lru_cache(64)
def _series(source: Source, spells: tuple[_Spell, ...], interval: float) -> tuple[Series, ...]:
    """The series of one source. The same are asked for again and again."""
    if source.kind == HISTOGRAM:
        return tuple(_buckets(source, spells, interval))
    values = _values(source.kind, spells, interval)
    return tuple(
        Series(
            source.metric,
            labels,
            values if share == 1 else [_part(source, v, share) for v in values],
        )
        for labels, share in shards(source)
    )


def shards(source: Source) -> list[tuple[tuple[tuple[str, str], ...], float]]:
    """The labels of the source's series, with the share of it that each holds."""
    if not source.shard:
        return [(source.labels, 1.0)]
    return [
        (tuple(sorted((*source.labels, (source.shard, name)))), share) for name, share in _SHARES
    ]


def _part(source: Source, value: float | None, share: float) -> float | None:
    if value is None:
        return None
    return value * share if source.kind == COUNTER else round(value * share, 9)


def _level(phase: Phase, source: Source) -> float | None:
    return phase.levels.get(source, source.base)


def _values(kind: str, spells: Sequence[_Spell], interval: float) -> list[float | None]:
    values: list[float | None] = []
    total = BUSY if kind == LINE else 0.0
    for spell in spells:
        start, count = len(values), round(spell.seconds / interval)
        level = spell.level
        if level is None:
            values += [None] * count
        elif kind == AGE:
            values += [round((start + i) * interval - level, 9) for i in range(count)]
        elif kind == SWING:
            values += [BUSY + (level if i % 2 else -level) for i in range(count)]
        elif kind in (GAUGE, ALERT) and not spell.noise:
            values += [level] * count
        elif kind in (GAUGE, ALERT):
            values += [_swung(level, spell, (start + i) * interval) for i in range(count)]
        elif not spell.noise:
            step = _stride(kind, level * interval)
            values += _rising(kind, total, step, count)
            total += step * count
        else:
            for index in range(start, start + count):
                values.append(_shown(kind, total))
                total += _stride(kind, _swung(level, spell, index * interval) * interval)
    return values


def _rising(kind: str, total: float, step: float, count: int) -> list[float]:
    if kind == COUNTER:
        return [total + step * i for i in range(count)]
    return [_shown(kind, total + step * i) for i in range(count)]


def _stride(kind: str, step: float) -> float:
    """A counter's step in fourteen bits: its sums are exact then, and never by rounding a reset."""
    if kind != COUNTER or not step:
        return step
    unit = 2.0 ** (math.frexp(step)[1] - 14)
    return round(step / unit) * unit


def _shown(kind: str, total: float) -> float:
    if kind == STEPS:
        return 1.0 + math.floor(total + 1e-9)
    if kind == DROPS:
        return 1e6 - math.floor(total + 1e-9)
    return total if kind == COUNTER else round(total, 9)


def _swung(level: float, spell: _Spell, time: float) -> float:
    third = int(time % spell.period / spell.period * 3)
    return level * (1 + spell.noise * (1 - third))


def _buckets(source: Source, spells: Sequence[_Spell], interval: float) -> Iterable[Series]:
    """In each phase all observations lie evenly between half of the level and the level."""
    tops = [spell.level for spell in spells if spell.level is not None]
    bounds = sorted({bound for top in tops for bound in (top / 2, top)})
    for bound in (*bounds, math.inf):
        counted = [
            _Spell(s.seconds, None if s.level is None else BUSY * _share(bound, s.level))
            for s in spells
        ]
        text = "+Inf" if math.isinf(bound) else f"{bound:.12g}"
        labels = tuple(sorted((*source.labels, ("le", text))))
        yield Series(source.metric, labels, _values(COUNTER, counted, interval))


def _share(bound: float, top: float) -> float:
    """The part of the observations at or below a bound."""
    return min(1.0, max(0.0, (bound - top / 2) / (top / 2)))
