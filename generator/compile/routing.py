"""A tenant's routing subtree, and the configurations it goes into.

tenant -> alerts with a policy of their own, then severities -> later steps, then the first.
Intervals stand on leaves only: a route that matches but is inactive does not fall through.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from generator.compile.directory import SHARED, Directory, channel_member
from generator.compile.escalation import MUTES_LABEL, dynamic_labels, in_words
from generator.compile.inhibition import (
    MARKER,
    inhibit_rules,
    marker_kinds,
    race_findings,
    waits,
)
from generator.compile.naming import receiver
from generator.compile.oncall import override_findings
from generator.compile.plan import PlannedAlert
from generator.compile.receivers import TEMPLATES, integration
from generator.compile.windows import window_findings
from generator.findings import Finding, Place, error, in_order, warning
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
from generator.values import Duration

NOBODY = f"{SHARED}/nobody"
"""The receiver of markers: it has no integrations."""
FLEET_TEMPLATES = "alertmanager/templates/"
"""Where the fleet's alertmanager.yml finds its templates."""

_RETENTION = Duration.of(hours=120)
"""Alertmanager's default `--data.retention`: what it was told is forgotten after that."""


def compile_routing(
    tenant: Tenant, platform: Platform, alerts: Sequence[PlannedAlert]
) -> tuple[TenantRouting, tuple[Finding, ...]]:
    """The tenant's subtree with everything that it names; findings about the spec."""
    directory = Directory(tenant, platform)
    held = waits(tenant, platform, alerts)
    routes = [
        *_own_policies(tenant, platform, alerts, directory, held),
        *_severities(tenant, platform, directory, held),
    ]
    node = Route(
        matchers=(Matcher(platform.labels.tenant, "=", tenant.id),),
        routes=tuple(routes),
        comment=f"{tenant.id}: {tenant.description}" if tenant.description else tenant.id,
    )
    used = _policies(tenant, alerts)
    routing = TenantRouting(
        route=node,
        receivers=directory.receivers(),
        intervals=directory.intervals(),
        alert_labels=_alert_labels(tenant, platform, alerts),
        escalation_levels=max((len(policy.steps) for policy in used), default=1),
        markers=marker_kinds(tenant, platform, alerts),
        burn_rate_pairs=frozenset(
            (a.rule.labels[platform.labels.pair], a.severity)
            for a in alerts
            if platform.labels.pair in a.rule.labels
        ),
    )
    findings = [
        *directory.findings,
        *_unrouted(tenant, platform, alerts),
        *(f for policy in used for f in _policy_findings(policy, tenant, platform)),
        *_unused(tenant, used),
        *(f for window in tenant.time_windows.values() for f in window_findings(window)),
        *override_findings(tenant.oncall),
        *race_findings(tenant, platform, alerts),
        *integration(platform.fallback, platform)[1],
    ]
    return routing, in_order(findings)


def fleet_config(platform: Platform, tenants: Mapping[str, TenantRouting]) -> AlertmanagerConfig:
    """All tenants in one configuration, in the order of their ids."""
    routings = dict(sorted(tenants.items()))
    shared: dict[str, Receiver] = {}
    for name, routing in routings.items():
        clashing = {
            r.name: receiver(name, r.name.removeprefix(f"{SHARED}/"))
            for r in routing.receivers
            if r.name in shared and shared[r.name] != r
        }
        routings[name] = routing = _renamed(routing, clashing)
        shared |= {r.name: r for r in routing.receivers}
    return _config(platform, routings, FLEET_TEMPLATES)


def tenant_config(platform: Platform, tenant: str, routing: TenantRouting) -> AlertmanagerConfig:
    """One tenant alone: for Mimir, and for reading. Its templates lie beside it."""
    return _config(platform, {tenant: routing}, "")


def _config(
    platform: Platform, routings: Mapping[str, TenantRouting], templates: str
) -> AlertmanagerConfig:
    names, timing = platform.labels, platform.timing
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
        routes.append(routing.route)
        receivers |= {r.name: r for r in routing.receivers}
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
    )


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
        "kind": names.kind,
        "urgent": platform.severities[0],
        "informational": platform.severities[-1],
    }


def _renamed(routing: TenantRouting, names: Mapping[str, str]) -> TenantRouting:
    """The routing with some receivers called differently."""
    if not names:
        return routing

    def route(node: Route) -> Route:
        called = names.get(node.receiver or "", node.receiver)
        return replace(node, receiver=called, routes=tuple(map(route, node.routes)))

    receivers = tuple(replace(r, name=names.get(r.name, r.name)) for r in routing.receivers)
    return replace(routing, route=route(routing.route), receivers=receivers)


# --------------------------------------------------------------------------- the subtree


def _own_policies(
    tenant: Tenant,
    platform: Platform,
    alerts: Sequence[PlannedAlert],
    directory: Directory,
    held: Mapping[str, Duration],
) -> Iterable[Route]:
    """Alerts that name a policy themselves; the labels tell them from namesakes."""
    names = platform.labels
    telling = (names.service, names.severity, names.slo, names.pair)
    seen: set[tuple[Matcher, ...]] = set()
    for alert in alerts:
        policy = tenant.escalation.get(alert.policy or "")
        if policy is None:
            continue
        labels = alert.rule.labels
        matchers = (
            Matcher("alertname", "=", alert.rule.alert),
            *(Matcher(name, "=", labels[name]) for name in telling if name in labels),
        )
        if matchers not in seen:
            seen.add(matchers)
            told = f"{alert.rule.alert} has its own policy: {policy.name}"
            yield _policy(policy, matchers, told, directory, platform, held.get(alert.severity))


