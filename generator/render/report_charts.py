"""What the charts of an SLA report's page draw, as data for its script.

Times are hours since the period began: the report's wall clock is not the reader's.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from typing import Any

from generator.ir.attainment import (
    HOUR,
    Attained,
    Hour,
    Period,
    ReportedIncident,
    SloAttainment,
    TenantAttainment,
)
from generator.render.report_shown import longest_incidents
from generator.render.report_words import clock, day_of, duration

_BY_HOUR = timedelta(days=46)
"""Longer periods are mapped by day instead of by hour."""
_TICKS = 10
_MOST = 400
"""Percent of a budget that bars end at; the number beside them goes on."""
_TONES = {"critical": "missed", "warning": "warned"}
_LEGEND = (
    ("heat-0", "nothing"),
    ("heat-1", "up to 0.1 %"),
    ("heat-2", "to 1 %"),
    ("heat-3", "to 5 %"),
    ("heat-4", "to 20 %"),
    ("heat-5", "more"),
)
_WEEKDAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")


def charts_of(report: TenantAttainment) -> dict[str, Any]:
    """A tenant's charts: the shared axes, then each SLO's and the incidents' values."""
    period = report.period
    shown = longest_incidents(report)
    services = sorted({incident.service for incident in shown})
    return {
        "length": _hours(period, period.span.end),
        "ticks": _ticks(period),
        "hours": _hour_names(report),
        "cap": _cap(report),
        "grid": _Grid(period).axes(),
        "services": [service or "(none)" for service in services],
        "incidents": [_incident(one, services, period) for one in shown],
        "slos": [_slo(slo, period) for slo in report.slos],
    }


def tone_of(severity: str) -> str:
    """How a severity is coloured."""
    return _TONES.get(severity, "quiet")


def heat_title(period: Period) -> str:
    """What the map of a period shows."""
    unit = "day" if _Grid(period).by_day else "hour"
    return f"Budget spent, {unit} by {unit}"


def heat_height(period: Period) -> int:
    """Pixels."""
    return 200 if _Grid(period).by_day else 300


def legend_of(slo: SloAttainment) -> list[tuple[str, str]]:
    """The colours of an SLO's map and what they say, as far as it needs them."""
    idle = [hour.tally for hour in slo.hours if not hour.tally.evaluated]
    found = [("left-out", "left out")] if any(not t.expected for t in idle) else []
    found += [("hole", "not measured")] if any(t.expected for t in idle) else []
    return [*found, *_LEGEND]


def _slo(slo: SloAttainment, period: Period) -> dict[str, Any]:
    return {
        "title": f"{slo.service}: {slo.name}",
        "state": slo.whole.state.value,
        "spent": _percent(slo.whole),
        "before": _percent(slo.before),
        "left": list(_left(slo)) if slo.whole.spent is not None else [],
        "holes": list(_holes(slo)),
        "cells": _Grid(period).cells(slo.hours),
    }


def _percent(attained: Attained) -> float | None:
    return None if attained.spent is None else round(attained.spent * 100, 3)


