"""`expect:` of a tenant as plain values, with who is on call around each moment.

The turns come from the schedules themselves, not from the time intervals that are made of them:
so an expectation also tests those.
"""

from __future__ import annotations

from datetime import timedelta

from generator.compile.oncall import shifts
from generator.ir.incident import Expected, ExpectedMember, Turn
from generator.spec.model import Recipient, Tenant, Told

_AROUND = timedelta(days=1)
"""How long after a step's time its notification can be."""


def expectations(tenant: Tenant) -> tuple[Expected, ...]:
    """What the author expects, in the spec's order."""
    return tuple(
        Expected(
            alert=told.alert,
            labels=tuple(sorted(told.labels.items())),
            at=told.at,
            zone=tenant.timezone,
            after=told.after,
            tells=tuple(_member(one, told, tenant) for one in told.tells),
            firing=told.firing,
            place=told.place,
            alert_place=told.alert_place,
            tells_place=told.tells_place,
        )
        for told in tenant.expect
    )


def _member(recipient: Recipient, told: Told, tenant: Tenant) -> ExpectedMember:
    if recipient.kind == "channel":
        return ExpectedMember(recipient.name, "channel", recipient.name, "")
    way = f"/{recipient.contact}" if recipient.contact else ""
    written = f"{recipient.kind}:{recipient.name}{way}"
    turns: tuple[Turn, ...] = ()
    schedule = tenant.oncall.get(recipient.name) if recipient.kind == "oncall" else None
    if schedule is not None:
        start = told.at + timedelta(milliseconds=told.after.ms)
        end = start + _AROUND
        near = (s for s in shifts(schedule) if s.start < end and start < s.end)
        turns = tuple(Turn(s.start, s.end, s.person) for s in near)
    return ExpectedMember(written, recipient.kind, recipient.name, recipient.contact, turns)
