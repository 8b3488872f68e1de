"""Every fault that the invariants are for, planted; and that sound configurations have none."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from generator.compile.directory import SHARED
from generator.compile.families import families
from generator.compile.tenant import compile_tenant
from generator.findings import Level
from generator.ir.build import Build
from generator.ir.routing import AlertmanagerConfig, Matcher, Receiver, Route, TimeInterval, owner
from generator.ir.rules import AlertRule
from generator.spec.model import Channel, Policy
from generator.verify.invariants import (
    fleet_invariants,
    gaps,
    tenant_invariants,
    unreachable,
    watched,
)
from generator.verify.notify import incident
from generator.verify.notify.incident import labels_of
from generator.verify.notify.routing import Tree
from tests.builders import PLACE, alert, channel, platform, tenant
from tests.compile_routing.planned import person, policy, rota, step, window
from tests.fleets import config_of
from tests.verify.fleets import PLATFORM, random_tenant

CHANNELS = {
    "chat": channel("chat", "slack"),
    "mail": channel("mail", "email"),
    "hook": channel("hook", "webhook"),
    "read": replace(channel("read", "webhook"), people=True),
    "archive": replace(channel("archive", "slack"), people=False),
}


def acme(*steps: object, **changes: object) -> Build:
    """A tenant with one critical alert and the policy for it."""
    fields = {
        "alerts": (alert("DiskFull", severity="critical"),),
        "channels": CHANNELS,
        "people": {name: person(name) for name in ("ann", "bob")},
        "oncall": {"primary": rota()},
        "time_windows": {"office": window(), "rest": rest()},
        "escalation": {"urgent": Policy("urgent", steps, PLACE)},  # type: ignore[arg-type]
        "routing": dict.fromkeys(("critical", "warning", "info"), "urgent"),
        **changes,
    }
    newer = platform(targets=replace(platform().targets, alertmanager=TARGET))
    return compile_tenant(tenant(**fields), newer, proven=False)


TARGET = type(platform().targets.alertmanager)(0, 28)


def rest() -> object:
    """Exactly the time outside the office's hours."""
    office = window()
    parts = [
        replace(office.entries[0], weekdays=("monday:friday",), times=times)
        for times in ((("00:00", "09:00"),), (("18:00", "24:00"),))
    ]
    weekend = replace(office.entries[0], weekdays=("saturday:sunday",), times=())
    return replace(office, name="rest", entries=(*parts, weekend))


@pytest.mark.parametrize(
    "steps",
    [
        (step("chat"),),
        (step("read"),),
        (step("hook"), step("person:ann", after="15m")),
        (step("oncall:primary"), step("mail", after="45m")),
        (step("chat", during="office"), step("mail", after="15m")),
        (step("chat", during="office"), step("mail", after="15m", during="rest")),
    ],
)
def test_people_who_are_always_reached(steps: tuple[object, ...]) -> None:
    assert tenant_invariants(acme(*steps)) == ()


@pytest.mark.parametrize(
    ("steps", "code", "said"),
    [
        ((step("hook"),), "no-person", "no person is ever told of DiskFull (api)"),
        ((step("archive"),), "no-person", "no person is ever told of DiskFull (api)"),
        ((step("hook"), step("archive", after="15m")), "no-person", "ever told"),
        (
            (step("chat", during="office"),),
            "person-gap",
            "from Thu 2026-01-01 00:00 to Thu 2026-01-01 07:04 UTC, and 261 times more",
        ),
        (
            (step("hook"), step("mail", after="2h")),
            "person-gap",
            "from Thu 2026-01-01 00:00 to Fri 2027-01-01 00:00 UTC",
        ),
        (
            (step("chat", during="office"), step("mail", after="30m", during="office")),
            "person-gap",
            "to Thu 2026-01-01 07:04 UTC",
        ),
        (
            (step("oncall:primary"), step("archive", after="15m")),
            "person-gap",
            "to Mon 2026-11-02 07:49 UTC, and 1 times more",
        ),
    ],
)
def test_people_who_are_not(steps: tuple[object, ...], code: str, said: str) -> None:
    (found,) = tenant_invariants(acme(*steps))
    assert found.code == code
    assert said in found.message
    assert found.level is (Level.ERROR if code == "no-person" else Level.WARNING)
    assert "people: true" in str(found.hint)


