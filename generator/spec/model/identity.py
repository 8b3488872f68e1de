"""Who and what a tenant is: owners, metrics, scrape jobs, services and their packs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from generator.findings import Place
from generator.values import Duration


@dataclass(frozen=True, slots=True)
class Owner:
    """Who answers for a tenant or service."""

    team: str
    contact: str = ""


@dataclass(frozen=True, slots=True)
class Metric:
    """A declared metric; `labels` None means: not stated, any label may exist."""

    name: str
    type: str
    """counter, gauge, histogram, summary, info or native_histogram."""
    labels: frozenset[str] | None
    help: str
    buckets: tuple[Decimal, ...]
    place: Place
    series: int | None = None
    """Label combinations of the tenant at a time, `le` not counted; None: not stated."""


@dataclass(frozen=True, slots=True)
class Collect:
    """One scrape job as the user wrote it; exactly one of the discovery fields is filled."""

    job: str
    place: Place
    targets: tuple[str, ...] = ()
    dns: Mapping[str, Any] | None = None
    file: Mapping[str, Any] | None = None
    http: Mapping[str, Any] | None = None
    kubernetes: Mapping[str, Any] | None = None
    labels: Mapping[str, str] = field(default_factory=dict)
    scheme: str = "http"
    path: str = "/metrics"
    params: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    interval: Duration | None = None
    timeout: Duration | None = None
    tls: Mapping[str, Any] = field(default_factory=dict)
    authorization: Mapping[str, str] = field(default_factory=dict)
    basic_auth: Mapping[str, str] = field(default_factory=dict)
    limits: Mapping[str, Any] = field(default_factory=dict)
    """Keys: samples, labels, label_name_length, label_value_length, body, targets."""


@dataclass(frozen=True, slots=True)
class Service:
    """Something that is owned, depended on and watched."""

    name: str
    selector: Mapping[str, str]
    """Labels that every series of the service carries."""
    depends_on: tuple[str, ...]
    owner: Owner
    labels: Mapping[str, str]
    packs: tuple[PackUse, ...]
    place: Place
    description: str = ""
    escalation: Mapping[str, str] = field(default_factory=dict)
    """severity -> policy of the service's alerts, instead of the tenant's routing."""


@dataclass(frozen=True, slots=True)
class PackUse:
    """A pack attached to a service with its parameters, defaults filled in."""

    pack: str
    parameters: Mapping[str, Any]
    place: Place
