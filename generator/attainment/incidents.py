"""From samples of ALERTS to incidents: contiguous firing, whatever series it was told in."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from generator.compile.slo_alerts import BURN_ALERT, EXHAUSTED_ALERT
from generator.ir.attainment import ReportedIncident, Span
from generator.servers.prometheus import Series
from generator.spec.model import LabelNames

_SLACK = 2.5
"""Evaluations between two samples from which on they are two incidents: two were missed."""
LEAD = 3
"""Evaluations around a period that are read to see whether an incident crosses its edges."""


@dataclass(frozen=True, slots=True)
class Firing:
    """How samples of ALERTS are read."""

    period: Span
    interval: timedelta
    names: LabelNames
    severities: tuple[str, ...]
    """Every severity, the most urgent first."""
    urgent: frozenset[str]
    """Those whose alerts are incidents; an SLO's burn alerts always are."""


@dataclass(frozen=True, slots=True)
class _Key:
    service: str
    slo: str
    alert: str


@dataclass(frozen=True, slots=True)
class _Sample:
    at: float
    severity: str
    labels: frozenset[tuple[str, str]]
    """What tells the series apart, without urgency, pair and step."""


def asked_severities(severities: Sequence[str], promised: Iterable[str]) -> tuple[str, ...]:
    """Severities to ask for: the urgent ones and those of the SLOs' own alerts."""
    wanted = urgent_of(severities) | set(promised)
    return tuple(severity for severity in severities if severity in wanted)


def urgent_of(severities: Sequence[str]) -> frozenset[str]:
    """All but the mildest: what only informs is no incident."""
    return frozenset(severities[:-1] or severities)


def incidents(found: Iterable[Series], firing: Firing) -> tuple[ReportedIncident, ...]:
    """The incidents of a period by their start; samples around it tell which cross its edges."""
    samples: dict[_Key, list[_Sample]] = {}
    for series in found:
        key = _key(series, firing)
        if key is not None:
            samples.setdefault(key, []).extend(_samples(series, firing))
    told = [
        incident
        for key, of_key in samples.items()
        for run in _runs(sorted(of_key, key=lambda s: s.at), firing.interval)
        if (incident := _incident(key, run, firing)) is not None
    ]
    return tuple(sorted(told, key=lambda i: (i.span.start, i.service, i.slo, i.alert)))


def _key(series: Series, firing: Firing) -> _Key | None:
    """What an alert's series are one incident by; None for what is no incident.

    That a budget is spent is no event: the report says so itself.
    """
    names, labels = firing.names, series.labels
    alert = labels.get("alertname", "")
    burns = alert == BURN_ALERT and bool(labels.get(names.slo))
    urgent = labels.get(names.severity) in firing.urgent
    if alert == EXHAUSTED_ALERT or not (burns or urgent):
        return None
    return _Key(labels.get(names.service, ""), labels.get(names.slo, ""), alert)


def _samples(series: Series, firing: Firing) -> list[_Sample]:
    names = firing.names
    left_out = {"__name__", "alertstate", names.severity, names.pair, names.level}
    labels = frozenset((k, v) for k, v in series.labels.items() if k not in left_out)
    severity = series.labels.get(names.severity, "")
    return [_Sample(at, severity, labels) for at, value in series.points if value > 0]


def _runs(samples: Sequence[_Sample], interval: timedelta) -> list[list[_Sample]]:
    """Samples in order of time, parted where two evaluations or more are missing."""
    runs: list[list[_Sample]] = []
    widest = _SLACK * interval.total_seconds()
    for sample in samples:
        if runs and sample.at - runs[-1][-1].at < widest:
            runs[-1].append(sample)
        else:
            runs.append([sample])
    return runs


def _incident(key: _Key, run: Sequence[_Sample], firing: Firing) -> ReportedIncident | None:
    """A run as far as it lies in the period; it ends an evaluation after its last sample."""
    start = datetime.fromtimestamp(run[0].at, UTC)
    end = datetime.fromtimestamp(run[-1].at, UTC) + firing.interval
    span = Span(max(start, firing.period.start), min(end, firing.period.end))
    if span.start >= span.end:
        return None
    inside = [s for s in run if _within(s.at, firing)]
    if not inside:
        return None
    return ReportedIncident(
        alert=key.alert,
        service=key.service,
        slo=key.slo,
        severity=_most_urgent({s.severity for s in inside}, firing.severities),
        span=span,
        series=len({s.labels for s in inside}),
        begun_before=start < firing.period.start,
        goes_on=end > firing.period.end,
    )


def _within(at: float, firing: Firing) -> bool:
    return firing.period.start.timestamp() <= at < firing.period.end.timestamp()


def _most_urgent(found: set[str], severities: Sequence[str]) -> str:
    return next((s for s in severities if s in found), min(found, default=""))
