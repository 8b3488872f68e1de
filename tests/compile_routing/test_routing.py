"""A tenant's subtree: who is told of what, checked through the simulator."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import yaml

from generator.compile.alertmanager import tenant_config
from generator.compile.naming import shard_of
from generator.compile.routing import compile_routing
from generator.findings import Finding
from generator.ir.routing import AlertmanagerConfig, Matcher, Route
from generator.render.alertmanager import alertmanager_yml
from generator.spec.model import Channel, Sharding, Targets, Tenant
from generator.values import Duration, Version
from generator.verify.notify import leaves, receivers_for
from tests.builders import PLACE, channel, platform, service, tenant
from tests.compile_routing.planned import person, planned, policy, rota, step, window
from tests.fleets import whole_config

MONDAY_NOON = datetime(2026, 11, 9, 12, tzinfo=UTC)
SUNDAY_NIGHT = datetime(2026, 11, 15, 2, tzinfo=UTC)
AFTER_THE_END = datetime(2028, 1, 1, tzinfo=UTC)


def acme(**changes: Any) -> Tenant:
    base: dict[str, Any] = {
        "channels": {"chat": channel(), "mail": channel("mail", "email")},
        "people": {n: person(n) for n in ("ann", "bob")},
        "oncall": {"primary": rota()},
        "time_windows": {"office": window()},
        "escalation": {
            "urgent": policy("urgent", step("chat", "oncall:primary"), step("mail", after="15m")),
            "relaxed": policy("relaxed", step("chat", during="office"), step("mail", after="1d")),
        },
    }
    return tenant(**{**base, **changes})


def compiled(spec: Tenant, *alerts: Any) -> tuple[AlertmanagerConfig, tuple[Finding, ...]]:
    found = alerts or (planned(), planned(severity="warning"))
    routing, findings = compile_routing(spec, platform(), found)
    return tenant_config(platform(), routing), findings


def told(config: AlertmanagerConfig, at: datetime = MONDAY_NOON, **labels: str) -> tuple[str, ...]:
    return receivers_for(config, {"tenant": "acme", **labels}, at)


@pytest.mark.parametrize(
    ("labels", "at", "receivers"),
    [
        ({"severity": "critical"}, MONDAY_NOON, ("acme/chat", "acme/oncall/bob/email")),
        (
            {"severity": "critical"},
            MONDAY_NOON - timedelta(hours=6),
            ("acme/chat", "acme/oncall/ann/email"),
        ),
        ({"severity": "critical"}, AFTER_THE_END, ("acme/chat", "acme/mail")),
        ({"severity": "critical", "escalation_level": "2"}, SUNDAY_NIGHT, ("acme/mail",)),
        ({"severity": "warning"}, MONDAY_NOON, ("acme/chat",)),
        ({"severity": "warning"}, SUNDAY_NIGHT, ()),
        ({"severity": "warning", "escalation_level": "2"}, SUNDAY_NIGHT, ("acme/mail",)),
        (
            {"severity": "critical", "escalation_level": "9"},
            AFTER_THE_END,
            ("acme/chat", "acme/mail"),
        ),
        ({"severity": "odd"}, MONDAY_NOON, ("_platform/fallback",)),
        ({"severity": "critical", "kind": "marker"}, MONDAY_NOON, ("_platform/fallback",)),
        ({"severity": "critical", "tenant": "other"}, MONDAY_NOON, ("_platform/fallback",)),
    ],
)
def test_who_is_told(labels: Mapping[str, str], at: datetime, receivers: tuple[str, ...]) -> None:
    config, _ = compiled(acme())
    labels = {**labels}
    if labels.pop("kind", ""):
        labels = {"tenant": "", **labels}
    assert told(config, at, **labels) == receivers


def test_at_every_hour_somebody_is_told_of_a_critical_alert() -> None:
    only = {"urgent": policy("urgent", step("oncall:primary"), step("mail", after="15m"))}
    config, _ = compiled(acme(escalation=only, routing={"critical": "urgent"}), planned())
    at = datetime(2026, 10, 30, tzinfo=UTC)
    while at < datetime(2027, 11, 4, tzinfo=UTC):
        assert len(told(config, at, severity="critical")) == 1, at
        at += timedelta(hours=1)


def test_a_policy_of_on_call_alone_ends_at_the_platforms_fallback_and_says_so() -> None:
    spec = acme(
        escalation={"urgent": policy("urgent", step("oncall:primary"))},
        routing={"critical": "urgent"},
    )
    config, findings = compiled(spec, planned())
    assert told(config, AFTER_THE_END, severity="critical") == ("_platform/fallback",)
    assert [f.code for f in findings] == ["nobody-on-call"]


def test_on_call_in_a_window_waits_for_it() -> None:
    escalation = {
        "urgent": policy(
            "urgent", step("oncall:primary", during="office"), step("mail", after="1h")
        )
    }
    config, _ = compiled(acme(escalation=escalation, routing={"critical": "urgent"}), planned())
    assert told(config, MONDAY_NOON, severity="critical") == ("acme/oncall/bob/email",)
    assert told(config, SUNDAY_NIGHT, severity="critical") == ()
    monday_after = datetime(2028, 1, 3, 12, tzinfo=UTC)
    assert told(config, monday_after, severity="critical") == ("acme/mail",)


def test_one_person_in_two_rotas_is_told_once() -> None:
    rotas = {"primary": rota("primary", "ann", "bob"), "backup": rota("backup", "bob", "bob")}
    escalation = {
        "urgent": policy(
            "urgent", step("oncall:primary", "oncall:backup"), step("mail", after="1h")
        )
    }
    config, _ = compiled(
        acme(oncall=rotas, escalation=escalation, routing={"critical": "urgent"}), planned()
    )
    assert told(config, MONDAY_NOON, severity="critical") == ("acme/oncall/bob/email",)
    earlier = MONDAY_NOON - timedelta(days=2)
    assert told(config, earlier, severity="critical") == (
        "acme/oncall/ann/email",
        "acme/oncall/bob/email",
    )


def test_an_alert_with_its_own_policy_leaves_its_namesakes_alone() -> None:
    config, _ = compiled(acme(), planned(policy="relaxed"), planned(service="web"))
    own = {"alertname": "QueueBacklog", "severity": "critical"}
    assert told(config, service="api", **own) == ("acme/chat",)
    assert told(config, service="web", **own) == ("acme/chat", "acme/oncall/bob/email")


def test_a_policy_that_nothing_uses_is_told() -> None:
    _, findings = compiled(acme(routing={"critical": "urgent"}), planned())
    assert [f.message for f in findings] == ["no alert goes through the policy relaxed"]


def test_only_leaves_have_intervals_and_only_the_last_of_a_step_does_not_continue() -> None:
    config, _ = compiled(acme())

    def check(route: Route) -> None:
        if route.routes:
            assert not route.active_time_intervals and not route.mute_time_intervals
        rivals: dict[tuple[Matcher, ...], list[Route]] = {}
        for child in route.routes:
            rivals.setdefault(child.matchers, []).append(child)
        for same in rivals.values():
            assert [r.continue_ for r in same] == [True] * (len(same) - 1) + [False]
        for child in route.routes:
            check(child)

    check(config.route)


def test_groups_tell_steps_apart() -> None:
    config, _ = compiled(acme())
    for leaf in leaves(config, {"tenant": "acme", "severity": "critical"}):
        assert "escalation_level" in leaf.group_by


def test_repeat_is_the_steps_own() -> None:
    escalation = {"urgent": policy("urgent", step("chat", repeat="30m"), step("mail", after="1h"))}
    config, _ = compiled(acme(escalation=escalation, routing={"critical": "urgent"}), planned())
    (first,) = leaves(config, {"tenant": "acme", "severity": "critical"})
    (second,) = leaves(config, {"tenant": "acme", "severity": "critical", "escalation_level": "2"})
    assert first.repeat_interval == Duration.parse("30m")
    assert second.repeat_interval == Duration.parse("4h")


@pytest.mark.parametrize(
    ("changes", "code", "message"),
    [
        (
            {"routing": {"warning": "relaxed"}},
            "no-route",
            "nobody is told of critical alerts such as QueueBacklog",
        ),
        (
            {"escalation": {"urgent": policy("urgent", step("chat"), step("mail", after="45s"))}},
            "step-too-soon",
            "step 2 of urgent comes 45s after the one before it, which waits 30s to be sent and "
            "would be muted by then",
        ),
        (
            {"escalation": {"urgent": policy("urgent", step("chat", repeat="7m"))}},
            "repeat-rounded",
            "urgent repeats after 7m, which becomes 10m",
        ),
        (
            {"escalation": {"urgent": policy("urgent", step("chat", repeat="10d"))}},
            "repeat-retention",
            "urgent repeats after 10d, but Alertmanager forgets after 5d",
        ),
        (
            {
                "channels": {
                    "chat": channel(),
                    "pager": Channel("pager", "pagerduty", {"routing_key_file": "/s"}, PLACE),
                },
                "escalation": {
                    "urgent": policy(
                        "urgent", step("chat"), step("pager", after="5m", during="office")
                    )
                },
            },
            "pager-window",
            "pager is told only during office, though it is a pager",
        ),
    ],
)
def test_doubts_are_told(changes: dict[str, Any], code: str, message: str) -> None:
    _, findings = compiled(acme(**{"routing": {"critical": "urgent"}, **changes}), planned())
    told = [(f.code, f.message) for f in findings if f.code != "unused-policy"]
    assert told == [(code, message)]


@pytest.mark.parametrize(
    ("kind", "service", "code"),
    [
        ("marker", "api", "no-route"),
        ("flapping", "api", "no-route"),
        ("outage", None, "outage-without-service"),
    ],
)
def test_an_authors_alert_cannot_pose_as_one_of_ours(
    kind: str, service: str | None, code: str
) -> None:
    _, findings = compiled(acme(), planned(labels={"kind": kind}, service=service))
    assert [f.code for f in findings] == [code]


def test_bridged_text_messages_carry_the_number_in_the_receivers_name() -> None:
    sms = Channel("sms", "sms", {"to": "+33600000009", "bridge_url_file": "/s/b"}, PLACE)
    spec = acme(
        channels={"chat": channel(), "sms": sms},
        escalation={"urgent": policy("urgent", step("chat", "sms"))},
        routing={"critical": "urgent"},
    )
    modern = platform(targets=Targets(alertmanager=Version(0, 28)))
    routing, _ = compile_routing(spec, modern, [planned()])
    assert [r.name for r in routing.receivers] == ["acme/chat", "acme/sms/33600000009"]


def test_shared_channels_have_one_receiver_and_tiers_that_differ_do_not_meet() -> None:
    def of(name: str, address: str, layer: str = "") -> Tenant:
        shared = Channel("mail", "email", {"to": address}, PLACE, True, layer)
        escalation = {"urgent": policy("urgent", step("mail"))}
        return tenant(
            id=name,
            channels={"mail": shared},
            escalation=escalation,
            routing={"critical": "urgent"},
        )

    tenants = [
        of("acme", "a@example.com"),
        of("beta", "a@example.com"),
        of("gold", "g@example.com", "tier/gold"),
    ]
    routings = {t.id: compile_routing(t, platform(), [])[0] for t in tenants}
    config = whole_config(platform(), routings)
    assert [r.name for r in config.receivers] == [
        "_platform/fallback",
        "_platform/mail",
        "_platform/tier/gold/mail",
    ]
    at = MONDAY_NOON
    critical = {"severity": "critical"}
    assert receivers_for(config, {"tenant": "acme", **critical}, at) == ("_platform/mail",)
    assert receivers_for(config, {"tenant": "gold", **critical}, at) == (
        "_platform/tier/gold/mail",
    )


def test_no_alert_of_a_tenant_reaches_another_and_no_receiver_is_unused() -> None:
    specs = {name: acme(id=name) for name in ("acme", "beta")}
    routings = {n: compile_routing(t, platform(), [planned()])[0] for n, t in specs.items()}
    config = whole_config(platform(), routings)
    used = {"_platform/fallback"}
    for name in specs:
        for severity in ("critical", "warning", "info"):
            for level in ("", "2"):
                labels = {"tenant": name, "severity": severity, "escalation_level": level}
                found = {leaf.receiver for leaf in leaves(config, labels)}
                assert all(r.startswith(f"{name}/") for r in found)
                used |= found
    assert used == {r.name for r in config.receivers}


def with_service(escalation: Mapping[str, str]) -> Tenant:
    third = policy("third", step("mail"))
    return acme(
        services={"api": service(escalation=escalation), "web": service("web")},
        escalation={**acme().escalation, "third": third},
    )


@pytest.mark.parametrize(
    ("labels", "receivers"),
    [
        ({"service": "api", "severity": "critical"}, ("acme/mail",)),
        ({"service": "web", "severity": "critical"}, ("acme/chat", "acme/oncall/bob/email")),
        ({"severity": "critical"}, ("acme/chat", "acme/oncall/bob/email")),
        ({"service": "api", "severity": "warning"}, ("acme/chat",)),
        (
            {"service": "api", "severity": "critical", "alertname": "Own"},
            ("acme/chat", "acme/oncall/bob/email"),
        ),
    ],
)
def test_a_service_has_its_own_policy_and_an_alert_of_it_its_own(
    labels: Mapping[str, str], receivers: tuple[str, ...]
) -> None:
    spec = with_service({"critical": "third"})
    config, findings = compiled(spec, planned(), planned("Own", policy="urgent"))
    assert told(config, **labels) == receivers
    assert not [f for f in findings if f.code == "unused-policy"]


def test_a_service_that_says_what_the_tenant_says_needs_no_route() -> None:
    plain, _ = compiled(with_service({}))
    same, _ = compiled(with_service({"critical": "urgent", "warning": "relaxed"}))
    assert same.route == plain.route


def test_a_service_can_be_told_at_night_only_with_a_warning() -> None:
    office = policy("office", step("chat", during="office"))
    spec = acme(
        services={"api": service(escalation={"critical": "office"})},
        escalation={**acme().escalation, "office": office},
    )
    _, findings = compiled(spec, planned())
    assert [f.code for f in findings] == ["nobody-at-night"]


def test_a_step_waits_longer_than_what_holds_the_one_before_it_back() -> None:
    """Warnings wait for the criticals of their family: here more than a minute."""
    relaxed = policy("relaxed", step("chat"), step("mail", after="1m30s"))
    spec = acme(escalation={**acme().escalation, "relaxed": relaxed})
    early = (planned("A", for_=Duration.parse("1m")), planned("A", severity="warning"))
    _, findings = compiled(spec, *early)
    (found,) = (f for f in findings if f.code == "step-too-soon")
    assert found.message.startswith("step 2 of relaxed comes 1m30s after the one before it, which")
    assert "waits 1m35s to be sent" in found.message


def fleet_of(size: int, sharding: Sharding) -> AlertmanagerConfig:
    names = [f"tenant-{n}" for n in range(size)]
    routing, _ = compile_routing(acme(), platform(), [planned()])
    routings = {
        n: replace(routing, route=replace(routing.route, matchers=(Matcher("tenant", "=", n),)))
        for n in names
    }
    return whole_config(platform(sharding=sharding), routings)


@pytest.mark.parametrize(
    ("size", "sharding", "depth"),
    [(3, Sharding(), 2), (3, Sharding(10, 2), 3), (3, Sharding(10, 3), 2), (3, Sharding(0, 0), 2)],
)
def test_many_tenants_lie_below_shards(size: int, sharding: Sharding, depth: int) -> None:
    config = fleet_of(size, sharding)
    below = config.route.routes
    assert (below[0].matchers[0].name == "shard") == (depth == 3)
    for name in (f"tenant-{n}" for n in range(size)):
        labels = {"tenant": name, "severity": "critical", "shard": shard_of(name, 10)}
        assert receivers_for(config, labels, MONDAY_NOON)[0] == "acme/chat"


@pytest.mark.parametrize(
    ("version", "named", "flags"), [((0, 28), False, 0), ((0, 30), True, 1), ((0, 33), True, 1)]
)
def test_rules_have_names_where_the_target_knows_them(
    version: tuple[int, int], named: bool, flags: int
) -> None:
    target = platform(targets=Targets(alertmanager=Version(*version)))
    routing, _ = compile_routing(acme(), target, [planned()])
    config = tenant_config(target, routing)
    written = yaml.safe_load(alertmanager_yml(config, "a spec"))
    assert all(("name" in rule) == named for rule in written["inhibit_rules"])
    assert len(config.flags) == flags
