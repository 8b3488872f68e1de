"""Planned alerts and tenants for the tests of routing, small and complete."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from generator.compile.plan import PlannedAlert
from generator.findings import has_errors
from generator.ir.rules import AlertRule
from generator.promql.isolate import Scope, isolate
from generator.spec.model import (
    Layer,
    Person,
    Policy,
    Recipient,
    Rotation,
    Schedule,
    Step,
    TimeWindow,
    WindowTimes,
)
from generator.spec.read_notify import read_windows
from generator.spec.read_schedules import Staffing, read_holidays, read_schedules
from generator.spec.scalars import Reading
from generator.spec.source import read
from generator.spec.validate import validate
from generator.values import Duration
from tests.builders import PLACE

SCOPE = Scope("tenant", "acme")


def planned(
    name: str = "QueueBacklog",
    expr: str = "sum by (queue) (queue_depth) > 10",
    *,
    service: str | None = "api",
    severity: str = "critical",
    labels: Mapping[str, str] | None = None,
    annotations: Mapping[str, str] | None = None,
    for_: Duration = Duration(0),
    **changes: Any,
) -> PlannedAlert:
    own = {"tenant": "acme", "team": "core", "severity": severity, **(labels or {})}
    if service:
        own["service"] = service
    rule = AlertRule(
        alert=name,
        expr=isolate(expr, SCOPE, allow_constant=True),
        labels=dict(sorted(own.items())),
        annotations=annotations or {"summary": "Queue {{ $labels.queue }} is long"},
        for_=for_,
        origin=PLACE,
    )
    base = PlannedAlert(
        rule=rule,
        kind="threshold",
        service=service,
        severity=severity,
        slug=".".join(filter(None, (name, service, severity))),
        view="technical",
        panel_key="",
        graph=None,
        scenarios=(),
        policy=None,
        compliance=(),
        runbook_text="",
        pack="",
        place=PLACE,
    )
    return replace(base, **changes)


def step(
    *notify: str, after: str = "0", during: str | None = None, repeat: str | None = None
) -> Step:
    return Step(
        Duration.parse(after),
        tuple(map(recipient, notify)),
        during,
        Duration.parse(repeat) if repeat else None,
        PLACE,
    )


def recipient(text: str) -> Recipient:
    """`chat`, `oncall:primary`, `person:ann/sms`: as a spec writes it."""
    kind, colon, rest = text.partition(":")
    if not colon:
        return Recipient("channel", text, "", PLACE)
    name, _, contact = rest.partition("/")
    return Recipient(kind, name, contact, PLACE)


def policy(name: str, *steps: Step) -> Policy:
    return Policy(name, steps, PLACE)


def person(name: str, **contacts: str) -> Person:
    return Person(name, contacts or {"email": f"{name}@example.com"}, PLACE)


def rota(name: str = "primary", *members: str, **changes: Any) -> Schedule:
    """A rotation of whole days from 2026-11-02 08:00 UTC on, for a year."""
    timezone = changes.pop("timezone", "Europe/Paris")
    every = Duration.of(days=changes.pop("every_days", 7))
    starts = changes.pop("starts", datetime(2026, 11, 2, 8, tzinfo=UTC))
    until = changes.pop("until", datetime(2027, 11, 1, 8, tzinfo=UTC))
    anchor = starts.astimezone(ZoneInfo(timezone)).replace(tzinfo=None)
    rotation = Rotation(timezone, every, anchor, starts, until, members or ("ann", "bob"))
    layers = (Layer("", rotation, None),)
    return replace(Schedule(name, timezone, starts, until, layers, (), PLACE), **changes)


def rotas(text: str, timezone: str = "UTC") -> dict[str, Schedule]:
    """The schedules of a spec, of which only what they refer to needs to be there."""
    root, reading = read("acme.yaml", text.encode()), Reading()
    told, _ = validate(root, "tenant")
    assert not [f for f in told if f.code != "missing-key"], told
    windows = read_windows(root.get("time_windows"), timezone, reading)
    days = read_holidays(root.get("holidays"), reading)
    people = root.get("people")
    names = people.entries if people else {}
    staffing = Staffing(names, windows, windows, days, days, timezone)
    found = read_schedules(root.get("oncall"), staffing, reading)
    assert not has_errors(reading.findings), reading.findings
    return found


def window(name: str = "office", zone: str = "Europe/Paris", **parts: Any) -> TimeWindow:
    entry = (
        WindowTimes(**parts) if parts else WindowTimes(("monday:friday",), (("09:00", "18:00"),))
    )
    return TimeWindow(name, zone, (entry,), PLACE)
