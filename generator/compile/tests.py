"""The unit tests every alert gets: a folder of rules and scenarios each, for promtool.

An alert fires after its `for`, not one evaluation earlier, is silent 10 % on the safe side, takes
another tenant's data for none, does with no data what it says, and resolves. Later steps follow
it. The data is found by `proof`; authors' own tests are compiled too.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal

from generator.compile.author_tests import author_scenarios
from generator.compile.context import Context
from generator.compile.decoys import FOREIGN, Decoys, alert_decoys, decoys, opposed, recorded_decoys
from generator.compile.kinds import MARKER
from generator.compile.later_steps import steps_file
from generator.compile.marker_tests import Marker, markers, window_test
from generator.compile.naming import SLO_GROUPS, group_name, slo_group, test_slug
from generator.compile.plan import PlannedAlert
from generator.compile.proof import Proof, Shown, Subject, latched, prove
from generator.compile.samples import samples
from generator.compile.scenarios import SILENT, at, counted, scenario, told
from generator.compile.simulation import Evaluation
from generator.compile.stimulus import Phase, Source, recorded_by
from generator.compile.unusual import Usual
from generator.compile.vectors import Unsupported
from generator.findings import Finding, Place, info
from generator.ir.checks import AlertTest, Expectation, Scenario, TestFile
from generator.ir.rules import AlertRule, RecordingRule, RuleGroup
from generator.promql.parser import parse
from generator.promql.tree import Expr, VectorSelector, vector_selectors
from generator.spec.model import Alert, Anomaly, CompositeSli, Platform, Tenant, Threshold
from generator.values import Duration

_STEPS = (60.0, 120.0, 150.0, 300.0)
"""How often anomalies may be evaluated in a test, in seconds: parts of an hour, never more than
`for`, so that it is seen. Weeks are played in coarser steps."""
_DAY = 86_400.0


def alert_tests(
    tenant: Tenant,
    platform: Platform,
    alerts: Sequence[PlannedAlert],
    groups: Sequence[RuleGroup],
) -> tuple[tuple[AlertTest, ...], tuple[str, ...], tuple[Finding, ...]]:
    """A test per alert and marker, the slugs of all, and a finding for each that has none."""
    context = Context(tenant, platform)
    authors = {(a.name, a.service, a.pack): a for a in tenant.alerts}
    needs = _Needs(groups)
    tests: list[AlertTest] = []
    slugs = [planned.slug for planned in alerts]
    findings: list[Finding] = []
    for planned in alerts:
        author = authors.get((planned.rule.alert, planned.service, planned.pack))
        test, found = _alert_test(planned, author, needs, context)
        findings += found
        if test is not None:
            tests.append(test)
    for marker in markers(groups, platform.labels.kind, MARKER) if alerts else ():
        slug = _marker_slug(marker, context)
        slugs.append(slug)
        made = _marker_test(marker, slug, context)
        place = marker.rule.origin or tenant.place
        tests += [made] if made else []
        findings += [] if made else [_untested(marker.rule.alert, place, "")]
    return tuple(tests), tuple(slugs), tuple(findings)


def _alert_test(
    planned: PlannedAlert, author: Alert | None, needs: _Needs, context: Context
) -> tuple[AlertTest | None, list[Finding]]:
    own = group_name(context.tenant.id, "alert", planned.slug)
    groups = needs.of(own, _proven_apart(planned, context))
    case = _case(planned.rule, groups, _usual(author), context)
    scenarios = list(planned.scenarios)
    if case.proof is not None:
        scenarios += _scenarios(case, case.proof)
        scenarios += _hysteresis(author, case, case.proof, context)
    written, findings = author_scenarios(planned, author, context)
    scenarios += written
    test = _whole_test(planned.slug, case, scenarios, groups) if scenarios else None
    if test is None or not test.fires:
        series = ", ".join(_read_series(case.subject.expr, case.subject.rules))
        of_slo = context.platform.labels.slo in planned.rule.labels
        findings.append(_untested(planned.rule.alert, planned.place, series, of_slo))
    return test, findings


def _proven_apart(planned: PlannedAlert, context: Context) -> frozenset[str]:
    """Groups of the parts of a journey: its tests begin with what the parts have recorded."""
    slo = context.tenant.slos.get(planned.rule.labels.get(context.platform.labels.slo, ""))
    if slo is None or not isinstance(slo.sli, CompositeSli):
        return frozenset()
    parts = [member.value for member in slo.sli.members]
    return frozenset(slo_group(context.tenant.id, p, kind) for p in parts for kind in SLO_GROUPS)


def _marker_slug(marker: Marker, context: Context) -> str:
    names = context.platform.labels
    apart = marker.rule.labels.get(names.service if marker.planned else names.severity, "")
    return test_slug(marker.rule.alert, apart)


def _marker_test(marker: Marker, slug: str, context: Context) -> AlertTest | None:
    names = context.platform.labels
    if marker.planned:
        return window_test(marker, slug, names)
    groups = (marker.group,)
    case = _case(marker.rule, groups, None, context, marker.upstream(names))
    if case.proof is None:
        return None
    return _whole_test(slug, case, _scenarios(case, case.proof), groups)


def _untested(alert: str, place: Place, series: str, slo: bool = False) -> Finding:
    message = (
        f"{alert} has no unit test: no data that makes it fire could be derived from its expression"
    )
    hint = "write tests: with the series that make it fire"
    if slo:
        hint = "what its SLI reads is of a kind that is not turned round: play its rules by hand"
    elif series:
        hint = f"write tests: with series of {series}, and expect: when it fires"
    return info("untested-alert", message, place, hint)


def _read_series(expr: Expr, rules: Sequence[RecordingRule]) -> list[str]:
    """The names of the series an expression reads, through recordings too."""
    names: set[str] = set()
    for node in vector_selectors(expr):
        made = recorded_by(node, rules)
        for rule in made:
            names |= set(_read_series(parse(rule.expr), rules))
        if not made:
            names.add(node.name or "series that its selectors match")
    return sorted(names)


# --------------------------------------------------------------------------- the case of an alert


@dataclass(frozen=True, slots=True)
class _Case:
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


def _case(
    rule: AlertRule,
    groups: Sequence[RuleGroup],
    usual: Usual | None,
    context: Context,
    of_alerts: Mapping[str, str] | None = None,
) -> _Case:
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
    return _Case(rule, steps, subject, proof, beside, recordings, context)


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


def _whole_test(
    slug: str, case: _Case, scenarios: Sequence[Scenario], groups: Sequence[RuleGroup]
) -> AlertTest:
    """The scenarios with the later steps' file."""
    step, proof = case.subject.step, case.proof
    further: tuple[TestFile, ...] = ()
    if proof is not None:
        step = proof.grid.step
        if case.steps:
            quiet = not _without_data(proof, case.subject)
            made = steps_file(case.steps, proof, case.subject, case.context.platform.labels, quiet)
            further = (made,) if made else ()
    evaluation = Duration(round(step * 1000))
    return AlertTest(slug, case.rule.alert, tuple(groups), tuple(scenarios), evaluation, further)


