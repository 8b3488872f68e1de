"""Who is told: channels, people, on-call schedules, policies, windows, expectations."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from generator.findings import Place
from generator.values import Duration


@dataclass(frozen=True, slots=True)
class Channel:
    """A named way to tell somebody; `kind` is one of `compile.channels.CHANNELS`: slack, email, …

    `fields` are the spec's own, already checked against the schema; secrets are `*_file` only.
    """

    name: str
    kind: str
    fields: Mapping[str, Any]
    place: Place
    shared: bool = False
    """True when the platform defines it: one receiver serves all tenants."""
    layer: str = ""
    """Where in the platform a shared one is defined: `defaults`, `tier/gold`, empty: `channels`."""
    people: bool | None = None
    """Whether people read what is sent there; None: by its kind."""


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody who can be told. Contacts in order of preference: slack, sms, email."""

    name: str
    contacts: Mapping[str, str]
    """email, sms, slack -> address."""
    place: Place
    shared: bool = False


@dataclass(frozen=True, slots=True)
class Shift:
    """One person on call from `start` until `end` (both aware, UTC)."""

    start: datetime
    end: datetime
    person: str
    """Empty: nobody."""
    cause: str = "rotation"
    """rotation, holiday, override, or gap where no layer is active."""
    layer: str = ""
    """The layer or the calendar of holidays it comes from; empty: it has no name."""


@dataclass(frozen=True, slots=True)
class Rotation:
    """Members who take turns from `starts` until `until` (aware, UTC).

    Turn k begins when the clocks of `timezone` first show `anchor` + k·`every` or later: the wall
    clock counts, so a turn is an hour shorter or longer when the clocks change in it.
    """

    timezone: str
    every: Duration
    anchor: datetime
    """A hand-over on the wall clock (naive), at `starts` or less than a turn before."""
    starts: datetime
    until: datetime
    members: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Layer:
    """A rotation, and the recurring times to which it is restricted (None: always)."""

    name: str
    rotation: Rotation
    during: TimeWindow | None


@dataclass(frozen=True, slots=True)
class Holiday:
    """Days on which somebody else is on call, or nobody."""

    shifts: tuple[Shift, ...]
    """The days with who takes over, in order; nobody where the person is empty."""
    rotation: Rotation | None = None
    """Who takes over on all of these days, in place of the shifts' persons."""


@dataclass(frozen=True, slots=True)
class Schedule:
    """An on-call schedule. What comes later wins: layers in order, holidays, overrides in order.

    `starts` and `until` (aware, UTC) span all its layers.
    """

    name: str
    timezone: str
    starts: datetime
    until: datetime
    layers: tuple[Layer, ...]
    overrides: tuple[Shift, ...]
    place: Place
    holidays: tuple[Holiday, ...] = ()
    shifted_from: str = ""
    """The schedule whose line it follows some turns ahead; empty: it has its own layers."""
    allow_gaps: bool = False
    """Times without anybody are meant."""


@dataclass(frozen=True, slots=True)
class Recipient:
    """Whom a step tells: kind `channel`, `person` (with the contact to use) or `oncall`."""

    kind: str
    name: str
    contact: str = ""
    """For persons: email, sms, slack, or empty for the first that they have."""
    place: Place | None = None


@dataclass(frozen=True, slots=True)
class Step:
    """One step of an escalation policy."""

    after: Duration
    notify: tuple[Recipient, ...]
    during: str | None
    """Name of a time window outside which this step waits; None: always."""
    repeat: Duration | None
    place: Place


@dataclass(frozen=True, slots=True)
class Policy:
    """An escalation policy: the first step has `after` 0."""

    name: str
    steps: tuple[Step, ...]
    place: Place


@dataclass(frozen=True, slots=True)
class Flapping:
    """An alert that has begun `fires` times within a time flaps: that is told once, then muted."""

    fires: int = 5
    within: Duration = Duration.of(hours=1)


@dataclass(frozen=True, slots=True)
class WindowTimes:
    """One recurring entry of a time window, in Alertmanager's grammar."""

    weekdays: tuple[str, ...] = ()
    times: tuple[tuple[str, str], ...] = ()
    days_of_month: tuple[str, ...] = ()
    months: tuple[str, ...] = ()
    years: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class TimeWindow:
    """A named recurring window in a timezone."""

    name: str
    timezone: str
    entries: tuple[WindowTimes, ...]
    place: Place


@dataclass(frozen=True, slots=True)
class Told:
    """Whom the author expects to be told of an alert that starts at a moment."""

    alert: str
    labels: Mapping[str, str]
    """Labels that tell the alert from its namesakes, or that its expression gives."""
    at: datetime
    """Aware, UTC."""
    after: Duration
    """The step that is asked about comes so long after the start."""
    tells: tuple[Recipient, ...]
    """Exactly these; nobody at all when empty."""
    firing: tuple[str, ...]
    """What else fires: names of alerts, or `Alert{label="value"}`."""
    place: Place
    alert_place: Place
    tells_place: Place


@dataclass(frozen=True, slots=True)
class Maintenance:
    """A planned window in which the named services (none: all) may misbehave; times aware, UTC."""

    name: str
    start: datetime
    end: datetime
    services: tuple[str, ...]
    place: Place
