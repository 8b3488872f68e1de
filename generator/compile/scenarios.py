"""How a test case is written: input series from sources and phases, and counts of what fires."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from generator.compile.history import Series
from generator.compile.samples import samples
from generator.compile.series import notation
from generator.compile.stimulus import Phase, Source
from generator.ir.checks import Expectation, InputSeries, Scenario
from generator.promql.build import selector
from generator.spec.model import LabelNames
from generator.values import Duration

SILENT: Mapping[str, float] = {}
"""What `count` of nothing gives."""


def at(seconds: float) -> Duration:
    """A time in a test."""
    return Duration(round(seconds * 1000))


def told(count: float) -> Mapping[str, float]:
    """What `count` gives when so many fire."""
    return {"{}": float(count)} if count else SILENT


def counted(alert: str, labels: Mapping[str, str], names: LabelNames) -> str:
    """Counts an alert's firing series, told from its namesakes by its labels.

    Labels that a template fills are not known. Without a level it is the alert's first step.
    """
    matchers = [("alertname", "=", alert), ("alertstate", "=", "firing")]
    matchers += [(n, "=", value) for n, value in sorted(labels.items()) if "{{" not in value]
    if names.level not in labels:
        matchers.append((names.level, "=", ""))
    return f"count({selector('ALERTS', matchers)})"


def scenario(
    name: str,
    interval: float,
    all_: Iterable[Source],
    phases: Sequence[Phase],
    expected: Sequence[Expectation],
    others: Sequence[Source] = (),
    others_do: Sequence[Phase] = (),
) -> Scenario:
    """A test case: the sources go through the phases, others beside them through theirs."""
    made = [*samples(all_, phases, interval), *samples(others, others_do, interval)]
    series = [_input(one) for one in made]
    if not series:
        count = round(max(float(e.at.seconds) for e in expected) / interval) + 1
        series = [InputSeries("unrelated", notation([1.0] * count))]
    return Scenario(name, at(interval), tuple(series), tuple(expected))


def _input(series: Series) -> InputSeries:
    labels = [(label, "=", value) for label, value in series.labels]
    return InputSeries(selector(series.metric, labels), notation(series.values))
