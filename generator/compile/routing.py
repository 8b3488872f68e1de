"""A tenant's routing subtree, with everything that it names.

tenant -> alerts with a policy of their own, then services with one, then severities -> later
steps, then the first.
Intervals stand on leaves only: a route that matches but is inactive does not fall through.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from generator.compile.directory import Directory
from generator.compile.escalation import dynamic_labels, in_words
from generator.compile.inhibition import inhibit_rules
from generator.compile.markers import marker_kinds
from generator.compile.muting import mute_findings
from generator.compile.oncall_findings import schedule_findings
from generator.compile.plan import PlannedAlert
from generator.compile.policies import policies_in_use, policy_findings
from generator.compile.races import race_findings, waits
from generator.compile.receivers import integration
from generator.compile.windows import window_findings
from generator.findings import Finding, in_order
from generator.ir.routing import Matcher, Mutable, Route, TenantRouting
from generator.promql.build import selectors
from generator.promql.labels import output_labels
from generator.promql.parser import parse
from generator.spec.model import Platform, Policy, Step, Tenant
from generator.values import Duration


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
        mutable=_mutable(tenant, platform, alerts, used),
    )
    findings = [
        *directory.findings,
        *policy_findings(tenant, platform, alerts, held),
        *(f for window in tenant.time_windows.values() for f in window_findings(window)),
        *schedule_findings(tenant.oncall),
        *race_findings(tenant, platform, alerts),
        *mute_findings(tenant, platform, alerts, inhibit_rules(platform, [routing.mutable])),
        *integration(platform.fallback, platform)[1],
    ]
    return routing, in_order(findings)


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


# --------------------------------------------------------------------------- what mutes


def _mutable(
    tenant: Tenant, platform: Platform, alerts: Sequence[PlannedAlert], used: Iterable[str]
) -> Mutable:
    pair = platform.labels.pair
    return Mutable(
        alert_labels=_alert_labels(tenant, platform, alerts),
        escalation_levels=max((len(tenant.escalation[name].steps) for name in used), default=1),
        markers=marker_kinds(tenant, platform, alerts),
        burn_rate_pairs=frozenset(
            (a.rule.labels[pair], a.severity) for a in alerts if pair in a.rule.labels
        ),
    )


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
