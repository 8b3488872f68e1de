"""From a report's numbers to its words, which its Markdown and its page both show."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby

from generator.ir.attainment import (
    Attained,
    GroupAttained,
    Hour,
    ReportedIncident,
    SloAttainment,
    State,
    TenantAttainment,
)
from generator.render import report_words as words
from generator.render.report_values import (
    Bar,
    Shown,
    ShownAttained,
    ShownHour,
    ShownIncident,
    ShownSlo,
)

WORST_HOURS = 5
GROUPS = 20
"""Groups of an SLO that are shown, those that spent most first."""
INCIDENTS = 50
"""Incidents that are shown, those that fired longest."""
MARKS = {State.MET: "✓", State.MISSED: "✗", State.NO_TRAFFIC: "–", State.NO_DATA: "?"}


def shown(report: TenantAttainment) -> Shown:
    """The words of a report."""
    period = report.period
    longest = longest_incidents(report)
    so_far = " so far" if period.unfinished else ""
    about = (report.team, report.contact)
    return Shown(
        tenant=report.tenant,
        title=period.title[:1].upper() + period.title[1:] + so_far,
        source=f"specs/tenants/{report.tenant}.yaml",
        team=", ".join(text for text in about if text),
        lead=lead(report),
        span=words.span_told(period) + (" (it is not over)" if period.unfinished else ""),
        before=words.span_told(report.before),
        met=met(report),
        incident_count=incident_count(report),
        incident_total=len(report.incidents),
        incidents=tuple(_incident(i, report) for i in longest),
        incidents_left_out=len(report.incidents) - len(longest),
        bars=_bars(longest, report),
        slos=tuple(_slo(slo, report) for slo in report.slos),
        method=_method(report),
    )


def longest_incidents(report: TenantAttainment) -> tuple[ReportedIncident, ...]:
    """The incidents that are shown, in order of time."""
    kept = sorted(report.incidents, key=lambda i: -i.length)[:INCIDENTS]
    return tuple(i for i in report.incidents if i in kept)


def lead(report: TenantAttainment) -> str:
    """The report in a sentence."""
    missed = [slo.name for slo in report.slos if slo.whole.state is State.MISSED]
    unknown = [slo.name for slo in report.slos if slo.whole.state is State.NO_DATA]
    judged = [slo for slo in report.slos if slo.whole.spent is not None]
    if not report.slos:
        return "There is nothing to report: the tenant has no SLOs."
    told = []
    if missed:
        told.append(f"Missed: {', '.join(missed)}.")
    elif judged:
        which = "" if len(judged) == len(report.slos) else " that could be judged"
        told.append(f"Every objective{which} was met.")
    if unknown:
        told.append(f"Not measured: {', '.join(unknown)}.")
    if not told:
        told.append("There was no traffic to judge by.")
    return " ".join(told)


def met(report: TenantAttainment) -> str:
    """`9 of 11`."""
    count = sum(slo.whole.state is State.MET for slo in report.slos)
    return f"{count} of {len(report.slos)}"


def incident_count(report: TenantAttainment) -> str:
    """How many, and how many before."""
    return f"{len(report.incidents)} (the period before: {report.incidents_before})"


# --------------------------------------------------------------------------- SLOs


def _slo(slo: SloAttainment, report: TenantAttainment) -> ShownSlo:
    whole, period = slo.whole, report.period
    groups = slo.groups[:GROUPS]
    return ShownSlo(
        name=slo.name,
        service=slo.service,
        objective=words.objective_of(slo),
        attained=words.percent_of(whole, slo.objective),
        change=words.change_of(slo),
        spent=words.spent_of(whole),
        spent_ratio=whole.spent or 0.0,
        coverage=words.coverage_of(whole),
        state=whole.state.value,
        mark=MARKS[whole.state],
        sentence=_sentence(slo),
        notes=words.notes(slo, period),
        group_title=", ".join(name for name, _ in groups[0].labels) if groups else "",
        groups=tuple(_group(group, slo) for group in groups),
        groups_left_out=len(slo.groups) - len(groups),
        worst=tuple(
            _hour(hour, report)
            for hour in slo.worst(WORST_HOURS)
            if words.worth_telling(hour.spent)
        ),
        days=tuple(
            ShownHour(
                words.day_of(day.date),
                words.share(day.spent) if day.tally.evaluated else "",
                _ratio(day.tally.error_ratio, day.tally.evaluated),
                words.coverage(day.tally),
            )
            for day in slo.days(period)
        ),
    )


def _sentence(slo: SloAttainment) -> str:
    promised = f"Promised {words.objective_of(slo)}"
    about = f"{slo.description.rstrip('.')}. " if slo.description else ""
    if slo.whole.attained is None:
        return f"{about}{promised}; there is {slo.whole.state.value}."
    told = words.attained_told(slo.whole, slo.objective)
    used = words.amount(slo, slo.used, "of bad time", "failed")
    budget = words.amount(slo, slo.budget, "", "")
    return (
        f"{about}{promised}, attained {told}. Of its budget {words.spent_of(slo.whole)} is spent: "
        f"{used}, where {budget} were allowed."
    )


def _group(group: GroupAttained, slo: SloAttainment) -> ShownAttained:
    return _attained(", ".join(value for _, value in group.labels), group.attained, slo)


def _attained(labels: str, attained: Attained, slo: SloAttainment) -> ShownAttained:
    return ShownAttained(
        labels=labels or "(none)",
        attained=words.percent_of(attained, slo.objective),
        spent=words.spent_of(attained),
        coverage=words.coverage_of(attained),
        state=attained.state.value,
        mark=MARKS[attained.state],
    )


def _hour(hour: Hour, report: TenantAttainment) -> ShownHour:
    return ShownHour(
        words.clock(report.period, hour.span.start),
        words.share(hour.spent),
        _ratio(hour.tally.error_ratio, hour.tally.evaluated),
        words.coverage(hour.tally),
    )


def _ratio(error_ratio: float | None, evaluated: float) -> str:
    if error_ratio is None:
        return "no traffic" if evaluated else "no data"
    return words.attained_ratio(1 - error_ratio)


# --------------------------------------------------------------------------- incidents


def _incident(incident: ReportedIncident, report: TenantAttainment) -> ShownIncident:
    period = report.period
    remarks = [words.edges(incident)]
    if incident.series > 1:
        remarks.append(f"{incident.series} series")
    return ShownIncident(
        start=words.clock(period, incident.span.start),
        end=words.clock(period, incident.span.end),
        length=words.duration(incident.length),
        severity=incident.severity,
        service=incident.service or "(none)",
        alert=f"{incident.alert} ({incident.slo})" if incident.slo else incident.alert,
        took=words.took(incident),
        remarks=", ".join(text for text in remarks if text),
    )


def _bars(
    found: Sequence[ReportedIncident], report: TenantAttainment
) -> tuple[tuple[str, tuple[Bar, ...]], ...]:
    def bar(incident: ReportedIncident) -> Bar:
        start, end = (
            report.period.local(at).strftime("%Y-%m-%dT%H:%M")
            for at in (incident.span.start, incident.span.end)
        )
        name = incident.slo or incident.alert
        return Bar(_bare(name), incident.severity == "critical", start, end)

    by_service = sorted(found, key=lambda i: (i.service, i.span.start))
    return tuple(
        (_bare(service or "tenant"), tuple(map(bar, members)))
        for service, members in groupby(by_service, key=lambda i: i.service)
    )


def _bare(text: str) -> str:
    return "".join(c if c.isalnum() or c in " -_." else " " for c in text).strip() or "alert"


def _method(report: TenantAttainment) -> tuple[str, ...]:
    period = report.period
    interval = words.duration(report.interval)
    lines = [
        f"From {words.span_told(period)}; times are wall-clock times of {period.zone}.",
        "Attained is one minus failed events by all events of the period, from the rates that "
        f"Prometheus recorded every {interval}; quiet hours weigh what they weigh.",
        "The budget is what the objective lets fail of the period's own traffic or time.",
        "Time without evaluations is in no figure; the share that was measured stands beside it.",
        "An incident is an alert's contiguous firing, its urgencies and escalation steps told "
        "once; what an incident took is the budget that was spent while it fired.",
        f"Compared with {words.span_told(report.before)}.",
    ]
    if period.unfinished:
        lines.append("The period is not over: its budget is that of the traffic and time so far.")
    return tuple(lines)
