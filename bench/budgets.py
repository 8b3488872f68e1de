"""A month of a tenant's SLOs as its rules would have recorded it, so that budgets burn down.

A day of raw data fills no window of thirty days. What each SLO counts is laid under it, a sample
every two minutes, at the pace of the day's traffic and with three bad hours; over that the period's
rules are asked once an hour.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from bench.lifelike import DAY, HOUR, World
from bench.recorded import Rule, record
from generator.servers.prometheus import Series
from generator.servers.temporary import blocks_from, prometheus_over, workspace
from generator.tools import Tool

TOTAL, FAILED, ALLOWED = "slo:sli_total:rate5m", "slo:sli_errors:rate5m", "slo:error_budget:ratio"
PERIOD = ("slo:sli_error:ratio_rate30d", "slo:period_burn_rate:ratio")
REMAINING = "slo:period_error_budget_remaining:ratio"
EVERY = 120.0
BAD = ((22.6, 1.5, 14.0), (13.2, 0.75, 22.0), (6.4, 1.0, 9.0))
"""(days before the end, hours, how many times the allowed part fails)."""
USUAL = 0.22
"""Part of the allowed failures that there always is."""


def counted(rules: Sequence[Rule]) -> list[Rule]:
    """The rules that record what SLOs count, and what those read."""
    wanted, found = {TOTAL, FAILED, ALLOWED}, list[Rule]()
    while more := [rule for rule in rules if rule.name in wanted and rule not in found]:
        found += more
        wanted |= {name for rule in more for name in rule.needs}
    return found


def lay_month(
    tools: tuple[Tool, Tool], rules: Sequence[Rule], data: Path, world: World, known: float
) -> list[str]:
    """Add the month before `known`, from when on all is recorded; what failed is told.

    `tools` are prometheus and promtool.
    """
    with workspace() as folder:
        with prometheus_over(tools[0], data, folder) as server:
            totals, allowed = (server.query(name, world.end - HOUR) for name in (TOTAL, ALLOWED))
        text = folder / "month.om"
        with text.open("w", encoding="utf-8") as out:
            out.writelines(_month(totals, allowed, world, known))
        blocks_from(tools[1], text, data)
    wanted = [rule for rule in rules if rule.name in (*PERIOD, REMAINING)]
    return record(tools, wanted, data, world.end - 30 * DAY, known - HOUR, HOUR)


def _month(
    totals: Sequence[Series], allowed: Sequence[Series], world: World, known: float
) -> Iterator[str]:
    parts = {series.labels["slo"]: series.points[-1][1] for series in allowed}
    for name in (TOTAL, FAILED):
        yield f"# TYPE {name} unknown\n"
        for series in totals:
            labels = {k: v for k, v in series.labels.items() if k != "__name__"}
            head = ",".join(f'{k}="{v}"' for k, v in sorted(labels.items()))
            pace = series.points[-1][1] / world.traffic(world.end - HOUR)
            at = known - 31 * DAY
            while at < known:
                value = pace * world.traffic(at)
                if name == FAILED:
                    value *= parts[labels["slo"]] * _failing(world, at)
                yield f"{name}{{{head}}} {value:.9g} {at:.0f}\n"
                at += EVERY
    yield "# EOF\n"


def _failing(world: World, at: float) -> float:
    """How many times the allowed part fails at a time."""
    before = (world.end - at) / DAY
    return USUAL + sum(much for days, hours, much in BAD if 0 <= days - before < hours * HOUR / DAY)
