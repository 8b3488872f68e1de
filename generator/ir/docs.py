"""What a tenant's documents say, as plain values: runbooks, catalogue and compliance matrix.

Texts are Markdown where they say so, otherwise plain. Who is told when is `ir.incident`'s.
"""

from __future__ import annotations

from dataclasses import dataclass

from generator.values import Duration


@dataclass(frozen=True, slots=True)
class Variant:
    """One rule of an alert: burn-rate pairs and severity levels are several of one name."""

    severity: str
    kind: str
    summary: str
    """The notification's first line; a Go template."""
    description: str
    """A Go template too."""
    expr: str
    hold: Duration
    labels: tuple[tuple[str, str], ...]
    """The labels that tell it from its namesakes: the SLO, the burn-rate pair."""
    policy: str
    """Escalation policy that tells people; empty: the platform's fallback."""
    panel_url: str
    """Its panel; empty without dashboards."""
    slug: str
    """Folder of its unit tests."""
    origin: str
    """File of the spec or pack; no line, which every edit above it would change."""


@dataclass(frozen=True, slots=True)
class RunbookEntry:
    """Everything about the alerts of one name and service; `anchor` is what alerts link to."""

    anchor: str
    alert: str
    service: str
    """Empty: it belongs to the whole tenant."""
    team: str
    text: str
    """Markdown: what it means, first checks, who; may be empty."""
    url: str
    """The author's own runbook elsewhere; empty: this entry is the runbook."""
    compliance: tuple[str, ...]
    depends_on: tuple[str, ...]
    """Services whose outage mutes it."""
    pack: str
    variants: tuple[Variant, ...]


@dataclass(frozen=True, slots=True)
class SloEntry:
    """A promise: objective as text with its percent sign, window, what is measured."""

    name: str
    service: str
    objective: str
    window: str
    """`30d`, or the calendar's `month` or `quarter`."""
    sli: str
    """`events`, `latency`, `ratio`, `probe`, `condition` or `composite`, with what it counts."""
    group_by: tuple[str, ...]
    description: str
    compliance: tuple[str, ...]
    panel_url: str
    pack: str


@dataclass(frozen=True, slots=True)
class CatalogueEntry:
    """Anything else that exists: a recorded series, a panel, a channel, a metric."""

    name: str
    kind: str
    about: str
    where: str = ""
    """File, link or user of it."""


@dataclass(frozen=True, slots=True)
class ControlEvidence:
    """A control of a framework and what watches it; nothing at all is a gap."""

    control: str
    """`soc2:A1.1`; a framework's name alone where nothing of it is known."""
    title: str
    framework: str
    framework_title: str
    alerts: tuple[tuple[str, str, str], ...]
    """(alert name with its service, anchor in runbooks.md, url of its panel or empty)."""
    slos: tuple[tuple[str, str], ...]
    """(name, url of its budget's panel or empty)."""
    dashboards: tuple[tuple[str, str], ...] = ()
    """(view and panel, url) of everything that shows it."""
    packs: tuple[str, ...] = ()
    """Packs that would bring evidence."""

    @property
    def gap(self) -> bool:
        """Whether nothing gives evidence."""
        return not self.alerts and not self.slos


@dataclass(frozen=True, slots=True)
class TenantDocs:
    """All documents of a tenant."""

    tenant: str
    description: str
    team: str
    contact: str
    source: str
    """The spec's file, named in every header."""
    runbooks: tuple[RunbookEntry, ...]
    slos: tuple[SloEntry, ...]
    services: tuple[CatalogueEntry, ...]
    recordings: tuple[CatalogueEntry, ...]
    panels: tuple[CatalogueEntry, ...]
    channels: tuple[CatalogueEntry, ...]
    metrics: tuple[CatalogueEntry, ...]
    frameworks: tuple[str, ...]
    """What the tenant says it must comply with."""
    controls: tuple[ControlEvidence, ...]
    """In the frameworks' own order: those with evidence, and the gaps of the frameworks above."""
    controls_url: str = ""
    """The panel with the live state of every control; empty without a security view."""
