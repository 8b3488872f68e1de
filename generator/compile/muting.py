"""Whether whatever mutes an alert tells somebody, as urgently, and nothing mutes in a circle.

The inhibit rules are read as they will be written, against the labels that the alerts will carry.
Markers stand for the outages behind them; planned work and later steps of one alert are left out:
the first is decided by people, the second told before.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from graphlib import CycleError, TopologicalSorter

from generator.compile.escalation import dynamic_labels, policy_of
from generator.compile.kinds import MARKER, OUTAGE_ALERT, UPSTREAM_ALERT
from generator.compile.markers import outages, upstreams
from generator.compile.plan import PlannedAlert
from generator.findings import Finding, error, warning
from generator.ir.routing import InhibitRule, Matcher
from generator.promql.labels import LabelSet
from generator.spec.model import Platform, Policy, Tenant

PAGING = ("pagerduty", "sms")
"""Kinds of channels that wake somebody; people and schedules do anyway."""

LESS_URGENT = "is less urgent"


@dataclass(frozen=True, slots=True)
class _Labelled:
    """Labels that an alert has, or a marker that it sets off; `dynamic` it may have besides."""

    labels: Mapping[str, str]
    alert: PlannedAlert
    dynamic: LabelSet


def mute_findings(
    tenant: Tenant,
    platform: Platform,
    alerts: Sequence[PlannedAlert],
    rules: Sequence[InhibitRule],
) -> tuple[Finding, ...]:
    """Alerts that would be muted by one that tells nobody, less, or is muted by them itself."""
    edges = mutes(tenant, platform, alerts, rules)
    circle = _circle(edges)
    if circle:
        return (_in_a_circle(circle, platform),)
    found: list[Finding] = []
    for cause, targets in edges:
        reasons: dict[str, list[PlannedAlert]] = {}
        for target in targets:
            reason = _wrong(cause, target, tenant, platform)
            if reason:
                reasons.setdefault(reason, []).append(target)
        found += [
            _muted(reason, cause, victims, tenant, platform) for reason, victims in reasons.items()
        ]
    return tuple(found)


def mutes(
    tenant: Tenant,
    platform: Platform,
    alerts: Sequence[PlannedAlert],
    rules: Sequence[InhibitRule],
) -> tuple[tuple[PlannedAlert, tuple[PlannedAlert, ...]], ...]:
    """Each alert with those that it may mute, itself or through a marker, in order."""
    labels = {alert.slug: dict(alert.rule.labels, alertname=alert.rule.alert) for alert in alerts}
    dynamic = {alert.slug: dynamic_labels(alert, {}) for alert in alerts}
    found: dict[str, dict[str, PlannedAlert]] = {}
    own = [_Labelled(labels[a.slug], a, dynamic[a.slug]) for a in alerts]
    markers = list(_markers(tenant, platform, alerts))
    for rule in rules:
        targets = [one for one in own if _match(rule.target, one.labels)]
        sources = [one for one in (*own, *markers) if _match(rule.source, one.labels)]
        for source in sources if targets else ():
            for target in targets:
                if all(_may_be_equal(name, source, target) for name in rule.equal):
                    found.setdefault(source.alert.slug, {})[target.alert.slug] = target.alert
    return tuple((a, tuple(found[a.slug].values())) for a in alerts if a.slug in found)


def _may_be_equal(name: str, one: _Labelled, other: _Labelled) -> bool:
    if name in one.labels and name in other.labels:
        return one.labels[name] == other.labels[name]
    lacking = [labelled for labelled in (one, other) if name not in labelled.labels]
    return len(lacking) == 2 or lacking[0].dynamic.can_have(name)


def _markers(
    tenant: Tenant, platform: Platform, alerts: Sequence[PlannedAlert]
) -> Iterable[_Labelled]:
    """The markers that outages set off."""
    names = platform.labels
    nothing = LabelSet()
    depends = upstreams(tenant)
    for outage in outages(platform, alerts):
        down = {
            names.tenant: tenant.id,
            names.kind: MARKER,
            names.severity: outage.severity,
        }
        own = {**down, "alertname": OUTAGE_ALERT, names.service: outage.service or ""}
        yield _Labelled(own, outage, nothing)
        for service, ups in depends.items():
            if outage.service in ups:
                marker = {**down, "alertname": UPSTREAM_ALERT, names.service: service}
                yield _Labelled(marker, outage, nothing)


def _match(matchers: Sequence[Matcher], labels: Mapping[str, str]) -> bool:
    """Generic rules match by equality alone, on labels that an alert's rule fixes."""
    return all((labels.get(m.name, "") == m.value) == (m.op == "=") for m in matchers)


