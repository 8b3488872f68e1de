"""The fleet's alertmanager.yml: what all tenants have in common, joined by each one's own lines.

The lines are the ones that the whole configuration would have, and are made once a tenant.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from generator.compile.directory import SHARED
from generator.compile.naming import shard_of
from generator.ir.artifacts import Streamed
from generator.ir.build import Build, FleetBuild
from generator.ir.routing import Matcher, Route, owner
from generator.ir.share import Layout, Library, Lines, Part
from generator.render.alertmanager import (
    INTERVALS,
    head,
    inhibitions,
    intervals,
    node,
    receiver,
)
from generator.render.prometheus import scrape_jobs
from generator.render.yaml import items

_SOURCE = "specs/"
_ROUTES, _BELOW_SHARD, _RECEIVERS = 4, 8, 2
"""How far in the items of lists stand."""


def lines_of(build: Build, layout: Layout) -> Lines:
    """A tenant's lines in the files of the fleet."""
    own = sorted((r for r in build.routing.receivers if _own(r.name)), key=lambda r: r.name)
    indent = _BELOW_SHARD if layout.sharded else _ROUTES
    return Lines(
        routes=items([node(build.routing.route)], indent),
        receivers=items([receiver(one) for one in own], _RECEIVERS),
        intervals=intervals(build.routing.intervals),
        jobs=scrape_jobs(build.scrape) if layout.jobs else "",
    )


@dataclass(frozen=True, slots=True)
class InMemory:
    """A library of tenants whose lines are in memory."""

    lines: Mapping[str, Lines]

    def texts(self, part: Part, tenants: Sequence[str]) -> Iterator[str]:
        """A part of each of these tenants, in this order."""
        return (getattr(self.lines[name], part) for name in tenants)


def fleet_alertmanager(fleet: FleetBuild, library: Library) -> Streamed:
    """`alertmanager.yml` of all tenants, in the order of their ids, under shards when many."""

    def chunks() -> Iterator[bytes]:
        config, tenants = fleet.alertmanager, fleet.prometheus.tenants
        yield head(config, _SOURCE).encode()
        if tenants and not config.route.routes:
            yield b"  routes:\n"
        yield from _encoded(_routes(fleet, library))
        yield inhibitions(config.inhibit_rules, config.named_rules).encode()
        yield b"receivers:\n"
        yield from _encoded(_receivers(fleet, library))
        yield from _encoded(_titled(INTERVALS, library.texts("intervals", tenants)))

    return Streamed("alertmanager.yml", chunks)


def _own(name: str) -> bool:
    return owner(name) != SHARED


def _routes(fleet: FleetBuild, library: Library) -> Iterator[str]:
    server = fleet.prometheus
    if not server.shards:
        yield from library.texts("routes", server.tenants)
        return
    shards: dict[int, list[str]] = {}
    for name in server.tenants:
        shards.setdefault(int(shard_of(name, server.shards)), []).append(name)
    for number, below in sorted(shards.items()):
        yield items([node(Route((Matcher(server.shard_label, "=", str(number)),)))], _ROUTES)
        yield f"{' ' * (_ROUTES + 2)}routes:\n"
        yield from library.texts("routes", below)


def _receivers(fleet: FleetBuild, library: Library) -> Iterator[str]:
    """All receivers in the order of their names: a tenant's begin with its id and a slash."""
    tenants = sorted(fleet.prometheus.tenants, key=lambda name: f"{name}/")
    before = [name for name in tenants if f"{name}/" < SHARED]
    yield from library.texts("receivers", before)
    yield items([receiver(one) for one in fleet.alertmanager.receivers], _RECEIVERS)
    yield from library.texts("receivers", tenants[len(before) :])


def _titled(title: str, texts: Iterator[str]) -> Iterator[str]:
    """The texts with a title before the first that is not empty."""
    for text in texts:
        if text:
            yield title + text
            break
    yield from texts


def _encoded(texts: Iterator[str]) -> Iterator[bytes]:
    return (text.encode() for text in texts)
