"""What mutes what: through the simulator, on the rules that are really generated."""

from __future__ import annotations

from datetime import UTC, datetime
from itertools import pairwise
from typing import Any

import pytest

from generator.compile.alertmanager import tenant_config
from generator.compile.escalation import escalated
from generator.compile.flapping import flapping_notice
from generator.compile.markers import marker_groups, upstreams
from generator.compile.plan import PlannedAlert
from generator.compile.races import race_findings, waits
from generator.compile.routing import compile_routing
from generator.ir.routing import AlertmanagerConfig, Matcher
from generator.ir.rules import AlertRule, RecordingRule
from generator.spec.model import Flapping, Maintenance, Tenant
from generator.values import Duration
from generator.verify.notify import inhibited_by
from tests.builders import PLACE, platform, service, tenant
from tests.compile_routing.planned import planned, policy, step

MINUTE = Duration.of(minutes=1)


def shop(**changes: Any) -> Tenant:
    services = {
        "web": service("web", depends_on=("api",)),
        "api": service("api", depends_on=("db",)),
        "db": service("db"),
    }
    urgent = policy("urgent", step("chat"), step("chat", after="15m"), step("chat", after="1h"))
    return tenant(services=services, escalation={"urgent": urgent, "relaxed": urgent}, **changes)


def outage(of: str, **changes: Any) -> PlannedAlert:
    return planned("ServiceDown", "sum(up) == 0", service=of, labels={"kind": "outage"}, **changes)


def config(spec: Tenant, *alerts: PlannedAlert) -> AlertmanagerConfig:
    return tenant_config(platform(), compile_routing(spec, platform(), alerts)[0])


def alert(**labels: str) -> dict[str, str]:
    return {"tenant": "acme", "alertname": "A", "service": "api", "severity": "critical", **labels}


FAMILY = (planned("A"), planned("A", severity="warning"))
SLO = tuple(
    planned("B", severity=s, labels={"slo": "a", "burn_rate_pair": p})
    for s, p in (("critical", "1h5m"), ("critical", "6h30m"), ("warning", "3d6h"))
)


@pytest.mark.parametrize(
    ("target", "sources", "muted"),
    [
        (alert(), [alert(escalation_level="2")], True),
        (alert(), [alert(escalation_level="3")], True),
        (alert(escalation_level="2"), [alert(escalation_level="3")], True),
        (alert(escalation_level="3"), [alert(escalation_level="2"), alert()], False),
        (alert(), [alert(escalation_level="2", escalation_mutes="none")], False),
        (alert(queue="a"), [alert(queue="b", escalation_level="2")], False),
        (alert(), [alert(tenant="beta", escalation_level="2")], False),
        (alert(severity="warning"), [alert()], True),
        (alert(severity="warning", escalation_level="2"), [alert()], True),
        (alert(severity="info"), [alert(severity="warning")], True),
        (alert(), [alert(severity="warning")], False),
        (alert(severity="warning"), [alert(alertname="B")], False),
        (alert(severity="warning"), [alert(service="web")], False),
        (
            alert(severity="warning", slo="a", burn_rate_pair="3d6h"),
            [alert(slo="a", burn_rate_pair="1h5m")],
            True,
        ),
        (
            alert(severity="warning", slo="a", burn_rate_pair="3d6h"),
            [alert(slo="b", burn_rate_pair="1h5m")],
            False,
        ),
        (
            alert(slo="a", burn_rate_pair="6h30m"),
            [alert(slo="a", burn_rate_pair="1h5m")],
            False,
        ),
    ],
)
def test_within_a_family(
    target: dict[str, str], sources: list[dict[str, str]], muted: bool
) -> None:
    found = inhibited_by(config(shop(), *FAMILY, *SLO), target, sources)
    assert bool(found) == muted, found


def upstream(service: str, severity: str = "critical") -> dict[str, str]:
    return {
        "tenant": "acme",
        "alertname": "UpstreamDown",
        "kind": "marker",
        "service": service,
        "severity": severity,
    }


@pytest.mark.parametrize(
    ("target", "source", "muted"),
    [
        (alert(), upstream("api"), True),
        (alert(severity="info"), upstream("api"), True),
        (alert(), upstream("api", "warning"), False),
        (alert(severity="warning"), upstream("api", "warning"), True),
        (alert(), upstream("web"), False),
        (alert(service=""), {**upstream("api"), "service": ""}, False),
        (alert(tenant="beta"), upstream("api"), False),
        (upstream("api"), upstream("api"), False),
        (
            alert(),
            {
                "tenant": "acme",
                "alertname": "MaintenanceWindow",
                "kind": "marker",
                "service": "api",
            },
            True,
        ),
        (
            alert(),
            {"tenant": "acme", "alertname": "MaintenanceWindow", "kind": "marker", "service": "db"},
            False,
        ),
        (alert(), {"tenant": "acme", "alertname": "TenantMaintenance", "kind": "marker"}, True),
        (
            alert(tenant="beta"),
            {"tenant": "acme", "alertname": "TenantMaintenance", "kind": "marker"},
            False,
        ),
    ],
)
def test_by_markers(target: dict[str, str], source: dict[str, str], muted: bool) -> None:
    window = Maintenance("w", utc(1), utc(2), (), PLACE)
    spec = shop(maintenance=(window,))
    found = inhibited_by(config(spec, *FAMILY, outage("db"), outage("api")), target, [source])
    assert bool(found) == muted, found


