"""SLOs to recording rules and alerts: the order of their compilation.

The event rates are recorded once; every ratio is a sum of them over a window, so that quiet hours
weigh what they weigh. What an SLI measures is `sli`, the mathematics of pairs `burn_rate`, the
rules are `slo_rules`, the alerts `slo_alerts`.
"""

from __future__ import annotations

from generator.compile.burn_rate import BASE, burns
from generator.compile.composite import counts_events
from generator.compile.context import Context
from generator.compile.plan import Compiled, PlannedAlert
from generator.compile.sli import measured, texts_of
from generator.compile.slo_alerts import slo_alerts
from generator.compile.slo_recorded import DAY, Recorded
from generator.compile.slo_rules import slo_groups
from generator.findings import Finding, error, info, warning
from generator.ir.rules import RuleGroup
from generator.promql.problems import PromqlError
from generator.spec.model import CompositeSli, Platform, RatioSli, Slo, Tenant


def compile_slos(tenant: Tenant, platform: Platform) -> tuple[tuple[RuleGroup, ...], Compiled]:
    """Two groups of recording rules per SLO, journeys after their parts, and all their alerts."""
    context = Context(tenant, platform)
    groups: list[RuleGroup] = []
    alerts: list[PlannedAlert] = []
    findings: list[Finding] = _short_base(context)
    for slo in sorted(tenant.slos.values(), key=lambda s: isinstance(s.sli, CompositeSli)):
        made, compiled = compile_slo(slo, context)
        groups += made
        alerts += compiled.alerts
        findings += compiled.findings
    return tuple(groups), Compiled(tuple(alerts), tuple(findings))


def compile_slo(slo: Slo, context: Context) -> tuple[tuple[RuleGroup, ...], Compiled]:
    """The recording rules of one SLO in order of use, and its alerts; none with an error."""
    sli, found = measured(slo, context)
    findings = [*found, *_unweighted(slo)]
    if sli is None:
        return (), Compiled((), tuple(findings))
    kept, told = burns(slo)
    findings += told
    counted = counts_events(slo.sli, context) if isinstance(slo.sli, CompositeSli) else sli.total
    gated = bool(slo.min_events and counted)
    recorded = Recorded(slo, sli, kept, context.platform.evaluation_interval, gated)
    try:
        groups = slo_groups(recorded, context)
        alerts = slo_alerts(recorded, context)
    except PromqlError as failure:
        place = texts_of(slo)[0].place if texts_of(slo) else slo.place
        findings += [error(p.code, p.message, place, p.hint) for p in failure.problems]
        return (), Compiled((), tuple(findings))
    return groups, Compiled(alerts, tuple(findings))


# --------------------------------------------------------------------------- findings


def _unweighted(slo: Slo) -> list[Finding]:
    if not isinstance(slo.sli, RatioSli) or slo.window <= DAY:
        return []
    message = (
        f"over more than a day, {slo.name} is the mean of its 5-minute ratios: a quiet minute "
        "counts as much as a busy one"
    )
    return [info("slo-unweighted", message, slo.place, "an SLI of events is weighted")]


def _short_base(context: Context) -> list[Finding]:
    """Rates over five minutes need four scrapes."""
    platform = context.platform
    if platform.scrape_interval.ms * 4 <= BASE.ms or not context.tenant.slos:
        return []
    message = f"SLO rates over {BASE} hold fewer than four scrapes of {platform.scrape_interval}"
    return [warning("slo-scrape", message, platform.place, "scrape at least every 75s")]
