"""Expressions turned round: at which levels of its sources does an alert's expression hold?

Comparisons are solved by search: one source is moved until the two sides stand 10 % beyond the
limit, or 10 % on the safe side of it. Every answer is checked by `simulation`, later by promtool.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from generator.compile.conditions import Side
from generator.compile.recorder import Past, Recorder
from generator.compile.simulation import Evaluation
from generator.compile.stimulus import (
    ALERT,
    BUSY,
    COUNTER,
    DROPS,
    GAUGE,
    HISTOGRAM,
    LINE,
    STEPS,
    Levels,
    Phase,
    Source,
    samples,
    sources,
)
from generator.compile.vectors import Vector
from generator.ir.rules import RecordingRule
from generator.promql.tree import (
    COMPARISON,
    SET,
    Binary,
    Call,
    Expr,
    children,
    unwrapped,
)

SAFE, BEYOND = 0.1, 0.107
"""How far on either side of a limit, relative to it. They differ, so that the mean over a window
that is half the one and half the other is not the limit itself, where rounding would decide."""

_COARSE = 2**-12
"""Counters rise in steps of fourteen bits: a level is found this closely."""

_RECENT = 4
"""How many evaluations a bench keeps."""

_Key = tuple["float | None", ...]
"""The levels of all sources, in order."""


@dataclass(slots=True)
class Bench:
    """Where expressions are evaluated for given levels of the sources.

    The sources first behave as `before` says, if it is given, then at the levels in question for
    `settled` seconds.
    """

    all_: tuple[Source, ...]
    rules: Sequence[RecordingRule]
    interval: float
    step: float
    settled: float
    before: Phase | None = None
    known: dict[tuple[int, _Key], Vector | float] = field(default_factory=dict)
    recent: dict[_Key, Evaluation] = field(default_factory=dict)
    """The last levels looked at: both sides of a comparison are asked about the same."""
    past: Past = field(default_factory=dict)

    def value(self, expr: Expr, levels: Levels) -> Vector | float:
        """The expression once the levels have settled. Raises Unsupported."""
        key = tuple(levels.get(source, source.base) for source in self.all_)
        known = self.known.get((id(expr), key))
        if known is None:
            whole = self.settled + (self.before.seconds if self.before else 0.0)
            time = math.floor((whole - self.interval) / self.step) * self.step
            known = self.known[id(expr), key] = self._evaluation(key, levels).value(expr, time)
        return known

    def _evaluation(self, key: _Key, levels: Levels) -> Evaluation:
        if key not in self.recent:
            if len(self.recent) == _RECENT:
                del self.recent[next(iter(self.recent))]
            phases = [*([self.before] if self.before else []), Phase(self.settled, levels)]
            series = samples(self.all_, phases, self.interval)
            self.recent[key] = Evaluation(
                series, self.interval, self.step, self.rules, recorder=Recorder(self.past)
            )
        return self.recent[key]

    def holds(self, expr: Expr, levels: Levels) -> bool:
        """Whether the expression returns a sample."""
        found = self.value(expr, levels)
        return isinstance(found, float) or bool(found)

    def number(self, expr: Expr, levels: Levels) -> float | None:
        """The expression's value; its first where it has several, None where it has none."""
        found = self.value(expr, levels)
        if isinstance(found, float):
            return found
        return found[0].value if found else None

    def read_by(self, expr: Expr) -> list[Source]:
        """The sources of a part of the expression, narrow selectors first."""
        wanted = sources(expr, self.rules)
        return [s for s in self.all_ if s in wanted or _alike(s, wanted)]


def _alike(source: Source, wanted: Iterable[Source]) -> bool:
    """The same series, of a kind that another part of the expression decided.

    Alerts and copies may have more labels than are asked of them.
    """
    labels = set(source.labels)
    return any(
        source.metric == w.metric
        and (
            source.labels == w.labels
            or ((source.copy or w.kind == ALERT) and labels.issuperset(w.labels))
        )
        for w in wanted
    )