def utc(hour: int) -> datetime:
    return datetime(2026, 12, 5, hour, tzinfo=UTC)


def outage_of(service: str, severity: str = "critical") -> dict[str, str]:
    return {**upstream(service, severity), "alertname": "ServiceOutage"}


@pytest.mark.parametrize(
    ("target", "source", "muted"),
    [
        (alert(), outage_of("api"), True),
        (alert(severity="info"), outage_of("api"), True),
        (alert(), outage_of("api", "warning"), False),
        (alert(), outage_of("web"), False),
        (alert(kind="outage"), outage_of("api"), False),
        (alert(kind="flapping"), outage_of("api"), False),
        (alert(tenant="beta"), outage_of("api"), False),
        (outage_of("api"), outage_of("api"), False),
        (upstream("api"), outage_of("api"), False),
        (alert(), alert(kind="flapping"), True),
        (alert(kind="outage"), alert(kind="flapping"), True),
        (alert(escalation_level="2"), alert(kind="flapping"), False),
        (alert(queue="a"), alert(queue="b", kind="flapping"), False),
        (alert(severity="warning"), alert(kind="flapping"), False),
        (alert(kind="flapping"), alert(kind="flapping"), False),
        (alert(kind="flapping"), alert(escalation_level="2"), False),
    ],
)
def test_by_own_outages_and_flapping(
    target: dict[str, str], source: dict[str, str], muted: bool
) -> None:
    spec = shop(flapping=Flapping())
    found = inhibited_by(config(spec, planned("A"), outage("api")), target, [source])
    assert bool(found) == muted, found


def test_a_dead_service_tells_once() -> None:
    """Of all alerts of a service that is down, the outage alone is told."""
    down = outage("api")
    symptoms = [planned("SLOMetricAbsent"), planned("HttpTrafficStopped"), planned("Slow")]
    made = config(shop(), down, *symptoms)
    (group,) = marker_groups(shop(), platform(), [down, *symptoms])
    marker = next(r for r in group.rules if isinstance(r, AlertRule))
    assert marker.alert == "ServiceOutage"
    firing = [dict(a.rule.labels, alertname=a.rule.alert) for a in (down, *symptoms)]
    firing.append({**marker.labels, "alertname": marker.alert, "service": "api"})
    told = [
        labels["alertname"]
        for labels in firing
        if labels.get("kind") != "marker" and not inhibited_by(made, labels, firing)
    ]
    assert told == ["ServiceDown"]


def test_nothing_mutes_itself_in_a_circle() -> None:
    """Along every rule the source is of a higher level, a higher severity, or a marker."""
    windows = (Maintenance("w", utc(1), utc(2), ("db",), PLACE),)
    spec = shop(maintenance=windows, flapping=Flapping())
    made = config(spec, *FAMILY, *SLO, outage("db"), planned("C", service="db"))
    rank = {"info": 0, "warning": 1, "critical": 2, "": 0}
    for rule in made.inhibit_rules:
        source = {m.name: m.value for m in rule.source if m.op == "="}
        target = {m.name: m.value for m in rule.target if m.op == "="}
        marker = source.get("kind") in ("marker", "flapping")
        louder = rank[source.get("severity", "")] > rank[target.get("severity", "")]
        later = int(source.get("escalation_level") or 1) > int(target.get("escalation_level") or 1)
        assert marker or louder or later, rule.name
        assert "tenant" in rule.equal
        assert {m.op for m in rule.source} <= {"=", "!="}


