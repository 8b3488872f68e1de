"""SLOs to recorded error ratios and budget series; their alerts are `slo_alerts`.

The event rates are recorded once; every ratio is a sum of them over a window, so that quiet hours
weigh what they weigh. The mathematics of pairs is `burn_rate`, what an SLI measures is `sli`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal

from generator.compile.burn_rate import BASE, burns, error_budget
from generator.compile.context import Context
from generator.compile.naming import SLO_FILE, group_name
from generator.compile.plan import Compiled, PlannedAlert
from generator.compile.sli import measured, ratio_over, texts_of
from generator.compile.slo_alerts import ERRORS, TOTAL, Recorded, ratio_name, series, slo_alerts
from generator.findings import Finding, error, info, warning
from generator.ir.rules import RecordingRule, RuleGroup
from generator.promql.problems import PromqlError
from generator.spec.model import Platform, RatioSli, Slo, Tenant
from generator.values import Duration, plain

DAY = Duration.of(days=1)
LONG_INTERVAL = Duration.of(minutes=2)
"""How often windows of a day and more are summed: cheaper, and inside the five-minute lookback."""


def compile_slos(tenant: Tenant, platform: Platform) -> tuple[tuple[RuleGroup, ...], Compiled]:
    """Two groups of recording rules per SLO, and all their alerts."""
    context = Context(tenant, platform)
    groups: list[RuleGroup] = []
    alerts: list[PlannedAlert] = []
    findings: list[Finding] = _short_base(context)
    for slo in tenant.slos.values():
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
    recorded = Recorded(slo, sli, kept, context.platform.evaluation_interval)
    try:
        groups = _groups(_Recorder(recorded, context))
        alerts = slo_alerts(recorded, context)
    except PromqlError as failure:
        place = texts_of(slo)[0].place
        findings += [error(p.code, p.message, place, p.hint) for p in failure.problems]
        return (), Compiled((), tuple(findings))
    return groups, Compiled(alerts, tuple(findings))


def _groups(recorder: _Recorder) -> tuple[RuleGroup, RuleGroup]:
    """What changes by the minute, then what sums days; no rule reads one of a later group."""
    slo, context = recorder.slo, recorder.context
    interval = context.platform.evaluation_interval
    told = f"SLO {slo.name} of {slo.service}: {plain(slo.objective)} % over {slo.window}"
    name = (context.tenant.id, "slo", slo.name)
    return (
        RuleGroup(SLO_FILE, group_name(*name, "sli"), interval, tuple(recorder.first()), told),
        RuleGroup(
            SLO_FILE,
            group_name(*name, "budget"),
            max(interval, LONG_INTERVAL),
            tuple(recorder.second()),
        ),
    )


# --------------------------------------------------------------------------- rules


@dataclass(frozen=True, slots=True)
class _Recorder:
    """Recording rules of one SLO: all carry the same static labels."""

    recorded: Recorded
    context: Context

    @property
    def slo(self) -> Slo:
        return self.recorded.slo

    def first(self) -> Iterable[RecordingRule]:
        """The rates, the ratios below a day and what is computed from them."""
        sli, budget = self.recorded.sli, plain(error_budget(self.slo))
        if sli.total:
            yield self.rule(TOTAL, sli.total)
            yield self.rule(ERRORS, sli.errors)
        for window in self.windows():
            if window < DAY:
                yield self.rule(ratio_name(window), self.ratio(window))
        now = f"{self.read(ratio_name(BASE))} / {budget}"
        yield self.rule("slo:current_burn_rate:ratio", now)

    def second(self) -> Iterable[RecordingRule]:
        """The ratios over days, the budget and the metadata."""
        for window in self.windows():
            if window >= DAY:
                yield self.rule(ratio_name(window), self.ratio(window))
        budget = error_budget(self.slo)
        period, left = self.read(ratio_name(self.slo.window)), REMAINING
        yield self.rule("slo:period_burn_rate:ratio", f"{period} / {plain(budget)}")
        yield self.rule(left, f"1 - {self.read('slo:period_burn_rate:ratio')}")
        yield self.rule("slo:time_to_exhaustion:seconds", self.exhaustion(budget))
        yield self.rule("slo:objective:ratio", f"vector({plain(self.slo.objective / 100)})")
        yield self.rule("slo:error_budget:ratio", f"vector({plain(budget)})")
        days = round(Decimal(self.slo.window.ms) / DAY.ms, 3)
        yield self.rule("slo:time_period:days", f"vector({plain(days)})")
        yield self.rule("slo_info", "vector(1)", self.facts())

    def windows(self) -> list[Duration]:
        """The base, every pair's, the period's, and those a severity model asks for; rising."""
        wanted = {BASE, self.slo.window}
        for burn in self.recorded.burns:
            wanted |= {burn.pair.long, burn.pair.short}
        model = self.context.tenant.severity_model
        for feature in model.features if model else ():
            if feature.slo == self.slo.name and feature.window is not None:
                wanted.add(feature.window)
        return sorted(wanted)

    def ratio(self, window: Duration) -> str:
        """Errors over total, weighted by traffic; no sample without traffic."""
        sli = self.recorded.sli
        if sli.ratio and window > DAY:
            return f"avg_over_time({self.read(ratio_name(BASE))}[{window}])"
        if sli.ratio:
            return ratio_over(sli.ratio, str(window))
        if window == BASE:
            return f"{self.read(ERRORS)} / ({self.read(TOTAL)} > 0)"
        errors, total = self.read(ERRORS), self.read(TOTAL)
        return f"sum_over_time({errors}[{window}]) / (sum_over_time({total}[{window}]) > 0)"

    def exhaustion(self, budget: Decimal) -> str:
        """Remaining budget · window / burn, at the pace of the fastest pair's long window."""
        burns_ = self.recorded.burns
        pace = burns_[0].pair.long if burns_ else BASE
        burn = f"({self.read(ratio_name(pace))} / {plain(budget)} > 0)"
        left = f"clamp_min({self.read(REMAINING)}, 0)"
        return f"{left} * {plain(self.slo.window.seconds)} / {burn}"

    def facts(self) -> dict[str, str]:
        service = self.context.service(self.slo.service)
        return {
            **self.slo.labels,
            "objective": plain(self.slo.objective),
            "window": str(self.slo.window),
            "sli": type(self.slo.sli).__name__.removesuffix("Sli").lower(),
            self.context.platform.labels.team: (
                service.owner.team if service else self.context.tenant.owner.team
            ),
        }

    def read(self, record: str) -> str:
        return series(record, self.slo, self.context)

    def rule(
        self, record: str, expr: str, labels: Mapping[str, str] | None = None
    ) -> RecordingRule:
        fixed = self.context.record_labels(self.slo.service, self.slo.name)
        return RecordingRule(
            record,
            self.context.own(expr, constant=True),
            dict(sorted({**(labels or {}), **fixed}.items())),
            self.slo.place,
        )


REMAINING = "slo:period_error_budget_remaining:ratio"


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
