"""An SLO with what is recorded of it: what its rules and its alerts are both made from."""

from __future__ import annotations

from dataclasses import dataclass

from generator.compile.burn_rate import Burn
from generator.compile.composite import composite_events
from generator.compile.context import Context
from generator.compile.sli import Measured
from generator.compile.slo_series import TOTAL, series
from generator.spec.model import CompositeSli, Slo
from generator.values import Duration, plain

DAY = Duration.of(days=1)
"""From this window on ratios and events are recorded in a group of their own, less often."""


@dataclass(frozen=True, slots=True)
class Recorded:
    """An SLO with what is recorded of it."""

    slo: Slo
    sli: Measured
    burns: tuple[Burn, ...]
    interval: Duration
    """Evaluation interval of the event rates: what one recorded sample stands for."""
    gated: bool
    """Whether alerts want `min_events` in their window, and events are counted."""


def events_in(recorded: Recorded, window: Duration, context: Context) -> str:
    """How many events a window holds, from the recorded rates.

    `sum_over_time` adds one rate per evaluation, so that each stands for one interval's events.
    """
    slo, seconds = recorded.slo, plain(recorded.interval.seconds)
    if isinstance(slo.sli, CompositeSli):
        return f"{composite_events(slo.sli, window, context)} * {seconds}"
    return f"sum_over_time({series(TOTAL, slo, context)}[{window}]) * {seconds}"
