"""Markers: alerts that notify nobody and mute others, of outages and of planned work.

A marker has one series per service, so that the inhibit rules have one source per set of equal
labels (see `inhibition`).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from generator.compile.kinds import (
    DEPENDENCY_INFO,
    MAINTENANCE_ALERT,
    MARKER,
    OUTAGE,
    OUTAGE_ALERT,
    TENANT_MAINTENANCE_ALERT,
    UPSTREAM_ALERT,
)
from generator.compile.naming import group_name
from generator.compile.plan import PlannedAlert
from generator.ir.rules import AlertRule, RecordingRule, Rule, RuleGroup
from generator.promql.build import selector
from generator.promql.isolate import Scope, isolate, wrap_isolated
from generator.spec.model import Maintenance, Platform, Tenant

FILE = "markers"
_WIDTH = 88


def marker_groups(
    tenant: Tenant, platform: Platform, alerts: Sequence[PlannedAlert]
) -> tuple[RuleGroup, ...]:
    """The tenant's dependency graph, and the markers of upstream outages and of maintenance."""
    rules: list[Rule] = [*_maintenance(tenant, platform)]
    rules += [_own_outage(tenant, platform, s) for s in own_outages(platform, alerts)]
    severities = upstream_outages(tenant, platform, alerts)
    if severities:
        rules += _dependencies(tenant, platform)
        rules += [_upstream_down(tenant, platform, severity) for severity in severities]
    if not rules:
        return ()
    name = group_name(tenant.id, "markers")
    comment = "Markers notify nobody; they mute symptoms (see inhibit_rules)"
    return (RuleGroup(FILE, name, platform.evaluation_interval, tuple(rules), comment),)


def marker_kinds(
    tenant: Tenant, platform: Platform, alerts: Sequence[PlannedAlert]
) -> frozenset[str]:
    """What mutes the tenant's alerts: `outage`, `upstream`, `maintenance`, `flapping`."""
    found = set()
    if own_outages(platform, alerts):
        found.add("outage")
    if upstream_outages(tenant, platform, alerts):
        found.add("upstream")
    if tenant.maintenance:
        found.add("maintenance")
    if tenant.flapping is not None:
        found.add("flapping")
    return frozenset(found)


def outages(platform: Platform, alerts: Sequence[PlannedAlert]) -> list[PlannedAlert]:
    """The alerts that say that a service is down."""
    return [a for a in alerts if a.rule.labels.get(platform.labels.kind) == OUTAGE and a.service]


def upstream_outages(
    tenant: Tenant, platform: Platform, alerts: Sequence[PlannedAlert]
) -> tuple[str, ...]:
    """Severities of the outage alerts of services that others depend on, most urgent first."""
    needed = {upstream for ups in upstreams(tenant).values() for upstream in ups}
    have = {a.severity for a in outages(platform, alerts) if a.service in needed}
    return tuple(s for s in platform.severities if s in have)


def own_outages(platform: Platform, alerts: Sequence[PlannedAlert]) -> tuple[str, ...]:
    """Severities of the outage alerts of services that have other alerts, most urgent first."""
    found = outages(platform, alerts)
    down = {a.slug for a in found}
    others = {a.service for a in alerts if a.slug not in down}
    have = {a.severity for a in found if a.service in others}
    return tuple(s for s in platform.severities if s in have)


def upstreams(tenant: Tenant) -> Mapping[str, tuple[str, ...]]:
    """Service -> every service it depends on, directly or not, sorted."""
    found: dict[str, tuple[str, ...]] = {}
    for name, service in tenant.services.items():
        seen: set[str] = set()
        todo = list(service.depends_on)
        while todo:
            upstream = todo.pop()
            if upstream in seen or upstream == name or upstream not in tenant.services:
                continue
            seen.add(upstream)
            todo += tenant.services[upstream].depends_on
        found[name] = tuple(sorted(seen))
    return found


# --------------------------------------------------------------------------- rules


def _dependencies(tenant: Tenant, platform: Platform) -> Iterable[RecordingRule]:
    """The graph, transitive, as series of value 1."""
    names = platform.labels
    scope = _scope(tenant, platform)
    for service, ups in upstreams(tenant).items():
        for upstream in ups:
            labels = {names.tenant: tenant.id, names.service: service, "upstream": upstream}
            yield RecordingRule(
                DEPENDENCY_INFO,
                isolate("vector(1)", scope, allow_constant=True),
                dict(sorted(labels.items())),
                tenant.services[service].place,
            )


