"""The scenarios that every alert has, and those of its conditions."""

from __future__ import annotations

from dataclasses import replace

from generator.compile.alert_case import Case, case_scenario
from generator.compile.decoys import FOREIGN
from generator.compile.proof import Proof, Shown, Subject
from generator.compile.scenarios import SILENT, at, scenario, told
from generator.compile.simulation import Evaluation
from generator.compile.stimulus import Source
from generator.compile.vectors import Unsupported
from generator.ir.checks import Expectation, Scenario
from generator.promql.format import one_line


def scenarios_of(case: Case, proof: Proof) -> list[Scenario]:
    """The cases of an alert that every alert has, then those of its conditions."""
    firing, hold = case.firing, case.rule.for_
    expected = _fires(proof, firing)
    name = f"fires {hold} after its condition holds" if hold.ms else "fires"
    if proof.resolves is not None:
        name += ", and resolves"
    silent = [Expectation(at(proof.fires), firing, SILENT)]
    found = [
        case_scenario(name, case, proof.hot, expected, proof),
        case_scenario("is silent on the safe side", case, proof.calm, silent, proof),
    ]
    for shown in proof.sides:
        found.append(_side(case, shown))
    for one in proof.unusual:
        moments = [Expectation(at(time), firing, told(count)) for time, count in one.moments]
        found.append(case_scenario(one.name, case, one.phases, moments, proof))
    empty = without_data(proof, case.subject)
    if empty is None:
        return found
    nothing = [Expectation(at(proof.fires), firing, told(empty))]
    interval = proof.grid.interval
    foreign = _foreign(case, proof)
    if foreign:
        name = "takes another tenant's data for none"
        phases = [
            replace(phase, levels={new: phase.levels.get(old, old.base) for new, old in foreign})
            for phase in (proof.calm if empty else proof.hot)
        ]
        found.append(scenario(name, interval, [new for new, _ in foreign], phases, nothing))
    what = "fires" if empty else "is silent"
    found.append(scenario(f"{what} without any data", interval, (), (), nothing))
    return found


def _fires(proof: Proof, firing: str) -> list[Expectation]:
    """Not before its time, then, and until it resolves."""
    count = told(proof.count)
    expected = [
        Expectation(at(proof.quiet_until), firing, SILENT),
        Expectation(at(proof.fires), firing, count),
    ]
    if proof.resolves is not None:
        expected.append(Expectation(at(proof.resolves.fires_until), firing, count))
        expected.append(Expectation(at(proof.resolves.silent_from), firing, SILENT))
    return expected


def _side(case: Case, shown: Shown) -> Scenario:
    """One condition alone decides."""
    assert case.proof is not None
    text = shown.what
    if not isinstance(text, str):
        text = one_line(text, case.rule.expr)
    if len(text) > 60:
        text = f"{text[:59]}…"
    if shown.proof is not None:
        how = {"or": f"fires for {text} alone", "unless": f"is silent while {text}"}
        name = how.get(shown.op, f"waits for {text}")
        expected = _fires(shown.proof, case.firing)
        return case_scenario(name, case, shown.proof.hot, expected, shown.proof)
    holds = "holds" if shown.op == "unless" else "does not hold"
    expected = [Expectation(at(case.proof.fires), case.firing, SILENT)]
    return case_scenario(f"is silent while {text} {holds}", case, shown.calm, expected, case.proof)


def without_data(proof: Proof, subject: Subject) -> int | None:
    """How many alerts fire when there is no series at all."""
    evaluation = Evaluation((), proof.grid.interval, proof.grid.step, subject.rules)
    try:
        return len(evaluation.vector(subject.expr, proof.fires))
    except Unsupported:
        return None


def _foreign(case: Case, proof: Proof) -> list[tuple[Source, Source]]:
    """The series under another tenant's label; none where one carries no tenant's."""
    label = case.context.platform.labels.tenant
    if any(label not in dict(source.labels) for source in proof.sources):
        return []
    return [
        (replace(s, labels=tuple(sorted({**dict(s.labels), label: FOREIGN}.items()))), s)
        for s in proof.sources
    ]
