"""Who is told of an alert, and when: what the simulation finds and the documents show."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from generator.findings import Place
from generator.ir.routing import Matcher
from generator.values import Duration


@dataclass(frozen=True, slots=True)
class Leaf:
    """A receiver that an alert is routed to, with the times and the timing of its route.

    `active` and `muted` are names of time intervals: told only while one of the first holds (none:
    always), and not while one of the second does.
    """

    receiver: str
    active: tuple[str, ...]
    muted: tuple[str, ...]
    group_by: tuple[str, ...]
    """Labels that a notification groups by; `...` alone: all of them."""
    group_wait: Duration
    group_interval: Duration
    repeat_interval: Duration
    comment: str = ""


@dataclass(frozen=True, slots=True)
class Branch:
    """A node on the way through the routing tree: what it asks for and what is written above it."""

    comment: str
    matchers: tuple[Matcher, ...]


@dataclass(frozen=True, slots=True)
class Taken:
    """A route that takes an alert, and the way to it from the root on."""

    leaf: Leaf
    path: tuple[Branch, ...]


@dataclass(frozen=True, slots=True)
class Muting:
    """An inhibit rule that mutes an alert, and the labels of an alert by which it does."""

    rule: str
    comment: str
    source: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Notice:
    """One notification of an unacknowledged incident, `after` its start."""

    after: Duration
    at: datetime
    level: int
    receiver: str
    repeated: bool


@dataclass(frozen=True, slots=True)
class Incident:
    """An alert that starts at a moment, is not acknowledged and does not end."""

    start: datetime
    notices: tuple[Notice, ...]


@dataclass(frozen=True, slots=True)
class Rung:
    """A step of an escalation: `after` the alert's start these are told."""

    level: int
    after: Duration
    leaves: tuple[Leaf, ...]


@dataclass(frozen=True, slots=True)
class Ladder:
    """The steps that some alerts share, with incidents at chosen moments."""

    severity: str
    alerts: tuple[str, ...]
    """`Alert (service)`, sorted."""
    rungs: tuple[Rung, ...]
    incidents: tuple[Incident, ...]


@dataclass(frozen=True, slots=True)
class Turn:
    """Somebody on call from `start` until `end` (both aware)."""

    start: datetime
    end: datetime
    person: str


@dataclass(frozen=True, slots=True)
class ExpectedMember:
    """Whom the author expects to be told: a channel, a person or whoever is on call."""

    written: str
    """As the spec writes it."""
    kind: str
    name: str
    way: str
    """The contact that is used; empty: any."""
    turns: tuple[Turn, ...] = ()
    """Who is on call around the moment."""


@dataclass(frozen=True, slots=True)
class Expected:
    """An alert starts at a moment: the step that comes `after` it tells exactly these."""

    alert: str
    labels: tuple[tuple[str, str], ...]
    at: datetime
    """Aware."""
    zone: str
    after: Duration
    tells: tuple[ExpectedMember, ...]
    firing: tuple[str, ...]
    place: Place
    alert_place: Place
    tells_place: Place
