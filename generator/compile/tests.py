"""The unit tests every alert gets: a folder of rules and scenarios each, for promtool.

An alert fires after its `for`, not one evaluation earlier, is silent 10 % on the safe side, takes
another tenant's data for none, does with no data what it says, and resolves. Later steps follow
it. The data is found by `proving`; authors' own tests are compiled too.
"""

from __future__ import annotations

from collections.abc import Sequence

from generator.compile.alert_case import Case, case_of
from generator.compile.author_tests import author_scenarios
from generator.compile.case_scenarios import scenarios_of, without_data
from generator.compile.context import Context
from generator.compile.hysteresis_tests import hysteresis
from generator.compile.kinds import MARKER
from generator.compile.later_steps import steps_file
from generator.compile.marker_tests import Marker, markers, window_test
from generator.compile.naming import SLO_GROUPS, group_name, slo_group, test_slug
from generator.compile.needs import Needs
from generator.compile.plan import PlannedAlert
from generator.compile.stimulus import recorded_by
from generator.compile.usual import usual_of
from generator.findings import Finding, Place, info
from generator.ir.checks import AlertTest, Scenario, TestFile
from generator.ir.rules import RecordingRule, RuleGroup
from generator.promql.parser import parse
from generator.promql.tree import Expr, vector_selectors
from generator.spec.model import Alert, CompositeSli, Platform, Tenant
from generator.values import Duration


def alert_tests(
    tenant: Tenant,
    platform: Platform,
    alerts: Sequence[PlannedAlert],
    groups: Sequence[RuleGroup],
) -> tuple[tuple[AlertTest, ...], tuple[str, ...], tuple[Finding, ...]]:
    """A test per alert and marker, the slugs of all, and a finding for each that has none."""
    context = Context(tenant, platform)
    authors = {(a.name, a.service, a.pack): a for a in tenant.alerts}
    needs = Needs(groups)
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
    planned: PlannedAlert, author: Alert | None, needs: Needs, context: Context
) -> tuple[AlertTest | None, list[Finding]]:
    own = group_name(context.tenant.id, "alert", planned.slug)
    groups = needs.of(own, _proven_apart(planned, context))
    case = case_of(planned.rule, groups, usual_of(author), context)
    scenarios = list(planned.scenarios)
    if case.proof is not None:
        scenarios += scenarios_of(case, case.proof)
        scenarios += hysteresis(author, case, case.proof, context)
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
    case = case_of(marker.rule, groups, None, context, marker.upstream(names))
    if case.proof is None:
        return None
    return _whole_test(slug, case, scenarios_of(case, case.proof), groups)


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


def _whole_test(
    slug: str, case: Case, scenarios: Sequence[Scenario], groups: Sequence[RuleGroup]
) -> AlertTest:
    """The scenarios with the later steps' file."""
    step, proof = case.subject.step, case.proof
    further: tuple[TestFile, ...] = ()
    if proof is not None:
        step = proof.grid.step
        if case.steps:
            quiet = not without_data(proof, case.subject)
            made = steps_file(case.steps, proof, case.subject, case.context.platform.labels, quiet)
            further = (made,) if made else ()
    evaluation = Duration(round(step * 1000))
    return AlertTest(slug, case.rule.alert, tuple(groups), tuple(scenarios), evaluation, further)
