"""What mutes what: markers of outages and maintenance per tenant, generic inhibit rules for all.

The rules name no tenant; `equal` keeps each tenant to itself. Sources are matched by equality
only and are one per set of equal labels, because Alertmanager 0.30 to 0.34.0 remembers one
source per rule and set. Labels that both sides lack count as equal, so both sides are guarded.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import combinations

from generator.compile.escalation import MUTES_LABEL
from generator.compile.naming import group_name
from generator.compile.plan import PlannedAlert
from generator.findings import Finding, info
from generator.ir.routing import InhibitRule, Matcher, TenantRouting
from generator.ir.rules import AlertRule, RecordingRule, Rule, RuleGroup
from generator.promql.build import selector
from generator.promql.isolate import Scope, isolate, wrap_isolated
from generator.spec.model import LabelNames, Maintenance, Platform, Tenant
from generator.values import Duration

OUTAGE = "outage"
"""Value of the label `kind` on alerts that say: this service is down."""
MARKER = "marker"
"""Value of the label `kind` on alerts that notify nobody and only mute."""
DEPENDENCY_INFO = "service_dependency_info"
UPSTREAM_ALERT = "UpstreamDown"
MAINTENANCE_ALERT = "MaintenanceWindow"
TENANT_MAINTENANCE_ALERT = "TenantMaintenance"

FILE = "markers"
_SEND_DELAY = Duration.of(seconds=5)
_WIDTH = 88


def marker_groups(
    tenant: Tenant, platform: Platform, alerts: Sequence[PlannedAlert]
) -> tuple[RuleGroup, ...]:
    """The tenant's dependency graph, and the markers of upstream outages and of maintenance."""
    rules: list[Rule] = [*_maintenance(tenant, platform)]
    severities = outage_severities(tenant, platform, alerts)
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
    """Which markers the tenant has: `upstream`, `maintenance`."""
    found = set()
    if outage_severities(tenant, platform, alerts):
        found.add("upstream")
    if tenant.maintenance:
        found.add("maintenance")
    return frozenset(found)


def outage_severities(
    tenant: Tenant, platform: Platform, alerts: Sequence[PlannedAlert]
) -> tuple[str, ...]:
    """Severities of the outage alerts of services that others depend on, most urgent first."""
    needed = {upstream for ups in upstreams(tenant).values() for upstream in ups}
    have = {a.severity for a in _outages(platform, alerts) if a.service in needed}
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


# --------------------------------------------------------------------------- inhibit rules


def inhibit_rules(platform: Platform, routings: Iterable[TenantRouting]) -> tuple[InhibitRule, ...]:
    """The generic rules that all tenants together need."""
    all_ = list(routings)
    names = platform.labels
    labels = frozenset[str]().union(*(r.alert_labels for r in all_))
    identity = labels - {names.tenant, "alertname", names.level, MUTES_LABEL}
    markers = frozenset[str]().union(*(r.markers for r in all_))
    pairs = frozenset[tuple[str, str]]().union(*(r.burn_rate_pairs for r in all_))
    levels = max((r.escalation_levels for r in all_), default=1)
    rules = [*_escalation_rules(names, levels, identity)]
    if all_:
        rules += _severity_rules(platform, identity, pairs)
    if "upstream" in markers:
        rules += _upstream_rules(platform)
    if "maintenance" in markers:
        rules += _maintenance_rules(names)
    return tuple(rules)


def _escalation_rules(
    names: LabelNames, levels: int, identity: frozenset[str]
) -> Iterable[InhibitRule]:
    """Once a later step has been told, the earlier ones are no longer repeated."""
    equal = _equal(names, {"alertname"} | identity)
    for low, high in combinations(range(1, levels + 1), 2):
        yield InhibitRule(
            f"escalation-{high}-mutes-{low}",
            _guarded(names, (names.level, "=", str(high)), (MUTES_LABEL, "=", "")),
            _guarded(names, (names.level, "=", str(low) if low > 1 else "")),
            equal,
            f"step {high} has been told: step {low} is not repeated",
        )


