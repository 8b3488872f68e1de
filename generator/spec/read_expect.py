"""`expect:` of a spec: who the author says is told of an alert at a moment."""

from __future__ import annotations

from zoneinfo import ZoneInfo

from generator.spec.model import Recipient, Told
from generator.spec.read_notify import Known, read_recipient
from generator.spec.scalars import Reading, duration, mapping, moment, string, strings
from generator.spec.source import Node

NOBODY = "nobody"


def read_expectations(
    node: Node | None, known: Known, local: ZoneInfo, reading: Reading
) -> tuple[Told, ...]:
    """Every expectation; whether its alert exists is known once the tenant is compiled."""
    found: list[Told] = []
    for index, item in enumerate(node.items if node else ()):
        if not reading.usable("expect", index):
            continue
        alert, at, tells = (item.get(k) for k in ("alert", "at", "tells"))
        assert alert is not None and at is not None and tells is not None
        start = moment(at, local, reading)
        recipients = _recipients(tells, known, reading)
        if start is None:
            continue
        found.append(
            Told(
                alert=string(alert),
                labels=mapping(item.get("labels")),
                at=start,
                after=duration(item.get("after")),
                tells=recipients,
                firing=strings(item.get("firing")),
                place=item.place,
                alert_place=alert.place.over(len(string(alert))),
                tells_place=tells.place,
            )
        )
    return tuple(found)


def _recipients(node: Node, known: Known, reading: Reading) -> tuple[Recipient, ...]:
    """Whom a list names; `nobody` stands alone, unless a channel is called so."""
    alone = [item for item in node.items if string(item) == NOBODY]
    if alone and NOBODY not in known.channels:
        if len(node.items) > 1:
            message = f"{NOBODY} and others cannot both be told"
            reading.error(
                "bad-recipient", message, alone[0].place, f"write tells: [{NOBODY}] alone"
            )
        return ()
    found = (read_recipient(item, known, reading) for item in node.items)
    return tuple(recipient for recipient in found if recipient is not None)
