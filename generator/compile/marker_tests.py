"""Tests of the markers: planned work at the beginning and end of its windows, outages upstream.

Windows lie decades after the start of a test, so their evaluations are weeks apart, and as many
as make one of them fall on the very second that matters.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from generator.compile.kinds import DEPENDENCY_INFO
from generator.compile.scenarios import SILENT, at, counted, told
from generator.compile.simulation import Evaluation
from generator.compile.vectors import Unsupported
from generator.ir.checks import AlertTest, Expectation, InputSeries, Scenario, TestFile
from generator.ir.rules import AlertRule, RecordingRule, RuleGroup
from generator.promql.parser import parse
from generator.promql.tree import Expr, Number, vector_selectors, walk
from generator.spec.model import LabelNames

_EVALUATIONS = 250
"""From the start of a test to the second it looks at."""


@dataclass(frozen=True, slots=True)
class Marker:
    """A marker's rule in its group."""

    rule: AlertRule
    group: RuleGroup

    @property
    def planned(self) -> bool:
        """Whether it is of planned work: it reads the time and no series."""
        return not vector_selectors(parse(self.rule.expr))

    def upstream(self, names: LabelNames) -> Mapping[str, str]:
        """The label of an alert of a service that another depends on."""
        for rule in self.group.rules:
            if isinstance(rule, RecordingRule) and rule.record == DEPENDENCY_INFO:
                return {names.service: rule.labels["upstream"]}
        return {}


def markers(groups: Sequence[RuleGroup], kind_label: str, kind: str) -> Iterator[Marker]:
    """The markers among the rules."""
    for group in groups:
        for rule in group.rules:
            if isinstance(rule, AlertRule) and rule.labels.get(kind_label) == kind:
                yield Marker(rule, group)


def window_test(marker: Marker, slug: str, names: LabelNames) -> AlertTest | None:
    """It fires from the first second of a window to the last, not before and not after."""
    expr = parse(marker.rule.expr)
    times = [int(node.value) for node in walk(expr) if isinstance(node, Number)]
    windows = list(zip(times[::2], times[1::2], strict=False))
    shown = dict.fromkeys((windows[0], windows[-1])) if windows else {}
    files: list[TestFile] = []
    try:
        for number, (start, end) in enumerate(shown, 1):
            for what, second in (("begin", start), ("last", end - 1), ("end", end)):
                files.append(_file(f"{what}-{number}", what, second, expr, marker, names))
    except Unsupported:
        return None
    if not files:
        return None
    first, *further = files
    group = marker.group
    scenarios, evaluation = first.scenarios, first.evaluation
    return AlertTest(slug, marker.rule.alert, (group,), scenarios, evaluation, tuple(further))


def _file(
    name: str, what: str, second: int, expr: Expr, marker: Marker, names: LabelNames
) -> TestFile:
    """Evaluations of which one falls on the second; the one before and after are looked at too."""
    step = second / _EVALUATIONS
    firing = counted(marker.rule.alert, marker.rule.labels, names)
    evaluation = Evaluation((), step, step)
    expected: list[Expectation] = []
    for index in (_EVALUATIONS - 1, _EVALUATIONS, _EVALUATIONS + 1):
        count = len(evaluation.vector(expr, index * step))
        expected.append(Expectation(at(index * step), firing, told(count) if count else SILENT))
    series = (InputSeries("unrelated", f"1x{_EVALUATIONS + 1}"),)
    told_as = {
        "begin": "fires when its window begins",
        "last": "fires to the last second of its window",
        "end": "is silent when its window has ended",
    }[what]
    return TestFile(name, at(step), (Scenario(told_as, at(step), series, tuple(expected)),))
