"""The alerts of one SLO: burn rates, budget exhausted, SLI missing, more errors than events.

They read what `slo` records. Texts for people are constants here, names go in as literals.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

from generator.compile.annotations import alert_annotations, literal
from generator.compile.burn_rate import BASE, Burn, error_budget
from generator.compile.context import Context
from generator.compile.naming import slo_panel_key, test_slug
from generator.compile.plan import Graph, PlannedAlert
from generator.compile.slo_recorded import DAY, Recorded, events_in
from generator.compile.slo_series import (
    REMAINING,
    events_name,
    period_events,
    ratio_name,
    series,
)
from generator.compile.wording import drawn_view
from generator.ir.rules import AlertRule
from generator.spec.model import CompositeSli, Slo
from generator.values import Duration, plain

BURN_ALERT = "SLOErrorBudgetBurn"
EXHAUSTED_ALERT = "SLOErrorBudgetExhausted"
MISSING_ALERT = "SLOMetricAbsent"
ODD_ALERT = "SLOErrorsExceedTotal"

_EXHAUSTED_FOR = Duration.of(minutes=5)
_ODD_FOR = Duration.of(minutes=15)


@dataclass(frozen=True, slots=True)
class _Draft:
    """One alert before labels and annotations."""

    alert: str
    expr: str
    kind: str
    severity: str
    hold: Duration
    panel: str
    summary: str
    """What follows the SLO's name."""
    description: str
    runbook: str
    value: str = ""
    """Expression its panel draws; empty: none."""
    level: Decimal = Decimal(0)
    pair: str = ""
    grouped: bool = True
    """Whether its series carry the SLO's group_by."""


def slo_alerts(recorded: Recorded, context: Context) -> tuple[PlannedAlert, ...]:
    """All alerts of an SLO. Raises PromqlError when an author's text cannot be combined."""
    drafts = [_burn(recorded, context, burn) for burn in recorded.burns]
    drafts.append(_exhausted(recorded, context))
    drafts += _missing(recorded, context)
    if recorded.sli.odd:
        drafts.append(_odd(recorded))
    return tuple(_planned(draft, recorded.slo, context) for draft in drafts)


def _burn(recorded: Recorded, context: Context, burn: Burn) -> _Draft:
    slo, pair = recorded.slo, burn.pair
    long = series(ratio_name(pair.long), slo, context)
    short = series(ratio_name(pair.short), slo, context)
    threshold = plain(burn.threshold)
    expr = f"{long} > {threshold} and {short} > {threshold}"
    percent = plain(pair.budget * 100)
    pace = "the even pace" if burn.factor == 1 else f"{plain(burn.factor)} times the even pace"
    return _Draft(
        alert=BURN_ALERT,
        expr=expr + _gate(recorded, context, pair.long),
        kind="burn-rate",
        severity=pair.severity,
        hold=pair.for_,
        panel="burn",
        summary=f"the budget burns at {pace} or faster over {pair.long}",
        description=f"{{{{ $value | humanizePercentage }}}} of events failed in the last "
        f"{pair.long}, and too many of those in the last {pair.short}. At {pace}, "
        f"{percent} % of the budget of {slo.period} is gone within {pair.long}.",
        runbook=_BURN_RUNBOOK,
        value=long,
        level=burn.threshold,
        pair=burn.name,
    )


def _gate(recorded: Recorded, context: Context, window: Duration) -> str:
    """Enough events in the window; a ratio alone knows no traffic."""
    if not recorded.gated:
        return ""
    events = events_in(recorded, window, context)
    if window >= DAY:
        events = series(events_name(window), recorded.slo, context)
    return f" and{_journey(recorded)} {events} >= {plain(recorded.slo.min_events)}"


def _journey(recorded: Recorded) -> str:
    """A journey's traffic is one of its parts', whose labels are not its own."""
    return " on ()" if isinstance(recorded.slo.sli, CompositeSli) else ""


def _exhausted(recorded: Recorded, context: Context) -> _Draft:
    slo = recorded.slo
    remaining = series(REMAINING, slo, context)
    expr = f"1 - {remaining} >= 1"
    journey = isinstance(slo.sli, CompositeSli)
    if recorded.gated and not (journey and slo.calendar):
        events = series(period_events(slo), slo, context)
        expr += f" and{_journey(recorded)} {events} >= {plain(slo.min_events)}"
    return _Draft(
        alert=EXHAUSTED_ALERT,
        expr=expr,
        kind="slo",
        severity=slo.ticket_severity,
        hold=_EXHAUSTED_FOR,
        panel="budget",
        summary=f"the error budget of {slo.period} is spent",
        description=f"{{{{ $value | humanizePercentage }}}} of the error budget is spent: the "
        f"objective of {plain(slo.objective)} % over {slo.period} is not met.",
        runbook=_EXHAUSTED_RUNBOOK,
        value=remaining,
    )


