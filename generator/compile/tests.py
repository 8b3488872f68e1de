"""The unit tests every alert gets: a folder of rules and scenarios each, for promtool.

An alert fires after its `for`, not one evaluation earlier, is silent 10 % on the safe side, takes
another tenant's data for none, does with no data what it says, and resolves. The data is found by
`proof`; authors' own tests are compiled too.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from decimal import Decimal

from generator.compile.context import Context
from generator.compile.naming import group_name
from generator.compile.operations import Unsupported
from generator.compile.plan import PlannedAlert
from generator.compile.proof import Proof, Subject, Usual, latched, prove
from generator.compile.series import notation
from generator.compile.simulation import Evaluation
from generator.compile.stimulus import Phase, Source, recorded_by, samples
from generator.findings import Finding, error, info
from generator.ir.checks import AlertTest, Expectation, InputSeries, Scenario
from generator.ir.rules import RecordingRule, RuleGroup
from generator.promql.build import matchers_added, selector
from generator.promql.parser import parse
from generator.promql.problems import PromqlError
from generator.promql.tree import Expr, vector_selectors
from generator.spec.model import Alert, Anomaly, Platform, Tenant, Threshold, UserTest
from generator.values import Duration

FOREIGN = "another-tenant"
_SILENT: Mapping[str, float] = {}


def alert_tests(
    tenant: Tenant,
    platform: Platform,
    alerts: Sequence[PlannedAlert],
    groups: Sequence[RuleGroup],
) -> tuple[tuple[AlertTest, ...], tuple[Finding, ...]]:
    """A test per alert, and a finding for each that has none."""
    context = Context(tenant, platform)
    authors = {(a.name, a.service, a.pack): a for a in tenant.alerts}
    needs = _Needs(groups)
    tests: list[AlertTest] = []
    findings: list[Finding] = []
    for planned in alerts:
        author = authors.get((planned.rule.alert, planned.service, planned.pack))
        test, told = _alert_test(planned, author, needs, context)
        findings += told
        if test is not None:
            tests.append(test)
    return tuple(tests), tuple(findings)


def _alert_test(
    planned: PlannedAlert, author: Alert | None, needs: _Needs, context: Context
) -> tuple[AlertTest | None, list[Finding]]:
    own = group_name(context.tenant.id, "alert", planned.slug)
    groups = needs.of(own)
    subject = _subject(planned, author, groups, context)
    proof = prove(subject)
    scenarios = list(planned.scenarios)
    step = subject.step
    if proof is not None:
        step = proof.grid.step
        scenarios += _scenarios(planned, proof, subject, context)
        scenarios += _hysteresis(planned, author, proof, subject, context)
    written, findings = _authors(planned, author, context)
    scenarios += written
    if not scenarios:
        message = (
            f"{planned.rule.alert} has no unit test: no data that makes it fire could be derived "
            "from its expression"
        )
        hint = "write tests: with the series that make it fire"
        return None, [*findings, info("untested-alert", message, planned.place, hint)]
    evaluation = Duration(round(step * 1000))
    test = AlertTest(planned.slug, planned.rule.alert, groups, tuple(scenarios), evaluation)
    return test, findings


def _subject(
    planned: PlannedAlert,
    author: Alert | None,
    groups: Sequence[RuleGroup],
    context: Context,
) -> Subject:
    rules = [r for group in groups for r in group.rules if isinstance(r, RecordingRule)]
    return Subject(
        alert=planned.rule.alert,
        expr=parse(planned.rule.expr),
        rules=rules,
        hold=float(planned.rule.for_.seconds),
        keep=float(planned.rule.keep_firing_for.seconds),
        step=float(context.platform.evaluation_interval.seconds),
        latches=_latches(planned),
        usual=_usual(author),
    )


def _latches(planned: PlannedAlert) -> bool:
    own = ("alertname", "=", planned.rule.alert)
    return any(
        node.name == "ALERTS" and own in [(m.name, m.op, m.value) for m in node.matchers]
        for node in vector_selectors(parse(planned.rule.expr))
    )


def _usual(author: Alert | None) -> Usual | None:
    """What an anomaly's series does before: it swings around its level, long enough for a band."""
    if author is None or not isinstance(author.signal, Anomaly):
        return None
    signal = author.signal
    swing = 0.2 if signal.method == "seasonal" else 0.05
    rise = 1 + 3 * swing * float(signal.sensitivity)
    odd = {"above": (rise,), "below": (0.01,)}.get(signal.direction, (rise, 0.01))
    if signal.method != "seasonal":
        return Usual(swing, 3600.0, 30 * 3600.0, 900.0, odd)
    season = float(signal.season.seconds)
    step = max(60.0, season / 336 // 60 * 60)
    return Usual(swing, season / 7, season * 1.25, step, odd)


# --------------------------------------------------------------------------- groups


class _Needs:
    """Which rule groups a group reads, directly or through others."""

    def __init__(self, groups: Sequence[RuleGroup]) -> None:
        self.groups = groups

    def of(self, name: str) -> tuple[RuleGroup, ...]:
        """The group of this name (and its further pieces) with all it reads, in order."""
        wanted = {
            i for i, g in enumerate(self.groups) if g.name == name or g.name.startswith(f"{name}:")
        }
        todo = sorted(wanted)
        while todo:
            for index in self._read_by(todo.pop()):
                if index not in wanted:
                    wanted.add(index)
                    todo.append(index)
        return tuple(self.groups[index] for index in sorted(wanted))

    def _read_by(self, index: int) -> Iterable[int]:
        for rule in self.groups[index].rules:
            for node in vector_selectors(parse(rule.expr)):
                for other, group in enumerate(self.groups):
                    records = [r for r in group.rules if isinstance(r, RecordingRule)]
                    if recorded_by(node, records):
                        yield other


# --------------------------------------------------------------------------- scenarios


def _scenarios(
    planned: PlannedAlert, proof: Proof, subject: Subject, context: Context
) -> list[Scenario]:
    firing = _firing(planned, context)
    fires, quiet = _at(proof.fires), _at(proof.quiet_until)
    told = {"{}": float(proof.count)}
    expected = [Expectation(quiet, firing, _SILENT), Expectation(fires, firing, told)]
    name = f"fires {planned.rule.for_} after its condition holds" if subject.hold else "fires"
    if proof.resolves is not None:
        expected.append(Expectation(_at(proof.resolves.fires_until), firing, told))
        expected.append(Expectation(_at(proof.resolves.silent_from), firing, _SILENT))
        name += ", and resolves"
    found = [
        _scenario(name, proof, proof.hot, expected),
        _scenario(
            "is silent on the safe side", proof, proof.calm, [Expectation(fires, firing, _SILENT)]
        ),
    ]
    empty = _without_data(proof, subject)
    if empty is None:
        return found
    nothing = [Expectation(fires, firing, {"{}": float(empty)} if empty else _SILENT)]
    foreign = _foreign(proof, empty, context)
    if foreign is not None:
        name = "takes another tenant's data for none"
        found.append(_scenario(name, replace(proof, sources=foreign[0]), foreign[1], nothing))
    what = "fires" if empty else "is silent"
    found.append(_scenario(f"{what} without any data", replace(proof, sources=()), (), nothing))
    return found


def _without_data(proof: Proof, subject: Subject) -> int | None:
    """How many alerts fire when there is no series at all."""
    evaluation = Evaluation((), proof.grid.interval, proof.grid.step, subject.rules)
    try:
        return len(evaluation.vector(subject.expr, proof.fires))
    except Unsupported:
        return None


def _foreign(
    proof: Proof, empty: int, context: Context
) -> tuple[tuple[Source, ...], tuple[Phase, ...]] | None:
    """The same data under another tenant's label: healthy where no data is what fires."""
    label = context.platform.labels.tenant
    phases = proof.calm if empty else proof.hot
    renamed: dict[Source, Source] = {}
    for source in proof.sources:
        if label not in dict(source.labels):
            return None
        labels = {**dict(source.labels), label: FOREIGN}
        renamed[source] = replace(source, labels=tuple(sorted(labels.items())))
    moved = [
        replace(phase, levels={renamed[s]: level for s, level in phase.levels.items()})
        for phase in phases
    ]
    return tuple(renamed.values()), tuple(moved)


def _scenario(
    name: str, proof: Proof, phases: Sequence[Phase], expected: Sequence[Expectation]
) -> Scenario:
    interval = proof.grid.interval
    series = [
        InputSeries(
            selector(one.metric, [(label, "=", value) for label, value in one.labels]),
            notation(one.values),
        )
        for one in samples(proof.sources, phases, interval)
    ]
    if not series:
        count = round(max(float(e.at.seconds) for e in expected) / interval) + 1
        series = [InputSeries("unrelated", notation([1.0] * count))]
    return Scenario(name, _at(interval), tuple(series), tuple(expected))


def _firing(planned: PlannedAlert, context: Context) -> str:
    """Counts this alert's firing series, told from its namesakes by its labels."""
    names = context.platform.labels
    matchers = [("alertname", "=", planned.rule.alert), ("alertstate", "=", "firing")]
    matchers += [(name, "=", value) for name, value in sorted(planned.rule.labels.items())]
    return f"count({selector('ALERTS', [*matchers, (names.level, '=', '')])})"


def _at(seconds: float) -> Duration:
    return Duration(round(seconds * 1000))


# --------------------------------------------------------------------------- hysteresis


def _hysteresis(
    planned: PlannedAlert,
    author: Alert | None,
    proof: Proof,
    subject: Subject,
    context: Context,
) -> list[Scenario]:
    """Between the two limits nothing changes: what fires goes on, what does not stays silent."""
    if author is None or not isinstance(author.signal, Threshold) or author.signal.clear is None:
        return []
    signal, grid = author.signal, proof.grid
    between = (signal.level + author.signal.clear) / 2
    margin = abs(author.signal.clear) * Decimal("0.1") or Decimal("0.1")
    past = author.signal.clear - margin if signal.op == ">" else author.signal.clear + margin
    value: Expr = parse(context.own(signal.expr.value))
    found = latched(proof, subject, value, float(between), float(past))
    if found is None:
        return []
    settle = proof.hot[0].seconds
    hot = proof.hot[:2]
    held = sum(phase.seconds for phase in hot) + settle
    over = held + settle + grid.up(subject.keep) + 2 * grid.step
    phases = (*hot, Phase(settle, found.between), Phase(over + grid.step - held, found.past))
    firing, told = _firing(planned, context), {"{}": float(proof.count)}
    expected = [
        Expectation(_at(proof.fires), firing, told),
        Expectation(_at(grid.up(held - grid.step)), firing, told),
        Expectation(_at(grid.up(over)), firing, _SILENT),
    ]
    alone = (Phase(held, found.between),)
    end = [Expectation(_at(grid.up(held - grid.step)), firing, _SILENT)]
    return [
        _scenario("goes on firing until the clearing level", proof, phases, expected),
        _scenario("does not begin between the two levels", proof, alone, end),
    ]


# --------------------------------------------------------------------------- authors' tests


def _authors(
    planned: PlannedAlert, author: Alert | None, context: Context
) -> tuple[list[Scenario], list[Finding]]:
    scenarios: list[Scenario] = []
    findings: list[Finding] = []
    for test in author.tests if author is not None else ():
        made = _author_test(test, planned, context)
        if isinstance(made, Scenario):
            scenarios.append(made)
        else:
            findings.append(made)
    return scenarios, findings


def _author_test(test: UserTest, planned: PlannedAlert, context: Context) -> Scenario | Finding:
    """The author's series with the tenant added; firing is one series or more."""
    label, tenant = context.platform.labels.tenant, context.tenant.id
    firing = f"{_firing(planned, context)} > bool 0"
    series: list[InputSeries] = []
    for name, values in test.series:
        try:
            series.append(InputSeries(matchers_added(name, [(label, "=", tenant)]), values))
        except PromqlError as failure:
            message = f"the series {name} of this test cannot be read: {failure}"
            return error("bad-test", message, test.place, 'write name{label="value"}')
    if not test.fires_at and not test.silent_at:
        message = "this test expects nothing"
        return error("bad-test", message, test.place, "add fires_at: or silent_at:")
    expected = [Expectation(at, firing, {"{}": 1.0}) for at in test.fires_at]
    expected += [Expectation(at, firing, _SILENT) for at in test.silent_at]
    ordered = tuple(sorted(expected, key=lambda e: e.at.ms))
    return Scenario(test.name, test.interval, tuple(series), ordered)
