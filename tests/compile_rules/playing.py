"""Alerts played on the real promtool: data by parts of time, and when each alert should fire."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from generator.compile.series import notation
from generator.compile.signals import compile_alert
from generator.compile.tenant import alert_groups
from generator.findings import has_errors
from generator.ir.checks import AlertTest, Expectation, InputSeries, Scenario
from generator.ir.rules import RuleGroup
from generator.render.prometheus import test_files as unit_test_files
from generator.spec.model import Alert, Tenant
from generator.tools import Tool
from generator.values import Duration
from generator.verify.promtool import run_tests
from tests.builders import platform, tenant

Values = Sequence[float | None]


@dataclass(frozen=True, slots=True)
class Case:
    """One scenario: series by name, and at each time how many series of an alert fire.

    `fires` maps a time to a number of firing series of the alert under test; until `never` it
    has not fired at all; `told` lists (time, expression, value of its only sample or None).
    """

    name: str
    series: Mapping[str, Values]
    fires: Mapping[str, int] = field(default_factory=dict)
    never: str = ""
    told: Sequence[tuple[str, str, float | None]] = ()


def compiled(*alerts: Alert, spec: Tenant | None = None) -> tuple[RuleGroup, ...]:
    """The groups of these alerts, which must be without fault."""
    spec = spec or tenant(alerts=alerts)
    made = [compile_alert(alert, spec, platform()) for alert in alerts]
    found = [f for one in made for f in one.findings]
    assert not has_errors(found), found
    return alert_groups(spec, platform(), [a for one in made for a in one.alerts])


def as_test(
    alert: str, groups: Sequence[RuleGroup], step: str, cases: Iterable[Case], slug: str = ""
) -> AlertTest:
    """The cases of one alert as promtool will play them, a sample and an evaluation every step."""
    every = Duration.parse(step)
    series = f'ALERTS{{alertname="{alert}",alertstate="firing",escalation_level=""}}'
    firing = f"count({series})"
    scenarios = []
    for case in cases:
        expected = [
            Expectation(Duration.parse(at), firing, {"{}": float(count)} if count else {})
            for at, count in case.fires.items()
        ]
        if case.never:
            ever = f"sum(count_over_time({series}[{case.never}]))"
            expected.append(Expectation(Duration.parse(case.never), ever, {}))
        expected += [
            Expectation(Duration.parse(at), expr, {} if value is None else {"{}": value})
            for at, expr, value in case.told
        ]
        inputs = tuple(InputSeries(name, notation(v)) for name, v in case.series.items())
        scenarios.append(Scenario(case.name, every, inputs, tuple(expected)))
    return AlertTest(slug or alert.lower(), alert, tuple(groups), tuple(scenarios), every)


def promtool_agrees(tool: Tool, folder: Path, *tests: AlertTest) -> None:
    """Every case of every test is as it should be; all run in one process."""
    for artifact in unit_test_files(tests, "x"):
        path = folder / artifact.path
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(artifact.content)
    findings, ran = run_tests(tool, sorted(folder.rglob("test.yml")), folder, {}, None)
    assert ran == len(tests)
    assert not findings, "\n".join(f.message for f in findings)


def parts(step: str, *pieces: tuple[str, float | Callable[[float], float | None] | None]) -> Values:
    """Samples of one series: (for how long, value or function of the hours from the start)."""
    every = Duration.parse(step).ms
    values: list[float | None] = []
    for length, value in pieces:
        for _ in range(Duration.parse(length).ms // every):
            hours = len(values) * every / 3_600_000
            values.append(value(hours) if callable(value) else value)
    return values


def with_gaps(step: str, values: Values, *gaps: tuple[str, str]) -> Values:
    """The samples without those (from, for how long)."""
    every, left = Duration.parse(step).ms, list(values)
    for start, length in gaps:
        first = Duration.parse(start).ms // every
        for index in range(first, first + Duration.parse(length).ms // every):
            left[index] = None
    return left


def noise(hours: float) -> float:
    """Nearly normal noise of mean 0 and deviation 1, the same in every run."""
    return sum(_uniform(round(hours * 3600) * 3 + part) for part in range(3))


def _uniform(number: int) -> float:
    """In [-1, 1], by a hash of a number."""
    for factor in (2654435761, 2246822519, 3266489917):
        number = number * factor % 2**32
        number ^= number >> 15
    return number / 2**31 - 1


def counter(step: str, rates: Values) -> Values:
    """A counter that rises by these rates a second; a missing rate is a missing sample."""
    seconds, total, values = float(Duration.parse(step).seconds), 0.0, []
    for rate in rates:
        total += (rate or 0.0) * seconds
        values.append(None if rate is None else total)
    return values
