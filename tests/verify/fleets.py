"""Random tenants compiled into one fleet, with every alert they may fire."""

from __future__ import annotations

import random
from datetime import UTC, datetime
from decimal import Decimal

from generator.compile.tenant import compile_tenant
from generator.findings import has_errors
from generator.ir.build import Build
from generator.ir.routing import AlertmanagerConfig
from generator.ir.rules import AlertRule
from generator.spec.model import Alert, Maintenance, Policy, Tenant, Threshold
from tests.builders import PLACE, alert, channel, platform, service, slo, tenant, text
from tests.compile_routing.planned import person, policy, rota, step, window
from tests.fleets import config_of

SEVERITIES = ("critical", "warning", "info")
EXPRS = ("sum by (queue) (queue_depth)", "max(load)", "min by (job, queue) (free_bytes)")
WHO = ("chat", "mail", "hook", "oncall:primary", "oncall:backup", "person:ann/email", "person:bob")


def random_fleet(seed: int, count: int) -> tuple[AlertmanagerConfig, list[dict[str, str]]]:
    """The fleet's configuration, and label sets that may all fire at once."""
    rng = random.Random(seed)
    names = [f"t{seed}-{n}" for n in range(count)]
    builds = {name: _compiled(random_tenant(rng, name)) for name in names}
    assert not any(has_errors(build.findings) for build in builds.values())
    config = config_of(PLATFORM, builds)
    found: dict[tuple[tuple[str, str], ...], dict[str, str]] = {}
    for build in builds.values():
        for labels in fired(rng, build):
            found[tuple(sorted(labels.items()))] = labels
    return config, list(found.values())


PLATFORM = platform()


def random_tenant(rng: random.Random, name: str) -> Tenant:
    """A tenant with policies of up to four steps, rotations, windows and dependencies."""
    services = ("api", "web", "db")
    escalation = {f"p{n}": _policy(rng, f"p{n}") for n in range(3)}
    down = [
        alert("Down", service=s, severity=rng.choice(SEVERITIES), labels={"kind": "outage"})
        for s in services
    ]
    return tenant(
        id=name,
        services={
            "api": service("api", depends_on=("db",)),
            "web": service("web", depends_on=rng.choice(((), ("api",), ("db",)))),
            "db": service("db"),
        },
        slos={"availability": slo()} if rng.random() < 0.5 else {},
        alerts=(*down, *(_alert(rng, f"A{n}", services) for n in range(4))),
        channels={
            "chat": channel("chat", "slack"),
            "mail": channel("mail", "email"),
            "hook": channel("hook", "webhook", url="https://hook.example.com/x"),
        },
        people={n: person(n) for n in ("ann", "bob")},
        oncall={"primary": rota("primary"), "backup": rota("backup", "bob")},
        escalation=escalation,
        routing={severity: rng.choice(tuple(escalation)) for severity in SEVERITIES},
        time_windows={"office": window()},
        maintenance=_maintenance() if rng.random() < 0.5 else (),
    )


def fired(rng: random.Random, build: Build) -> list[dict[str, str]]:
    """Every alert of a tenant with labels its expression might give, and some made up."""
    found: list[dict[str, str]] = []
    for rule in (r for group in build.groups for r in group.rules if isinstance(r, AlertRule)):
        labels = {**rule.labels, "alertname": rule.alert}
        dynamic = {} if "kind" in labels else {"queue": rng.choice(("in", "out"))}
        found.append({**labels, **dynamic})
        if rng.random() < 0.3:
            found.append({**labels, "queue": "in", "severity": rng.choice((*SEVERITIES, "odd"))})
        if rng.random() < 0.1:
            lost = rng.choice(("severity", "tenant"))
            found.append({name: value for name, value in labels.items() if name != lost})
    return found


def _compiled(one: Tenant) -> Build:
    """Without the unit tests, which are slow to make and say nothing of routing."""
    return compile_tenant(one, PLATFORM, proven=False)


def _alert(rng: random.Random, name: str, services: tuple[str, ...]) -> Alert:
    return alert(
        name,
        signal=Threshold(text(rng.choice(EXPRS)), ">", Decimal(10)),
        service=rng.choice((*services, None)),
        severity=rng.choice(SEVERITIES),
        escalation=rng.choice((None, None, "p0", "p1")),
    )


def _policy(rng: random.Random, name: str) -> Policy:
    steps = [
        step(
            *rng.sample(WHO, rng.randrange(1, 4)),
            after=f"{15 * n}m" if n else "0",
            during="office" if rng.random() < 0.2 else None,
        )
        for n in range(rng.randrange(1, 5))
    ]
    return policy(name, *steps)


def _maintenance() -> tuple[Maintenance, ...]:
    start, end = datetime(2026, 12, 5, 22, tzinfo=UTC), datetime(2026, 12, 6, 2, tzinfo=UTC)
    return (Maintenance("upgrade", start, end, ("db",), PLACE),)
