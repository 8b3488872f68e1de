"""The unit tests every alert gets: a folder of rules and scenarios each, for promtool.

An alert fires after its `for`, not one evaluation earlier, is silent 10 % on the safe side, takes
another tenant's data for none, does with no data what it says, and resolves. Later steps follow
it. The data is found by `proving`; authors' own tests are compiled too.
"""

from __future__ import annotations

from collections.abc import Sequence

from generator.compile.author_tests import author_scenarios
from generator.compile.context import Context
from generator.compile.derived import Derived, Kept, Question, derived
from generator.compile.kinds import MARKER
from generator.compile.marker_tests import Marker, markers, window_test
from generator.compile.naming import SLO_GROUPS, group_name, slo_group, test_slug
from generator.compile.needs import Needs
from generator.compile.plan import PlannedAlert
from generator.compile.stimulus import recorded_by
from generator.findings import Finding, Place, info
from generator.ir.checks import AlertTest, Scenario
from generator.ir.rules import AlertRule, RecordingRule, RuleGroup
from generator.promql.parser import parse
from generator.promql.tree import Expr, vector_selectors
from generator.spec.model import Alert, CompositeSli, Platform, Tenant


def alert_tests(
    tenant: Tenant,
    platform: Platform,
    alerts: Sequence[PlannedAlert],
    groups: Sequence[RuleGroup],
    kept: Kept | None = None,
) -> tuple[tuple[AlertTest, ...], tuple[str, ...], tuple[Finding, ...]]:
    """A test per alert and marker, the slugs of all, and a finding for each that has none.

    `kept`: scenarios that were derived before; new ones are added.
    """
    context = Context(tenant, platform)
    authors = {(a.name, a.service, a.pack): a for a in tenant.alerts}
    needs = Needs(groups)
    tests: list[AlertTest] = []
    slugs = [planned.slug for planned in alerts]
    findings: list[Finding] = []
    for planned in alerts:
        author = authors.get((planned.rule.alert, planned.service, planned.pack))
        test, found = _alert_test(planned, author, needs, context, kept)
        findings += found
        if test is not None:
            tests.append(test)
    for marker in markers(groups, platform.labels.kind, MARKER) if alerts else ():
        slug = _marker_slug(marker, context)
        slugs.append(slug)
        made = _marker_test(marker, slug, context, kept)
        place = marker.rule.origin or tenant.place
        tests += [made] if made else []
        findings += [] if made else [_untested(marker.rule.alert, place, "")]
    return tuple(tests), tuple(slugs), tuple(findings)


def _alert_test(
    planned: PlannedAlert,
    author: Alert | None,
    needs: Needs,
    context: Context,
    kept: Kept | None,
) -> tuple[AlertTest | None, list[Finding]]:
    own = group_name(context.tenant.id, "alert", planned.slug)
    groups = needs.of(own, _proven_apart(planned, context))
    found = derived(Question(planned.rule, groups, author, context), kept)
    written, findings = author_scenarios(planned, author, context)
    scenarios = (*planned.scenarios, *found.scenarios, *written)
    test = _whole_test(planned.slug, planned.rule, scenarios, groups, found) if scenarios else None
    if test is None or not test.fires:
        rules = [r for group in groups for r in group.rules if isinstance(r, RecordingRule)]
        series = ", ".join(_read_series(parse(planned.rule.expr), rules))
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


def _marker_test(
    marker: Marker, slug: str, context: Context, kept: Kept | None
) -> AlertTest | None:
    names = context.platform.labels
    if marker.planned:
        return window_test(marker, slug, names)
    groups = (marker.group,)
    found = derived(Question(marker.rule, groups, None, context, marker.upstream(names)), kept)
    if not found.scenarios:
        return None
    return _whole_test(slug, marker.rule, found.scenarios, groups, found)


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
    slug: str,
    rule: AlertRule,
    scenarios: Sequence[Scenario],
    groups: Sequence[RuleGroup],
    found: Derived,
) -> AlertTest:
    """The scenarios with the later steps' file."""
    evaluation, further = found.evaluation, found.further
    return AlertTest(slug, rule.alert, tuple(groups), tuple(scenarios), evaluation, further)
