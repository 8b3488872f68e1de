"""What mutes what: generic inhibit rules for the whole fleet, and the marker alerts they use.

Every rule is tenant-agnostic with the tenant in `equal`, so that no tenant mutes another and the
number of rules does not grow with tenants.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import combinations

from generator.compile.naming import TENANT_FILE, group_name
from generator.compile.plan import PlannedAlert
from generator.ir.routing import InhibitRule, Matcher, TenantRouting
from generator.ir.rules import AlertRule, RecordingRule, Rule, RuleGroup
from generator.promql.build import selector
from generator.promql.isolate import Scope, isolate, wrap_isolated
from generator.spec.model import Maintenance, Platform, Tenant

MARKER = "marker"
DEPENDENCY = "service_dependency_info"
UPSTREAM_ALERT = "UpstreamDown"
MAINTENANCE_ALERT = "UnderMaintenance"


def inhibit_rules(platform: Platform, routings: Iterable[TenantRouting]) -> tuple[InhibitRule, ...]:
    """All inhibit rules of a fleet, from what its tenants use."""
    found = list(routings)
    levels = max((r.escalation_levels for r in found), default=1)
    labels = sorted({label for r in found for label in r.alert_labels})
    markers = {marker for r in found for marker in r.markers}
    return (
        *_markers(platform, markers),
        *_escalation(platform, levels, labels),
        *_severities(platform),
    )


def _escalation(platform: Platform, levels: int, labels: Sequence[str]) -> Iterable[InhibitRule]:
    """A later step mutes each earlier one of the very same alert."""
    names = platform.labels
    tenant = Matcher(names.tenant, "!=", "")
    equal = tuple(sorted({names.tenant, "alertname", *labels} - {names.level}))
    for low, high in combinations(range(1, levels + 1), 2):
        lower = "" if low == 1 else str(low)
        yield InhibitRule(
            name=f"escalation-{high}-over-{low}",
            source=(Matcher(names.level, "=", str(high)), tenant),
            target=(Matcher(names.level, "=", lower), tenant),
            equal=equal,
            comment=f"step {high} of an escalation speaks for step {low}",
        )


def _severities(platform: Platform) -> Iterable[InhibitRule]:
    """The more urgent of alerts of one name, service and SLO speaks for the less urgent."""
    names = platform.labels
    equal = tuple(sorted({names.tenant, "alertname", names.service, names.slo}))
    tenant = Matcher(names.tenant, "!=", "")
    for urgent, mild in combinations(platform.severities, 2):
        yield InhibitRule(
            name=f"{urgent}-over-{mild}",
            source=(Matcher(names.severity, "=", urgent), tenant),
            target=(Matcher(names.severity, "=", mild), tenant),
            equal=equal,
            comment=f"{urgent} speaks for {mild} of the same alert",
        )


def _markers(platform: Platform, markers: set[str]) -> Iterable[InhibitRule]:
    names = platform.labels
    if not markers:
        return
    tenant = Matcher(names.tenant, "!=", "")
    marked = Matcher(names.kind, "=", MARKER)
    others = Matcher(names.kind, "!=", MARKER)
    yield InhibitRule(
        name="marker-over-service",
        source=(marked, Matcher(names.service, "!=", ""), tenant),
        target=(others, Matcher(names.service, "!=", ""), tenant),
        equal=tuple(sorted({names.tenant, names.service})),
        comment="an outage upstream, or planned work, mutes the symptoms of a service",
    )
    if "maintenance" in markers:
        yield InhibitRule(
            name="marker-over-tenant",
            source=(marked, Matcher(names.service, "=", ""), tenant),
            target=(others, Matcher(names.service, "=", ""), tenant),
            equal=(names.tenant,),
            comment="planned work on everything mutes what belongs to no service",
        )


# --------------------------------------------------------------------------- markers


def marker_kinds(tenant: Tenant) -> frozenset[str]:
    """Which markers a tenant has: `upstream`, `maintenance`."""
    kinds = set()
    if any(service.depends_on for service in tenant.services.values()):
        kinds.add("upstream")
    if tenant.maintenance:
        kinds.add("maintenance")
    return frozenset(kinds)


def marker_groups(
    tenant: Tenant, platform: Platform, alerts: Sequence[PlannedAlert]
) -> tuple[RuleGroup, ...]:
    """The rules of the markers: dependencies with the outage alert, and planned windows."""
    groups = []
    upstream = transitive(tenant)
    if any(upstream.values()):
        rules: list[Rule] = [
            _dependency(tenant, platform, service, other)
            for service, others in sorted(upstream.items())
            for other in sorted(others)
        ]
        rules.append(_upstream_alert(tenant, platform))
        groups.append(_group(tenant, platform, "dependencies", rules))
    planned: list[Rule] = [
        rule for window in tenant.maintenance for rule in _maintenance(tenant, platform, window)
    ]
    if planned:
        groups.append(_group(tenant, platform, "maintenance", planned))
    return tuple(groups)


def transitive(tenant: Tenant) -> Mapping[str, frozenset[str]]:
    """Everything that each service depends on, directly or through others."""
    found: dict[str, frozenset[str]] = {}

    def upstream(name: str) -> frozenset[str]:
        if name not in found:
            direct = tenant.services[name].depends_on if name in tenant.services else ()
            found[name] = frozenset(direct).union(*(upstream(other) for other in direct))
        return found[name]

    return {name: upstream(name) for name in tenant.services}


def _group(tenant: Tenant, platform: Platform, what: str, rules: Sequence[Rule]) -> RuleGroup:
    return RuleGroup(
        TENANT_FILE,
        group_name(tenant.id, what),
        platform.evaluation_interval,
        tuple(rules),
    )


def _dependency(tenant: Tenant, platform: Platform, service: str, upstream: str) -> RecordingRule:
    names = platform.labels
    labels = {names.tenant: tenant.id, names.service: service, "upstream": upstream}
    place = tenant.services[service].place
    expr = isolate("vector(1)", _scope(tenant, platform), allow_constant=True)
    return RecordingRule(DEPENDENCY, expr, dict(sorted(labels.items())), place)


def _upstream_alert(tenant: Tenant, platform: Platform) -> AlertRule:
    """Fires for a service while something it needs fires at the most urgent severity."""
    names = platform.labels
    outage = selector(
        "ALERTS",
        [
            ("alertstate", "=", "firing"),
            (names.severity, "=", platform.severities[0]),
            (names.level, "=", ""),
            (names.service, "!=", ""),
        ],
    )
    expr = (
        f"max by ({names.service}) ({DEPENDENCY} * on (upstream) group_left () "
        f'label_replace(max by ({names.service}) ({outage}), "upstream", "$1", '
        f'"{names.service}", "(.*)"))'
    )
    scope = _scope(tenant, platform)
    return AlertRule(
        alert=UPSTREAM_ALERT,
        expr=wrap_isolated(isolate(expr, scope)),
        labels=_marker_labels(tenant, platform),
        annotations={
            "summary": (
                f"{{{{ $labels.{names.service} }}}}: something it depends on is down; "
                "its own alerts are muted"
            )
        },
        origin=tenant.place,
    )


def _maintenance(tenant: Tenant, platform: Platform, window: Maintenance) -> Iterable[AlertRule]:
    start, end = int(window.start.timestamp()), int(window.end.timestamp())
    scope = _scope(tenant, platform)
    expr = isolate(f"vector(time()) >= {start} < {end}", scope, allow_constant=True)
    names = platform.labels
    services: list[str] = list(window.services or sorted(tenant.services))
    if not window.services:
        services.append("")
    for service in services:
        labels = {**_marker_labels(tenant, platform), "maintenance": window.name}
        if service:
            labels[names.service] = service
        yield AlertRule(
            alert=MAINTENANCE_ALERT,
            expr=expr,
            labels=dict(sorted(labels.items())),
            annotations={
                "summary": (
                    f"{service or tenant.id}: planned work {window.name}, "
                    f"{window.start:%Y-%m-%d %H:%M} to {window.end:%Y-%m-%d %H:%M} UTC"
                )
            },
            origin=window.place,
        )


def _marker_labels(tenant: Tenant, platform: Platform) -> dict[str, str]:
    names = platform.labels
    return {
        names.kind: MARKER,
        names.severity: platform.severities[-1],
        names.team: tenant.owner.team,
        names.tenant: tenant.id,
    }


def _scope(tenant: Tenant, platform: Platform) -> Scope:
    return Scope(platform.labels.tenant, tenant.id, platform.targets.prometheus)
