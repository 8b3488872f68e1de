"""The names of what is recorded of an SLO, and selectors of them.

Users and dashboards rely on these names; see SPEC, "Names that users rely on".
"""

from __future__ import annotations

import re

from generator.compile.burn_rate import BASE
from generator.compile.context import Context
from generator.promql.build import selector
from generator.spec.model import Slo
from generator.values import Duration

TOTAL = f"slo:sli_total:rate{BASE}"
ERRORS = f"slo:sli_errors:rate{BASE}"
CURRENT_BURN = "slo:current_burn_rate:ratio"
PERIOD_BURN = "slo:period_burn_rate:ratio"
REMAINING = "slo:period_error_budget_remaining:ratio"
EXHAUSTION = "slo:time_to_exhaustion:seconds"
ELAPSED = "slo:period_elapsed:ratio"
PERIOD_DAYS = "slo:time_period:days"


def ratio_name(window: Duration) -> str:
    """Name of the recorded error ratio over a window: `slo:sli_error:ratio_rate1h`."""
    return f"slo:sli_error:ratio_rate{window}"


def period_ratio(slo: Slo) -> str:
    """Name of the error ratio over the period: `…ratio_rate30d`, or `…ratio_rate_month`."""
    return f"slo:sli_error:ratio_rate_{slo.calendar}" if slo.calendar else ratio_name(slo.window)


def events_name(window: Duration) -> str:
    """Name of the recorded number of events in a window: `slo:sli_total:increase1d`."""
    return f"slo:sli_total:increase{window}"


def period_events(slo: Slo) -> str:
    """Name of the number of events in the period so far."""
    return f"slo:sli_total:increase_{slo.calendar}" if slo.calendar else events_name(slo.window)


def of_calendar(record: str, slo: Slo) -> str:
    """Name of a base series that carries its calendar period: `slo:sli_total:rate5m_month`."""
    return f"{record}_{slo.calendar}"


def series(record: str, slo: Slo, context: Context) -> str:
    """The selector of a recorded series of an SLO, as text that still has to be isolated."""
    return of_slo(record, slo.name, context)


def of_slo(record: str, name: str, context: Context) -> str:
    """The same for an SLO of this name."""
    return selector(record, [(context.platform.labels.slo, "=", name)])


def of_slos(record: str, names: tuple[str, ...], context: Context) -> str:
    """The selector of a recorded series of several SLOs."""
    pattern = "|".join(re.escape(name).replace(r"\-", "-") for name in names)
    return selector(record, [(context.platform.labels.slo, "=~", pattern)])
