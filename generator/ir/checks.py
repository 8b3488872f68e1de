"""promtool unit tests as plain values: a folder of rules.yml and test files per alert."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from generator.ir.rules import RuleGroup
from generator.values import Duration


@dataclass(frozen=True, slots=True)
class InputSeries:
    """One input series in promtool's notation: series `name{l="v"}`, values e.g. `0+5x60`."""

    series: str
    values: str


@dataclass(frozen=True, slots=True)
class Expectation:
    """At `at` after the start, `expr` gives exactly `samples` (label text -> value)."""

    at: Duration
    expr: str
    samples: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class ExpectedAlert:
    """One firing alert with all its labels (but `alertname`) and rendered annotations."""

    labels: Mapping[str, str]
    annotations: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class AlertExpectation:
    """At `at` after the start exactly these alerts of the name fire."""

    at: Duration
    alerts: tuple[ExpectedAlert, ...]


@dataclass(frozen=True, slots=True)
class Scenario:
    """One test case of an alert: `name` says what it shows (`fires after 10m`)."""

    name: str
    interval: Duration
    series: tuple[InputSeries, ...]
    expectations: tuple[Expectation, ...]
    alerts: tuple[AlertExpectation, ...] = ()


@dataclass(frozen=True, slots=True)
class TestFile:
    """Scenarios whose rules are evaluated every `evaluation`, in `<name>.yml`."""

    __test__ = False

    name: str
    evaluation: Duration
    scenarios: tuple[Scenario, ...]


@dataclass(frozen=True, slots=True)
class AlertTest:
    """All scenarios of one alert with the rule groups they need, evaluated in this order."""

    slug: str
    """The folder's name, stable under edits elsewhere."""
    alert: str
    groups: tuple[RuleGroup, ...]
    scenarios: tuple[Scenario, ...]
    evaluation: Duration = Duration(60_000)
    """How often the rules are evaluated, in all scenarios."""
    further: tuple[TestFile, ...] = ()
    """Scenarios that need another evaluation interval: later steps, windows of maintenance."""

    @property
    def fires(self) -> bool:
        """Whether a scenario expects the alert to fire."""
        every = [*self.scenarios, *(s for file in self.further for s in file.scenarios)]
        return any(one.samples for scenario in every for one in scenario.expectations)
