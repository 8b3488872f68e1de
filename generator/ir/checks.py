"""promtool unit tests as plain values: a folder of rules.yml and test.yml per alert."""

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
class Scenario:
    """One test case of an alert: `name` says what it shows (`fires after 10m`)."""

    name: str
    interval: Duration
    series: tuple[InputSeries, ...]
    expectations: tuple[Expectation, ...]


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
