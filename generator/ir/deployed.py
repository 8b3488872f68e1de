"""What is in force for one tenant, read from finished files or from running servers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from generator.ir.dashboards import Dashboard
from generator.ir.routing import AlertmanagerConfig
from generator.ir.rules import RuleGroup


@dataclass(frozen=True, slots=True)
class Deployed:
    """One tenant. None: this was not to be read, so nothing is said about it."""

    groups: tuple[RuleGroup, ...] = ()
    """Expressions are as they were found: isolated when they were built, not looked at anew."""
    alertmanager: AlertmanagerConfig | None = None
    dashboards: tuple[Dashboard, ...] | None = None
    """A panel's `key` is its id as text."""
    further: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    """view -> what its dashboard says that `dashboards` have no place for."""
    jobs: Mapping[str, Mapping[str, Any]] | None = None
    """Scrape jobs in Prometheus' own fields, by name."""


@dataclass(frozen=True, slots=True)
class DeployedFleet:
    """What all tenants share, as plain settings in the programs' own words."""

    settings: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    """File -> setting -> value, without what is the tenants' own."""


@dataclass(frozen=True, slots=True)
class Side:
    """One side of a comparison: every tenant that is there, and where all of it comes from."""

    name: str
    """In words: `output/`, `main`, `http://prometheus:9090`."""
    tenants: Mapping[str, Deployed]
    fleet: DeployedFleet | None = None
    same: tuple[str, ...] = ()
    """Tenants that are left out, because both sides are alike in every byte."""
    unread: tuple[str, ...] = ()
    """What this side cannot tell: `dashboards`, `scrape jobs`."""
