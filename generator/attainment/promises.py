"""What a report asks of a tenant's spec: each SLO as far as measuring it goes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, timedelta

from generator.compile.burn_rate import BASE
from generator.compile.context import Context
from generator.ir.attainment import Exclusion, Span
from generator.spec.model import CompositeSli, ConditionSli, ProbeSli, RatioSli, Slo

_AFTER = timedelta(milliseconds=BASE.ms)
"""How long after maintenance nothing is recorded: a rate over the base window would touch it."""


@dataclass(frozen=True, slots=True)
class Promise:
    """One SLO of the spec, and how what is recorded of it is read."""

    slo: Slo
    parts: tuple[str, ...]
    """The SLOs that a journey is made of; empty for what measures itself."""

    @property
    def kind(self) -> str:
        """`events`, `latency`, `probe`, `condition`, `ratio` or `composite`."""
        return type(self.slo.sli).__name__.removesuffix("Sli").lower()

    @property
    def unweighted(self) -> bool:
        """Whether only ratios are recorded, of which each counts as much as any other."""
        return isinstance(self.slo.sli, RatioSli)

    @property
    def timed(self) -> bool:
        """Whether it promises good time instead of good events."""
        return isinstance(self.slo.sli, RatioSli | ProbeSli | ConditionSli | CompositeSli)


def promises_of(context: Context) -> tuple[Promise, ...]:
    """A tenant's SLOs by service and name, journeys last."""
    slos = context.tenant.slos.values()
    found = [Promise(slo, _parts(slo)) for slo in slos]
    return tuple(sorted(found, key=lambda p: (bool(p.parts), p.slo.service, p.slo.name)))


def exclusions_of(slo: Slo, context: Context, span: Span) -> tuple[Exclusion, ...]:
    """The maintenance that an SLO leaves out of a span of time, in order."""
    if not slo.exclude_maintenance:
        return ()
    found = []
    for window in context.tenant.maintenance:
        if window.services and slo.service not in window.services:
            continue
        start = max(window.start.astimezone(UTC), span.start)
        end = min(window.end.astimezone(UTC) + _AFTER, span.end)
        if start < end:
            found.append(Exclusion(window.name, Span(start, end)))
    return tuple(sorted(found, key=lambda e: (e.span.start, e.span.end, e.name)))


def excluded_within(exclusions: Sequence[Exclusion], span: Span) -> timedelta:
    """How much of a span is left out; windows that overlap count once."""
    found, reached = timedelta(0), span.start
    for one in exclusions:
        start, end = max(one.span.start, reached), min(one.span.end, span.end)
        if start < end:
            found += end - start
            reached = end
    return found


def _parts(slo: Slo) -> tuple[str, ...]:
    return tuple(m.value for m in slo.sli.members) if isinstance(slo.sli, CompositeSli) else ()
