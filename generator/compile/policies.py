"""What may go wrong between an alert and the people of its policy: findings about the spec."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from generator.compile.channels import CHANNELS, SELF_ESCALATING
from generator.compile.escalation import policy_of
from generator.compile.kinds import FLAPPING, MARKER, OUTAGE
from generator.compile.plan import PlannedAlert
from generator.findings import Finding, Place, error, info, warning
from generator.spec.model import Platform, Policy, Step, Tenant
from generator.spec.read_platform import RETENTION
from generator.values import Duration


def policy_findings(
    tenant: Tenant,
    platform: Platform,
    alerts: Sequence[PlannedAlert],
    held: Mapping[str, Duration],
) -> tuple[Finding, ...]:
    """Alerts without a policy, policies without alerts, and steps that would not do what they say.

    `held`: severity -> the wait before its first message, where it is longer than the platform's.
    """
    used = policies_in_use(tenant, alerts)
    return (
        *_unrouted(tenant, platform, alerts),
        *(f for name in used for f in _steps(name, used[name], tenant, platform, held)),
        *_unused(tenant, used),
    )


def policies_in_use(tenant: Tenant, alerts: Sequence[PlannedAlert]) -> Mapping[str, frozenset[str]]:
    """Policy -> severities of what goes through it, in the spec's order."""
    found: dict[str, set[str]] = {name: set() for name in tenant.escalation}
    for alert in alerts:
        if alert.policy in found:
            found[alert.policy].add(alert.severity)
    for routing in (tenant.routing, *(s.escalation for s in tenant.services.values())):
        for severity, name in routing.items():
            found.get(name, set()).add(severity)
    return {name: frozenset(severities) for name, severities in found.items() if severities}


def _unused(tenant: Tenant, used: Mapping[str, object]) -> Iterable[Finding]:
    """The tenant's own policies that nothing names: probably a forgotten route."""
    for policy in tenant.escalation.values():
        if policy.name not in used and policy.place.file == tenant.file:
            message = f"no alert goes through the policy {policy.name}"
            hint = f"add to routing: {{<severity>: {policy.name}}}, or remove it"
            yield warning("unused-policy", message, policy.place, hint)


def _unrouted(
    tenant: Tenant, platform: Platform, alerts: Sequence[PlannedAlert]
) -> Iterable[Finding]:
    """Alerts that nobody would be told of, but for the platform's fallback."""
    silent: dict[str, PlannedAlert] = {}
    for alert in alerts:
        kind = alert.rule.labels.get(platform.labels.kind)
        if kind in (MARKER, FLAPPING):
            does = "notify nobody" if kind == MARKER else "mute its namesakes"
            message = f"{alert.rule.alert} would {does}: {platform.labels.kind}={kind!r}"
            hint = "such alerts are made by Tocsin; remove the label"
            yield error("no-route", message, alert.place, hint)
        if kind == OUTAGE and not alert.service:
            message = f"{alert.rule.alert} says that something is down, but not which service"
            hint = "add service: <name>; otherwise it mutes no symptoms"
            yield warning("outage-without-service", message, alert.place, hint)
        if alert.policy or policy_of(alert, tenant):
            continue
        silent.setdefault(alert.severity, alert)
    for severity, alert in silent.items():
        message = f"nobody is told of {severity} alerts such as {alert.rule.alert}"
        hint = f"add to routing: {{{severity}: <policy>}}"
        yield error("no-route", message, _routing_place(tenant, alert), hint)


def _routing_place(tenant: Tenant, alert: PlannedAlert) -> Place:
    return alert.place if alert.place.file == tenant.file else tenant.place


def _steps(
    name: str,
    severities: frozenset[str],
    tenant: Tenant,
    platform: Platform,
    held: Mapping[str, Duration],
) -> Iterable[Finding]:
    policy, timing = tenant.escalation[name], platform.timing
    wait = max(held.get(severity, timing.group_wait) for severity in sorted(severities))
    soonest = wait.ms + platform.evaluation_interval.ms
    for number, step in enumerate(policy.steps, 1):
        before = policy.steps[number - 2].after.ms if number > 1 else 0
        if number > 1 and step.after.ms - before <= soonest:
            message = (
                f"step {number} of {name} comes {Duration(step.after.ms - before)} after the one "
                f"before it, which waits {wait} to be sent and would be muted by then"
            )
            hint = f"leave more than {Duration(soonest)} between them"
            yield warning("step-too-soon", message, step.place, hint)
        if step.repeat is not None:
            yield from _repeat_findings(step, policy, timing.group_interval)
        yield from _self_escalating(policy, number, step, tenant)
    urgent = platform.severities[0]
    if urgent in severities and all(step.during for step in policy.steps):
        message = f"{name} tells of {urgent} alerts at certain times only"
        hint = "leave during out of one step"
        yield warning("nobody-at-night", message, policy.place, hint)


def _repeat_findings(step: Step, policy: Policy, group_interval: Duration) -> Iterable[Finding]:
    assert step.repeat is not None
    if step.repeat.ms % group_interval.ms:
        rounded = Duration(-(-step.repeat.ms // group_interval.ms) * group_interval.ms)
        message = f"{policy.name} repeats after {step.repeat}, which becomes {rounded}"
        hint = f"write a multiple of timing.group_interval ({group_interval})"
        yield warning("repeat-rounded", message, step.place, hint)
    if step.repeat >= RETENTION:
        message = (
            f"{policy.name} repeats after {step.repeat}, but Alertmanager forgets after {RETENTION}"
        )
        hint = "repeat sooner, or run Alertmanager with a longer --data.retention"
        yield warning("repeat-retention", message, step.place, hint)


def _self_escalating(policy: Policy, number: int, step: Step, tenant: Tenant) -> Iterable[Finding]:
    """PagerDuty and its like keep their own clock: told once, always, never muted by a step."""
    for recipient in step.notify:
        channel = tenant.channels.get(recipient.name)
        if recipient.kind != "channel" or channel is None or channel.kind not in SELF_ESCALATING:
            continue
        service, place = CHANNELS[channel.kind].title, recipient.place or step.place
        if step.during:
            message = f"{channel.name} is told only during {step.during}, though it is a pager"
            hint = f"leave during out, and use {service}'s own support hours"
            yield warning("pager-window", message, place, hint)
        if number < len(policy.steps):
            after = policy.steps[number].after
            message = (
                f"{service} calls the next person by itself; step {number + 1} of {policy.name} "
                f"mutes {channel.name} after {after}, so that it is not told again"
            )
            hint = f"let {service} escalate, in a policy of one step"
            yield info("pager-ladder", message, place, hint)
