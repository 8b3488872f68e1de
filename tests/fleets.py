"""Whole fleets in memory, for tests: what production joins from lines, from whole values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from generator.compilation import whole_fleet
from generator.compile.alertmanager import fleet_config
from generator.compile.directory import SHARED
from generator.compile.fleet import compile_fleet, share_of
from generator.compile.naming import shard_of
from generator.ir.artifacts import Artifact
from generator.ir.build import Build
from generator.ir.routing import AlertmanagerConfig, Matcher, Route, TenantRouting, owner
from generator.ir.share import Share
from generator.spec.model import Platform


def whole_config(platform: Platform, routings: Mapping[str, TenantRouting]) -> AlertmanagerConfig:
    """One configuration of all tenants, in the order of their ids, under shards when many."""
    ordered = dict(sorted(routings.items()))
    common = fleet_config(platform, (_share(name, one) for name, one in ordered.items()))
    receivers = {r.name: r for r in common.receivers}
    receivers |= {r.name: r for one in ordered.values() for r in one.receivers}
    nodes = tuple(one.route for one in ordered.values())
    sharding = platform.sharding
    if sharding.shards and len(ordered) > sharding.above:
        nodes = _sharded(ordered, platform)
    return replace(
        common,
        route=replace(common.route, routes=(*common.route.routes, *nodes)),
        receivers=tuple(r for _, r in sorted(receivers.items())),
        intervals=tuple(i for one in ordered.values() for i in one.intervals),
    )


def config_of(platform: Platform, builds: Mapping[str, Build]) -> AlertmanagerConfig:
    """`whole_config` of compiled tenants."""
    return whole_config(platform, {name: build.routing for name, build in builds.items()})


def fleet_files(platform: Platform, builds: Mapping[str, Build]) -> tuple[Artifact, ...]:
    """The fleet's files as production makes them."""
    fleet = compile_fleet(platform, {name: share_of(build) for name, build in builds.items()})
    return whole_fleet(platform, fleet, builds)


def _sharded(routings: Mapping[str, TenantRouting], platform: Platform) -> tuple[Route, ...]:
    numbers = {name: int(shard_of(name, platform.sharding.shards)) for name in routings}
    return tuple(
        Route(
            (Matcher(platform.labels.shard, "=", str(number)),),
            routes=tuple(one.route for name, one in routings.items() if numbers[name] == number),
        )
        for number in sorted(set(numbers.values()))
    )


def _share(name: str, routing: TenantRouting) -> Share:
    shared = tuple(r for r in routing.receivers if owner(r.name) == SHARED)
    return Share(name, "core", (), routing.mutable, shared)
