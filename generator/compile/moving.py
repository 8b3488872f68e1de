"""One source moved until a gap closes; where none can close it, until the levels fit."""

from __future__ import annotations

from collections.abc import Callable

from generator.compile.bench import Bench
from generator.compile.roots import grid, root
from generator.compile.stimulus import ALERT, BUSY, Levels, Source
from generator.promql.tree import Expr


def moved(
    bench: Bench,
    expr: Expr,
    start: Levels,
    gap: Callable[[Levels], float | None],
    fits: Callable[[Levels], bool],
) -> Levels | None:
    """The start with one source's level changed so that the gap closes, or, if none can close
    it, so that it fits. Raises Unsupported.
    """
    free = [s for s in _narrow_first(bench.read_by(expr)) if s.kind != ALERT]
    for source in free:
        level = _closing(source, start, gap)
        if level is not None:
            return {**start, source: level}
    for source in (*free, *(s for s in bench.read_by(expr) if s.kind == ALERT)):
        for level in (1.0, None) if source.kind == ALERT else grid(source):
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


def _closing(source: Source, start: Levels, gap: Callable[[Levels], float | None]) -> float | None:
    """A level of the source at which the gap is closed."""
    return root(source, lambda level: gap({**start, source: level}))