def _own_outage(tenant: Tenant, platform: Platform, severity: str) -> AlertRule:
    """One series per service that is down."""
    told = f"{{{{ $labels.{platform.labels.service} }}}} is down: its symptoms are muted"
    labels = {platform.labels.severity: severity}
    return _marker(tenant, platform, OUTAGE_ALERT, _down(platform, severity), labels, told)


def _down(platform: Platform, severity: str) -> str:
    """The services whose outage alert of a severity fires."""
    names = platform.labels
    down = selector(
        "ALERTS",
        [
            ("alertstate", "=", "firing"),
            (names.kind, "=", OUTAGE),
            (names.severity, "=", severity),
            (names.level, "=", ""),
        ],
    )
    return f"max by ({names.tenant}, {names.service}) ({down})"


def _upstream_down(tenant: Tenant, platform: Platform, severity: str) -> AlertRule:
    """One series per service of which something upstream is down, and not planned to be."""
    names = platform.labels
    outages = _down(platform, severity)
    for alertname, labels in (
        (MAINTENANCE_ALERT, f"{names.tenant}, {names.service}"),
        (TENANT_MAINTENANCE_ALERT, names.tenant),
    ):
        if any(_is_of(m, alertname) for m in tenant.maintenance):
            planned = selector(
                "ALERTS", [("alertname", "=", alertname), ("alertstate", "=", "firing")]
            )
            outages += f" unless on ({labels}) {planned}"
    expr = (
        f"max by ({names.tenant}, {names.service}) ({DEPENDENCY_INFO}"
        f" * on ({names.tenant}, upstream) group_left ()"
        f' max by ({names.tenant}, upstream) (label_replace({outages}, "upstream", "$1",'
        f' "{names.service}", "(.*)")))'
    )
    return _marker(
        tenant,
        platform,
        UPSTREAM_ALERT,
        expr,
        {names.severity: severity},
        f"Something that {{{{ $labels.{names.service} }}}} depends on is down",
    )


def _maintenance(tenant: Tenant, platform: Platform) -> Iterable[AlertRule]:
    """One marker per service under maintenance, and one for windows that name none."""
    names = platform.labels
    everything = [m for m in tenant.maintenance if not m.services]
    if everything:
        told = f"Planned work on all of {tenant.id}"
        yield _window(tenant, platform, TENANT_MAINTENANCE_ALERT, everything, {}, told)
    for service in tenant.services:
        planned = [m for m in tenant.maintenance if service in m.services]
        if planned:
            told, labels = f"Planned work on {service}", {names.service: service}
            yield _window(tenant, platform, MAINTENANCE_ALERT, planned, labels, told)


def _window(
    tenant: Tenant,
    platform: Platform,
    alertname: str,
    windows: Sequence[Maintenance],
    labels: Mapping[str, str],
    told: str,
) -> AlertRule:
    times = sorted((int(w.start.timestamp()), int(w.end.timestamp())) for w in windows)
    expr = " or ".join(f"(vector(time()) >= {start} < {end})" for start, end in times)
    least = {platform.labels.severity: platform.severities[-1], **labels}
    return _marker(tenant, platform, alertname, expr, least, told, constant=True)


def _is_of(window: Maintenance, alertname: str) -> bool:
    return bool(window.services) == (alertname == MAINTENANCE_ALERT)


def _marker(
    tenant: Tenant,
    platform: Platform,
    alertname: str,
    expr: str,
    labels: Mapping[str, str],
    told: str,
    constant: bool = False,
) -> AlertRule:
    names = platform.labels
    own = {names.tenant: tenant.id, names.team: tenant.owner.team, names.kind: MARKER, **labels}
    isolated = isolate(expr, _scope(tenant, platform), allow_constant=constant)
    return AlertRule(
        alert=alertname,
        expr=wrap_isolated(isolated, _WIDTH),
        labels=dict(sorted(own.items())),
        annotations={"description": "A marker: it notifies nobody.", "summary": told},
        origin=tenant.place,
    )


def _scope(tenant: Tenant, platform: Platform) -> Scope:
    return Scope(
        platform.labels.tenant,
        tenant.id,
        platform.targets.prometheus,
        platform.shared_metrics,
    )