def firing(bench: Bench, expr: Expr, start: Levels) -> Levels | None:
    """Levels at which the expression holds, None when none were found. Raises Unsupported."""
    found = _solve(bench, expr, True, start)
    return found if found is not None and bench.holds(expr, found) else None


def silent(bench: Bench, expr: Expr, start: Levels) -> Levels | None:
    """Levels near those that fire at which it does not hold. Raises Unsupported."""
    found = _solve(bench, expr, False, start)
    return found if found is not None and not bench.holds(expr, found) else None


def differing(
    bench: Bench, side: Side, hot: Levels, calm: Levels, base: Levels
) -> Iterator[Levels]:
    """Levels at which an expression may do otherwise without one side of a set operation.

    Raises Unsupported.
    """
    if side.op == "or":
        for start in (calm, base):
            alone = _solve(bench, side.expr, True, start)
            if alone is not None:
                yield alone
                quiet = _solve(bench, side.other, False, alone)
                if quiet is not None:
                    yield quiet
        return
    faint = {s: lv * 0.001 if lv and s.kind in (GAUGE, COUNTER) else lv for s, lv in hot.items()}
    for start in (hot, base, faint):
        failing = _solve(bench, side.expr, side.op == "unless", start)
        if failing is not None:
            yield failing
            holding = _solve(bench, side.other, True, failing)
            if holding is not None:
                yield holding


def deciding(bench: Bench, side: Side, failing: Levels) -> Levels | None:
    """Levels near those where one condition fails at which it just holds. Raises Unsupported."""
    return _solve(bench, side.expr, side.op != "unless", failing)


def reaching(bench: Bench, expr: Expr, target: float, start: Levels) -> Levels | None:
    """Levels at which the expression has this value. Raises Unsupported."""

    def gap(levels: Levels) -> float | None:
        value = bench.number(expr, levels)
        return None if value is None else value - target

    return _moved(bench, expr, start, gap, lambda levels: False)


# --------------------------------------------------------------------------- conditions


def _solve(bench: Bench, expr: Expr, wanted: bool, start: Levels) -> Levels | None:
    expr = unwrapped(expr)
    match expr:
        case Binary(op="and"):
            return _both(bench, expr, start) if wanted else _spoilt(bench, expr, start)
        case Binary(op="or"):
            return _either(bench, expr, start) if wanted else _neither(bench, expr, start)
        case Binary(op="unless"):
            return _unless(bench, expr, wanted, start)
        case Binary() if expr.op in COMPARISON and not expr.bool:
            return _compared(bench, expr, wanted, start)
        case Call(function="absent" | "absent_over_time"):
            level = (lambda s: None) if wanted else (lambda s: 1.0 if s.kind == ALERT else s.base)
            return {**start, **{source: level(source) for source in bench.read_by(expr)}}
        case _:
            return _inside(bench, expr, wanted, start)


def _both(bench: Bench, expr: Binary, start: Levels) -> Levels | None:
    """Each side in turn, in both orders: what one moves the other may not spoil."""
    for one, other in ((expr.lhs, expr.rhs), (expr.rhs, expr.lhs)):
        first = _solve(bench, one, True, start)
        if first is None:
            continue
        if bench.holds(expr, first):
            return first
        second = _solve(bench, other, True, first)
        if second is not None and bench.holds(expr, second):
            return second
    return None


def _spoilt(bench: Bench, expr: Binary, start: Levels) -> Levels | None:
    """One side fails while the other holds: the left, if it can."""
    last = None
    for one, other in ((expr.lhs, expr.rhs), (expr.rhs, expr.lhs)):
        found = _solve(bench, one, False, start)
        if found is None or bench.holds(expr, found):
            continue
        if bench.holds(other, found):
            return found
        last = last or found
    return last


def _either(bench: Bench, expr: Binary, start: Levels) -> Levels | None:
    for side in (expr.lhs, expr.rhs):
        found = _solve(bench, side, True, start)
        if found is not None and bench.holds(expr, found):
            return found
    return None