def _severities(
    tenant: Tenant, platform: Platform, directory: Directory, held: Mapping[str, Duration]
) -> Iterable[Route]:
    for severity in platform.severities:
        policy = tenant.escalation.get(tenant.routing.get(severity, ""))
        if policy is not None:
            matchers = (Matcher(platform.labels.severity, "=", severity),)
            told = f"{severity}: policy {policy.name}"
            yield _policy(policy, matchers, told, directory, platform, held.get(severity))


def _policy(
    policy: Policy,
    matchers: tuple[Matcher, ...],
    comment: str,
    directory: Directory,
    platform: Platform,
    group_wait: Duration | None,
) -> Route:
    """A policy below its matchers: later steps by level, the first step takes what is left."""
    steps = list(enumerate(policy.steps, 1))
    if len(steps) == 1:
        node = _step(policy, policy.steps[0], directory)
        return replace(node, matchers=matchers, comment=comment, group_wait=group_wait)
    children: list[Route] = []
    for number, step in reversed(steps):
        told = f"step {number}, after {in_words(step.after)}" if number > 1 else "step 1, at once"
        level = (Matcher(platform.labels.level, "=", str(number)),) if number > 1 else ()
        children.append(replace(_step(policy, step, directory), matchers=level, comment=told))
    return Route(matchers, routes=tuple(children), comment=comment, group_wait=group_wait)


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
    found: set[str] = set()
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


# --------------------------------------------------------------------------- findings


def _policies(tenant: Tenant, alerts: Sequence[PlannedAlert]) -> tuple[Policy, ...]:
    """The policies that anything uses."""
    wanted = {*tenant.routing.values(), *(a.policy for a in alerts if a.policy)}
    return tuple(p for name, p in tenant.escalation.items() if name in wanted)


def _unused(tenant: Tenant, used: Sequence[Policy]) -> Iterable[Finding]:
    """The tenant's own policies that no severity and no alert names: probably a forgotten route."""
    for policy in tenant.escalation.values():
        if policy not in used and policy.place.file == tenant.file:
            message = f"no alert goes through the policy {policy.name}"
            hint = f"add to routing: {{<severity>: {policy.name}}}, or remove it"
            yield warning("unused-policy", message, policy.place, hint)


def _unrouted(
    tenant: Tenant, platform: Platform, alerts: Sequence[PlannedAlert]
) -> Iterable[Finding]:
    """Alerts that nobody would be told of, but for the platform's fallback."""
    silent: dict[str, PlannedAlert] = {}
    for alert in alerts:
        if alert.rule.labels.get(platform.labels.kind) == MARKER:
            message = f"{alert.rule.alert} would notify nobody: {platform.labels.kind}={MARKER!r}"
            hint = "markers are made by Tocsin; remove the label"
            yield error("no-route", message, alert.place, hint)
        if alert.policy or tenant.routing.get(alert.severity) in tenant.escalation:
            continue
        silent.setdefault(alert.severity, alert)
    for severity, alert in silent.items():
        message = f"nobody is told of {severity} alerts such as {alert.rule.alert}"
        hint = f"add to routing: {{{severity}: <policy>}}"
        yield error("no-route", message, _routing_place(tenant, alert), hint)


def _routing_place(tenant: Tenant, alert: PlannedAlert) -> Place:
    return alert.place if alert.place.file == tenant.file else tenant.place


def _policy_findings(policy: Policy, tenant: Tenant, platform: Platform) -> Iterable[Finding]:
    timing, interval = platform.timing, platform.evaluation_interval
    soonest = timing.group_wait.ms + interval.ms
    for number, step in enumerate(policy.steps, 1):
        if number > 1 and step.after.ms <= soonest:
            message = (
                f"step {number} of {policy.name} comes after {step.after}: the step before it "
                f"waits {timing.group_wait} to be sent and would be muted by then"
            )
            hint = f"wait longer than {Duration(soonest)}"
            yield warning("step-too-soon", message, step.place, hint)
        if step.repeat is not None:
            yield from _repeat_findings(step, policy, timing.group_interval)
        yield from _self_escalating(policy, number, step, tenant)


def _repeat_findings(step: Step, policy: Policy, group_interval: Duration) -> Iterable[Finding]:
    assert step.repeat is not None
    if step.repeat.ms % group_interval.ms:
        rounded = Duration(-(-step.repeat.ms // group_interval.ms) * group_interval.ms)
        message = f"{policy.name} repeats after {step.repeat}, which becomes {rounded}"
        hint = f"write a multiple of timing.group_interval ({group_interval})"
        yield warning("repeat-rounded", message, step.place, hint)
    if step.repeat >= _RETENTION:
        message = f"{policy.name} repeats after {step.repeat}, but Alertmanager forgets after 120h"
        hint = "repeat sooner, or run Alertmanager with a longer --data.retention"
        yield warning("repeat-retention", message, step.place, hint)


def _self_escalating(policy: Policy, number: int, step: Step, tenant: Tenant) -> Iterable[Finding]:
    """PagerDuty keeps its own clock: it is told once, always, and never muted by a later step."""
    for recipient in step.notify:
        channel = tenant.channels.get(recipient.name)
        if recipient.kind != "channel" or channel is None or channel.kind != "pagerduty":
            continue
        if step.during:
            message = f"{channel.name} is told only during {step.during}, though it is a pager"
            hint = "leave during out, and use PagerDuty's own support hours"
            yield warning("pager-window", message, recipient.place or step.place, hint)
