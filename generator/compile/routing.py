"""A tenant's routing subtree, and the configurations it goes into.

tenant -> alerts with a policy of their own, then services with one, then severities -> later
steps, then the first.
Intervals stand on leaves only: a route that matches but is inactive does not fall through.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from generator.compile.directory import SHARED, Directory, channel_member
from generator.compile.escalation import MUTES_LABEL, dynamic_labels, in_words
from generator.compile.inhibition import inhibit_rules
from generator.compile.kinds import MARKER
from generator.compile.markers import marker_kinds
from generator.compile.muting import mute_findings
from generator.compile.naming import shard_of
from generator.compile.oncall_findings import schedule_findings
from generator.compile.plan import PlannedAlert
from generator.compile.policies import policies_in_use, policy_findings
from generator.compile.races import race_findings, waits
from generator.compile.receivers import TEMPLATES, integration
from generator.compile.windows import window_findings
from generator.findings import Finding, in_order
from generator.ir.routing import (
    AlertmanagerConfig,
    Matcher,
    Receiver,
    Route,
    TenantRouting,
    TimeInterval,
)
from generator.promql.build import selectors
from generator.promql.labels import output_labels
from generator.promql.parser import parse
from generator.spec.model import Platform, Policy, Step, Tenant
from generator.values import Duration, Version

NOBODY = f"{SHARED}/nobody"
"""The receiver of markers: it has no integrations."""
FLEET_TEMPLATES = "alertmanager/templates/"
"""Where the fleet's alertmanager.yml finds its templates."""

RULE_NAMES = Version(0, 30)
"""From this version on inhibit rules may have names, which alerts and the log then tell."""
START_DELAYS = Version(0, 30)
START_DELAY = "--dispatch.start-delay=1m"
"""After a restart, wait until Prometheus has sent everything again (its resend delay): muted
alerts would be told before those that mute them are known."""


def compile_routing(
    tenant: Tenant, platform: Platform, alerts: Sequence[PlannedAlert]
) -> tuple[TenantRouting, tuple[Finding, ...]]:
    """The tenant's subtree with everything that it names; findings about the spec."""
    directory = Directory(tenant, platform)
    held = waits(tenant, platform, alerts)
    used = policies_in_use(tenant, alerts)
    trees = {name: _tree(tenant.escalation[name], directory, platform) for name in used}
    routes = [
        *_own_policies(tenant, platform, alerts, trees, held),
        *_services(tenant, platform, trees, held),
        *_severities(tenant, platform, trees, held),
    ]
    node = Route(
        matchers=(Matcher(platform.labels.tenant, "=", tenant.id),),
        routes=tuple(routes),
        comment=f"{tenant.id}: {tenant.description}" if tenant.description else tenant.id,
    )
    routing = TenantRouting(
        route=node,
        receivers=directory.receivers(),
        intervals=directory.intervals(),
        alert_labels=_alert_labels(tenant, platform, alerts),
        escalation_levels=max((len(tenant.escalation[name].steps) for name in used), default=1),
        markers=marker_kinds(tenant, platform, alerts),
        burn_rate_pairs=frozenset(
            (a.rule.labels[platform.labels.pair], a.severity)
            for a in alerts
            if platform.labels.pair in a.rule.labels
        ),
    )
    findings = [
        *directory.findings,
        *policy_findings(tenant, platform, alerts, held),
        *(f for window in tenant.time_windows.values() for f in window_findings(window)),
        *schedule_findings(tenant.oncall),
        *race_findings(tenant, platform, alerts),
        *mute_findings(tenant, platform, alerts, inhibit_rules(platform, [routing])),
        *integration(platform.fallback, platform)[1],
    ]
    return routing, in_order(findings)


def fleet_config(platform: Platform, tenants: Mapping[str, TenantRouting]) -> AlertmanagerConfig:
    """All tenants in one configuration, in the order of their ids, under shards when many."""
    shards = shard_count(platform, len(tenants))
    return _config(platform, dict(sorted(tenants.items())), FLEET_TEMPLATES, shards)


def shard_count(platform: Platform, tenants: int) -> int:
    """How many shards a fleet of some tenants has; 0: its tree has no such level."""
    return platform.sharding.shards if tenants > platform.sharding.above else 0