def test_only_the_most_urgent_must_reach_people() -> None:
    mild = acme(step("hook"), alerts=(alert("DiskFull", severity="warning"),))
    assert tenant_invariants(mild) == ()


def test_alerts_that_are_told_alike_are_told_in_one_finding() -> None:
    several = tuple(alert(f"A{n}", severity="critical") for n in range(3))
    (found,) = tenant_invariants(acme(step("hook"), alerts=several))
    assert "A0 (api) and 2 more" in found.message


def test_an_alert_with_a_policy_of_its_own_is_looked_at_by_itself() -> None:
    quiet = alert("Quiet", severity="critical", escalation="silent")
    escalation = {
        "urgent": policy("urgent", step("chat")),
        "silent": policy("silent", step("hook")),
    }
    build = acme(alerts=(alert("Loud", severity="critical"), quiet), escalation=escalation)
    assert ["Quiet (api)" in f.message for f in tenant_invariants(build)] == [True]


# --------------------------------------------------------------------------- structure


def planted(change: Callable[[AlertmanagerConfig], AlertmanagerConfig]) -> list[str]:
    build = acme(step("chat"), step("mail", after="15m"))
    assert tenant_invariants(build) == ()
    return [
        f"{f.code}: {f.message}"
        for f in tenant_invariants(replace(build, alertmanager=change(build.alertmanager)))
    ]


def test_an_unused_receiver_is_told() -> None:
    more = Receiver("acme/nobody-calls")
    assert planted(lambda c: replace(c, receivers=(*c.receivers, more))) == [
        "receiver-unused: no route tells the receiver acme/nobody-calls"
    ]


def test_an_unused_interval_is_told() -> None:
    more = TimeInterval("acme/window/never", ())
    assert planted(lambda c: replace(c, intervals=(more,))) == [
        "interval-unused: no route uses the time interval acme/window/never"
    ]


def below_root(*routes: Route) -> list[str]:
    return [f.message for f in unreachable(Route(receiver="x", routes=routes), PLACE)]


ACME, GLOBEX = Matcher("tenant", "=", "acme"), Matcher("tenant", "=", "globex")


def test_a_route_that_contradicts_its_parent_is_told() -> None:
    assert below_root(Route((ACME,), routes=(Route((GLOBEX,)),))) == [
        'no alert takes the route for tenant="acme" tenant="globex": '
        'tenant="acme" excludes tenant="globex"'
    ]
    excluded = Route((ACME,), routes=(Route((Matcher("tenant", "!~", "a.*"),)),))
    assert len(below_root(excluded)) == 1


def test_a_route_behind_one_that_takes_everything_of_it_is_told() -> None:
    narrow = Route((ACME, Matcher("severity", "=", "critical")))
    assert below_root(Route((ACME,)), narrow) == [
        'no alert takes the route for tenant="acme" severity="critical": '
        'the one for tenant="acme" stands before it'
    ]
    assert below_root(Route((Matcher("tenant", "=~", "a.+"),)), narrow) != []
    assert below_root(Route((ACME,)), Route((ACME,))) != []
    assert below_root(Route(()), narrow) != []


def test_reachable_routes_are_not_told() -> None:
    narrow = Route((ACME, Matcher("severity", "=", "critical")))
    assert below_root(narrow, Route((ACME,))) == []
    assert below_root(Route((ACME,), continue_=True), narrow) == []
    assert below_root(Route((Matcher("team", "=~", ".+"),)), narrow) == []
    assert below_root(Route((GLOBEX,)), Route((ACME,))) == []


# --------------------------------------------------------------------------- the fleet


