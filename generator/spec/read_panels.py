"""Panels of specs and packs, panels attached to a service's packs, and dashboards of one's own."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from decimal import Decimal

from generator.findings import Place, Text
from generator.spec.model import CustomPanel, OwnDashboard, OwnVariable, Service
from generator.spec.pack_parameters import ATTACHED
from generator.spec.read_signals import Around, items_of, service_of
from generator.spec.scalars import Reading, decimal, duration, string, text
from generator.spec.source import Node, Path
from generator.values import Duration

OWN = ("dashboards", "own")
LEAST_REFRESH = Duration.of(seconds=30)


def read_panels(
    node: Node | None, path: Path, around: Around, reading: Reading, *, prefix: str = ""
) -> tuple[CustomPanel, ...]:
    """Panels of a spec (`dashboards.custom`) or a pack (`panels`), in order.

    `prefix` tells the keys of panels that stand elsewhere in the spec from the others'.
    """
    if around.service:
        prefix = f"{around.service}:{around.pack}:{prefix}"
    return tuple(
        _panel(f"panel:{prefix}{name}", place, value, around, reading)
        for name, place, value in (node.values() if node else ())
        if reading.usable(*path, name)
    )


def _panel(key: str, place: Place, value: Node, around: Around, reading: Reading) -> CustomPanel:
    asked = items_of(value.get("queries"))
    compare = value.get("compare")
    return CustomPanel(
        key=key,
        view=string(value.get("view"), "technical"),
        title=string(value.get("title")),
        description=string(value.get("description")),
        kind=string(value.get("kind"), "timeseries"),
        queries=tuple((text(q.get("expr")), string(q.get("legend"))) for q in asked),
        unit=string(value.get("unit"), "short"),
        thresholds=tuple(
            (decimal(t.get("from"), Decimal(0), reading), string(t.get("color")))
            for t in items_of(value.get("thresholds"))
        ),
        service=around.service or service_of(value, around, reading),
        place=place,
        pack=around.pack,
        units=tuple(string(q.get("unit")) for q in asked),
        row=string(value.get("row")),
        signal=string(value.get("signal")),
        compare=duration(compare) if compare is not None else None,
    )


def attached_panels(
    root: Node, services: Mapping[str, Service], around: Around, reading: Reading
) -> Iterator[CustomPanel]:
    """What the spec attaches to packs; every selector gets the service's labels, as theirs do."""
    for service in services.values():
        for use in service.packs:
            path = ("services", service.name, "packs", use.pack, ATTACHED)
            given = root.get("services")
            for step in path[1:]:
                given = given.get(step) if given is not None and given.kind == "map" else None
            inside = around.of_pack(service.name, use.pack)
            for panel in read_panels(given, path, inside, reading, prefix="own:"):
                yield panel.scoped(service.selector)


def read_own(node: Node | None, around: Around, reading: Reading) -> tuple[OwnDashboard, ...]:
    """`dashboards.own`, in order."""
    return tuple(
        _dashboard(name, value, around, reading)
        for name, _, value in (node.values() if node else ())
        if reading.usable(*OWN, name)
    )


def _dashboard(name: str, value: Node, around: Around, reading: Reading) -> OwnDashboard:
    refresh = duration(value.get("refresh"), Duration.of(minutes=1))
    if refresh < LEAST_REFRESH:
        given = value.get("refresh")
        assert given is not None
        message = f"a dashboard that asks again every {refresh} is a load on the server"
        reading.error("bad-value", message, given.place, f"write {LEAST_REFRESH} or more")
    return OwnDashboard(
        name=name,
        title=string(value.get("title")),
        description=string(value.get("description")),
        panels=read_panels(
            value.get("panels"), (*OWN, name, "panels"), around, reading, prefix=f"{name}:"
        ),
        variables=tuple(_variables(value.get("variables"))),
        range=duration(value.get("range"), Duration.of(hours=6)),
        refresh=refresh,
        place=value.place,
    )


def _variables(node: Node | None) -> Iterator[OwnVariable]:
    for name, place, value in node.values() if node else ():
        query: Text = text(value.get("query"))
        label, told = string(value.get("label"), name), string(value.get("description"))
        yield OwnVariable(name, label, query, told, place)
