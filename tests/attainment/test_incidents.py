"""Samples of ALERTS become incidents: merged, cut, counted once."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from generator.attainment.incidents import Firing, asked_severities, incidents, urgent_of
from generator.ir.attainment import ReportedIncident, Span
from generator.servers.prometheus import Series
from generator.spec.model import LabelNames

START = datetime(2026, 10, 1, tzinfo=UTC)
SEVERITIES = ("critical", "warning", "info")
FIRING = Firing(
    Span(START, START + timedelta(hours=1)),
    timedelta(minutes=1),
    LabelNames(),
    SEVERITIES,
    urgent_of(SEVERITIES),
)


def series(*spans: tuple[int, int], **labels: str) -> Series:
    """A sample at each of the minutes of [from, until)."""
    told = {"alertname": "Slow", "service": "api", "severity": "critical", **labels}
    stamps = [START.timestamp() + 60 * m for start, end in spans for m in range(start, end)]
    return Series({"__name__": "ALERTS", **told}, tuple((at, 1.0) for at in stamps))


def told(*found: Series) -> list[tuple[str, str, float, float]]:
    return [(i.alert, i.severity, *minutes(i)) for i in incidents(found, FIRING)]


def minutes(incident: ReportedIncident) -> tuple[float, float]:
    minute = timedelta(minutes=1)
    return (incident.span.start - START) / minute, (incident.span.end - START) / minute


@pytest.mark.parametrize(
    ("spans", "expected"),
    [
        ([(5, 10)], [(5, 10)]),
        ([(5, 6)], [(5, 6)]),
        ([(5, 10), (11, 15)], [(5, 15)]),
        ([(5, 10), (12, 15)], [(5, 10), (12, 15)]),
        ([(-3, 2)], [(0, 2)]),
        ([(-3, 0)], []),
        ([(58, 63)], [(58, 60)]),
        ([(60, 63)], []),
    ],
)
def test_gaps_and_edges(spans: list[tuple[int, int]], expected: list[tuple[int, int]]) -> None:
    assert told(series(*spans)) == [("Slow", "critical", *span) for span in expected]


def test_edges_are_told() -> None:
    (one,) = incidents([series((-3, 2))], FIRING)
    assert (one.begun_before, one.goes_on) == (True, False)
    (one,) = incidents([series((-3, 0), (0, 63))], FIRING)
    assert (one.begun_before, one.goes_on) == (True, True)
    (one,) = incidents([series((0, 59))], FIRING)
    assert (one.begun_before, one.goes_on) == (False, False)
    (one,) = incidents([series((0, 60))], FIRING)
    assert (one.begun_before, one.goes_on) == (False, False), "it ended with the period"


def test_samples_that_are_no_firing_make_no_incident() -> None:
    calm = series((5, 10))
    assert told(Series(calm.labels, tuple((at, 0.0) for at, _ in calm.points))) == []


def test_urgencies_and_series_of_one_alert_are_one_incident() -> None:
    found = [
        series((5, 10), severity="warning", burn_rate_pair="1d2h", queue="a"),
        series((8, 20), queue="a"),
        series((8, 30), queue="b", severity="warning"),
    ]
    (one,) = incidents(found, FIRING)
    assert (one.severity, one.series, minutes(one)) == ("critical", 2, (5, 30))


def test_services_slos_and_alerts_are_kept_apart() -> None:
    found = [
        series((5, 10)),
        series((5, 10), service="db"),
        series((5, 10), alertname="Down"),
        series((5, 10), slo="latency"),
        series((5, 10), slo="errors"),
    ]
    assert len(incidents(found, FIRING)) == 5


def test_what_informs_and_what_is_spent_are_no_incidents() -> None:
    quiet = {"slo": "availability", "severity": "info"}
    assert told(series((5, 10), severity="info")) == []
    assert told(series((5, 10), slo="x", alertname="SLOErrorBudgetExhausted")) == []
    burn = series((5, 10), alertname="SLOErrorBudgetBurn", **quiet)
    assert told(burn) == [("SLOErrorBudgetBurn", "info", 5, 10)]


def test_severities_to_ask_for() -> None:
    assert urgent_of(("page",)) == {"page"}
    assert asked_severities(SEVERITIES, ["info"]) == SEVERITIES
    assert asked_severities(SEVERITIES, ["critical"]) == ("critical", "warning")