# --------------------------------------------------------------------------- what is wrong


def _circle(
    edges: Sequence[tuple[PlannedAlert, Sequence[PlannedAlert]]],
) -> tuple[PlannedAlert, ...]:
    """Alerts of which each may mute the next, the last the first; empty when there is no circle."""
    known = {a.slug: a for cause, targets in edges for a in (cause, *targets)}
    graph = {cause.slug: [t.slug for t in targets] for cause, targets in edges}
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as problem:
        return tuple(known[slug] for slug in problem.args[1][::-1])
    return ()


def _in_a_circle(circle: Sequence[PlannedAlert], platform: Platform) -> Finding:
    path = " → ".join(called(alert) for alert in circle)
    message = f"these alerts would mute each other, and nobody would be told: {path}"
    hint = f"take {platform.labels.kind}: outage from one of them, or a dependency out"
    return error("mute-cycle", message, circle[0].place, hint)


def _wrong(cause: PlannedAlert, target: PlannedAlert, tenant: Tenant, platform: Platform) -> str:
    """Why a target must not be muted by a cause; empty when it may."""
    rank = {severity: index for index, severity in enumerate(platform.severities)}
    policy, other = policy_of(cause, tenant), policy_of(target, tenant)
    if other is None:
        return ""
    if policy is None:
        return "tells nobody"
    if rank.get(cause.severity, 0) > rank.get(target.severity, 0):
        return LESS_URGENT
    if policy is other:
        return ""
    if not _always(policy) and _always(other):
        return "is told at certain times only"
    if not _pages(policy, tenant) and _pages(other, tenant):
        return "pages nobody"
    return ""


def _always(policy: Policy) -> bool:
    return any(step.during is None for step in policy.steps)


def _pages(policy: Policy, tenant: Tenant) -> bool:
    """Whether a policy reaches somebody's pocket."""
    return any(
        recipient.kind != "channel"
        or ((channel := tenant.channels.get(recipient.name)) is not None and channel.kind in PAGING)
        for step in policy.steps
        for recipient in step.notify
    )


def _muted(
    reason: str,
    cause: PlannedAlert,
    targets: Sequence[PlannedAlert],
    tenant: Tenant,
    platform: Platform,
) -> Finding:
    policy = policy_of(cause, tenant)
    listed = "; ".join(_told(t, tenant) for t in targets[:3])
    more = f"; and {len(targets) - 3} more" if len(targets) > 3 else ""
    message = f"{_told(cause, tenant)} {reason}, but while it fires it mutes {listed}{more}"
    if policy is None:
        hint = f"add to routing: {{{cause.severity}: <policy>}}"
        return error("muted-by-nobody", message, cause.place, hint)
    hint = f"give {cause.rule.alert} an escalation as urgent as theirs, or them its own"
    if reason == LESS_URGENT:
        return error("muted-less-urgently", message, cause.place, hint)
    return warning("muted-less-urgently", message, policy.place, hint)


def called(alert: PlannedAlert) -> str:
    """An alert as people name it: `ServiceDown of db`."""
    return f"{alert.rule.alert} of {alert.service}" if alert.service else alert.rule.alert


def _told(alert: PlannedAlert, tenant: Tenant) -> str:
    policy = policy_of(alert, tenant)
    steps = []
    for step in policy.steps if policy else ():
        names = (r.name if r.kind == "channel" else f"{r.kind}:{r.name}" for r in step.notify)
        who = ", ".join(names)
        steps.append(f"{who} during {step.during}" if step.during else who)
    return f"{called(alert)} ({alert.severity}; tells {', then '.join(steps) or 'nobody'})"
