"""What mutes what, in sentences: markers, dependencies, maintenance, inhibit rules."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

from generator.compile.kinds import (
    DEPENDENCY_INFO,
    MAINTENANCE_ALERT,
    MARKER,
    TENANT_MAINTENANCE_ALERT,
)
from generator.compile.wording import listed
from generator.ir.change import AlertChange, InhibitionChange, Sort, TenantChange
from generator.promql.parser import parse
from generator.promql.problems import PromqlError
from generator.promql.tree import Number, walk
from generator.render.changes.facets import code_of, facet_texts
from generator.render.changes.phrases import MARKS, Line, count, named

_MAINTENANCE = frozenset({MAINTENANCE_ALERT, TENANT_MAINTENANCE_ALERT})
_EPOCH = 1_000_000_000
"""Numbers above it are times."""


def muting_lines(change: TenantChange) -> Iterator[Line]:
    """Markers, dependencies and inhibit rules of a tenant."""
    for marker in (one for one in change.alerts if one.kind == MARKER):
        if _base(marker.alert) in _MAINTENANCE:
            yield from _maintenance(marker)
            continue
        parts = facet_texts(marker.facets)
        if marker.inputs:
            parts.append(f"reads {named(marker.inputs)}, changed too")
        told = f": {'; '.join(parts)}" if parts else ""
        if marker.sort is Sort.CHANGED and not parts:
            continue
        code = code_of(marker.facets) if marker.sort is Sort.CHANGED else (("", marker.expr),)
        yield Line(MARKS[marker.sort], f"marker {marker.alert}{told}", code)
    for one in change.recordings:
        if one.record == DEPENDENCY_INFO and one.sort is not Sort.CHANGED:
            labels = dict(one.labels)
            service, upstream = labels.get("service", ""), labels.get("upstream", "")
            now = "is muted" if one.sort is Sort.ADDED else "is muted no longer"
            yield Line(MARKS[one.sort], f"{service} {now} while {upstream} is down")
    for inhibition in change.inhibitions:
        yield inhibition_line(inhibition)


def _maintenance(marker: AlertChange) -> Iterator[Line]:
    """Windows that are planned, by the times in a marker's expression."""
    was, now = _windows(marker.was), _windows(marker.expr)
    if marker.sort is Sort.REMOVED:
        now = ()
    whose = f"of {marker.service}" if marker.service else "of everything"
    for window in (one for one in now if one not in was):
        yield Line("+", f"maintenance {whose}: {window}")
    for window in (one for one in was if one not in now):
        yield Line("-", f"maintenance {whose}: {window}")
    if was == now:
        told = "; ".join(facet_texts(marker.facets))
        yield Line("~", f"marker {marker.alert}: {told}", code_of(marker.facets))


def _windows(expr: str) -> tuple[str, ...]:
    """`Sat 2026-12-05 22:00 to Sun 2026-12-06 02:00 UTC`, for each pair of times."""
    try:
        numbers = [int(n.value) for n in walk(parse(expr)) if isinstance(n, Number)]
    except PromqlError:
        return ()
    times = [datetime.fromtimestamp(n, UTC) for n in numbers if _EPOCH < n < 5 * _EPOCH]
    pairs = zip(times[::2], times[1::2], strict=False)
    return tuple(f"{a:%a %Y-%m-%d %H:%M} to {b:%a %Y-%m-%d %H:%M} UTC" for a, b in pairs)


def _base(alert: str) -> str:
    return alert.partition("{")[0]


def inhibition_line(one: InhibitionChange) -> Line:
    """An inhibit rule, or several that differ alike."""
    if one.sort is not Sort.CHANGED:
        text = f"{one.source} mutes {one.target}, where they agree in {', '.join(one.equal)}"
        return Line(MARKS[one.sort], text)
    parts = [f"now also ask that {listed(one.added)} agree"] if one.added else []
    parts += [f"no longer ask that {listed(one.removed)} agree"] if one.removed else []
    rules = count(one.rules, "inhibit rule")
    return Line("~", f"{rules} {' and '.join(parts)}; the first: {one.source} mutes {one.target}")
