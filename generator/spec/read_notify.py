"""Channels, people, on-call schedules, policies, windows and maintenance of a spec."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from generator.findings import Place
from generator.spec.model import (
    Channel,
    Maintenance,
    Person,
    Policy,
    Recipient,
    Schedule,
    Shift,
    Step,
    TimeWindow,
    WindowTimes,
)
from generator.spec.scalars import Reading, duration, flag, moment, string, strings, zone
from generator.spec.source import Node
from generator.spec.validate import did_you_mean, one_of
from generator.values import Duration

CHANNEL_KINDS = ("slack", "msteams", "email", "sms", "webhook", "pagerduty")
CONTACTS = ("slack", "sms", "email")
"""Ways to reach a person, the preferred first."""

_E164 = re.compile(r"\+[1-9][0-9]{6,14}")
_WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")


def read_channels(node: Node | None, reading: Reading, *, shared: bool) -> dict[str, Channel]:
    """Channels by name; each has exactly one kind."""
    channels: dict[str, Channel] = {}
    for name, place, value in node.values() if node else ():
        if not reading.usable("channels", name):
            continue
        wrong = one_of(value, CHANNEL_KINDS, "a channel", "channel-kind")
        if wrong:
            reading.findings += wrong
            continue
        kind = next(k for k in CHANNEL_KINDS if value.get(k))
        fields = value.get(kind)
        assert fields is not None
        _check_channel(kind, fields, reading)
        people = value.get("people")
        channels[name] = Channel(
            name,
            kind,
            fields.data(),
            place,
            shared or bool(node and node.layer),
            flag(people, True) if people is not None else None,
        )
    return channels


def _check_channel(kind: str, fields: Node, reading: Reading) -> None:
    url = fields.get("url")
    if kind == "webhook":
        reading.findings += one_of(fields, ("url_file", "url"), "a webhook", "channel-kind")
    if kind == "sms":
        ways = ("region", "bridge_url_file")
        reading.findings += one_of(fields, ways, "an sms channel", "channel-kind")
        _check_number(fields.get("to"), reading)
    if url is not None:
        written = string(url)
        if written.startswith("http://") and not re.match(r"http://(localhost|127\.)", written):
            message = "alerts would travel unencrypted"
            reading.warning("plain-http", message, url.place, "use https://")
        if re.search(r"://[^/]*@|[?&](token|key|secret|sig|password)=|/hooks?/.{16,}", written):
            message = "this address seems to hold a secret"
            hint = "put it into a file and write url_file"
            reading.error("secret-in-spec", message, url.place, hint)


def _check_number(node: Node | None, reading: Reading) -> None:
    if node is not None and not _E164.fullmatch(string(node)):
        message = f"{string(node)!r} is not a telephone number"
        hint = 'write + and the country code, in quotes: "+33600000001"'
        reading.error("bad-number", message, node.place, hint)


def read_people(node: Node | None, reading: Reading) -> dict[str, Person]:
    """People by name, with the contacts they have."""
    people: dict[str, Person] = {}
    for name, place, value in node.values() if node else ():
        if not reading.usable("people", name):
            continue
        _check_number(value.get("sms"), reading)
        contacts = {k: string(value.get(k)) for k in CONTACTS if value.get(k) is not None}
        people[name] = Person(name, contacts, place, bool(value.layer))
    return people


def read_schedules(
    node: Node | None, people: Mapping[str, object], timezone: str, reading: Reading
) -> dict[str, Schedule]:
    """On-call schedules by name. Wall-clock times are the schedule's timezone's."""
    schedules: dict[str, Schedule] = {}
    for name, place, value in node.values() if node else ():
        if not reading.usable("oncall", name):
            continue
        schedule = _schedule(name, place, value, people, timezone, reading)
        if schedule is not None:
            schedules[name] = schedule
    return schedules


def _schedule(
    name: str,
    place: Place,
    node: Node,
    people: Mapping[str, object],
    timezone: str,
    reading: Reading,
) -> Schedule | None:
    zone_node = node.get("timezone")
    local = zone(string(zone_node, timezone), zone_node.place if zone_node else place, reading)
    rotation = node.get("rotation")
    assert rotation is not None
    starts, until, every = (rotation.get(k) for k in ("starts", "until", "every"))
    assert starts is not None and until is not None and every is not None
    begin, end = moment(starts, local, reading), moment(until, local, reading)
    length = duration(every)
    day = Duration.of(days=1).ms
    if length.ms == 0 or length.ms % day:
        hint = "write 1d, 1w or 2w"
        reading.error("bad-rotation", f"a turn lasts whole days, not {length}", every.place, hint)
        return None
    members = rotation.get("members")
    for member in members.items if members else ():
        reading.reference(string(member), people, "person", member.place)
    if begin is None or end is None:
        return None
    if end <= begin:
        reading.error("bad-order", "the rotation ends before it starts", until.place)
        return None
    overrides = _overrides(node.get("overrides"), people, local, (begin, end), reading)
    return Schedule(
        name, local.key, length.ms // day, begin, end, strings(members), overrides, place
    )


def _overrides(
    node: Node | None,
    people: Mapping[str, object],
    local: ZoneInfo,
    span: tuple[datetime, datetime],
    reading: Reading,
) -> tuple[Shift, ...]:
    shifts = []
    for item in node.items if node else ():
        start_node, end_node, member = (item.get(k) for k in ("from", "until", "member"))
        assert start_node is not None and end_node is not None and member is not None
        reading.reference(string(member), people, "person", member.place)
        start, end = moment(start_node, local, reading), moment(end_node, local, reading)
        if start is None or end is None:
            continue
        if end <= start:
            reading.error("bad-order", "the override ends before it starts", end_node.place)
        elif end <= span[0] or start >= span[1]:
            message = "the override lies outside the rotation"
            reading.warning("override-outside", message, start_node.place)
        else:
            shifts.append(Shift(max(start, span[0]), min(end, span[1]), string(member)))
    return tuple(shifts)


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
            weekdays=_days(value.get("weekdays"), reading),
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


def _days(node: Node | None, reading: Reading) -> tuple[str, ...]:
    days = []
    for item in _items(node):
        first, colon, last = string(item).partition(":")
        if colon and _WEEKDAYS.index(last) < _WEEKDAYS.index(first):
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
