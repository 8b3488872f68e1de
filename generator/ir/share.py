"""What the files of the fleet are made of, tenant by tenant."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

from generator.ir.routing import Mutable, Receiver

Part = Literal["routes", "receivers", "intervals", "jobs"]
"""A tenant's lines in the fleet's files: its node of the routing tree, its own receivers, its time
intervals; its scrape jobs, for servers that cannot include files of them."""
PARTS: tuple[Part, ...] = ("routes", "receivers", "intervals", "jobs")


@dataclass(frozen=True, slots=True)
class Share:
    """What the fleet must know of a tenant: little, so that ten thousand lie in memory."""

    tenant: str
    team: str
    services: tuple[str, ...]
    mutable: Mutable
    receivers: tuple[Receiver, ...] = ()
    """Those of the platform that the tenant uses."""


@dataclass(frozen=True, slots=True)
class Lines:
    """A tenant's own lines in the files of the fleet, each part as it stands there."""

    routes: str
    receivers: str
    intervals: str
    jobs: str


@dataclass(frozen=True, slots=True)
class Layout:
    """What of the fleet the form of a tenant's lines depends on."""

    sharded: bool
    """Whether nodes stand below shards: there are many tenants."""
    jobs: bool
    """Whether `prometheus.yml` holds the tenants' scrape jobs."""


class Library(Protocol):
    """Where all tenants' lines are found, a part at a time: together they may not fit in memory."""

    def texts(self, part: Part, tenants: Sequence[str]) -> Iterator[str]:
        """A part of each of these tenants, in this order."""
        ...
