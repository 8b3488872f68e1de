"""No alert is muted by one that tells nobody or less, and none in a circle."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from generator.compile.inhibition import inhibit_rules
from generator.compile.muting import mute_findings, mutes
from generator.compile.plan import PlannedAlert
from generator.compile.routing import compile_routing
from generator.findings import has_errors
from generator.ir.routing import InhibitRule, Matcher
from generator.spec.model import Channel, Tenant
from tests.builders import PLACE, channel, platform, service, tenant
from tests.compile_routing.planned import planned, policy, step, window


def shop(**changes: Any) -> Tenant:
    base: dict[str, Any] = {
        "services": {
            "web": service("web", depends_on=("api",)),
            "api": service("api", depends_on=("db",)),
            "db": service("db"),
        },
        "channels": {
            "chat": channel(),
            "pager": Channel("pager", "pagerduty", {"routing_key_file": "/s"}, PLACE),
        },
        "escalation": {
            "urgent": policy("urgent", step("pager")),
            "relaxed": policy("relaxed", step("chat")),
            "office": policy("office", step("pager", during="office")),
        },
        "time_windows": {"office": window()},
    }
    return tenant(**{**base, **changes})


def outage(of: str, **changes: Any) -> PlannedAlert:
    return planned("Down", "sum(up) == 0", service=of, labels={"kind": "outage"}, **changes)


def found(spec: Tenant, *alerts: PlannedAlert) -> list[tuple[str, str]]:
    _, findings = compile_routing(spec, platform(), alerts)
    codes = ("mute-cycle", "muted-by-nobody", "muted-less-urgently")
    return [(f.code, f.message) for f in findings if f.code in codes]


def test_who_may_mute_whom() -> None:
    alerts = [outage("db"), planned("Slow", service="db"), planned("Errors", service="web")]
    alerts += [planned("Errors", service="web", severity="warning", slug="w"), planned("Other")]
    routing, _ = compile_routing(shop(), platform(), alerts)
    edges = mutes(shop(), platform(), alerts, inhibit_rules(platform(), [routing.mutable]))
    assert {cause.slug: {t.slug for t in targets} for cause, targets in edges} == {
        "Down.db.critical": {"Slow.db.critical", "Errors.web.critical", "w", "Other.api.critical"},
        "Errors.web.critical": {"w"},
    }


def test_as_urgent_is_fine() -> None:
    assert found(shop(), outage("db"), planned("Errors", service="web")) == []


@pytest.mark.parametrize(
    ("own", "reason"),
    [
        ("relaxed", "Down of db (critical; tells chat) pages nobody"),
        (
            "office",
            "Down of db (critical; tells pager during office) is told at certain times only",
        ),
    ],
)
def test_a_quiet_outage_does_not_mute_what_would_page(own: str, reason: str) -> None:
    errors = [planned("Errors", service="web"), planned("Errors", service="api")]
    assert found(shop(), outage("db", policy=own), *errors) == [
        (
            "muted-less-urgently",
            f"{reason}, but while it fires it mutes Errors of web (critical; tells pager); "
            "Errors of api (critical; tells pager)",
        )
    ]


def test_an_outage_that_tells_nobody_mutes_nobody() -> None:
    spec = shop(routing={"warning": "relaxed"})
    slow = planned("Slow", service="db", severity="warning")
    assert found(spec, outage("db"), slow) == [
        (
            "muted-by-nobody",
            "Down of db (critical; tells nobody) tells nobody, but while it fires it mutes "
            "Slow of db (warning; tells chat)",
        )
    ]


def test_a_circle_of_outages_is_refused_with_its_path() -> None:
    services = {
        "a": service("a", depends_on=("b",)),
        "b": service("b", depends_on=("c",)),
        "c": service("c", depends_on=("a",)),
    }
    ((code, message),) = found(shop(services=services), outage("a"), outage("b"), outage("c"))
    assert code == "mute-cycle"
    assert message.startswith("these alerts would mute each other, and nobody would be told: Down")
    assert message.count("→") >= 2


def test_a_rule_from_less_to_more_urgent_is_refused() -> None:
    """No generated rule is like this; the check does not rely on that."""
    minor, major = planned("A", severity="warning"), planned("B")
    rule = InhibitRule(
        "upside-down",
        (Matcher("severity", "=", "warning"),),
        (Matcher("severity", "=", "critical"),),
        ("tenant", "service"),
    )
    (finding,) = mute_findings(shop(), platform(), [minor, major], [rule])
    assert has_errors([finding]) and "is less urgent" in finding.message
    apart = replace(rule, equal=("tenant", "service", "alertname"))
    assert mute_findings(shop(), platform(), [minor, major], [apart]) == ()