def tenant_config(platform: Platform, tenant: str, routing: TenantRouting) -> AlertmanagerConfig:
    """One tenant alone: for Mimir, and for reading. Its templates lie beside it."""
    return _config(platform, {tenant: routing}, "")


def _config(
    platform: Platform, routings: Mapping[str, TenantRouting], templates: str, shards: int = 0
) -> AlertmanagerConfig:
    names, timing, target = platform.labels, platform.timing, platform.targets.alertmanager
    found, _ = integration(platform.fallback, platform)
    fallback = Receiver(
        f"{SHARED}/{platform.fallback.name}",
        {found.section: (found.fields,)} if found else {},
        (channel_member(platform.fallback),),
    )
    receivers = {fallback.name: fallback}
    routes: list[Route] = []
    if any(routing.markers for routing in routings.values()):
        receivers[NOBODY] = Receiver(NOBODY)
        marker = (Matcher(names.kind, "=", MARKER),)
        told = "markers only mute (see inhibit_rules)"
        routes.append(Route(matchers=marker, receiver=NOBODY, comment=told))
    for routing in routings.values():
        receivers |= {r.name: r for r in routing.receivers}
    nodes = {name: routing.route for name, routing in routings.items()}
    routes += _sharded(nodes, shards, names.shard) if shards else nodes.values()
    root = Route(
        receiver=fallback.name,
        routes=tuple(routes),
        group_by=(
            names.tenant,
            "alertname",
            names.service,
            names.severity,
            names.slo,
            names.level,
        ),
        group_wait=timing.group_wait,
        group_interval=timing.group_interval,
        repeat_interval=timing.repeat_interval,
    )
    return AlertmanagerConfig(
        globals_=_globals(platform),
        templates=tuple(f"{templates}{name}" for name in TEMPLATES),
        route=root,
        receivers=tuple(r for _, r in sorted(receivers.items())),
        inhibit_rules=inhibit_rules(platform, routings.values()),
        intervals=_intervals(routings.values()),
        vocabulary=_vocabulary(platform),
        named_rules=target >= RULE_NAMES,
        flags=(START_DELAY,) if target >= START_DELAYS else (),
    )


def _sharded(nodes: Mapping[str, Route], shards: int, label: str) -> Iterable[Route]:
    """The tenants' nodes below their shards'."""
    found: dict[int, list[Route]] = {}
    for name, node in nodes.items():
        found.setdefault(int(shard_of(name, shards)), []).append(node)
    for number, below in sorted(found.items()):
        yield Route((Matcher(label, "=", str(number)),), routes=tuple(below))


def _intervals(routings: Iterable[TenantRouting]) -> tuple[TimeInterval, ...]:
    return tuple(interval for routing in routings for interval in routing.intervals)


def _globals(platform: Platform) -> dict[str, Any]:
    smtp = platform.smtp
    if smtp is None:
        return {}
    found: dict[str, Any] = {
        "smtp_smarthost": smtp.smarthost,
        "smtp_from": smtp.from_,
        "smtp_hello": smtp.hello,
        "smtp_auth_username": smtp.username,
        "smtp_auth_password_file": smtp.password_file,
    }
    return {**{k: v for k, v in found.items() if v}, "smtp_require_tls": smtp.require_tls}


def _vocabulary(platform: Platform) -> dict[str, str]:
    names = platform.labels
    return {
        "tenant": names.tenant,
        "service": names.service,
        "team": names.team,
        "severity": names.severity,
        "level": names.level,
        "mutes": MUTES_LABEL,
        "pair": names.pair,
        "alertmanager": platform.urls.alertmanager,
        "kind": names.kind,
        "urgent": platform.severities[0],
        "informational": platform.severities[-1],
    }


# --------------------------------------------------------------------------- the subtree


def _own_policies(
    tenant: Tenant,
    platform: Platform,
    alerts: Sequence[PlannedAlert],
    trees: Mapping[str, Route],
    held: Mapping[str, Duration],
) -> Iterable[Route]:
    """Alerts that name a policy themselves; the labels tell them from namesakes."""
    names = platform.labels
    telling = (names.service, names.severity, names.slo, names.pair)
    seen: set[tuple[Matcher, ...]] = set()
    for alert in alerts:
        if alert.policy is None or alert.policy not in trees:
            continue
        labels = alert.rule.labels
        matchers = (
            Matcher("alertname", "=", alert.rule.alert),
            *(Matcher(name, "=", labels[name]) for name in telling if name in labels),
        )
        if matchers not in seen:
            seen.add(matchers)
            told = f"{alert.rule.alert} has its own policy: {alert.policy}"
            yield _below(matchers, trees[alert.policy], told, held.get(alert.severity))


