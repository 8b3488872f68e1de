"""SLA reports as CSV: one row for each SLO, and one for each of its groups below it."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from decimal import Decimal

from generator.ir.attainment import Attained, Period, SloAttainment, State, TenantAttainment
from generator.render.report_words import labels_told
from generator.values import plain

HEADER = (
    "tenant", "period", "from", "until", "service", "slo", "group", "sli", "objective_percent",
    "state", "attained_percent", "previous_attained_percent", "budget_spent_percent",
    "budget_unit", "budget", "budget_used", "errors", "total", "coverage_percent", "incidents",
    "firing_seconds", "worst_hour", "worst_hour_budget_percent",
)  # fmt: skip
"""Stable: a new column comes at the end."""


def report_csv(reports: Sequence[TenantAttainment]) -> str:
    """The rows under HEADER. Cells are empty where nothing is known, never 0 or 100."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(HEADER)
    for report in reports:
        for slo in report.slos:
            writer.writerows(_rows(slo, report))
    return text.getvalue()


def _rows(slo: SloAttainment, report: TenantAttainment) -> Iterator[list[str]]:
    yield [*_about(slo, report, ""), *_measured(slo.whole, slo, slo.before), *_events(slo, report)]
    for group in slo.groups:
        told = labels_told(group.labels)
        yield [*_about(slo, report, told), *_measured(group.attained, slo, None), *[""] * 4]


def _about(slo: SloAttainment, report: TenantAttainment, group: str) -> list[str]:
    period = report.period
    start, end = (_local(period, at) for at in (period.span.start, period.span.end))
    objective = plain(slo.objective)
    about = [report.tenant, period.name, start, end, slo.service, slo.name, group, slo.kind]
    return [*about, objective]


def _measured(attained: Attained, slo: SloAttainment, before: Attained | None) -> list[str]:
    tally = attained.tally
    known, judged = attained.state is not State.NO_DATA, attained.spent is not None
    return [
        attained.state.value,
        _percent(attained.attained),
        _percent(before.attained if before else None),
        _percent(attained.spent),
        "seconds" if slo.timed else "events",
        _number(slo.budget_of(attained) if judged else None),
        _number(slo.used_of(attained) if judged else None),
        _number(tally.errors if known else None),
        _number(tally.total if known else None),
        _percent(attained.coverage),
    ]


def _events(slo: SloAttainment, report: TenantAttainment) -> list[str]:
    """The SLO's own incidents, and its worst hour."""
    own = [incident for incident in report.incidents if incident.slo == slo.name]
    firing = sum((incident.length for incident in own), timedelta(0)).total_seconds()
    if not (worst := slo.worst(1)):
        return [str(len(own)), _number(firing), "", ""]
    at = _local(report.period, worst[0].span.start)
    return [str(len(own)), _number(firing), at, _percent(worst[0].spent)]


def _local(period: Period, moment: datetime) -> str:
    return period.local(moment).isoformat()


def _percent(ratio: float | None) -> str:
    return "" if ratio is None else _number(ratio * 100)


def _number(value: float | None) -> str:
    """Up to nine decimals, without an exponent; empty where nothing is known."""
    return "" if value is None else plain(round(Decimal(value), 9))
