"""What tenants' rules cost, as a table for people and as data for JSON."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict
from itertools import groupby
from typing import Any

from generator.ir.cost import PartCost, TenantCost

_SHOWN = 5
"""Parts of each kind, besides SLOs, that the table shows one by one: those that read most."""
_WIDTH = 100
_KINDS = {"slo": "SLO", "alert": "alert", "recording": "recording", "marker": "marker"}
_SUMMED = (
    "alerts",
    "alert_rules",
    "recording_rules",
    "groups",
    "recorded_series",
    "alerts_series",
    "samples_per_evaluation",
    "samples_per_second",
)


def cost_data(costs: Sequence[TenantCost]) -> dict[str, Any]:
    """`{"tenants": [...], "total": {...}}`: every tenant with all its parts."""
    return {
        "tenants": [_tenant(cost) for cost in costs],
        "total": {key: _sum(getattr(cost, key) for cost in costs) for key in _SUMMED},
    }


def _tenant(cost: TenantCost) -> dict[str, Any]:
    data = asdict(cost)
    name, rules = cost.largest_group
    data["largest_group"] = {"name": name, "rules": rules}
    data["parts"] = [_part(part) for part in cost.parts]
    return data


def _part(part: PartCost) -> dict[str, Any]:
    data = asdict(part)
    place = data.pop("place")
    return {
        **data,
        "file": place["file"] if place else None,
        "line": place["line"] if place else None,
    }


def _sum(numbers: Iterable[float]) -> float:
    return round(sum(numbers), 3)


# --------------------------------------------------------------------------- text


def cost_text(costs: Sequence[TenantCost]) -> str:
    """Tables that need no terminal: the tenants, then each tenant's parts; ends with a newline."""
    if not costs:
        return "no tenant compiles: nothing to count\n"
    blocks = [_overview(costs)]
    for cost in costs:
        blocks += [_details(cost), *_assumptions(cost)]
    return "\n\n".join(blocks) + "\n"


def _overview(costs: Sequence[TenantCost]) -> str:
    head = (
        "tenant",
        "alerts",
        "alert rules",
        "recording",
        "groups",
        "largest",
        "recorded",
        "ALERTS",
        "samples/eval",
        "samples/s",
    )
    above = ("", "", "", "rules", "", "group", "series", "series", "", "")
    rows = [
        (
            cost.tenant,
            *map(told, (cost.alerts, cost.alert_rules, cost.recording_rules, cost.groups)),
            told(cost.largest_group[1]),
            *map(told, (cost.recorded_series, cost.alerts_series)),
            *map(told, (cost.samples_per_evaluation, cost.samples_per_second)),
        )
        for cost in costs
    ]
    if len(costs) > 1:
        sums = {key: told(_sum(getattr(cost, key) for cost in costs)) for key in _SUMMED}
        largest = told(max(cost.largest_group[1] for cost in costs))
        row = [sums[key] for key in _SUMMED]
        rows.append(("total", *row[:4], largest, *row[4:]))
    return _table([head, above, *rows])


def _details(cost: TenantCost) -> str:
    head = (cost.tenant, "rules", "alerts", "groups", "series per", "series", "samples", "samples")
    under = ("", "", "", "", "combination", "", "per eval", "per s")
    rows = []
    for kind, parts in groupby(cost.parts, key=lambda part: part.kind):
        rows += _kind_rows(kind, list(parts))
    return _table([head, under, *rows])


def _kind_rows(kind: str, parts: Sequence[PartCost]) -> list[tuple[str, ...]]:
    """SLOs all, of others those that read most and the rest together."""
    if kind == "slo" or len(parts) <= _SHOWN + 1:
        return [_row(_name(part), [part]) for part in parts]
    ranked = sorted(parts, key=lambda part: -part.samples_per_second)
    rest = ranked[_SHOWN:]
    rows = [_row(_name(part), [part]) for part in ranked[:_SHOWN]]
    return [*rows, _row(f"  {len(rest)} more {_KINDS[kind]}s", rest)]


def _row(name: str, parts: Sequence[PartCost]) -> tuple[str, ...]:
    numbers = (
        sum(part.rules for part in parts),
        sum(part.alerts for part in parts),
        sum(part.groups for part in parts),
        sum(part.series_per_combination for part in parts),
        sum(part.recorded_series for part in parts),
        sum(part.samples_per_evaluation for part in parts),
        _sum(part.samples_per_second for part in parts),
    )
    return (name, *map(told, numbers))


def _name(part: PartCost) -> str:
    name = f"  {_KINDS[part.kind]} {part.name}"
    return f"{name} of {part.service}" if part.service else name


def _assumptions(cost: TenantCost) -> list[str]:
    """The metrics whose number of series is not stated, folded to the table's width."""
    if not cost.assumed:
        return []
    each = cost.series_per_metric
    several = len(cost.assumed) != 1
    which = f"{len(cost.assumed)} metrics do" if several else "One metric does"
    lines = [
        f"  At most, with {each} label combination{'s' if each > 1 else ''} assumed"
        f"{' of each' if several else ''}: {which} not state how many series there are",
        "  (write metrics: {x: {series: 40}} or the platform's limits.series_per_metric):",
        *_folded(cost.assumed),
    ]
    return ["\n".join(lines)]


def _folded(words: Iterable[str]) -> list[str]:
    lines, line = [], "   "
    for word in words:
        if len(line) + 1 + len(word) > _WIDTH and line.strip():
            lines.append(line)
            line = "   "
        line += f" {word}"
    return [*lines, line]


def told(number: float) -> str:
    """A number with thousands apart; one decimal below ten where it is not whole."""
    return f"{number:,.0f}" if number == int(number) or number >= 10 else f"{number:,.1f}"


def _table(rows: Sequence[Sequence[str]]) -> str:
    """Columns as wide as they must be, the first to the left, numbers to the right."""
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    lines = []
    for row in rows:
        cells = [row[0].ljust(widths[0])]
        cells += [cell.rjust(width) for cell, width in zip(row[1:], widths[1:], strict=True)]
        lines.append("  ".join(cells).rstrip())
    return "\n".join(lines)
