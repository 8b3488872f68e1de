"""The order of compilation: the only file that knows every other compiler.

`compile_tenant` is pure: no file, clock, environment or network.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from generator.compile.alertmanager import tenant_config
from generator.compile.cost import tenant_cost
from generator.compile.derived import Kept
from generator.compile.docs import compile_docs
from generator.compile.escalation import escalated, policy_of
from generator.compile.expectations import expectations
from generator.compile.flapping import flapping_notice
from generator.compile.grafana import in_grafana
from generator.compile.groups import duplicate_groups, in_reading_order, within_limit
from generator.compile.limits import limit_findings
from generator.compile.lints import tenant_lints
from generator.compile.markers import marker_groups
from generator.compile.naming import group_name, rule_file
from generator.compile.plan import PlannedAlert
from generator.compile.recordings import compile_recordings
from generator.compile.routing import compile_routing
from generator.compile.scrape import compile_scrape
from generator.compile.severity import compile_severity
from generator.compile.signals import compile_alert
from generator.compile.slo import compile_slos
from generator.compile.tests import alert_tests
from generator.compile.views import compile_views, view_findings
from generator.findings import Finding, in_order
from generator.ir.build import Build
from generator.ir.rules import Rule, RuleGroup
from generator.spec.model import Platform, Tenant


def compile_tenant(
    tenant: Tenant,
    platform: Platform,
    *,
    proven: bool | frozenset[str] = True,
    kept: Kept | None = None,
) -> Build:
    """Everything one tenant compiles to; what is wrong with it is among `findings`.

    `proven=False` leaves out the unit tests, by far the slowest part: for tenants of whom only
    their share of the fleet's files is wanted. A set names the alerts whose tests are wanted.
    `kept`: scenarios that were derived before, with new ones added; the result is the same.
    """
    planned = _planned(tenant, platform)
    views = compile_views(tenant, platform, planned.alerts)
    alerts = views.alerts
    routing, routing_findings = compile_routing(tenant, platform, alerts)
    groups, circles = in_reading_order(_groups(tenant, platform, planned, alerts))
    written, uncut = within_limit(groups, platform)
    cost = tenant_cost(tenant, platform, groups, written)
    wanted = _wanted(alerts, proven)
    tests, slugs, test_findings = alert_tests(tenant, platform, wanted, groups, kept)
    dashboards = in_grafana(views.dashboards, tenant.id, platform)
    findings = (
        *planned.findings,
        *routing_findings,
        *test_findings,
        *views.findings,
        *view_findings(tenant, platform, dashboards, written),
        *circles,
        *uncut,
        *duplicate_groups(written),
        *limit_findings(tenant, platform, cost),
        *tenant_lints(tenant, platform, alerts),
    )
    return Build(
        tenant=tenant.id,
        spec_file=tenant.file,
        spec_hash=tenant.spec_hash,
        groups=written,
        tests=tests,
        scrape=compile_scrape(tenant, platform),
        routing=routing,
        alertmanager=tenant_config(platform, routing),
        dashboards=dashboards,
        docs=compile_docs(tenant, platform, alerts, dashboards, groups),
        findings=in_order(findings),
        cost=cost,
        alerts=slugs,
        expected=expectations(tenant),
        dashboard_schema=platform.grafana.dashboard_schema,
    )


@dataclass(frozen=True, slots=True)
class _Planned:
    """What the spec's own entries come to, before anything reads them together."""

    recordings: tuple[RuleGroup, ...]
    alerts: tuple[PlannedAlert, ...]
    findings: tuple[Finding, ...]


def _planned(tenant: Tenant, platform: Platform) -> _Planned:
    """SLOs, alerts, the severity score and recordings: their groups and alerts in output order."""
    slo_groups, slo = compile_slos(tenant, platform)
    signals = [compile_alert(alert, tenant, platform) for alert in tenant.alerts]
    severity_groups, severity = compile_severity(tenant, platform)
    recordings, recording_findings = compile_recordings(tenant, platform)
    return _Planned(
        (*recordings, *slo_groups, *severity_groups),
        (*slo.alerts, *(a for s in signals for a in s.alerts), *severity.alerts),
        (
            *slo.findings,
            *(f for s in signals for f in s.findings),
            *severity.findings,
            *recording_findings,
        ),
    )


def _groups(
    tenant: Tenant, platform: Platform, planned: _Planned, alerts: Sequence[PlannedAlert]
) -> tuple[RuleGroup, ...]:
    """Every group of rules; `alerts` are the planned ones with their panels."""
    return (
        *planned.recordings,
        *alert_groups(tenant, platform, alerts),
        *marker_groups(tenant, platform, alerts),
    )


def _wanted(
    alerts: Sequence[PlannedAlert], proven: bool | frozenset[str]
) -> Sequence[PlannedAlert]:
    if isinstance(proven, bool):
        return alerts if proven else ()
    return [alert for alert in alerts if alert.rule.alert in proven]


def alert_groups(
    tenant: Tenant, platform: Platform, alerts: Sequence[PlannedAlert]
) -> tuple[RuleGroup, ...]:
    """One group per alert: its own recordings, the alert, its later steps, its flapping notice.

    A group each, because later steps must be evaluated with the alert they follow, and because
    a group's name is state that an edit to a neighbour must not touch.
    """
    groups: list[RuleGroup] = []
    for alert in alerts:
        watched = tenant.flapping is not None
        steps = escalated(alert, policy_of(alert, tenant), platform, watched=watched)
        notice = flapping_notice(alert, tenant.flapping, platform)
        rules: tuple[Rule, ...] = (*alert.records, *steps, *((notice,) if notice else ()))
        groups.append(
            RuleGroup(
                file=rule_file(alert.service),
                name=group_name(tenant.id, "alert", alert.slug),
                interval=platform.evaluation_interval,
                rules=rules,
            )
        )
    return tuple(groups)
