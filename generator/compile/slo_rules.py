"""The recording rules of one SLO: event rates, error ratios, budget, metadata.

Two groups: what changes by the minute, then what sums days. All rules of an SLO carry the same
static labels. The alerts that read them are `slo_alerts`'.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal

from generator.compile import calendar_period
from generator.compile.burn_rate import BASE, burns, error_budget
from generator.compile.composite import composite_ratio
from generator.compile.context import Context
from generator.compile.naming import SLO_FILE, slo_group
from generator.compile.sli import ratio_over
from generator.compile.slo_recorded import DAY, Recorded, events_in
from generator.compile.slo_series import (
    CURRENT_BURN,
    ELAPSED,
    ERRORS,
    EXHAUSTION,
    PERIOD_BURN,
    PERIOD_DAYS,
    REMAINING,
    TOTAL,
    events_name,
    of_calendar,
    period_events,
    period_ratio,
    ratio_name,
    series,
)
from generator.ir.rules import RecordingRule, RuleGroup
from generator.spec.model import CompositeSli, Slo
from generator.values import Duration, plain

LONG_INTERVAL = Duration.of(minutes=2)
"""How often windows of a day and more are summed: cheaper, and inside the five-minute lookback."""


def slo_groups(recorded: Recorded, context: Context) -> tuple[RuleGroup, RuleGroup]:
    """The groups of an SLO in order; no rule reads one of a later group."""
    recorder = _Recorder(recorded, context)
    slo = recorded.slo
    interval = context.platform.evaluation_interval
    told = f"SLO {slo.name} of {slo.service}: {plain(slo.objective)} % over {slo.period}"
    return (
        RuleGroup(
            SLO_FILE,
            slo_group(context.tenant.id, slo.name, "sli"),
            interval,
            tuple(recorder.first()),
            told,
        ),
        RuleGroup(
            SLO_FILE,
            slo_group(context.tenant.id, slo.name, "budget"),
            max(interval, LONG_INTERVAL),
            tuple(recorder.second()),
        ),
    )


def recorded_windows(slo: Slo, context: Context) -> list[Duration]:
    """Windows over which an SLO's error ratio is recorded, rising.

    The base, its pairs', its period's, those that a severity model asks for, and those of the
    journeys that it is part of.
    """
    wanted = _own_windows(slo, context)
    for other in context.tenant.slos.values():
        parts = other.sli.members if isinstance(other.sli, CompositeSli) else ()
        if slo.name in [part.value for part in parts]:
            wanted |= _own_windows(other, context)
    return sorted(wanted)


def _own_windows(slo: Slo, context: Context) -> set[Duration]:
    wanted = {BASE} if slo.calendar else {BASE, slo.window}
    for burn in burns(slo)[0]:
        wanted |= {burn.pair.long, burn.pair.short}
    model = context.tenant.severity_model
    for feature in model.features if model else ():
        if feature.slo == slo.name and feature.window is not None:
            wanted.add(feature.window)
    return wanted


@dataclass(frozen=True, slots=True)
class _Recorder:
    """Makes the rules of one SLO."""

    recorded: Recorded
    context: Context

    @property
    def slo(self) -> Slo:
        return self.recorded.slo

    def first(self) -> Iterable[RecordingRule]:
        """The rates, the ratios below a day and what is computed from them."""
        sli = self.recorded.sli
        if sli.total:
            yield self.rule(TOTAL, sli.total)
            yield self.rule(ERRORS, sli.errors)
        for window in recorded_windows(self.slo, self.context):
            if window < DAY:
                yield self.rule(ratio_name(window), self.ratio(window))
        if self.slo.calendar:
            for record in self.bases():
                expr = calendar_period.labelled(self.read(record), self.slo.calendar)
                yield self.rule(of_calendar(record, self.slo), expr)
        now = f"{self.read(ratio_name(BASE))} / {plain(error_budget(self.slo))}"
        yield self.rule(CURRENT_BURN, now)

    def second(self) -> Iterable[RecordingRule]:
        """The ratios over days, the budget and the metadata."""
        for window in recorded_windows(self.slo, self.context):
            if window >= DAY:
                yield self.rule(ratio_name(window), self.ratio(window))
        yield from self.events()
        yield from self.calendar()
        budget = plain(error_budget(self.slo))
        yield self.rule(PERIOD_BURN, f"{self.read(period_ratio(self.slo))} / {budget}")
        yield self.rule(REMAINING, self.remaining())
        yield self.rule(EXHAUSTION, self.exhaustion(budget))
        yield self.rule("slo:objective:ratio", f"vector({plain(self.slo.objective / 100)})")
        yield self.rule("slo:error_budget:ratio", f"vector({budget})")
        if not self.slo.calendar:
            days = round(Decimal(self.slo.window.ms) / DAY.ms, 3)
            yield self.rule(PERIOD_DAYS, f"vector({plain(days)})")
        yield self.rule("slo_info", "vector(1)", self.facts())

    # ratios --------------------------------------------------------------------------------

    def ratio(self, window: Duration) -> str:
        """Errors over total, weighted by traffic; no sample without traffic."""
        sli = self.recorded.sli
        if isinstance(self.slo.sli, CompositeSli):
            return composite_ratio(self.slo.sli, window, self.context)
        if sli.ratio and window == BASE:
            base = ratio_over(sli.ratio, str(BASE))
            return f"({base}) unless on () ({sli.masked})" if sli.masked else base
        if sli.ratio and (window > DAY or sli.masked):
            return f"avg_over_time({self.read(ratio_name(BASE))}[{window}])"
        if sli.ratio:
            return ratio_over(sli.ratio, str(window))
        errors, total = self.read(ERRORS), self.read(TOTAL)
        if window == BASE:
            return f"{errors} / ({total} > 0)"
        return f"sum_over_time({errors}[{window}]) / (sum_over_time({total}[{window}]) > 0)"

    def events(self) -> Iterable[RecordingRule]:
        """The events in the windows of days that a traffic gate looks at, summed once."""
        if not self.recorded.gated:
            return
        long = {burn.pair.long for burn in self.recorded.burns if burn.pair.long >= DAY}
        if not self.slo.calendar:
            long.add(self.slo.window)
        for window in sorted(long):
            yield self.rule(events_name(window), events_in(self.recorded, window, self.context))

    # calendar ------------------------------------------------------------------------------

    def bases(self) -> tuple[str, ...]:
        """The base series that are summed over a calendar period."""
        sli = self.recorded.sli
        if isinstance(self.slo.sli, CompositeSli):
            return ()
        return (TOTAL, ERRORS) if sli.total else (ratio_name(BASE),)

    def calendar(self) -> Iterable[RecordingRule]:
        """The ratio and the events of the calendar period so far, its length, what is over."""
        slo = self.slo
        if not slo.calendar:
            return
        longest = calendar_period.LONGEST[slo.calendar]
        read = [f"{self.read(of_calendar(base, slo))}[{longest}]" for base in self.bases()]
        if isinstance(slo.sli, CompositeSli):
            expr = composite_ratio(slo.sli, slo.calendar, self.context)
        elif len(read) == 1:
            expr = calendar_period.within(f"avg_over_time({read[0]})", slo.calendar)
        else:
            ratio = f"sum_over_time({read[1]}) / (sum_over_time({read[0]}) > 0)"
            expr = calendar_period.within(ratio, slo.calendar)
        yield self.rule(period_ratio(slo), expr)
        if self.recorded.gated and read:
            total = calendar_period.within(f"sum_over_time({read[0]})", slo.calendar)
            seconds = plain(self.recorded.interval.seconds)
            yield self.rule(period_events(slo), f"{total} * {seconds}")
        yield self.rule(PERIOD_DAYS, calendar_period.days(slo.calendar))
        yield self.rule(ELAPSED, calendar_period.elapsed(slo.calendar))

    # budget --------------------------------------------------------------------------------

    def remaining(self) -> str:
        """What is left of the period's budget; of a calendar's, at the traffic seen so far."""
        burn = self.read(PERIOD_BURN)
        return f"1 - {burn}{self.per_slo(ELAPSED)}" if self.slo.calendar else f"1 - {burn}"

    def exhaustion(self, budget: str) -> str:
        """Remaining budget · period / burn, at the pace of the fastest pair's long window."""
        burns_ = self.recorded.burns
        pace = burns_[0].pair.long if burns_ else BASE
        burn = f"({self.read(ratio_name(pace))} / {budget} > 0)"
        left = f"clamp_min({self.read(REMAINING)}, 0)"
        if self.slo.calendar:
            return f"{left}{self.per_slo(PERIOD_DAYS)} * 86400 / {burn}"
        return f"{left} * {plain(self.slo.window.seconds)} / {burn}"

    def per_slo(self, record: str) -> str:
        """Multiplies each of the SLO's series with a number that the SLO has once."""
        return f" * on ({self.context.platform.labels.slo}) group_left () {self.read(record)}"

    def facts(self) -> dict[str, str]:
        service = self.context.service(self.slo.service)
        return {
            **self.slo.labels,
            "objective": plain(self.slo.objective),
            "window": self.slo.calendar or str(self.slo.window),
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