def _neither(bench: Bench, expr: Binary, start: Levels) -> Levels | None:
    found: Levels | None = start
    for side in (expr.lhs, expr.rhs):
        if found is not None and bench.holds(side, found):
            found = _solve(bench, side, False, found)
    return found


def _unless(bench: Bench, expr: Binary, wanted: bool, start: Levels) -> Levels | None:
    if not wanted:
        found = _solve(bench, expr.lhs, False, start)
        if found is not None and not bench.holds(expr, found):
            return found
        return _solve(bench, expr.rhs, True, start)
    found = start if bench.holds(expr.lhs, start) else _solve(bench, expr.lhs, True, start)
    if found is None or not bench.holds(expr.rhs, found):
        return found
    return _solve(bench, expr.rhs, False, found)


def _inside(bench: Bench, expr: Expr, wanted: bool, start: Levels) -> Levels | None:
    """Something that is no condition itself: the conditions in it, or whether there is data."""
    nested = _conditions(expr)
    if wanted:
        found: Levels = {s: lv for s, lv in start.items() if lv is not None or s.kind == ALERT}
        for node in nested:
            if not bench.holds(node, found):
                found = _solve(bench, node, True, found) or found
        if bench.holds(expr, found):
            return found
        alerts = {s: 1.0 for s in bench.read_by(expr) if s.kind == ALERT}
        for fired in (*({one: 1.0} for one in alerts), alerts):
            if bench.holds(expr, {**found, **fired}):
                return {**found, **fired}
        return found
    for node in nested:
        spoilt = _solve(bench, node, False, start)
        if spoilt is not None and not bench.holds(expr, spoilt):
            return spoilt
    return {**start, **dict.fromkeys(bench.read_by(expr))}


def _conditions(expr: Expr) -> list[Expr]:
    """The outermost comparisons, set operations and absences inside an expression."""
    found: list[Expr] = []
    for child in children(expr):
        inner = unwrapped(child)
        if (isinstance(inner, Binary) and _decides(inner)) or (
            isinstance(inner, Call) and inner.function in ("absent", "absent_over_time")
        ):
            found.append(inner)
        else:
            found += _conditions(inner)
    return found


def _decides(node: Binary) -> bool:
    return node.op in SET or (node.op in COMPARISON and not node.bool)


# --------------------------------------------------------------------------- comparisons


def _compared(bench: Bench, node: Binary, wanted: bool, start: Levels) -> Levels | None:
    """Move one source until the sides stand a margin apart, on the wanted side."""
    for inner in (*_conditions(node.lhs), *_conditions(node.rhs)):
        if not bench.holds(inner, start):
            opened = _solve(bench, inner, True, start)
            start = opened if opened is not None else start
    for side in (node.lhs, node.rhs):
        nested = unwrapped(side)
        if isinstance(nested, Binary) and nested.op in COMPARISON and not nested.bool:
            opened = _solve(bench, nested, True, start)
            start = opened if opened is not None else start
    share = BEYOND if wanted else SAFE
    width = abs(bench.number(node.lhs, start) or 0.0) * share or 1.0
    direction = _direction(node.op, wanted)

    def gap(levels: Levels) -> float | None:
        left, right = bench.number(node.lhs, levels), bench.number(node.rhs, levels)
        if left is None or right is None or not math.isfinite(left) or not math.isfinite(right):
            return None
        margin = abs(right) * share or width
        return left - right - direction * margin

    def fits(levels: Levels) -> bool:
        left, right = bench.number(node.lhs, levels), bench.number(node.rhs, levels)
        return left is not None and right is not None and bench.holds(node, levels) == wanted

    found = _moved(bench, node, start, gap, fits)
    if found is None and not wanted:
        gone = {**start, **dict.fromkeys(bench.read_by(node))}
        return None if bench.holds(node, gone) else gone
    return found


