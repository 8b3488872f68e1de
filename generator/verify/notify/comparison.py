"""Who is told of an alert before and after a change: both configurations, simulated side by side.

Not a few moments are asked about: the whole horizon is compared, so that no difference is missed.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from generator.compile.channels import spoken
from generator.compile.families import Family
from generator.ir.change import (
    ReceiverChange,
    Recipient,
    RoutingChange,
    Sort,
    Telling,
    ToldChange,
)
from generator.ir.incident import Leaf
from generator.ir.routing import AlertmanagerConfig
from generator.render.explained_route import interval_text
from generator.servers.defaults import holds
from generator.values import Duration
from generator.verify.notify.incident import due, labels_of
from generator.verify.notify.periods import Period, Periods, horizon, open_periods, union, without
from generator.verify.notify.routing import Tree

_ON_CALL = "oncall"
_DUTY = " is on call in "
_NUMBER = re.compile(r"\+?[0-9]{6,}")


@dataclass(frozen=True, slots=True)
class Asked:
    """An alert on both sides: its name, its severity, its rules with later steps (none: not
    there)."""

    written: str
    severity: str
    before: Family
    after: Family


class Telephone:
    """One configuration, made ready to be asked who is told of an alert, and when."""

    def __init__(
        self, config: AlertmanagerConfig, tenant: str, names: Mapping[object, str], within: Period
    ) -> None:
        self._config = config
        self._tenant = tenant
        self._tree = Tree(config.route)
        self._intervals = {i.name: i for i in config.intervals}
        self._within = within
        self._recipients = {
            name: tuple(replace(who, name=names.get(who, "")) for who in found)
            for name, found in _recipients(config).items()
        }
        self._known: dict[Leaf, Periods] = {}

    def of(self, family: Family) -> dict[tuple[Recipient, Duration], tuple[Telling, Periods]]:
        """Everybody whom the steps of an alert tell, with the time in which they do."""
        found: dict[tuple[Recipient, Duration], tuple[Telling, Periods]] = {}
        for rule in family:
            after = due(rule, family)
            for one in self._tree.taken(labels_of(rule)):
                leaf = one.leaf
                for who in self._recipients.get(leaf.receiver, ()):
                    telling = Telling(
                        who, after, self._when(leaf), leaf.repeat_interval, leaf.group_wait
                    )
                    found[who, after] = _merged(found.get((who, after)), telling, self._open(leaf))
        return found

    def _open(self, leaf: Leaf) -> Periods:
        if leaf not in self._known:
            self._known[leaf] = open_periods(leaf, self._intervals, self._within)
        return self._known[leaf]

    def _when(self, leaf: Leaf) -> str:
        """The times of a route in words, from the names of its intervals; empty for always."""
        only = [interval_text(name, self._tenant) for name in leaf.active]
        never = [interval_text(name, self._tenant) for name in leaf.muted]
        parts = [f"while {' or '.join(only)}"] if only else []
        duties = [name.split(_DUTY) for name in never]
        if never and all(len(duty) == 2 for duty in duties):
            schedules = dict.fromkeys(schedule for _, schedule in duties)
            parts.append(f"while nobody{_DUTY}{' or '.join(schedules)}")
        elif never:
            parts.append(f"not while {' or '.join(never)}")
        return ", ".join(parts)


def routing_changes(
    asked: Sequence[Asked], before: AlertmanagerConfig, after: AlertmanagerConfig, tenant: str
) -> tuple[RoutingChange, ...]:
    """Who is told now and who no longer; alerts with the same difference are told together."""
    names = _names((before, after), tenant)
    spans = [horizon(config.intervals) for config in (before, after)]
    within = (min(start for start, _ in spans), max(end for _, end in spans))
    left, right = (Telephone(config, tenant, names, within) for config in (before, after))
    found: dict[tuple[Sort, str, tuple[ToldChange, ...]], list[str]] = {}
    for one in asked:
        changes = tuple(_told(left.of(one.before), right.of(one.after)))
        if changes:
            sort = Sort.ADDED if not one.before else Sort.REMOVED if not one.after else Sort.CHANGED
            found.setdefault((sort, one.severity, changes), []).append(one.written)
    severities = [one.severity for one in asked if one.after]
    return tuple(
        RoutingChange(sort, severity, tuple(alerts), changes, severities.count(severity))
        for (sort, severity, changes), alerts in found.items()
    )


def receiver_changes(
    before: AlertmanagerConfig, after: AlertmanagerConfig, tenant: str, *, defaults: bool
) -> tuple[ReceiverChange, ...]:
    """Recipients of both sides whose receivers differ in how they are told.

    `defaults`: the earlier side comes from a server, which fills in what nobody wrote and has all
    tenants' receivers.
    """
    names = _names((before, after), tenant)
    if defaults:
        own = {receiver.name for receiver in after.receivers}
        kept = tuple(receiver for receiver in before.receivers if receiver.name in own)
        before = replace(before, receivers=kept)
    left, right = _entries(before), _entries(after)
    found = []
    for who, entries in right.items():
        fields = _otherwise(left[who], entries, defaults) if who in left else ()
        if fields:
            found.append(ReceiverChange(replace(who, name=names.get(who, "")), fields))
    return tuple(found)


# --------------------------------------------------------------------------- difference


def _told(
    left: Mapping[tuple[Recipient, Duration], tuple[Telling, Periods]],
    right: Mapping[tuple[Recipient, Duration], tuple[Telling, Periods]],
) -> Iterable[ToldChange]:
    gone = {key: told for key, told in left.items() if key not in right}
    for key in sorted(right):
        telling, periods = right[key]
        if key in left:
            other, theirs = left[key]
            first = _first(theirs, periods)
            timing = (telling.repeat, telling.wait) != (other.repeat, other.wait)
            if first is not None or timing:
                yield ToldChange(other, telling, first)
            continue
        earlier = next((k for k in sorted(gone) if _moved(k, key)), None)
        yield ToldChange(gone.pop(earlier)[0] if earlier else None, telling)
    for key in sorted(gone):
        yield ToldChange(gone[key][0], None)


def _moved(one: tuple[Recipient, Duration], other: tuple[Recipient, Duration]) -> bool:
    """Whether a recipient is told at another step, or is somewhere else at the same."""
    (who, after), (whom, later) = one, other
    named = who.name and (who.name, who.on_call) == (whom.name, whom.on_call)
    return who == whom or bool(named and after == later)


def _first(one: Periods, other: Periods) -> datetime | None:
    """The first moment that is in one list of periods and not in the other."""
    differing = union(without(one, other), without(other, one))
    return datetime.fromtimestamp(differing[0][0] / 1000, UTC) if differing else None


def _merged(
    known: tuple[Telling, Periods] | None, telling: Telling, periods: Periods
) -> tuple[Telling, Periods]:
    """Two routes that tell the same recipient at the same step."""
    if known is None:
        return telling, periods
    other, theirs = known
    both = [other.when, telling.when]
    when = "" if "" in both else " or ".join(dict.fromkeys(both))
    return replace(other, when=when), union(theirs, periods)


# --------------------------------------------------------------------------- recipients


def _recipients(config: AlertmanagerConfig) -> dict[str, tuple[Recipient, ...]]:
    """receiver -> whom it tells, without names."""
    return {
        receiver.name: tuple(
            dict.fromkeys(
                _recipient(config, receiver.name, section, entry)
                for section, entries in sorted(receiver.integrations.items())
                for entry in entries
            )
        )
        for receiver in config.receivers
    }


def _recipient(
    config: AlertmanagerConfig, receiver: str, section: str, entry: Mapping[str, Any]
) -> Recipient:
    """Whom an entry tells; where that is a secret, the file that holds it stands for it.

    A bridge to text messages finds the number in the receiver's name. What a server puts in from
    the configuration's own settings for all receivers tells nothing of this one.
    """
    way, address = spoken(section, entry)
    inherited = (None, *config.globals_.values())
    keys = sorted(key for key in entry if key.endswith("_file") or key == "url")
    files = ", ".join(str(entry[key]) for key in keys if entry[key] not in inherited)
    via = files if address else ""
    if not address:
        known = [
            entry.get("phone_number"),
            *(p for p in receiver.split("/") if _NUMBER.fullmatch(p)),
        ]
        address = ", ".join(str(one) for one in (*known, files) if one)
    return Recipient("", way, address, f"/{_ON_CALL}/" in receiver, via)


def _names(configs: Sequence[AlertmanagerConfig], tenant: str) -> dict[object, str]:
    """recipient -> its name in the spec: from receivers that tell it alone, and from those that
    tell one more than is known."""
    found: dict[object, str] = {}
    named = [
        (_spoken_names(receiver.removeprefix(f"{tenant}/").split("/")), told)
        for config in configs
        for receiver, told in _recipients(config).items()
    ]
    open_ = True
    while open_:
        open_ = False
        for names, told in named:
            unknown = [who for who in told if who not in found]
            known = {found[who] for who in told if who in found}
            left = [name for name in names if name not in known]
            if len(left) == len(unknown) == 1:
                found[unknown[0]] = left[0]
                open_ = True
    return found


def _spoken_names(parts: Sequence[str]) -> list[str]:
    """The channels and people that a receiver's name is made of."""
    match parts:
        case ["_platform", *rest] if rest:
            return rest[-1].split("+")
        case ["oncall", person, *_]:
            return [person]
        case [person, way] if "+" not in way:
            return [person]
        case _:
            return "/".join(parts).split("+")


