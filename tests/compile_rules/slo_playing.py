"""Rules of one SLO played on the real promtool, and data in its notation."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from generator.compile.slo import compile_slos
from generator.compile.tenant import alert_groups
from generator.findings import has_errors
from generator.ir.checks import AlertTest, Expectation, InputSeries, Scenario
from generator.ir.rules import RuleGroup
from generator.render.prometheus import test_files as unit_test_files
from generator.spec.model import Slo
from generator.tools import Tool
from generator.values import Duration
from generator.verify.promtool import run_tests
from tests.builders import platform, slo, tenant

STEP = Duration.of(seconds=30)

Expected = Sequence[tuple[str, str, float | None]]
"""(time, expression, its only value or None for no sample)."""


def groups(**changes: Any) -> tuple[RuleGroup, ...]:
    """All rules of an SLO named availability."""
    return groups_of(slo(**changes))


def groups_of(*slos: Slo, **around: Any) -> tuple[RuleGroup, ...]:
    """All rules of some SLOs of a tenant."""
    spec = tenant(slos={one.name: one for one in slos}, **around)
    recorded, compiled = compile_slos(spec, platform())
    assert not has_errors(compiled.findings), compiled.findings
    return (*recorded, *alert_groups(spec, platform(), compiled.alerts))


def promtool_agrees(
    tool: Tool,
    folder: Path,
    rules: Sequence[RuleGroup],
    series: Mapping[str, str],
    expected: Expected,
    step: Duration = STEP,
    interval: Duration | None = None,
) -> None:
    """Each (time, expression) gives one sample of this value, or nothing for None.

    `step`: of the evaluations; `interval`: of the data, where it is another.
    """
    told = [
        Expectation(Duration.parse(at), f"sum({expr})", {} if value is None else {"{}": value})
        for at, expr, value in expected
    ]
    inputs = tuple(InputSeries(name, values) for name, values in series.items())
    scenario = Scenario("case", interval or step, inputs, tuple(told))
    for artifact in unit_test_files(
        [AlertTest("case", "Case", tuple(rules), (scenario,), step)], "x"
    ):
        path = folder / artifact.path
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(artifact.content)
    files = sorted(folder.rglob("test.yml"))
    findings, _ = run_tests(tool, files, folder, {}, None)
    assert not findings, findings[0].message


def flow(*parts: tuple[float, str], step: Duration = STEP) -> str:
    """A counter in promtool's notation: (per second, for how long) one after another."""
    total, pieces = 0.0, []
    for rate, length in parts:
        count = Duration.parse(length).ms // step.ms
        rise = rate * float(step.seconds)
        pieces.append(f"{total:.12g}+{rise:.12g}x{count - 1}")
        total += rise * count
    return " ".join(pieces)


def level(*parts: tuple[float, str], step: Duration = STEP) -> str:
    """A gauge in promtool's notation: (value, for how long) one after another."""
    counts = [(value, Duration.parse(length).ms // step.ms) for value, length in parts]
    return " ".join(f"{value:.12g}x{count - 1}" for value, count in counts)


def firing(pair: str = "", alert: str = "SLOErrorBudgetBurn") -> str:
    """1 while an alert fires, no sample while none does."""
    also = f',burn_rate_pair="{pair}"' if pair else ""
    return f'max(ALERTS{{alertname="{alert}",alertstate="firing"{also}}}) > bool 0'
