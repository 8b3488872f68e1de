"""One alert with what is known of how it can be shown: its case, that scenarios are made of."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from generator.compile.context import Context
from generator.compile.decoys import Decoys, decoys, opposed, recorded_decoys
from generator.compile.proof import Proof, Subject
from generator.compile.proving import prove
from generator.compile.samples import samples
from generator.compile.scenarios import counted, scenario
from generator.compile.simulation import Evaluation
from generator.compile.stimulus import Phase, Source
from generator.compile.unusual import Usual
from generator.ir.checks import Expectation, Scenario
from generator.ir.rules import AlertRule, RecordingRule, RuleGroup
from generator.promql.parser import parse
from generator.promql.tree import VectorSelector, vector_selectors


@dataclass(frozen=True, slots=True)
class Case:
    """An alert with what is known of how it can be shown."""

    rule: AlertRule
    steps: tuple[AlertRule, ...]
    subject: Subject
    proof: Proof | None
    decoys: Decoys
    recordings: tuple[tuple[Source, float, float], ...]
    """Recordings that are none of its own, with their values while it is calm, and hot."""
    context: Context

    @property
    def firing(self) -> str:
        """Counts what fires of it."""
        return counted(self.rule.alert, self.rule.labels, self.context.platform.labels)

    def recorded(self, hot: bool) -> dict[Source, float]:
        """What recordings of others hold."""
        return {decoy: beyond if hot else safe for decoy, safe, beyond in self.recordings}


def case_of(
    rule: AlertRule,
    groups: Sequence[RuleGroup],
    usual: Usual | None,
    context: Context,
    of_alerts: Mapping[str, str] | None = None,
) -> Case:
    """The case of an alert whose rules, and what they read, are in these groups.

    `usual`: what an anomaly's series does; `of_alerts`: labels of the alerts that it reads.
    """
    rules = [r for group in groups for r in group.rules if isinstance(r, RecordingRule)]
    level = context.platform.labels.level
    steps = tuple(
        r
        for group in groups
        for r in group.rules
        if isinstance(r, AlertRule) and r.alert == rule.alert and level in r.labels
    )
    subject = Subject(
        alert=rule.alert,
        labels=rule.labels,
        expr=parse(rule.expr),
        rules=rules,
        hold=float(rule.for_.seconds),
        keep=float(rule.keep_firing_for.seconds),
        step=float(context.platform.evaluation_interval.seconds),
        latches=_latches(rule),
        usual=usual,
        of_alerts=of_alerts or {},
    )
    proof = prove(subject)
    beside: Decoys = {}
    recordings: tuple[tuple[Source, float, float], ...] = ()
    if proof is not None:
        label = context.platform.labels.tenant
        beside = decoys(subject.expr, rules, proof.sources, rule.alert, label)
        recordings = tuple(_recordings(subject, proof, label))
    return Case(rule, steps, subject, proof, beside, recordings, context)


def _recordings(
    subject: Subject, proof: Proof, tenant_label: str
) -> Iterator[tuple[Source, float, float]]:
    """Recordings that its selectors must not take, as its own are when calm and when hot."""
    grid = proof.grid
    found = recorded_decoys(subject.expr, subject.rules, tenant_label)
    if not found or subject.usual is not None:
        return
    played = [
        Evaluation(
            samples(proof.sources, phases, grid.interval), grid.interval, grid.step, subject.rules
        )
        for phases in (proof.calm, proof.hot)
    ]
    values: dict[VectorSelector, list[float]] = {}
    for decoy, node in found.items():
        if node not in values:
            values[node] = [s.value for one in played for s in one.vector(node, proof.fires)[:1]]
        if len(values[node]) == 2:
            safe, beyond = values[node]
            yield decoy, safe, beyond


def _latches(rule: AlertRule) -> bool:
    own = ("alertname", "=", rule.alert)
    return any(
        node.name == "ALERTS" and own in [(m.name, m.op, m.value) for m in node.matchers]
        for node in vector_selectors(parse(rule.expr))
    )


def case_scenario(
    name: str,
    case: Case,
    phases: Sequence[Phase],
    expected: Sequence[Expectation],
    proof: Proof,
) -> Scenario:
    """A case in which other series, the other tenant's among them, do the opposite."""
    hot, calm = proof.hot[len(proof.calm) - 1].levels, proof.calm[-1].levels
    others_do = [
        replace(made, levels={**made.levels, **case.recorded(phase.levels != hot)})
        for phase, made in zip(phases, opposed(phases, hot, calm, case.decoys), strict=True)
    ]
    others = (*case.decoys, *(decoy for decoy, _, _ in case.recordings))
    return scenario(name, proof.grid.interval, proof.sources, phases, expected, others, others_do)