def _entries(config: AlertmanagerConfig) -> dict[Recipient, list[Mapping[str, Any]]]:
    """recipient -> the different entries by which receivers tell it, the usual one first."""
    found: dict[Recipient, list[Mapping[str, Any]]] = {}
    for receiver in config.receivers:
        for section, entries in receiver.integrations.items():
            for entry in entries:
                known = found.setdefault(_recipient(config, receiver.name, section, entry), [])
                if entry not in known:
                    known.append(entry)
    return found


def _otherwise(
    before: Sequence[Mapping[str, Any]], after: Sequence[Mapping[str, Any]], defaults: bool
) -> tuple[str, ...]:
    """Fields in which entries of one side have no like on the other."""
    new = [e for e in after if all(_differing(one, e, defaults) for one in before)]
    gone = [e for e in before if all(_differing(e, other, defaults) for other in after)]
    fields = [_differing(before[0], entry, defaults) for entry in new]
    fields += [_differing(entry, after[0], defaults) for entry in gone]
    return tuple(sorted({field for found in fields for field in found}))


def _differing(one: Mapping[str, Any], other: Mapping[str, Any], defaults: bool) -> list[str]:
    """Fields of an entry that differ; with `defaults` only those that the later side writes."""
    if defaults:
        return [key for key in sorted(other) if not holds(one.get(key), other[key])]
    return [key for key in sorted({*one, *other}) if one.get(key) != other.get(key)]
