"""What a tenant's rules cost the Prometheus that evaluates them: plain numbers for the report."""

from __future__ import annotations

from dataclasses import dataclass

from generator.findings import Place


@dataclass(frozen=True, slots=True)
class PartCost:
    """The rules of one SLO, one alert or one other part of a tenant's spec.

    `samples_per_evaluation` counts every rule of the part evaluated once, `samples_per_second`
    each at its group's interval.
    """

    kind: str
    """slo, alert, recording or marker."""
    name: str
    service: str
    rules: int
    """Recording rules and alert rules."""
    alerts: int
    """Neither later steps nor markers."""
    alert_rules: int
    """Alerts, their later escalation steps, markers."""
    groups: int
    """Groups that hold a rule of it."""
    recorded_series: int
    series_per_combination: int
    """Recorded series of one combination of the labels it is grouped by."""
    samples_per_evaluation: int
    samples_per_second: float
    place: Place | None = None


@dataclass(frozen=True, slots=True)
class TenantCost:
    """All rules of one tenant. Units and assumptions are those of `compile.cost`."""

    tenant: str
    alerts: int
    """Alerts of the spec, its SLOs and packs: neither later steps nor markers."""
    alert_rules: int
    recording_rules: int
    groups: int
    largest_group: tuple[str, int]
    """Name and number of rules; ("", 0) without groups."""
    recorded_series: int
    alerts_series: int
    """Series of ALERTS when every instance of every alert fires or is pending."""
    samples_per_evaluation: int
    samples_per_second: float
    parts: tuple[PartCost, ...]
    """SLOs first, then alerts and the rest, in the order of the rules."""
    assumed: tuple[str, ...]
    """Metrics that are read and do not state their number of series, sorted."""
    series_per_metric: int
    """What is assumed of each of them."""

    @property
    def rules(self) -> int:
        """Recording rules and alert rules."""
        return self.alert_rules + self.recording_rules