def _missing(recorded: Recorded, context: Context) -> list[_Draft]:
    slo = recorded.slo
    if not recorded.sli.missing:
        return []
    return [
        _Draft(
            alert=MISSING_ALERT,
            expr=recorded.sli.missing,
            kind="slo",
            severity=slo.page_severity,
            hold=missing_for(recorded, context),
            panel="ratio",
            summary="its metrics are missing",
            description="Nothing is measured: an outage would not be seen, and the budget stands "
            "still.",
            runbook=_MISSING_RUNBOOK,
            grouped=False,
        )
    ]


def missing_for(recorded: Recorded, context: Context) -> Duration:
    """As long as a total outage takes to page: factor · budget · long of the fastest pair.

    At least four scrapes, in whole evaluations.
    """
    detection = Decimal(BASE.ms)
    if recorded.burns:
        fastest = recorded.burns[0]
        detection = fastest.factor * error_budget(recorded.slo) * fastest.pair.long.ms
    least = max(int(detection), context.platform.scrape_interval.ms * 4)
    steps = -(-least // recorded.interval.ms)
    return Duration(steps * recorded.interval.ms)


def _odd(recorded: Recorded) -> _Draft:
    return _Draft(
        alert=ODD_ALERT,
        expr=recorded.sli.odd,
        kind="slo",
        severity=recorded.slo.ticket_severity,
        hold=_ODD_FOR,
        panel="ratio",
        summary="more events are counted in part than in all",
        description="The SLI's two selectors do not count the same events: its error ratio, "
        "budget and alerts are wrong.",
        runbook=_ODD_RUNBOOK,
    )


def _planned(draft: _Draft, slo: Slo, context: Context) -> PlannedAlert:
    names = context.platform.labels
    own = {**slo.labels, names.slo: slo.name}
    if draft.pair:
        own[names.pair] = draft.pair
    view = drawn_view(context.tenant, "executive")
    key = slo_panel_key(slo.name, draft.panel)
    rule = AlertRule(
        alert=draft.alert,
        expr=context.own(draft.expr),
        labels=context.labels(slo.service, draft.severity, own),
        annotations=_annotations(draft, slo, context, view, key),
        for_=draft.hold,
        origin=slo.place,
    )
    graph = None
    if draft.value:
        above = draft.alert == BURN_ALERT
        graph = Graph(context.own(draft.value), "percentunit", float(draft.level), above)
    return PlannedAlert(
        rule=rule,
        kind=draft.kind,
        service=slo.service,
        severity=draft.severity,
        slug=test_slug(draft.alert, slo.name, draft.pair),
        view=view,
        panel_key=key,
        graph=graph,
        scenarios=(),
        policy=None,
        compliance=slo.compliance,
        runbook_text=draft.runbook,
        pack=slo.pack,
        place=slo.place,
    )


def _annotations(
    draft: _Draft, slo: Slo, context: Context, view: str, key: str
) -> Mapping[str, str]:
    kept: tuple[str, ...] = slo.group_by if draft.grouped else ()
    grouped = ", ".join(f"{name} {{{{ $labels.{name} }}}}" for name in kept)
    named = literal(f"{slo.service} {slo.name.removeprefix(f'{slo.service}-')}")
    promise = f"{literal(slo.description)}. " if slo.description else ""
    return alert_annotations(
        context,
        alert=draft.alert,
        service=slo.service,
        summary=f"{named}{f' ({grouped})' if grouped else ''}: {draft.summary}",
        description=promise + draft.description,
        view=view,
        panel_key=key,
        runbook=slo.runbook,
        compliance=slo.compliance,
    )


# --------------------------------------------------------------------------- runbooks

_BURN_RUNBOOK = """\
**What it means.** Requests fail so fast that the objective will be missed. A page burns days of
budget within hours; a ticket burns it within days.

**First checks.**
1. Is it still going on? Look at the burn rate over five minutes.
2. What changed? Compare the start with deployments, configuration and traffic.
3. Which part fails? Split the SLI's metric by route, version and instance.
4. Do the services it depends on have alerts of their own?

**Who.** The team that owns the service; whoever is on call decides on a roll-back.
"""
_EXHAUSTED_RUNBOOK = """\
**What it means.** The objective of the period is missed; every further error makes it worse.

**First checks.**
1. When was the budget spent: in one incident or slowly?
2. Follow the error budget policy: stop risky releases until the budget is positive again.
3. Is the objective right? If users do not complain, it may be too strict.

**Who.** The team that owns the service, with its product owner.
"""
_MISSING_RUNBOOK = """\
**What it means.** The series behind the SLI are gone: nobody knows whether users are served.

**First checks.**
1. Is the service up and scraped? Look at `up` and at Prometheus' targets page.
2. Was a metric or a label renamed by the last release?
3. Does the SLI's selector still say what is meant?

**Who.** The team that owns the service.
"""
_ODD_RUNBOOK = """\
**What it means.** The selector of errors (or good events) counts more than the total's selector.

**First checks.**
1. Do both selectors read the same metric and the same instances?
2. Is one of them counted in several places (client and server, proxy and application)?

**Who.** The team that owns the service.
"""
