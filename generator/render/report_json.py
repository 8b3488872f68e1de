"""SLA reports as JSON for programs: every number unrounded. The shape is told in docs/report.md."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from generator import __version__
from generator.ir.attainment import (
    Attained,
    Period,
    ReportedIncident,
    SloAttainment,
    Span,
    Tally,
    TenantAttainment,
)

VERSION = 1
"""Of the document's shape: it rises when a field is renamed, removed or means something else."""


def report_json(reports: Sequence[TenantAttainment]) -> str:
    """`{"version": 1, "generator": ..., "tenants": [...]}`; times with their offset."""
    document = {
        "version": VERSION,
        "generator": f"tocsin {__version__}",
        "tenants": [_tenant(report) for report in reports],
    }
    return json.dumps(document, indent=2, ensure_ascii=False, allow_nan=False) + "\n"


def _tenant(report: TenantAttainment) -> dict[str, Any]:
    period = report.period
    return {
        "tenant": report.tenant,
        "description": report.description,
        "team": report.team,
        "contact": report.contact,
        "period": _period(period),
        "previous_period": _period(report.before),
        "evaluation_interval_seconds": report.interval.total_seconds(),
        "slos": [_slo(slo, period) for slo in report.slos],
        "incidents": [_incident(incident, period) for incident in report.incidents],
        "previous_incidents": report.incidents_before,
        "unknown_slos": list(report.unknown),
    }


def _period(period: Period) -> dict[str, Any]:
    return {
        "name": period.name,
        "title": period.title,
        **_span(period.span, period),
        "timezone": period.zone,
        "unfinished": period.unfinished,
    }


def _span(span: Span, period: Period) -> dict[str, Any]:
    return {
        "from": period.local(span.start).isoformat(),
        "until": period.local(span.end).isoformat(),
        "seconds": span.length.total_seconds(),
    }


def _slo(slo: SloAttainment, period: Period) -> dict[str, Any]:
    return {
        "slo": slo.name,
        "service": slo.service,
        "description": slo.description,
        "sli": slo.kind,
        "window": slo.window,
        "objective_percent": float(slo.objective),
        "budget": {
            "unit": "seconds" if slo.timed else "events",
            "allowed": slo.budget,
            "used": slo.used,
        },
        **_attained(slo.whole),
        "previous": _attained(slo.before),
        "groups": [
            {"labels": dict(group.labels), **_attained(group.attained)} for group in slo.groups
        ],
        "parts": list(slo.parts),
        "objective_changes": [
            {
                "at": period.local(change.at).isoformat(),
                "before_percent": float(change.before),
                "after_percent": float(change.after),
            }
            for change in slo.changes
        ],
        "excluded_maintenance": [
            {"name": one.name, **_span(one.span, period)} for one in slo.excluded
        ],
        "hours": [
            {
                "from": period.local(hour.span.start).isoformat(),
                "budget_spent": hour.spent,
                **_counted(hour.tally),
            }
            for hour in slo.hours
        ],
    }


def _attained(attained: Attained) -> dict[str, Any]:
    return {
        "state": attained.state.value,
        "attained": attained.attained,
        "budget_spent": attained.spent,
        **_counted(attained.tally),
    }


def _counted(tally: Tally) -> dict[str, Any]:
    return {"errors": tally.errors, "total": tally.total, "coverage": tally.coverage}


def _incident(incident: ReportedIncident, period: Period) -> dict[str, Any]:
    return {
        "alert": incident.alert,
        "service": incident.service,
        "slo": incident.slo,
        "severity": incident.severity,
        **_span(incident.span, period),
        "begun_before": incident.begun_before,
        "goes_on": incident.goes_on,
        "series": incident.series,
        "budget_spent": dict(incident.took),
    }