def _direction(op: str, wanted: bool) -> float:
    """On which side of the limit the left side must stand: 1 above, -1 below, 0 on it."""
    if op in ("==", "!="):
        return 0.0 if wanted == (op == "==") else 1.0
    return 1.0 if wanted == (op in (">", ">=")) else -1.0


def _moved(
    bench: Bench,
    expr: Expr,
    start: Levels,
    gap: Callable[[Levels], float | None],
    fits: Callable[[Levels], bool],
) -> Levels | None:
    """The start with one source's level changed so that the gap closes, or, if none can close
    it, so that it fits.
    """
    free = [s for s in _narrow_first(bench.read_by(expr)) if s.kind != ALERT]
    for source in free:
        level = _root(source, start, gap)
        if level is not None:
            return {**start, source: level}
    for source in (*free, *(s for s in bench.read_by(expr) if s.kind == ALERT)):
        for level in (1.0, None) if source.kind == ALERT else _grid(source):
            levels = {**start, source: level}
            if fits(levels):
                return levels
    if fits(start):
        return start
    several = _several(bench, expr, start, fits)
    if several is not None:
        return several
    fired = {s: 1.0 for s in bench.read_by(expr) if s.kind == ALERT}
    everything = {**start, **fired}
    return everything if fired and fits(everything) else None


def _several(
    bench: Bench, expr: Expr, start: Levels, fits: Callable[[Levels], bool]
) -> Levels | None:
    """Copies of a series moved together, one, two, …, or series taken away."""
    by_metric: dict[str, list[Source]] = {}
    for source in bench.read_by(expr):
        by_metric.setdefault(source.metric, []).append(source)
    for alike in by_metric.values():
        levels = (None,) if len(alike) < 3 else (None, 0.0, 1.0, 2.0, BUSY)
        for level in levels:
            for number in range(1, len(alike) + 1):
                moved = {**start, **dict.fromkeys(alike[:number], level)}
                if fits(moved):
                    return moved
    return None


def _narrow_first(found: list[Source]) -> list[Source]:
    """Errors before all requests: series with more labels are parts of those with fewer."""
    return sorted(found, key=lambda source: -len(source.labels))


def _root(source: Source, start: Levels, gap: Callable[[Levels], float | None]) -> float | None:
    """A level of the source at which the gap is closed, rounded where that keeps it closed."""

    def at(level: float) -> float | None:
        return gap({**start, source: level})

    guess = _rational(source, at)
    if guess is not None:
        return guess
    grid = [(level, value) for level in _grid(source) if (value := at(level)) is not None]
    for (low, below), (high, above) in pairwise(grid):
        if below == 0:
            return low
        if below * above < 0:
            found = _bisected(low, below, high, at)
            if found is not None:
                return found
    return grid[-1][0] if grid and grid[-1][1] == 0 else None


def _rational(source: Source, at: Callable[[float], float | None]) -> float | None:
    """The root where the gap is (p + q·level) / (1 + r·level), as of sums and ratios it is."""
    unit = 0.001 if source.kind == LINE else 1.0
    found = [(x, at(x)) for x in (unit, 2 * unit, 5 * unit)]
    points = [(x, y) for x, y in found if y is not None]
    if len(points) < 3 or points[0][1] == points[1][1] == points[2][1]:
        return None
    root = _rational_root(points)
    if root is None or (root < 0 and source.kind not in ("gauge", LINE, "age")):
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


def _grid(source: Source) -> list[float]:
    """Levels to look at, rising."""
    powers = [10.0**exponent for exponent in range(-6, 13)]
    if source.kind == LINE:
        small = [10.0**exponent for exponent in range(-6, 4)]
        return [-level for level in reversed(small)] + [0.0, *small]
    if source.kind in (STEPS, DROPS):
        return [0.0, *(count / 3600 for count in (0.5, 1, 2, 3, 5, 8, 12, 20, 40))]
    if source.kind == HISTOGRAM:
        return powers[3:]
    if source.kind in ("gauge", "age"):
        return [-level for level in reversed(powers[4:])] + [0.0, *powers]
    return [0.0, *powers]