def _latches(rule: AlertRule) -> bool:
    own = ("alertname", "=", rule.alert)
    return any(
        node.name == "ALERTS" and own in [(m.name, m.op, m.value) for m in node.matchers]
        for node in vector_selectors(parse(rule.expr))
    )


def _usual(author: Alert | None) -> Usual | None:
    """What an anomaly's series does before: it swings around its level, long enough for a band."""
    if author is None or not isinstance(author.signal, Anomaly):
        return None
    signal = author.signal
    swing = 0.2 if signal.method == "seasonal" else 0.05
    rise = 1 + 3 * swing * float(signal.sensitivity)
    high, low = (rise, 2 * rise), (0.01,)
    odd, other = {"above": (high, low), "below": (low, high[:1])}.get(
        signal.direction, ((*high, *low), ())
    )
    narrow = float(signal.margin / signal.sensitivity) / 4
    hold = max(_STEPS[0], float(author.for_.seconds))
    step = max(fine for fine in _STEPS if fine <= hold)
    if signal.method != "seasonal":
        wild = signal.method == "adaptive"
        return Usual(swing, 3600.0, 30 * 3600.0, step, odd, other, narrow, wild)
    season = float(signal.season.seconds)
    step = step if season <= _DAY else max(step, season / 336 // 60 * 60)
    return Usual(swing, season / 7, season * 1.25, step, odd, other, narrow)


# --------------------------------------------------------------------------- groups


class _Needs:
    """Which rule groups a group reads, directly or through others."""

    def __init__(self, groups: Sequence[RuleGroup]) -> None:
        self.groups = groups
        self.recorders: dict[str, list[tuple[int, RecordingRule]]] = {}
        for index, group in enumerate(groups):
            for rule in group.rules:
                if isinstance(rule, RecordingRule):
                    self.recorders.setdefault(rule.record, []).append((index, rule))
        self.known: dict[int, tuple[int, ...]] = {}

    def of(self, name: str, apart: frozenset[str] = frozenset()) -> tuple[RuleGroup, ...]:
        """The group of this name (and its further pieces) with all it reads, in order.

        Groups named in `apart` are left out: what they record is then given as data.
        """
        wanted = {
            i for i, g in enumerate(self.groups) if g.name == name or g.name.startswith(f"{name}:")
        }
        todo = sorted(wanted)
        while todo:
            for index in self._read_by(todo.pop()):
                if index not in wanted and self.groups[index].name not in apart:
                    wanted.add(index)
                    todo.append(index)
        return tuple(self.groups[index] for index in sorted(wanted))

    def _read_by(self, index: int) -> tuple[int, ...]:
        if index not in self.known:
            found: dict[int, None] = {}
            for rule in self.groups[index].rules:
                for node in vector_selectors(parse(rule.expr)):
                    for other, record in self.recorders.get(node.name or "", ()):
                        if recorded_by(node, [record]):
                            found[other] = None
            self.known[index] = tuple(found)
        return self.known[index]


# --------------------------------------------------------------------------- scenarios


def _scenarios(case: _Case, proof: Proof) -> list[Scenario]:
    """The cases of an alert that every alert has, then those of its conditions."""
    firing, hold = case.firing, case.rule.for_
    expected = _fires(proof, firing)
    name = f"fires {hold} after its condition holds" if hold.ms else "fires"
    if proof.resolves is not None:
        name += ", and resolves"
    silent = [Expectation(at(proof.fires), firing, SILENT)]
    found = [
        _played(name, case, proof.hot, expected, proof),
        _played("is silent on the safe side", case, proof.calm, silent, proof),
    ]
    for shown in proof.sides:
        found.append(_side(case, shown))
    for one in proof.unusual:
        moments = [Expectation(at(time), firing, told(count)) for time, count in one.moments]
        found.append(_played(one.name, case, one.phases, moments, proof))
    empty = _without_data(proof, case.subject)
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


def _played(
    name: str,
    case: _Case,
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


def _side(case: _Case, shown: Shown) -> Scenario:
    """One condition alone decides."""
    assert case.proof is not None
    text = shown.what
    if not isinstance(text, str):
        text = " ".join(case.rule.expr[text.start : text.end].split())
    if len(text) > 60:
        text = f"{text[:59]}…"
    if shown.proof is not None:
        how = {"or": f"fires for {text} alone", "unless": f"is silent while {text}"}
        name = how.get(shown.op, f"waits for {text}")
        expected = _fires(shown.proof, case.firing)
        return _played(name, case, shown.proof.hot, expected, shown.proof)
    holds = "holds" if shown.op == "unless" else "does not hold"
    expected = [Expectation(at(case.proof.fires), case.firing, SILENT)]
    return _played(f"is silent while {text} {holds}", case, shown.calm, expected, case.proof)


def _without_data(proof: Proof, subject: Subject) -> int | None:
    """How many alerts fire when there is no series at all."""
    evaluation = Evaluation((), proof.grid.interval, proof.grid.step, subject.rules)
    try:
        return len(evaluation.vector(subject.expr, proof.fires))
    except Unsupported:
        return None


def _foreign(case: _Case, proof: Proof) -> list[tuple[Source, Source]]:
    """The series under another tenant's label; none where one carries no tenant's."""
    label = case.context.platform.labels.tenant
    if any(label not in dict(source.labels) for source in proof.sources):
        return []
    return [
        (replace(s, labels=tuple(sorted({**dict(s.labels), label: FOREIGN}.items()))), s)
        for s in proof.sources
    ]


# --------------------------------------------------------------------------- hysteresis


def _hysteresis(
    author: Alert | None, case: _Case, proof: Proof, context: Context
) -> list[Scenario]:
    """Between the two limits nothing changes: what fires goes on, what does not stays silent."""
    if author is None or not isinstance(author.signal, Threshold) or author.signal.clear is None:
        return []
    signal, clear = author.signal, author.signal.clear
    grid, subject = proof.grid, case.subject
    between = (signal.level + clear) / 2
    margin = abs(clear) * Decimal("0.1") or Decimal("0.1")
    past = clear - margin if signal.op == ">" else clear + margin
    value: Expr = parse(context.own(signal.expr.value))
    found = latched(proof, subject, value, float(between), float(past))
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
        _played(name, case, phases, expected, proof),
        _alone(case, alone, end),
    ]


def _alone(case: _Case, phases: Sequence[Phase], expected: Sequence[Expectation]) -> Scenario:
    """Between the levels, while other alerts of the kind fire."""
    assert case.proof is not None
    proof, label = case.proof, case.context.platform.labels.tenant
    others = alert_decoys(case.subject.expr, label)
    fired = [Phase(sum(p.seconds for p in phases), dict.fromkeys(others, 1.0))]
    name = "does not begin between the two levels"
    return scenario(name, proof.grid.interval, proof.sources, phases, expected, others, fired)
