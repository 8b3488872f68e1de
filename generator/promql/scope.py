"""Whose expressions are read: the tenant, its label, and what its Prometheus can do."""

from __future__ import annotations

import re
from dataclasses import dataclass

from generator.promql.build import quote
from generator.values import Version

TENANT_ID = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?")
_LABEL = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_TAKEN = frozenset(
    {
        "__name__",
        "alertname",
        "alertstate",
        "instance",
        "job",
        "le",
        "quantile",
        "severity",
        "service",
        "slo",
        "team",
    }
)


@dataclass(frozen=True, slots=True)
class Scope:
    """Whose expressions these are and for which Prometheus.

    `label` and `tenant` make the matcher `label="tenant"`. `shared` are the platform's
    allow-listed metrics that lack the label: they are read as they are. `experimental` says that
    the target runs with its experimental PromQL features on. Raises ValueError for a tenant id
    outside `[a-z0-9-]` or a label that Prometheus, Alertmanager or we use ourselves.
    """

    label: str
    tenant: str
    target: Version = Version(2, 42)
    shared: frozenset[str] = frozenset()
    experimental: bool = False

    def __post_init__(self) -> None:
        if not TENANT_ID.fullmatch(self.tenant):
            raise ValueError(f"{self.tenant!r} is no tenant id: lower-case letters, digits and -")
        if not _LABEL.fullmatch(self.label) or self.label in _TAKEN or self.label[:2] == "__":
            raise ValueError(f"{self.label!r} cannot be the tenant label")

    @property
    def matcher(self) -> str:
        """The text that is spliced in: `tenant="x"`."""
        return f"{self.label}={quote(self.tenant)}"
