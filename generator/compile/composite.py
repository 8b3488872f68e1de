"""Journeys: SLOs made of other SLOs' recorded error ratios.

A journey succeeds when every part does: its error ratio is 1 - Π(1 - ratio of each part), as if
parts failed independently of each other. (Where they fail together that is too strict, by at most
the smaller ratio.) A part without traffic fails nobody.
"""

from __future__ import annotations

from generator.compile.burn_rate import BASE
from generator.compile.context import Context
from generator.compile.slo_series import (
    ERRORS,
    TOTAL,
    of_slo,
    of_slos,
    period_ratio,
    ratio_name,
)
from generator.spec.model import CompositeSli, RatioSli, Slo
from generator.values import Duration


def composite_ratio(sli: CompositeSli, window: Duration | str, context: Context) -> str:
    """The journey's error ratio over a window, or over its calendar period so far.

    No sample while no part has one.
    """
    parts = [_part(slo, window, context) for slo in members(sli, context)]
    product = " * ".join(f"(1 - ({part} or vector(0)))" for part in parts)
    return f"1 - {product} and on () ({_recorded(sli, window, context)})"


def _recorded(sli: CompositeSli, window: Duration | str, context: Context) -> str:
    """The parts' recorded ratios over a window: one selector, or one for each kind of period."""
    names: dict[str, list[str]] = {}
    for slo in members(sli, context):
        names.setdefault(_ratio(slo, window), []).append(slo.name)
    return " or ".join(of_slos(record, tuple(found), context) for record, found in names.items())


def _ratio(slo: Slo, window: Duration | str) -> str:
    return ratio_name(window) if isinstance(window, Duration) else period_ratio(slo)


def members(sli: CompositeSli, context: Context) -> tuple[Slo, ...]:
    """The SLOs that a journey is made of."""
    slos = context.tenant.slos
    return tuple(slos[m.value] for m in sli.members if m.value in slos)


def _part(slo: Slo, window: Duration | str, context: Context) -> str:
    """One part's ratio without labels; of a grouped one, all groups' together."""
    ratio = of_slo(_ratio(slo, window), slo.name, context)
    if not slo.group_by:
        return f"sum({ratio})"
    if isinstance(slo.sli, RatioSli) or not isinstance(window, Duration):
        return f"avg({ratio})"
    errors, total = (of_slo(record, slo.name, context) for record in (ERRORS, TOTAL))
    if window == BASE:
        return f"sum({errors}) / (sum({total}) > 0)"
    return f"sum(sum_over_time({errors}[{window}])) / (sum(sum_over_time({total}[{window}])) > 0)"


def counts_events(sli: CompositeSli, context: Context) -> bool:
    """Whether every part counts its events, so that a journey's traffic is known."""
    return not any(isinstance(slo.sli, RatioSli) for slo in members(sli, context))


def composite_events(sli: CompositeSli, window: Duration, context: Context) -> str:
    """The sum of the rates in a window, of the part that has most of those that fail at all."""
    slo = context.platform.labels.slo
    names = tuple(member.value for member in sli.members)
    total = of_slos(TOTAL, names, context)
    failing = f"max by ({slo}) ({of_slos(ratio_name(window), names, context)}) > 0"
    return f"max(sum by ({slo}) (sum_over_time({total}[{window}])) and on ({slo}) {failing})"
