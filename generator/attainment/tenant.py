"""One tenant's report: what was attained in a period and the one before, and its incidents."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import cached_property

from generator.attainment.arithmetic import (
    Measured,
    Surroundings,
    attained,
    changes,
    groups_attained,
    hours,
    journey,
    journey_over,
    measured,
)
from generator.attainment.incidents import (
    LEAD,
    Firing,
    asked_severities,
    incidents,
    urgent_of,
)
from generator.attainment.periods import period_before
from generator.attainment.promises import Promise, exclusions_of, promises_of
from generator.attainment.recorded import Recorder, Table, hours_of
from generator.compile.context import Context
from generator.ir.attainment import (
    Attained,
    Exclusion,
    Period,
    ReportedIncident,
    SloAttainment,
    Span,
    Tally,
    TenantAttainment,
    summed,
)


def attain(recorder: Recorder, period: Period) -> TenantAttainment:
    """A tenant's report. Raises ServerFailed."""
    return _Attaining(recorder, period).report()


@dataclass(frozen=True, slots=True)
class _Whole:
    """One SLO in a row of spans, and over all of them together."""

    measured: Measured
    tally: Tally
    attained: Attained


@dataclass(frozen=True)
class _Attaining:
    recorder: Recorder
    period: Period

    @property
    def context(self) -> Context:
        return self.recorder.context

    @cached_property
    def promises(self) -> tuple[Promise, ...]:
        return promises_of(self.context)

    @cached_property
    def interval(self) -> timedelta:
        return timedelta(milliseconds=self.context.platform.evaluation_interval.ms)

    def report(self) -> TenantAttainment:
        tenant, before = self.context.tenant, period_before(self.period)
        spans = hours_of(self.period.span)
        now, then = self._measured(spans), self._measured(hours_of(before.span))
        objectives = self.recorder.objectives(spans) if self.promises else {}
        return TenantAttainment(
            tenant=tenant.id,
            description=tenant.description,
            team=tenant.owner.team,
            contact=tenant.owner.contact,
            period=self.period,
            before=before,
            interval=self.interval,
            slos=tuple(self._slo(p, now, then, objectives) for p in self._in_order()),
            incidents=tuple(self._cost(i, now) for i in self._incidents(self.period.span)),
            incidents_before=len(self._incidents(before.span)),
            unknown=self._unknown(objectives),
        )

    def _in_order(self) -> list[Promise]:
        return sorted(self.promises, key=lambda p: (p.slo.service, p.slo.name))

    # ---------------------------------------------------------------------- SLOs

    def _measured(self, spans: tuple[Span, ...]) -> Mapping[str, _Whole]:
        """Every SLO by name; journeys are made of the others."""
        around = self._around(spans)
        period = Span(spans[0].start, spans[-1].end)
        found: dict[str, _Whole] = {}
        for promise in self.promises:
            slo = promise.slo
            if promise.parts:
                parts = [found[name] for name in promise.parts]
                one = journey([part.measured for part in parts], spans)
                tally = journey_over([p.tally for p in parts], period.length.total_seconds())
            else:
                one = measured(promise, around, self._excluded(promise, period))
                tally = summed(one.whole)
            allowance = float((100 - slo.objective) / 100)
            found[slo.name] = _Whole(one, tally, attained(tally, allowance, one.traced))
        return found

    def _around(self, spans: tuple[Span, ...]) -> Surroundings:
        unweighted = [p.slo.name for p in self.promises if p.unweighted]
        tables = self.recorder.tables(spans if self.promises else (), unweighted)
        label = self.context.platform.labels.slo
        return Surroundings(spans, tables, self.interval.total_seconds(), label)

    def _excluded(self, promise: Promise, span: Span) -> tuple[Exclusion, ...]:
        return exclusions_of(promise.slo, self.context, span)

    def _slo(
        self,
        promise: Promise,
        now: Mapping[str, _Whole],
        then: Mapping[str, _Whole],
        objectives: Table,
    ) -> SloAttainment:
        slo, whole = promise.slo, now[promise.slo.name]
        return SloAttainment(
            name=slo.name,
            service=slo.service,
            description=slo.description,
            kind=promise.kind,
            objective=slo.objective,
            window=slo.period,
            timed=promise.timed,
            whole=whole.attained,
            groups=groups_attained(whole.measured, float((100 - slo.objective) / 100)),
            before=then[slo.name].attained,
            hours=hours(whole.measured, whole.attained),
            changes=changes(objectives, (self._slo_label, slo.name), whole.measured.spans),
            excluded=self._excluded(promise, self.period.span),
            place=slo.place,
            parts=promise.parts,
        )

    @property
    def _slo_label(self) -> str:
        return self.context.platform.labels.slo

    def _unknown(self, objectives: Table) -> tuple[str, ...]:
        known = {promise.slo.name for promise in self.promises}
        names = {dict(labels).get(self._slo_label, "") for labels in objectives}
        return tuple(sorted(names - known - {""}))

    # ---------------------------------------------------------------------- incidents

    def _incidents(self, span: Span) -> tuple[ReportedIncident, ...]:
        severities = self.context.platform.severities
        own = [s for p in self.promises for s in _severities(p)]
        around = Span(span.start - LEAD * self.interval, span.end + LEAD * self.interval)
        found = self.recorder.firing(around, asked_severities(severities, own))
        names = self.context.platform.labels
        firing = Firing(span, self.interval, names, severities, urgent_of(severities))
        return incidents(found, firing)

    def _cost(self, incident: ReportedIncident, whole: Mapping[str, _Whole]) -> ReportedIncident:
        """An incident with the budgets that were spent while it fired."""
        concerned = [p.slo for p in self.promises if _concerns(incident, p)]
        if not concerned:
            return incident
        spans = hours_of(incident.span)
        during = self._measured(spans)
        took = []
        for slo in concerned:
            period, failed = whole[slo.name], during[slo.name].tally.errors
            budget = period.tally.total * float((100 - slo.objective) / 100)
            if budget > 0 and failed > 0:
                took.append((slo.name, float(f"{failed / budget:.6g}")))
        took.sort(key=lambda one: (-one[1], one[0]))
        return replace(incident, took=tuple(took))


def _severities(promise: Promise) -> tuple[str, ...]:
    """What an SLO's alerts may be labelled with."""
    slo = promise.slo
    pairs = tuple(pair.severity for pair in slo.pairs or ())
    changed = tuple(change.severity for change in slo.changes if change.severity)
    return (slo.page_severity, slo.ticket_severity, *pairs, *changed)


def _concerns(incident: ReportedIncident, promise: Promise) -> bool:
    """An SLO's own alert concerns it alone, any other all of its service's."""
    if incident.slo:
        return promise.slo.name == incident.slo
    return bool(incident.service) and promise.slo.service == incident.service