def _services(
    tenant: Tenant, platform: Platform, trees: Mapping[str, Route], held: Mapping[str, Duration]
) -> Iterable[Route]:
    """Services with policies of their own; those that say what the tenant says need no route."""
    names = platform.labels
    for service in tenant.services.values():
        for severity in platform.severities:
            policy = service.escalation.get(severity, "")
            if policy not in trees or policy == tenant.routing.get(severity):
                continue
            matchers = (
                Matcher(names.service, "=", service.name),
                Matcher(names.severity, "=", severity),
            )
            told = f"{severity} of {service.name}: policy {policy}"
            yield _below(matchers, trees[policy], told, held.get(severity))


def _severities(
    tenant: Tenant, platform: Platform, trees: Mapping[str, Route], held: Mapping[str, Duration]
) -> Iterable[Route]:
    for severity in platform.severities:
        policy = tenant.routing.get(severity, "")
        if policy in trees:
            matchers = (Matcher(platform.labels.severity, "=", severity),)
            told = f"{severity}: policy {policy}"
            yield _below(matchers, trees[policy], told, held.get(severity))


def _below(
    matchers: tuple[Matcher, ...], tree: Route, comment: str, group_wait: Duration | None
) -> Route:
    return replace(tree, matchers=matchers, comment=comment, group_wait=group_wait)


def _tree(policy: Policy, directory: Directory, platform: Platform) -> Route:
    """A policy's steps: later ones by level, the first takes what is left."""
    if len(policy.steps) == 1:
        return _step(policy, policy.steps[0], directory)
    children: list[Route] = []
    for number, step in reversed(list(enumerate(policy.steps, 1))):
        told = f"step {number}, after {in_words(step.after)}" if number > 1 else "step 1, at once"
        level = (Matcher(platform.labels.level, "=", str(number)),) if number > 1 else ()
        children.append(replace(_step(policy, step, directory), matchers=level, comment=told))
    return Route(routes=tuple(children))


def _step(policy: Policy, step: Step, directory: Directory) -> Route:
    """One step: a leaf, or several that all continue to the next but for the last."""
    leaves = directory.leaves(policy, step)
    if len(leaves) == 1:
        return replace(leaves[0], continue_=False, repeat_interval=step.repeat)
    told = [replace(leaf, continue_=index < len(leaves)) for index, leaf in enumerate(leaves, 1)]
    return Route(routes=tuple(told), repeat_interval=step.repeat)


# --------------------------------------------------------------------------- labels


def _alert_labels(
    tenant: Tenant, platform: Platform, alerts: Sequence[PlannedAlert]
) -> frozenset[str]:
    """Every label, known by name, that an alert of the tenant may carry."""
    known = _known_labels(tenant, platform, alerts)
    found = {platform.labels.kind} if tenant.flapping is not None else set()
    for alert in alerts:
        found |= set(alert.rule.labels) | dynamic_labels(alert, known).named
    return frozenset(name for name in found if not name.startswith("__"))


def _known_labels(
    tenant: Tenant, platform: Platform, alerts: Sequence[PlannedAlert]
) -> dict[str, frozenset[str]]:
    """Labels of the series that are recorded for the tenant, by name."""
    names = platform.labels
    slo_labels = {names.tenant, names.service, names.slo}
    slo_labels |= {label for slo in tenant.slos.values() for label in slo.group_by}
    known = {name: frozenset(slo_labels) for alert in alerts for name in _slo_series(alert)}
    for spec in tenant.recordings:
        labels = output_labels(parse(spec.expr.value), known)
        if not labels.open:
            known[spec.record] = labels.named | {names.tenant, names.service}
    return known


def _slo_series(alert: PlannedAlert) -> Iterable[str]:
    return (name for name in selectors(alert.rule.expr) if name.startswith("slo:"))
