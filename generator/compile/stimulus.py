"""What series an expression reads, how each behaves, and their samples over phases of a test.

A `Source` is one series (or histogram) with one number that says how it behaves; a phase gives
that number for every source for a while. Which numbers make an alert fire is `inversion`'s.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

from generator.compile.history import Series
from generator.compile.selection import may_select
from generator.compile.series import accepts, satisfying, violating
from generator.compile.vectors import Unsupported
from generator.ir.rules import RecordingRule
from generator.promql.parser import parse
from generator.promql.tree import (
    Binary,
    Call,
    Expr,
    Matcher,
    RangeSelector,
    Subquery,
    VectorSelector,
    children,
    unwrapped,
    vector_selectors,
    walk,
)

GAUGE, COUNTER, LINE, AGE, STEPS = "gauge", "counter", "line", "age", "steps"
DROPS, SWING, HISTOGRAM, ALERT = "drops", "swing", "histogram", "alert"
ALERTS = "ALERTS"
"""The metric in which Prometheus keeps alerts."""
_ORDER = (HISTOGRAM, COUNTER, LINE, DROPS, STEPS, SWING, AGE, ALERT, GAUGE)
_SHARES = (("a", 0.75), ("b", 0.25))
BUSY = 100.0
"""Events a second, and the value of a gauge, where nothing else is asked."""

Levels = Mapping["Source", "float | None"]


@dataclass(frozen=True, slots=True)
class Source:
    """One series, or the buckets of one histogram. What its level means, by `kind`:

    gauge: the value. counter: the rise a second. line: the rise a second of a gauge that begins
    at 100. age: seconds since the time it holds. steps: changes a second, drops: falls a second.
    swing: how far it swings around 100 from sample to sample. histogram: the time below which
    all observations lie. alert: 1 while it fires. None: there is no such series.
    """

    metric: str
    labels: tuple[tuple[str, str], ...]
    kind: str
    shard: str = ""
    """A label in which it is two series, of three quarters and one quarter; empty: one series."""
    copy: bool = False
    """One of several that differ in a label nobody asks for."""

    @property
    def base(self) -> float | None:
        """Its level where nothing is asked of it."""
        if self.kind == ALERT:
            return None
        if self.kind in (LINE, STEPS, DROPS, SWING, AGE):
            return 0.0
        if self.kind == HISTOGRAM or is_flag(self.metric):
            return 1.0
        return BUSY


def is_flag(metric: str) -> bool:
    """Whether the metric says yes or no."""
    return metric == "up" or metric.endswith("_success")


@dataclass(frozen=True, slots=True)
class Phase:
    """How every source behaves for `seconds`; `noise` is the relative swing around the level."""

    seconds: float
    levels: Levels
    noise: float = 0.0
    period: float = 0.0
    """Seconds of one swing: a third of it above, a third on the level, a third below."""


# --------------------------------------------------------------------------- sources


def sources(
    expr: Expr,
    rules: Sequence[RecordingRule],
    own_alert: str = "",
    of_alerts: Mapping[str, str] | None = None,
) -> tuple[Source, ...]:
    """Every series that the expression reads, through recording rules too.

    `of_alerts`: labels that other alerts carry beside those that matchers ask of them.

    Where one selector is narrower than another, a series that only the wider selects is added.
    `ALERTS` of the alert itself are no input. Raises Unsupported.
    """
    kinds: dict[tuple[str, tuple[tuple[str, str], ...]], str] = {}
    selectors: dict[str, list[tuple[Matcher, ...]]] = {}
    for node, kind in selectors_read(expr, rules):
        if node.name is None:
            raise Unsupported("a selector without a metric's name")
        if node.name == ALERTS and _equals(node, "alertname") == own_alert:
            continue
        used = ALERT if node.name == ALERTS else kind
        matchers = tuple(m for m in node.matchers if used != HISTOGRAM or m.name != "le")
        selectors.setdefault(node.name, []).append(matchers)
        labels = satisfying(matchers)
        if labels is None:
            raise Unsupported("matchers that no labels satisfy")
        if used == ALERT and of_alerts:
            labels = {**of_alerts, **labels}
        _note(kinds, node.name, labels, used)
    for name, found in selectors.items():
        for narrow in found:
            for wide in found:
                labels = satisfying(wide) or {}
                beyond = [m for m in narrow if m not in wide]
                rest = violating(beyond, labels) if beyond and narrow != wide else None
                if rest is not None and accepts(wide, rest):
                    _note(kinds, name, rest, kinds[name, tuple(sorted(labels.items()))])
    return tuple(Source(name, labels, kind) for (name, labels), kind in kinds.items())


def _note(
    kinds: dict[tuple[str, tuple[tuple[str, str], ...]], str],
    name: str,
    labels: Mapping[str, str],
    kind: str,
) -> None:
    key = (name, tuple(sorted(labels.items())))
    known = kinds.get(key, GAUGE)
    kinds[key] = min(known, kind, key=_ORDER.index)


def _equals(node: VectorSelector, label: str) -> str | None:
    return next((m.value for m in node.matchers if m.name == label and m.op == "="), None)


def recorded_by(node: VectorSelector, rules: Sequence[RecordingRule]) -> list[RecordingRule]:
    """The rules whose series a selector may select."""
    return [rule for rule in rules if may_select(node, rule)]


def selectors_read(
    expr: Expr, rules: Sequence[RecordingRule], kind: str = GAUGE
) -> Iterable[tuple[VectorSelector, str]]:
    """Every raw selector with the kind of series it wants, from how it is used.

    Recordings are followed to what they read.
    """
    match expr:
        case VectorSelector():
            made = recorded_by(expr, rules)
            for rule in made:
                yield from selectors_read(parse(rule.expr), rules)
            if not made:
                yield expr, kind
        case RangeSelector():
            yield from selectors_read(expr.selector, rules, kind)
        case Call():
            wanted = _WANTED.get(expr.function, kind)
            if wanted == COUNTER and kind == HISTOGRAM:
                wanted = HISTOGRAM
            for arg in expr.args:
                yield from selectors_read(arg, rules, wanted)
        case Binary(op="-") if _is_time(expr.lhs) or _is_time(expr.rhs):
            for side in (expr.lhs, expr.rhs):
                yield from selectors_read(side, rules, AGE)
        case _:
            for child in children(expr):
                yield from selectors_read(child, rules, kind)


_WANTED = {
    "rate": COUNTER,
    "irate": COUNTER,
    "increase": COUNTER,
    "predict_linear": LINE,
    "deriv": LINE,
    "delta": LINE,
    "idelta": LINE,
    "changes": STEPS,
    "resets": DROPS,
    "stddev_over_time": SWING,
    "stdvar_over_time": SWING,
    "histogram_quantile": HISTOGRAM,
}


def _is_time(expr: Expr) -> bool:
    inner = unwrapped(expr)
    return isinstance(inner, Call) and inner.function == "time"


# --------------------------------------------------------------------------- reach


@dataclass(frozen=True, slots=True)
class Reach:
    """How far back an expression reads, in seconds. Ranges over recordings do not count, nor those
    over series that are given as data and by their name (`level:metric:operations`) are recorded.

    `window`: ranges; `offset`: the furthest offset; `shortest`: the shortest range, 0 for none.
    """

    window: float = 0.0
    offset: float = 0.0
    shortest: float = 0.0


def reach(expr: Expr, rules: Sequence[RecordingRule]) -> Reach:
    """How much data the expression needs before it speaks. Raises Unsupported."""
    windows: list[float] = []
    offsets = [0.0]
    for node, window, offset in _reached(expr, rules, 0.0, 0.0):
        offsets.append(offset)
        if window and node is not None:
            windows.append(window)
    return Reach(max(windows, default=0.0), max(offsets), min(windows, default=0.0))


def apart(expr: Expr, rules: Sequence[RecordingRule]) -> float:
    """Seconds after which recordings over a short and over a long range differ; 0: never.

    An alert that reads both must see more data than the short one holds.
    """
    spans: set[float] = set()
    for node in vector_selectors(expr):
        for rule in recorded_by(node, rules):
            ranges = [n.range for n in walk(parse(rule.expr)) if isinstance(n, RangeSelector)]
            spans |= {max(_ms(span) for span in ranges) / 1000} if ranges else set()
    return min(spans) if len(spans) > 1 else 0.0


def reads_calendar(expr: Expr, rules: Sequence[RecordingRule]) -> bool:
    """Whether an expression knows the day of the month, directly or through recordings."""
    if any(isinstance(n, Call) and n.function in _OF_CALENDAR for n in walk(expr)):
        return True
    return any(
        reads_calendar(parse(rule.expr), rules)
        for node in vector_selectors(expr)
        for rule in recorded_by(node, rules)
    )


_OF_CALENDAR = frozenset({"day_of_month", "day_of_year"})


def _reached(
    expr: Expr, rules: Sequence[RecordingRule], window: float, offset: float
) -> Iterable[tuple[VectorSelector | None, float, float]]:
    match expr:
        case VectorSelector():
            moved = offset + _ms(expr.offset) / 1000
            made = recorded_by(expr, rules)
            for rule in made:
                yield from _reached(parse(rule.expr), rules, 0.0, moved)
            if not made:
                yield expr, 0.0 if ":" in (expr.name or "") else window, moved
        case RangeSelector():
            moved = offset + _ms(expr.offset) / 1000
            yield from _reached(expr.selector, rules, window + _ms(expr.range) / 1000, moved)
        case Subquery():
            moved = offset + _ms(expr.offset) / 1000
            yield from _reached(expr.expr, rules, window + _ms(expr.range) / 1000, moved)
        case _:
            for child in children(expr):
                yield from _reached(child, rules, window, offset)


def _ms(span: object) -> float:
    if span is None:
        return 0.0
    found = getattr(span, "ms", None)
    if found is None:
        raise Unsupported("a duration that is no literal")
    return float(found)


# --------------------------------------------------------------------------- samples


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
