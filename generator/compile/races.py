"""When what mutes an alert becomes known later than the alert itself: waits, and what cannot wait.

group_wait ≥ delay of the source - delay of the target + evaluation interval + time to send.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from generator.compile.kinds import OUTAGE
from generator.compile.markers import outages, upstreams
from generator.compile.plan import PlannedAlert
from generator.findings import Finding, info
from generator.spec.model import Platform, Tenant
from generator.values import Duration

_SEND_DELAY = Duration.of(seconds=5)


def waits(
    tenant: Tenant, platform: Platform, alerts: Sequence[PlannedAlert]
) -> Mapping[str, Duration]:
    """Severity -> a `group_wait` in which whatever mutes its alerts becomes known.

    The most urgent severity is never held back (see `race_findings`), and no wait is longer than
    `group_interval`.
    """
    interval = platform.evaluation_interval
    needed: dict[str, int] = {}
    for source, target in families(platform, alerts):
        late = source.rule.for_.ms - target.rule.for_.ms + interval.ms + _SEND_DELAY.ms
        needed[target.severity] = max(needed.get(target.severity, 0), late)
    for outage, target in symptoms(tenant, platform, alerts):
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
    known: dict[str, PlannedAlert] = {}
    for outage, target in symptoms(tenant, platform, alerts):
        wait = held.get(target.severity, platform.timing.group_wait)
        if _outage_known(outage, platform) - target.rule.for_.ms > wait.ms:
            early.setdefault(outage.slug, []).append(f"{target.rule.alert} of {target.service}")
            known[outage.slug] = outage
    for slug, targets in early.items():
        outage = known[slug]
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


def families(
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


def symptoms(
    tenant: Tenant, platform: Platform, alerts: Sequence[PlannedAlert]
) -> Iterable[tuple[PlannedAlert, PlannedAlert]]:
    """(outage, alert that it mutes): of the service itself, and through the dependency graph."""
    rank = {severity: index for index, severity in enumerate(platform.severities)}
    depends = upstreams(tenant)
    for outage in outages(platform, alerts):
        for target in alerts:
            below = outage.service in depends.get(target.service or "", ())
            own = outage.service == target.service and not _is_outage(target, platform)
            if (below or own) and rank.get(outage.severity, 0) <= rank.get(target.severity, 0):
                yield outage, target


def _is_outage(alert: PlannedAlert, platform: Platform) -> bool:
    return alert.rule.labels.get(platform.labels.kind) == OUTAGE
