"""People, policies, windows and maintenance of a spec. Schedules: `read_schedules`."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, timedelta
from zoneinfo import ZoneInfo

from generator.spec.model import (
    Flapping,
    Maintenance,
    Person,
    Policy,
    Recipient,
    Step,
    TimeWindow,
    WindowTimes,
)
from generator.spec.read_channels import check_number
from generator.spec.scalars import Reading, duration, moment, string, strings, zone
from generator.spec.source import Node
from generator.spec.validate import did_you_mean

CONTACTS = ("slack", "sms", "email")
"""Ways to reach a person, the preferred first."""

WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")


def read_people(node: Node | None, reading: Reading) -> dict[str, Person]:
    """People by name, with the contacts they have."""
    people: dict[str, Person] = {}
    for name, place, value in node.values() if node else ():
        if not reading.usable("people", name):
            continue
        check_number(value.get("sms"), reading)
        contacts = {k: string(value.get(k)) for k in CONTACTS if value.get(k) is not None}
        people[name] = Person(name, contacts, place, bool(value.layer))
    return people


def read_service_policies(
    node: Node | None,
    policies: Mapping[str, object],
    severities: tuple[str, ...],
    reading: Reading,
) -> dict[str, str]:
    """severity -> policy of one service: the same for all, or by severity."""
    if node is None:
        return {}
    if node.kind == "scalar":
        known = reading.reference(string(node), policies, "escalation policy", node.place)
        return dict.fromkeys(severities, string(node)) if known else {}
    return read_routing(node, policies, severities, reading)


def read_routing(
    node: Node | None,
    policies: Mapping[str, object],
    severities: tuple[str, ...],
    reading: Reading,
) -> dict[str, str]:
    """severity -> policy."""
    routing: dict[str, str] = {}
    for severity, place, value in node.values() if node else ():
        if severity not in severities:
            hint = did_you_mean(severity, severities)
            listed = f"it is one of: {', '.join(severities)}"
            sized = place.over(len(severity))
            message = f"there is no severity {severity!r}"
            reading.error("unknown-severity", message, sized, hint or listed)
        elif reading.reference(string(value), policies, "escalation policy", value.place):
            routing[severity] = string(value)
    return routing


def read_flapping(node: Node | None, reading: Reading) -> Flapping | None:
    """What flaps; None when it is left out or false."""
    if node is None or not reading.usable("flapping") or node.scalar is False:
        return None
    default = Flapping()
    fires, within = node.get("fires"), duration(node.get("within"), default.within)
    if within.ms == 0:
        reading.error("bad-value", "flapping.within should be more than 0", node.place)
    count = fires.scalar if fires is not None else default.fires
    assert isinstance(count, int)
    return Flapping(count, within)


def read_policies(node: Node | None, known: Known, reading: Reading) -> dict[str, Policy]:
    """Escalation policies by name, their recipients resolved."""
    policies: dict[str, Policy] = {}
    for name, place, value in node.values() if node else ():
        if not reading.usable("escalation", name):
            continue
        steps: list[Step] = []
        for index, item in enumerate(value.items):
            steps.append(_step(index, item, steps, known, reading))
        policies[name] = Policy(name, tuple(steps), place)
    return policies


class Known:
    """The names that a policy may refer to."""

    def __init__(
        self,
        channels: Mapping[str, object],
        people: Mapping[str, Person],
        people_names: Mapping[str, object],
        schedules: Mapping[str, object],
        windows: Mapping[str, object],
    ) -> None:
        self.channels = channels
        self.people = people
        self.people_names = people_names
        self.schedules = schedules
        self.windows = windows


def _step(index: int, node: Node, before: list[Step], known: Known, reading: Reading) -> Step:
    after_node, during_node, repeat_node = (node.get(k) for k in ("after", "during", "repeat"))
    after = duration(after_node)
    if index == 0 and after.ms:
        assert after_node is not None
        message = "the first step notifies when the alert fires; it has no after"
        hint = "remove it, or use the alert's for"
        reading.error("bad-step", message, after_node.place, hint)
    if index > 0 and after_node is None:
        hint = "add after: 15m"
        reading.error("bad-step", f"step {index + 1} needs after", node.place, hint)
    elif index > 0 and after <= before[-1].after:
        assert after_node is not None
        message = f"step {index + 1} must come after step {index} ({before[-1].after})"
        reading.error("bad-step", message, after_node.place)
    if during_node is not None:
        reading.reference(string(during_node), known.windows, "time window", during_node.place)
    notify = node.get("notify")
    recipients = [read_recipient(item, known, reading) for item in (notify.items if notify else ())]
    repeat = duration(repeat_node) if repeat_node else None
    if repeat_node is not None and repeat is not None and repeat.ms == 0:
        reading.error("bad-step", "repeat should be more than 0", repeat_node.place)
        repeat = None
    found = tuple(r for r in recipients if r is not None)
    during = string(during_node) if during_node else None
    return Step(after, found, during, repeat, node.place)


def read_recipient(node: Node, known: Known, reading: Reading) -> Recipient | None:
    """A channel's name, `person:<name>/<contact>` or `oncall:<schedule>`."""
    written = string(node)
    kind, colon, rest = written.partition(":")
    if not colon:
        found = reading.reference(written, known.channels, "channel", node.place)
        return Recipient("channel", written, "", node.place) if found else None
    if kind == "oncall":
        found = reading.reference(rest, known.schedules, "on-call schedule", node.place)
        return Recipient("oncall", rest, "", node.place) if found else None
    if kind != "person":
        hint = did_you_mean(kind, ("person", "oncall"))
        message = f"{written!r} names nobody: write a channel, person:<name> or oncall:<schedule>"
        reading.error("bad-recipient", message, node.place, hint)
        return None
    name, slash, contact = rest.partition("/")
    if not reading.reference(name, known.people_names, "person", node.place):
        return None
    person = known.people.get(name)
    if slash and person is not None and contact not in person.contacts:
        has = ", ".join(person.contacts) or "no contact"
        message = f"{name} has no {contact!r}"
        reading.error("no-contact", message, node.place, f"{name} has: {has}")
        return None
    return Recipient("person", name, contact, node.place)


