"""What mutes what: generic inhibit rules for all tenants.

The rules name no tenant; `equal` keeps each tenant to itself. Sources are matched by equality
only and are one per set of equal labels, because Alertmanager 0.30 to 0.34.0 remembers one
source per rule and set. Labels that both sides lack count as equal, so both sides are guarded.
"""

from __future__ import annotations

from collections.abc import Iterable
from itertools import combinations

from generator.compile.escalation import MUTES_LABEL
from generator.compile.kinds import (
    FLAPPING,
    MAINTENANCE_ALERT,
    MARKER,
    OUTAGE,
    OUTAGE_ALERT,
    TENANT_MAINTENANCE_ALERT,
    UPSTREAM_ALERT,
)
from generator.ir.routing import InhibitRule, Matcher, Mutable
from generator.spec.model import LabelNames, Platform


def inhibit_rules(platform: Platform, tenants: Iterable[Mutable]) -> tuple[InhibitRule, ...]:
    """The generic rules that all tenants together need."""
    all_ = list(tenants)
    names = platform.labels
    labels = frozenset[str]().union(*(r.alert_labels for r in all_))
    identity = labels - {names.tenant, "alertname", names.level, MUTES_LABEL}
    markers = frozenset[str]().union(*(r.markers for r in all_))
    pairs = frozenset[tuple[str, str]]().union(*(r.burn_rate_pairs for r in all_))
    levels = max((r.escalation_levels for r in all_), default=1)
    rules = [*_escalation_rules(names, levels, identity)]
    if all_:
        rules += _severity_rules(platform, identity, pairs)
    if "outage" in markers:
        rules += _own_outage_rules(platform)
    if "upstream" in markers:
        rules += _upstream_rules(platform)
    if "maintenance" in markers:
        rules += _maintenance_rules(names)
    if "flapping" in markers:
        rules.append(_flapping_rule(names, identity))
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
                    f"{urgent}{_of_pair(pair)} mutes {lesser} of the same alert and labels",
                )


def _of_pair(pair: str) -> str:
    return f" of the burn-rate pair {pair}" if pair else ""


def _own_outage_rules(platform: Platform) -> Iterable[InhibitRule]:
    """While a service is down, its other alerts are muted that are not more urgent.

    Notices of flapping are told all the same: that of the outage alert itself is one.
    """
    names = platform.labels
    for index, severity in enumerate(platform.severities):
        for lesser in platform.severities[index:]:
            yield InhibitRule(
                f"{severity}-outage-mutes-own-{lesser}",
                _guarded(
                    names,
                    ("alertname", "=", OUTAGE_ALERT),
                    (names.kind, "=", MARKER),
                    (names.severity, "=", severity),
                    (names.service, "!=", ""),
                ),
                _guarded(
                    names,
                    *((names.kind, "!=", kind) for kind in (FLAPPING, MARKER, OUTAGE)),
                    (names.severity, "=", lesser),
                    (names.service, "!=", ""),
                ),
                _equal(names, {names.service}),
                f"a service's outage ({severity}) mutes its own symptoms ({lesser})",
            )


def _flapping_rule(names: LabelNames, identity: frozenset[str]) -> InhibitRule:
    """The notice has the alert's name, severity and labels; later steps are told all the same."""
    return InhibitRule(
        "flapping-mutes-alert",
        _guarded(names, (names.kind, "=", FLAPPING)),
        _guarded(
            names,
            (names.kind, "!=", FLAPPING),
            (names.kind, "!=", MARKER),
            (names.level, "=", ""),
        ),
        _equal(names, {"alertname"} | identity - {names.kind}),
        "an alert that flaps was told as flapping: it is not told each time",
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