def test_no_rule_has_two_sources_for_one_target() -> None:
    """Alertmanager 0.30 to 0.34.0 remembers one source per rule and set of equal labels."""
    spec = shop(flapping=Flapping(), maintenance=(Maintenance("w", utc(1), utc(2), (), PLACE),))
    queues = (planned("A", service="db"), planned("A", severity="warning", service="db"))
    down = (outage("db"), planned("AlsoDown", service="db", labels={"kind": "outage"}))
    made = config(spec, *queues, *SLO, *down)
    (group,) = marker_groups(spec, platform(), [*queues, *SLO, *down])
    firing: list[dict[str, str]] = []
    for one in (*queues, *SLO, *down):
        for rule in (*escalated(one, spec.escalation["urgent"], platform()), notice(one)):
            for queue in ("a", "b"):
                firing.append({**rule.labels, "alertname": rule.alert, "queue": queue})
    for marker in (r for r in group.rules if isinstance(r, AlertRule)):
        whole = marker.alert == "TenantMaintenance"
        for of in [""] if whole else spec.services:
            firing.append({"service": of, **marker.labels, "alertname": marker.alert})
    used = set()
    for inhibit in made.inhibit_rules:
        sources = [labels for labels in firing if matches(inhibit.source, labels)]
        sets = [tuple(labels.get(name, "") for name in inhibit.equal) for labels in sources]
        assert len(sets) == len(set(sets)), inhibit.name
        used |= {inhibit.name} if sources else set()
    assert len(used) > 10


def notice(of: PlannedAlert) -> AlertRule:
    found = flapping_notice(of, Flapping(), platform())
    assert found is not None
    return found


def matches(matchers: tuple[Matcher, ...], labels: dict[str, str]) -> bool:
    return all((labels.get(m.name, "") == m.value) == (m.op == "=") for m in matchers)


def test_the_graph_is_transitive() -> None:
    assert upstreams(shop()) == {"web": ("api", "db"), "api": ("db",), "db": ()}


def test_markers_of_outages_exist_only_where_something_depends_on_them() -> None:
    assert marker_groups(shop(), platform(), [outage("web")]) == ()
    (group,) = marker_groups(shop(), platform(), [outage("db"), outage("api", severity="warning")])
    edges = [
        (r.labels["service"], r.labels["upstream"])
        for r in group.rules
        if isinstance(r, RecordingRule)
    ]
    assert edges == [("web", "api"), ("web", "db"), ("api", "db")]
    markers = [r for r in group.rules if isinstance(r, AlertRule)]
    assert [(m.alert, m.labels["severity"]) for m in markers] == [
        ("UpstreamDown", "critical"),
        ("UpstreamDown", "warning"),
    ]
    assert all(m.labels["kind"] == "marker" and m.labels["tenant"] == "acme" for m in markers)


def test_windows_of_one_service_are_one_marker() -> None:
    windows = (
        Maintenance("a", utc(1), utc(2), ("db", "api"), PLACE),
        Maintenance("b", utc(3), utc(4), ("db",), PLACE),
        Maintenance("c", utc(5), utc(6), (), PLACE),
    )
    (group,) = marker_groups(shop(maintenance=windows), platform(), [])
    found = [(r.alert, r.labels.get("service")) for r in group.rules if isinstance(r, AlertRule)]
    assert found == [
        ("TenantMaintenance", None),
        ("MaintenanceWindow", "api"),
        ("MaintenanceWindow", "db"),
    ]
    start, end = int(utc(1).timestamp()), int(utc(2).timestamp())
    assert f"vector(time()) >= {start} < {end}" in " ".join(group.rules[2].expr.split())


def test_a_less_urgent_alert_waits_until_the_more_urgent_one_is_known() -> None:
    assert waits(shop(), platform(), FAMILY) == {"warning": Duration.of(seconds=35)}
    early = (planned("A", for_=MINUTE * 2), planned("A", severity="warning", for_=MINUTE))
    assert waits(shop(), platform(), early) == {"warning": Duration.of(seconds=95)}
    late = (planned("A"), planned("A", severity="warning", for_=MINUTE))
    assert waits(shop(), platform(), late) == {}


def test_urgent_alerts_do_not_wait_and_it_is_told() -> None:
    alerts = [outage("db", for_=MINUTE), planned("A"), planned("A", severity="warning")]
    (found,) = race_findings(shop(), platform(), alerts)
    assert found.message == (
        "when db goes down, it is known 2m5s later; told as well before that: A of api"
    )
    assert waits(shop(), platform(), alerts) == {"warning": Duration.of(seconds=125)}


def test_steps_mute_downwards_only() -> None:
    made = config(shop(), *FAMILY)
    names = [r.name for r in made.inhibit_rules if r.name.startswith("escalation-")]
    assert names == ["escalation-2-mutes-1", "escalation-3-mutes-1", "escalation-3-mutes-2"]
    assert all(a < b for a, b in pairwise(names))


def test_rules_of_pairs_are_told_apart() -> None:
    told = [r.comment for r in config(shop(), *SLO).inhibit_rules if "severity" in str(r.source)]
    assert "critical mutes warning of the same alert and labels" in told
    assert "critical of the burn-rate pair 6h30m mutes warning of the same alert and labels" in told
    assert len(set(told)) == len(told)