def _cap(report: TenantAttainment) -> int:
    """Where the bars' axis ends, in percent: a little above the longest, in whole fifties."""
    spent = [a.spent or 0.0 for slo in report.slos for a in (slo.whole, slo.before)]
    longest = min(max(spent, default=0.0) * 100, _MOST)
    return max(100, int(-(-longest // 50)) * 50)


def _left(slo: SloAttainment) -> Iterator[float]:
    """Percent of the budget that is left as the period begins, and at the end of each hour."""
    left = 100.0
    yield left
    for hour in slo.hours:
        left -= hour.spent * 100
        yield round(left, 3)


def _holes(slo: SloAttainment) -> Iterator[tuple[int, int]]:
    """Runs of hours in which nothing was measured though it should have been."""
    start = None
    for index, hour in enumerate(slo.hours):
        hole = hour.tally.expected > 0 and not hour.tally.evaluated
        if hole and start is None:
            start = index
        elif not hole and start is not None:
            yield (start, index)
            start = None
    if start is not None:
        yield (start, len(slo.hours))


# --------------------------------------------------------------------------- time


def _hours(period: Period, moment: datetime) -> float:
    """Hours since the period began."""
    return round((moment - period.span.start) / HOUR, 4)


def _ticks(period: Period) -> list[tuple[float, str]]:
    """Midnights, as many as fit; the full hours of a period of a day or two."""
    start, end = period.span.start, period.span.end
    moments = [start + i * HOUR for i in range(int((end - start) / HOUR) + 1)]
    if end - start <= timedelta(days=2, hours=1):
        chosen = [m for m in moments if period.local(m).minute == 0][:: max(1, len(moments) // 8)]
        return [(_hours(period, m), f"{period.local(m):%H:%M}") for m in chosen]
    midnights = [m for m in moments if period.local(m).hour == 0]
    step = -(-len(midnights) // _TICKS)
    return [
        (_hours(period, m), f"{period.local(m).day} {period.local(m):%b}")
        for m in midnights[::step]
    ]


def _hour_names(report: TenantAttainment) -> list[str]:
    """The period's start and the end of each hour, on the wall clock."""
    hours = next((slo.hours for slo in report.slos), ())
    ends = [hour.span.end for hour in hours]
    return [clock(report.period, moment) for moment in (report.period.span.start, *ends)]


# --------------------------------------------------------------------------- the map


class _Grid:
    """Days across and hours down; of long periods weeks across and days of the week down."""

    def __init__(self, period: Period) -> None:
        self.period = period
        self.by_day = period.span.length > _BY_HOUR
        first = period.local(period.span.start).date()
        last = period.local(period.span.end - timedelta(microseconds=1)).date()
        self.days = [first + timedelta(days=i) for i in range((last - first).days + 1)]
        self.weeks = list(dict.fromkeys(_monday(day) for day in self.days))

    def axes(self) -> dict[str, list[str]]:
        if self.by_day:
            return {"x": [f"{w.day} {w:%b}" for w in self.weeks], "y": list(_WEEKDAYS)}
        return {"x": [day_of(d) for d in self.days], "y": [f"{h:02}:00" for h in range(24)]}

    def cells(self, hours: tuple[Hour, ...]) -> list[tuple[int, int, float]]:
        """(x, y, percent of the budget); -1 where nothing was measured, -2 where it is left out."""
        found: dict[tuple[int, int], float] = {}
        for hour in hours:
            place = self._place(self.period.local(hour.span.start))
            if hour.tally.evaluated:
                found[place] = max(found.get(place, 0.0), 0.0) + hour.spent * 100
            else:
                found.setdefault(place, -1 if hour.tally.expected else -2)
        return [(x, y, round(value, 4)) for (x, y), value in sorted(found.items())]

    def _place(self, local: datetime) -> tuple[int, int]:
        day = local.date()
        if self.by_day:
            return (day - self.weeks[0]).days // 7, day.weekday()
        return (day - self.days[0]).days, local.hour


def _monday(day: date) -> date:
    return day - timedelta(days=day.weekday())


# --------------------------------------------------------------------------- incidents


def _incident(incident: ReportedIncident, services: list[str], period: Period) -> dict[str, Any]:
    alert = f"{incident.alert} ({incident.slo})" if incident.slo else incident.alert
    start, end = clock(period, incident.span.start), clock(period, incident.span.end)
    return {
        "row": services.index(incident.service),
        "start": _hours(period, incident.span.start),
        "end": _hours(period, incident.span.end),
        "tone": tone_of(incident.severity),
        "alert": alert,
        "service": incident.service or "(none)",
        "severity": incident.severity,
        "when": f"{start} to {end}",
        "length": duration(incident.length),
    }
