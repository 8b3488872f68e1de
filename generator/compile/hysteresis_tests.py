"""Hysteresis tested: between its two limits nothing changes, past the clearing one it resolves."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from generator.compile.alert_case import Case, case_scenario
from generator.compile.bench import Bench
from generator.compile.decoys import alert_decoys
from generator.compile.inversion import reaching
from generator.compile.proof import Proof, Subject
from generator.compile.scenarios import SILENT, at, scenario, told
from generator.compile.stimulus import Levels, Phase
from generator.compile.vectors import Unsupported
from generator.ir.checks import Expectation, Scenario
from generator.promql.isolate import renamed
from generator.promql.parser import parse
from generator.promql.tree import Expr
from generator.spec.model import Alert, Threshold


def hysteresis(
    author: Alert | None, case: Case, proof: Proof, signs: Mapping[tuple[str, str], str]
) -> list[Scenario]:
    """Between the two limits nothing changes: what fires goes on, what does not stays silent.

    `signs`: what stands for values of labels in the case's rules, by (label, value).
    """
    if author is None or not isinstance(author.signal, Threshold) or author.signal.clear is None:
        return []
    context, signal, clear = case.context, author.signal, author.signal.clear
    grid, subject = proof.grid, case.subject
    between = (signal.level + clear) / 2
    margin = abs(clear) * Decimal("0.1") or Decimal("0.1")
    past = clear - margin if signal.op == ">" else clear + margin
    own = context.own(signal.expr.value)
    value: Expr = parse(renamed(own, signs))
    found = _latched(proof, subject, value, float(between), float(past))
    if found is None:
        return []
    settle = proof.hot[0].seconds
    hot = proof.hot[:2]
    held = sum(phase.seconds for phase in hot) + settle
    over = held + settle + grid.up(subject.keep) + 2 * grid.step
    phases = (*hot, Phase(settle, found.between), Phase(over + grid.step - held, found.past))
    firing, count = case.firing, told(proof.count)
    expected = [
        Expectation(at(proof.fires), firing, count),
        Expectation(at(grid.up(held - grid.step)), firing, count),
        Expectation(at(grid.up(over)), firing, SILENT),
    ]
    alone = (Phase(held, found.between),)
    end = [Expectation(at(grid.up(held - grid.step)), firing, SILENT)]
    name = "goes on firing until the clearing level, and resolves there"
    return [
        case_scenario(name, case, phases, expected, proof),
        _alone(case, alone, end),
    ]


def _alone(case: Case, phases: Sequence[Phase], expected: Sequence[Expectation]) -> Scenario:
    """Between the levels, while other alerts of the kind fire."""
    assert case.proof is not None
    proof, label = case.proof, case.context.platform.labels.tenant
    others = alert_decoys(case.subject.expr, label)
    fired = [Phase(sum(p.seconds for p in phases), dict.fromkeys(others, 1.0))]
    name = "does not begin between the two levels"
    return scenario(name, proof.grid.interval, proof.sources, phases, expected, others, fired)


@dataclass(frozen=True, slots=True)
class _Latched:
    """Levels between the two limits of a hysteresis, and past the clearing one."""

    between: Levels
    past: Levels


def _latched(
    proof: Proof, subject: Subject, value: Expr, between: float, past: float
) -> _Latched | None:
    """Levels at which a threshold's value lies between its limits, and where it clears."""
    hot = proof.hot[-1 if proof.resolves is None else -2].levels
    lead = proof.hot[0].seconds
    bench = Bench(proof.sources, subject.rules, proof.grid.interval, proof.grid.step, lead)
    try:
        middle, clear = reaching(bench, value, between, hot), reaching(bench, value, past, hot)
    except (Unsupported, OverflowError, ZeroDivisionError):
        return None
    return _Latched(middle, clear) if middle is not None and clear is not None else None
