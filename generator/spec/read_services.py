"""Owners, declared metrics, and services with their dependencies and packs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from graphlib import CycleError, TopologicalSorter

from generator.spec.model import (
    Metric,
    Owner,
    PackUse,
    Platform,
    Service,
)
from generator.spec.pack_parameters import ATTACHED, parameter_values
from generator.spec.packs import Pack
from generator.spec.read_notify import (
    read_service_policies,
)
from generator.spec.scalars import (
    Reading,
    decimal,
    mapping,
    static_labels,
    string,
    strings,
)
from generator.spec.source import Node, merged
from generator.spec.validate import did_you_mean


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What a tenant's spec is read in: the platform, its defaults and the packs."""

    platform: Platform
    pack_defaults: Node | None
    packs: Mapping[str, Pack]


class Names:
    """The keys of a top-level mapping: a name counts as known even if its value is wrong."""

    def __init__(self, root: Node) -> None:
        self.root = root

    def __call__(self, key: str) -> dict[str, object]:
        """The names under a key."""
        node = self.root.get(key)
        return dict.fromkeys(node.entries, True) if node else {}


def read_owner(node: Node | None, default: Owner, reading: Reading) -> Owner:
    """Who owns; the team becomes a label, which Prometheus would expand as a template."""
    if node is None:
        return default
    team = node.get("team")
    if team is not None and "{{" in string(team):
        message = "the team is a label of every alert; a template in it would be expanded"
        reading.error("templated-label", message, team.place, "write the team's name")
    return Owner(string(team, default.team), string(node.get("contact")))


def read_metrics(node: Node | None, reading: Reading) -> dict[str, Metric]:
    """Declared metrics by name."""
    metrics: dict[str, Metric] = {}
    for name, place, value in node.values() if node else ():
        if not reading.usable("metrics", name):
            continue
        labels, buckets, series = value.get("labels"), value.get("buckets"), value.get("series")
        kind = string(value.get("type"))
        if buckets is not None and kind != "histogram":
            hint = "remove them, or write type: histogram"
            message = f"a {kind} has no buckets"
            reading.error("bad-buckets", message, value.key_place("buckets"), hint)
        bounds = tuple(decimal(n, Decimal(0), reading) for n in buckets.items) if buckets else ()
        if list(bounds) != sorted(set(bounds)):
            assert buckets is not None
            reading.error("bad-buckets", "buckets should rise", buckets.place)
        metrics[name] = Metric(
            name,
            kind,
            frozenset(strings(labels)) if labels else None,
            string(value.get("help")),
            bounds,
            place,
            int(decimal(series, Decimal(1), reading)) if series else None,
        )
    return metrics


def read_services(
    node: Node | None,
    owner: Owner,
    names: Names,
    around: Surroundings,
    reserved: frozenset[str],
    reading: Reading,
) -> dict[str, Service]:
    """Services by name; dependencies are known and go in no circle."""
    services: dict[str, Service] = {}
    known = names("services")
    for name, place, value in node.values() if node else ():
        upstream = value.get("depends_on")
        for item in upstream.items if upstream else ():
            if string(item) == name:
                reading.error("dependency-cycle", f"{name} depends on itself", item.place)
            else:
                reading.reference(string(item), known, "service", item.place)
        if not reading.usable("services", name):
            continue
        selector = mapping(value.get("selector"))
        if around.platform.labels.tenant in selector:
            label = around.platform.labels.tenant
            hint = "remove it: every selector gets the tenant anyway"
            message = f"the selector names the label {label!r}"
            selected = value.get("selector")
            assert selected is not None
            reading.error("tenant-label", message, selected.key_place(label), hint)
            del selector[label]
        services[name] = Service(
            name=name,
            selector=selector,
            depends_on=tuple(s for s in strings(upstream) if s in known and s != name),
            owner=read_owner(value.get("owner"), owner, reading),
            labels=static_labels(value.get("labels"), reading, reserved),
            packs=_uses(value.get("packs"), around, reading),
            place=place,
            description=string(value.get("description")),
            escalation=read_service_policies(
                value.get("escalation"),
                names("escalation"),
                around.platform.severities,
                reading,
            ),
        )
    _check_cycles(services, reading)
    return services


def _parameters(given: Node) -> Node:
    """What a pack's use gives besides panels, which belong to the dashboards."""
    kept = {key: value for key, value in given.entries.items() if key != ATTACHED}
    return replace(given, entries=kept)


def _check_cycles(services: Mapping[str, Service], reading: Reading) -> None:
    graph = {s.name: set(s.depends_on) for s in services.values()}
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as problem:
        circle = problem.args[1][::-1]
        first = min(s for s in circle if s in services)
        turn = circle.index(first)
        path = " → ".join([*circle[turn:-1], *circle[:turn], first])
        message = f"the services depend on each other in a circle: {path}"
        hint = "remove one of the dependencies; an outage could mute its own cause"
        reading.error("dependency-cycle", message, services[first].place, hint)


def _uses(node: Node | None, around: Surroundings, reading: Reading) -> tuple[PackUse, ...]:
    uses = []
    for name, place, given in node.values() if node else ():
        pack = around.packs.get(name)
        if pack is None:
            hint = did_you_mean(name, around.packs) or f"there are: {', '.join(around.packs)}"
            sized = place.over(len(name))
            reading.error("unknown-pack", f"there is no pack {name!r}", sized, hint)
            continue
        defaults = around.pack_defaults.get(name) if around.pack_defaults else None
        own = _parameters(given) if given.kind == "map" else None
        both = (
            merged(defaults, own) if defaults is not None and own is not None else own or defaults
        )
        values = parameter_values(pack.parameters, name, both, place, reading)
        uses.append(PackUse(name, values, place))
    return tuple(uses)