def read_windows(node: Node | None, timezone: str, reading: Reading) -> dict[str, TimeWindow]:
    """Recurring time windows by name."""
    windows: dict[str, TimeWindow] = {}
    for name, place, value in node.values() if node else ():
        if not reading.usable("time_windows", name):
            continue
        zone_node = value.get("timezone")
        local = zone(string(zone_node, timezone), zone_node.place if zone_node else place, reading)
        times = tuple(_times(item, reading) for item in _items(value.get("times")))
        entry = WindowTimes(
            weekdays=weekdays(value.get("weekdays"), reading),
            times=times,
            days_of_month=strings(value.get("days_of_month")),
            months=strings(value.get("months")),
            years=strings(value.get("years")),
        )
        windows[name] = TimeWindow(name, local.key, (entry,), place)
    return windows


def _items(node: Node | None) -> tuple[Node, ...]:
    return node.items if node is not None else ()


def _times(node: Node, reading: Reading) -> tuple[str, str]:
    start, end = string(node.get("from")), string(node.get("until"))
    if end <= start:
        message = f"{start} to {end} crosses midnight or is empty"
        hint = "write two windows: until 24:00, and from 00:00"
        reading.error("bad-order", message, node.place, hint)
    return start, end


def weekdays(node: Node | None, reading: Reading) -> tuple[str, ...]:
    """Weekdays and ranges of them; one that wraps around the week is a finding."""
    days = []
    for item in _items(node):
        first, colon, last = string(item).partition(":")
        if colon and WEEKDAYS.index(last) < WEEKDAYS.index(first):
            hint = f"write [{first}:sunday, monday:{last}]"
            reading.error("bad-order", f"{string(item)} wraps around the week", item.place, hint)
            continue
        days.append(string(item))
    return tuple(days)


def read_maintenance(
    node: Node | None, services: Mapping[str, object], local: ZoneInfo, reading: Reading
) -> tuple[Maintenance, ...]:
    """Planned windows, times in UTC."""
    windows: list[Maintenance] = []
    for index, item in enumerate(_items(node)):
        if not reading.usable("maintenance", index):
            continue
        for service in _items(item.get("services")):
            reading.reference(string(service), services, "service", service.place)
        name, start_node, end_node = (item.get(k) for k in ("name", "from", "until"))
        assert name is not None and start_node is not None and end_node is not None
        start, end = moment(start_node, local, reading), moment(end_node, local, reading)
        if start is None or end is None:
            continue
        if any(w.name == string(name) for w in windows):
            reading.error("duplicate-name", f"two windows are named {string(name)!r}", name.place)
        elif end <= start:
            reading.error("bad-order", "the maintenance ends before it starts", end_node.place)
        else:
            if end - start > timedelta(days=7):
                message = "alerts would be muted for more than a week"
                reading.warning("long-maintenance", message, start_node.place)
            services_named = strings(item.get("services"))
            begin, finish = start.astimezone(UTC), end.astimezone(UTC)
            windows.append(Maintenance(string(name), begin, finish, services_named, item.place))
    return tuple(windows)