def _severity_rules(
    platform: Platform, identity: frozenset[str], pairs: frozenset[tuple[str, str]]
) -> Iterable[InhibitRule]:
    """Within one family (same name, same labels) the more urgent mutes the less urgent.

    A burn-rate pair that pages mutes the tickets of the same SLO; there is a rule per pair, so
    that each has one source.
    """
    names = platform.labels
    equal = _equal(names, {"alertname"} | identity - {names.severity, names.pair})
    for index, urgent in enumerate(platform.severities):
        sources = ["", *sorted(pair for pair, severity in pairs if severity == urgent)]
        for lesser in platform.severities[index + 1 :]:
            for pair in sources:
                yield InhibitRule(
                    f"{urgent}-mutes-{lesser}" + (f"-{pair}" if pair else ""),
                    _guarded(
                        names,
                        (names.severity, "=", urgent),
                        (names.level, "=", ""),
                        (names.pair, "=", pair),
                    ),
                    _guarded(names, (names.severity, "=", lesser)),
                    equal,
                    f"{urgent} mutes {lesser} of the same alert and labels",
                )


def _upstream_rules(platform: Platform) -> Iterable[InhibitRule]:
    """While a service's upstream is down, its alerts are muted that are not more urgent."""
    names = platform.labels
    for index, severity in enumerate(platform.severities):
        for lesser in platform.severities[index:]:
            yield InhibitRule(
                f"{severity}-outage-mutes-{lesser}",
                _guarded(
                    names,
                    ("alertname", "=", UPSTREAM_ALERT),
                    (names.kind, "=", MARKER),
                    (names.severity, "=", severity),
                    (names.service, "!=", ""),
                ),
                _guarded(
                    names,
                    (names.kind, "!=", MARKER),
                    (names.severity, "=", lesser),
                    (names.service, "!=", ""),
                ),
                _equal(names, {names.service}),
                f"an upstream outage ({severity}) mutes symptoms ({lesser})",
            )


def _maintenance_rules(names: LabelNames) -> Iterable[InhibitRule]:
    source = (("alertname", "=", MAINTENANCE_ALERT), (names.kind, "=", MARKER))
    has_service = (names.service, "!=", "")
    yield InhibitRule(
        "maintenance-mutes-service",
        _guarded(names, *source, has_service),
        _guarded(names, (names.kind, "!=", MARKER), has_service),
        _equal(names, {names.service}),
        "planned work on a service mutes its alerts",
    )
    yield InhibitRule(
        "maintenance-mutes-tenant",
        _guarded(names, ("alertname", "=", TENANT_MAINTENANCE_ALERT), (names.kind, "=", MARKER)),
        _guarded(names, (names.kind, "!=", MARKER)),
        _equal(names, set()),
        "planned work on everything mutes everything",
    )


def _guarded(names: LabelNames, *matchers: tuple[str, str, str]) -> tuple[Matcher, ...]:
    return (*(Matcher(*m) for m in matchers), Matcher(names.tenant, "!=", ""))


def _equal(names: LabelNames, labels: Iterable[str]) -> tuple[str, ...]:
    return (names.tenant, *sorted(set(labels) - {names.tenant}))


# --------------------------------------------------------------------------- races


