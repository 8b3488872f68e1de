"""What an SLA report shows, in words: `report_shown` fills it, its Markdown and page lay it out."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ShownAttained:
    """A line of figures."""

    labels: str
    attained: str
    spent: str
    coverage: str
    state: str
    mark: str


@dataclass(frozen=True, slots=True)
class ShownHour:
    """One of the worst hours, or a day."""

    at: str
    spent: str
    attained: str
    coverage: str


@dataclass(frozen=True, slots=True)
class ShownIncident:
    """A line of the incidents' table."""

    start: str
    end: str
    length: str
    severity: str
    service: str
    alert: str
    took: tuple[str, ...]
    remarks: str


@dataclass(frozen=True, slots=True)
class ShownSlo:
    """An SLO's line of the summary, and its section."""

    name: str
    service: str
    objective: str
    attained: str
    change: str
    spent: str
    spent_ratio: float
    coverage: str
    state: str
    mark: str
    sentence: str
    notes: tuple[str, ...]
    group_title: str
    groups: tuple[ShownAttained, ...]
    groups_left_out: int
    worst: tuple[ShownHour, ...]
    days: tuple[ShownHour, ...]


@dataclass(frozen=True, slots=True)
class Bar:
    """An incident on a Mermaid timeline, whose grammar takes no odd signs."""

    name: str
    urgent: bool
    start: str
    end: str


@dataclass(frozen=True, slots=True)
class Shown:
    """A tenant's report."""

    tenant: str
    title: str
    source: str
    team: str
    lead: str
    span: str
    before: str
    met: str
    incident_count: str
    incident_total: int
    incidents: tuple[ShownIncident, ...]
    incidents_left_out: int
    bars: tuple[tuple[str, tuple[Bar, ...]], ...]
    slos: tuple[ShownSlo, ...]
    method: tuple[str, ...]
