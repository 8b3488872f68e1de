"""Alertmanager configuration as plain values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from generator.values import Duration

WEEKDAYS = ("sunday", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday")
"""In Alertmanager's order: its weeks begin on Sunday."""
MONTHS = (
    "january",
    "february",
    "march",
    "april",
    "may",
    "june",
    "july",
    "august",
    "september",
    "october",
    "november",
    "december",
)


@dataclass(frozen=True, slots=True, order=True)
class Matcher:
    """`name op value`, op one of `=`, `!=`, `=~`, `!~`."""

    name: str
    op: str
    value: str


@dataclass(frozen=True, slots=True)
class Route:
    """A node of the routing tree. None and empty mean: inherit from the parent."""

    matchers: tuple[Matcher, ...] = ()
    receiver: str | None = None
    routes: tuple[Route, ...] = ()
    continue_: bool = False
    group_by: tuple[str, ...] | None = None
    group_wait: Duration | None = None
    group_interval: Duration | None = None
    repeat_interval: Duration | None = None
    active_time_intervals: tuple[str, ...] = ()
    mute_time_intervals: tuple[str, ...] = ()
    comment: str = ""


@dataclass(frozen=True, slots=True)
class Member:
    """Whom a receiver tells, in the words of the spec."""

    kind: str
    """`channel`, `person`, or `oncall` for a person in their turn."""
    name: str
    way: str
    """How: slack, email, sms, pagerduty, …"""
    address: str = ""
    """Room, mail address, number; empty where it is a secret in a file."""
    human: bool = True
    """Whether people read what is sent there."""

    @property
    def written(self) -> str:
        """`chat`, `person:ann/sms`, `oncall:ann/sms`."""
        return self.name if self.kind == "channel" else f"{self.kind}:{self.name}/{self.way}"


@dataclass(frozen=True, slots=True)
class Receiver:
    """A named receiver; `integrations` maps `slack_configs`, … to Alertmanager's own fields.

    The fields are Alertmanager's, so their values stay plain data here.
    """

    name: str
    integrations: Mapping[str, tuple[Mapping[str, Any], ...]] = field(default_factory=dict)
    members: tuple[Member, ...] = ()
    """Whom the integrations tell; nothing of this is written to the file."""


def owner(name: str) -> str:
    """Whose a receiver or a time interval is: what stands before the slash of its name."""
    return name.partition("/")[0]


@dataclass(frozen=True, slots=True)
class InhibitRule:
    """Alerts matching `target` are muted while one matching `source` fires with equal labels."""

    name: str
    source: tuple[Matcher, ...]
    target: tuple[Matcher, ...]
    equal: tuple[str, ...]
    comment: str = ""


@dataclass(frozen=True, slots=True)
class TimeSpan:
    """One entry of a time interval, in Alertmanager's grammar; empty parts do not constrain."""

    times: tuple[tuple[str, str], ...] = ()
    weekdays: tuple[str, ...] = ()
    days_of_month: tuple[str, ...] = ()
    months: tuple[str, ...] = ()
    years: tuple[str, ...] = ()
    location: str | None = None


@dataclass(frozen=True, slots=True)
class TimeInterval:
    """A named time interval: active when any span holds."""

    name: str
    spans: tuple[TimeSpan, ...]
    comment: str = ""


@dataclass(frozen=True, slots=True)
class Mutable:
    """What the generic inhibit rules must know of a tenant whose alerts they mute.

    `alert_labels` are all labels that an escalating alert of the tenant may carry: the generic
    escalation inhibit rules of the fleet take the union over tenants as `equal`.
    """

    alert_labels: frozenset[str]
    escalation_levels: int
    """The number of steps of the longest escalation policy in use (1 = no later steps)."""
    markers: frozenset[str] = frozenset()
    """Kinds of marker alerts that exist: `upstream`, `maintenance`, `flapping`."""
    burn_rate_pairs: frozenset[tuple[str, str]] = frozenset()
    """(burn-rate pair, severity) of the tenant's SLO alerts: each gets an inhibit rule."""


@dataclass(frozen=True, slots=True)
class TenantRouting:
    """One tenant's part of Alertmanager: its subtree and everything the subtree names."""

    route: Route
    receivers: tuple[Receiver, ...]
    intervals: tuple[TimeInterval, ...]
    mutable: Mutable


@dataclass(frozen=True, slots=True)
class AlertmanagerConfig:
    """A whole configuration file; `globals_` holds Alertmanager's `global:` fields."""

    globals_: Mapping[str, Any]
    templates: tuple[str, ...]
    route: Route
    receivers: tuple[Receiver, ...]
    inhibit_rules: tuple[InhibitRule, ...]
    intervals: tuple[TimeInterval, ...]
    vocabulary: Mapping[str, str] = field(default_factory=dict)
    """Words of the message templates: label names by meaning, names of severities."""
    named_rules: bool = False
    """Whether the target knows names of inhibit rules; they are comments otherwise."""
    flags: tuple[str, ...] = ()
    """Flags that Alertmanager should be started with."""