def waits(
    tenant: Tenant, platform: Platform, alerts: Sequence[PlannedAlert]
) -> Mapping[str, Duration]:
    """Severity -> a `group_wait` in which whatever mutes its alerts becomes known.

    group_wait ≥ delay of the source - delay of the target + evaluation interval + time to send.
    The most urgent severity is never held back (see `race_findings`), and no wait is longer than
    `group_interval`.
    """
    interval = platform.evaluation_interval
    needed: dict[str, int] = {}
    for source, target in _families(platform, alerts):
        late = source.rule.for_.ms - target.rule.for_.ms + interval.ms + _SEND_DELAY.ms
        needed[target.severity] = max(needed.get(target.severity, 0), late)
    for outage, target in _symptoms(tenant, platform, alerts):
        late = _outage_known(outage, platform) - target.rule.for_.ms
        needed[target.severity] = max(needed.get(target.severity, 0), late)
    least, most = platform.timing.group_wait.ms, platform.timing.group_interval.ms
    return {
        severity: Duration(-(-late // 5000) * 5000)
        for severity, late in needed.items()
        if severity != platform.severities[0] and least < late <= most
    }


def race_findings(
    tenant: Tenant, platform: Platform, alerts: Sequence[PlannedAlert]
) -> tuple[Finding, ...]:
    """Urgent alerts that may be told before the outage that explains them is known."""
    held = waits(tenant, platform, alerts)
    found: list[Finding] = []
    early: dict[str, list[str]] = {}
    outages: dict[str, PlannedAlert] = {}
    for outage, target in _symptoms(tenant, platform, alerts):
        wait = held.get(target.severity, platform.timing.group_wait)
        if _outage_known(outage, platform) - target.rule.for_.ms > wait.ms:
            early.setdefault(outage.slug, []).append(f"{target.rule.alert} of {target.service}")
            outages[outage.slug] = outage
    for slug, targets in early.items():
        outage = outages[slug]
        names = ", ".join(sorted(set(targets))[:4]) + (" …" if len(set(targets)) > 4 else "")
        message = (
            f"when {outage.service} goes down, it is known {_known_after(outage, platform)} later;"
            f" told as well before that: {names}"
        )
        hint = "give these a longer for, the outage a shorter one, or raise timing.group_wait"
        found.append(info("inhibition-race", message, outage.place, hint))
    return tuple(found)


def _known_after(outage: PlannedAlert, platform: Platform) -> Duration:
    return Duration(_outage_known(outage, platform))


def _outage_known(outage: PlannedAlert, platform: Platform) -> int:
    """Milliseconds from the fault to the marker's arrival: the marker is one evaluation later."""
    return outage.rule.for_.ms + 2 * platform.evaluation_interval.ms + _SEND_DELAY.ms


def _families(
    platform: Platform, alerts: Sequence[PlannedAlert]
) -> Iterable[tuple[PlannedAlert, PlannedAlert]]:
    """(more urgent, less urgent) alerts of one name, service and SLO."""
    rank = {severity: index for index, severity in enumerate(platform.severities)}
    names = platform.labels
    families: dict[tuple[str, str | None, str | None], list[PlannedAlert]] = {}
    for alert in alerts:
        key = (alert.rule.alert, alert.service, alert.rule.labels.get(names.slo))
        families.setdefault(key, []).append(alert)
    for family in families.values():
        for one in family:
            for other in family:
                if rank.get(one.severity, 0) < rank.get(other.severity, 0):
                    yield one, other


def _symptoms(
    tenant: Tenant, platform: Platform, alerts: Sequence[PlannedAlert]
) -> Iterable[tuple[PlannedAlert, PlannedAlert]]:
    """(outage, alert that it mutes) through the dependency graph."""
    rank = {severity: index for index, severity in enumerate(platform.severities)}
    depends = upstreams(tenant)
    for outage in _outages(platform, alerts):
        for target in alerts:
            below = outage.service in depends.get(target.service or "", ())
            if below and rank.get(outage.severity, 0) <= rank.get(target.severity, 0):
                yield outage, target


def _outages(platform: Platform, alerts: Sequence[PlannedAlert]) -> list[PlannedAlert]:
    return [a for a in alerts if a.rule.labels.get(platform.labels.kind) == OUTAGE and a.service]


# --------------------------------------------------------------------------- markers


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


def _upstream_down(tenant: Tenant, platform: Platform, severity: str) -> AlertRule:
    """One series per service of which something upstream is down, and not planned to be."""
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
    outages = f"max by ({names.tenant}, {names.service}) ({down})"
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