def test_no_alert_reaches_another_tenants_receiver() -> None:
    build = acme(step("chat"))
    assert not [f for f in tenant_invariants(build) if f.code == "foreign-receiver"]
    config, node = build.alertmanager, build.routing.route
    elsewhere = Route(receiver="globex/chat", continue_=True)
    leaking = replace(config.route, routes=(elsewhere, *config.route.routes))
    assert foreign(replace(build, alertmanager=replace(config, route=leaking))) == [
        "DiskFull of acme is sent to globex/chat"
    ]
    for wrong in (replace(node, matchers=(GLOBEX,)), replace(node, continue_=True)):
        assert foreign(replace(build, routing=replace(build.routing, route=wrong))) == [
            'the node of acme does not ask for tenant="acme" alone'
        ]
    (chat,) = (r for r in build.routing.receivers if r.name == "acme/chat")
    named = replace(build.routing, receivers=(replace(chat, name="globex/chat"),))
    assert foreign(replace(build, routing=named)) == ["globex/chat of acme does not bear its name"]


def foreign(build: Build) -> list[str]:
    return [f.message for f in tenant_invariants(build) if f.code == "foreign-receiver"]


def test_random_fleets_have_sound_trees() -> None:
    rng = random.Random(9)
    made = [random_tenant(rng, f"t{n}") for n in range(20)]
    builds = {one.id: compile_tenant(one, PLATFORM, proven=False) for one in made}
    config = config_of(PLATFORM, builds)
    structural = [
        f
        for build in builds.values()
        for f in tenant_invariants(build)
        if f.code not in ("no-person", "person-gap")
    ]
    assert structural == []
    assert fleet_invariants(config) == ()
    tree = Tree(config.route)
    for build in builds.values():
        for rule in (r for g in build.groups for r in g.rules if isinstance(r, AlertRule)):
            told = {owner(one.leaf.receiver) for one in tree.taken(labels_of(rule))}
            assert told <= {build.tenant, SHARED}, rule.alert


def test_a_channel_says_itself_whether_people_read_it() -> None:
    made: dict[str, Channel] = CHANNELS
    build = acme(step(*made))
    (both,) = [r for r in build.alertmanager.receivers if r.name.startswith("acme/")]
    assert {m.name: m.human for m in both.members} == {
        "chat": True,
        "mail": True,
        "hook": False,
        "read": True,
        "archive": False,
    }


def test_gaps_are_where_the_simulation_tells_nobody_soon() -> None:
    """Incidents at random moments, and around the ends of gaps, of random tenants."""
    rng = random.Random(4)
    hour = timedelta(hours=1)
    seen = {True: 0, False: 0}
    for number in range(20):
        build = compile_tenant(random_tenant(rng, f"t{number}"), PLATFORM, proven=False)
        config = build.alertmanager
        tree, read = Tree(config.route), {r.name for r in config.receivers if _read(r)}
        for family in list(families(build.groups, "escalation_level"))[:6]:
            steps = list(watched(config, tree, family))
            if not any(leaf.receiver in read for s in steps for leaf in s.rung.leaves):
                continue
            found = gaps(steps, read, config)
            some = rng.sample(found, min(len(found), 10))
            starts = [moment for gap in some for edge in gap for moment in _near(edge)]
            starts += [rng.randrange(1_785_000_000, 1_790_000_000) // 60 * 60_000 for _ in range(6)]
            for start in (s for s in starts if YEAR[0] <= s < YEAR[1]):
                at = datetime.fromtimestamp(start / 1000, UTC)
                notices = incident(config, family, at, follow=hour).notices
                told = any(n.receiver in read and n.at - at <= hour for n in notices)
                assert told != any(a <= start < b for a, b in found), (family[0].labels, at)
                seen[told] += 1
    assert min(seen.values()) > 50


YEAR = (1_767_225_600_000, 1_798_761_600_000)
"""2026: within the horizon of every random tenant."""


def _near(edge: int) -> tuple[int, ...]:
    return (edge - 60_000, edge - 1000, edge, edge + 60_000)


def _read(receiver: Receiver) -> bool:
    return any(member.human for member in receiver.members)
