"""Tests of an escalation's later steps: each follows its alert after `after`, and ends with it.

They have a file of their own, because days of waiting need slower evaluations than the alert.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

from generator.compile.decoys import alert_decoys
from generator.compile.proof import Proof, Subject
from generator.compile.scenarios import SILENT, at, counted, scenario, told
from generator.compile.series import accepts
from generator.compile.stimulus import ALERT, ALERTS, Phase, Source
from generator.compile.timeline import Grid, Play
from generator.compile.vectors import Unsupported
from generator.ir.checks import Expectation, TestFile
from generator.ir.rules import AlertRule
from generator.promql.parser import parse
from generator.promql.tree import vector_selectors
from generator.spec.model import LabelNames
from generator.values import Duration

FILE = "steps"
_FINE = 8
"""Evaluations in the shortest wait, at least."""


def steps_file(
    steps: Sequence[AlertRule], proof: Proof, subject: Subject, names: LabelNames, quiet: bool
) -> TestFile | None:
    """The test of the later steps; None when the alert cannot be held for so long.

    `quiet`: without any data the alert is silent. Then an alert whose data cannot go on for as
    long as the steps wait (a forecast, an anomaly) is given to them as an input.
    """
    grid = Grid(proof.grid.interval, _step(steps, subject.step))
    try:
        found = _whole(steps, proof, subject, grid, names)
    except (Unsupported, OverflowError, ZeroDivisionError):
        found = None
    if found is None and quiet:
        found = _given(steps, subject, grid, names)
    return found


def _step(steps: Sequence[AlertRule], evaluation: float) -> float:
    """The slowest evaluations that divide every wait and are fine enough for the shortest."""
    waits = [step.for_.ms for step in steps]
    common = math.gcd(*waits)
    parts = _FINE
    while common % parts:
        parts += 1
    return max(evaluation, common / parts / 1000)


def _whole(
    steps: Sequence[AlertRule], proof: Proof, subject: Subject, grid: Grid, names: LabelNames
) -> TestFile | None:
    """The alert's own data, held for as long as the last step needs; then it ends."""
    if subject.usual is not None:
        return None
    before, hot = proof.hot[: len(proof.calm) - 1], proof.hot[len(proof.calm) - 1]
    lead = grid.up(sum(phase.seconds for phase in before))
    longest = max(float(step.for_.seconds) for step in steps)
    hold = grid.up(subject.hold)
    held = grid.up((hot.seconds + hold) * 2) + longest + 4 * grid.step
    ends = proof.hot[len(proof.calm) :]
    cooled = [replace(phase, seconds=_cooled(phase, subject, grid)) for phase in ends]
    phases = (*before, replace(hot, seconds=held), *cooled)
    play = Play(subject.expr, proof.sources, phases, grid, subject.rules)
    onset = play.onset(lead)
    if onset is None:
        return None
    late, end = onset.late + hold, lead + held - grid.step
    if late + longest >= end or not play.lasts(onset.late, end, onset.count, looks=6):
        return None
    gone = play.offset(end, onset.count) if cooled else None
    keep = grid.up(subject.keep)
    silent = None
    if gone is not None and gone.late + keep + grid.step < play.end:
        silent = gone.late + keep
    expected = _expected(steps, onset.early + hold, late, onset.count, silent, grid, names)
    others = _others(steps, subject, names)
    always = [Phase(sum(phase.seconds for phase in phases), dict.fromkeys(others, 1.0))]
    name = _name(steps, silent)
    case = scenario(name, grid.interval, proof.sources, phases, expected, others, always)
    return TestFile(FILE, at(grid.step), (case,))


def _others(steps: Sequence[AlertRule], subject: Subject, names: LabelNames) -> tuple[Source, ...]:
    """Alerts that fire all the time and are none of theirs, nor any that the alert reads."""
    read = [node for node in vector_selectors(subject.expr) if node.name == ALERTS]
    found = (alert_decoys(parse(step.expr), names.tenant) for step in steps)
    return tuple(
        source
        for source in dict.fromkeys(source for one in found for source in one)
        if not any(accepts(node.matchers, dict(source.labels)) for node in read)
    )


def _cooled(phase: Phase, subject: Subject, grid: Grid) -> float:
    return phase.seconds * 2 + grid.up(subject.keep) + 4 * grid.step


def _given(steps: Sequence[AlertRule], subject: Subject, grid: Grid, names: LabelNames) -> TestFile:
    """The alert's first step as input: it fires from the second evaluation on, then ends."""
    fixed = {k: v for k, v in subject.labels.items() if "{{" not in v}
    labels = {"alertname": subject.alert, "alertstate": "firing", **fixed}
    source = Source(ALERTS, tuple(sorted(labels.items())), ALERT)
    longest = max(float(step.for_.seconds) for step in steps)
    phases = (
        Phase(grid.step, {}),
        Phase(longest + 4 * grid.step, {source: 1.0}),
        Phase(600 + 4 * grid.step, {}),
    )
    silent = grid.up(sum(phase.seconds for phase in phases[:2]) + 600)
    interval = min(60.0, grid.interval)
    expected = _expected(steps, grid.step, grid.step, 1, silent, grid, names)
    others = _others(steps, subject, names)
    always = [Phase(sum(phase.seconds for phase in phases), dict.fromkeys(others, 1.0))]
    name = _name(steps, silent)
    case = scenario(name, interval, (source,), phases, expected, others, always)
    return TestFile(FILE, at(grid.step), (case,))


def _expected(
    steps: Sequence[AlertRule],
    early: float,
    late: float,
    count: int,
    silent: float | None,
    grid: Grid,
    names: LabelNames,
) -> list[Expectation]:
    found: list[Expectation] = []
    for step in steps:
        firing = counted(step.alert, step.labels, names)
        after = grid.up(float(step.for_.seconds))
        found.append(Expectation(at(early + after - grid.step), firing, SILENT))
        found.append(Expectation(at(late + after), firing, told(count)))
        if silent is not None:
            found.append(Expectation(at(silent), firing, SILENT))
    return sorted(found, key=lambda one: one.at.ms)


def _name(steps: Sequence[AlertRule], silent: float | None) -> str:
    waits = " and ".join(str(Duration(step.for_.ms)) for step in steps)
    ends = ", and ends with it" if silent is not None else ""
    return f"tells the next {waits} after it began to fire{ends}"
