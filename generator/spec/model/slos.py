"""Objectives: what is measured, over which period, and what their alerts differ in."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

from generator.findings import Place, Text
from generator.values import Duration


@dataclass(frozen=True, slots=True)
class EventsSli:
    """Counted events; exactly one of `errors` and `good` is given. Plain counter selectors."""

    total: Text
    errors: Text | None = None
    good: Text | None = None


@dataclass(frozen=True, slots=True)
class LatencySli:
    """Requests faster than `below` are good. `histogram` is the base name or a selector on it."""

    histogram: Text
    below: Duration
    below_place: Place
    native: bool = False


@dataclass(frozen=True, slots=True)
class RatioSli:
    """An error ratio in [0,1] as an expression with `$window`."""

    errors: Text


@dataclass(frozen=True, slots=True)
class ProbeSli:
    """A gauge that is 1 when up and 0 when down."""

    metric: Text


@dataclass(frozen=True, slots=True)
class ConditionSli:
    """A time slice is good while the expression returns a sample."""

    expr: Text


@dataclass(frozen=True, slots=True)
class CompositeSli:
    """A journey: good while all its members are. `members` name SLOs that are not composite."""

    members: tuple[Text, ...]


Sli = EventsSli | LatencySli | RatioSli | ProbeSli | ConditionSli | CompositeSli


@dataclass(frozen=True, slots=True)
class BurnRatePair:
    """One multi-window burn-rate alert: both windows must burn `budget` of `window` per `long`."""

    long: Duration
    short: Duration
    budget: Decimal
    """Fraction of the error budget spent in `long` when the alert fires, in (0,1)."""
    severity: str
    for_: Duration
    place: Place | None = None


@dataclass(frozen=True, slots=True)
class PairChange:
    """A pair of the scaled workbook that the author drops or changes; None: as it is."""

    pair: Text
    """Its windows as written: `1d/2h`."""
    drop: bool = False
    severity: str | None = None
    for_: Duration | None = None
    budget: Decimal | None = None


@dataclass(frozen=True, slots=True)
class Slo:
    """One objective. `pairs` are for this SLO's window, before the factor check."""

    name: str
    service: str
    objective: Decimal
    """In percent, in (0,100): `Decimal("99.9")`."""
    window: Duration
    sli: Sli
    group_by: tuple[str, ...]
    pairs: tuple[BurnRatePair, ...] | None
    """None: the workbook's pairs scaled to the window."""
    page_severity: str
    ticket_severity: str
    min_events: Decimal
    """Events in the long window below which a burn-rate alert stays silent; 0 switches it off."""
    description: str
    labels: Mapping[str, str]
    compliance: tuple[str, ...]
    runbook: str
    place: Place
    objective_place: Place
    pack: str = ""
    """The pack it comes from, empty for the tenant's own."""
    calendar: str = ""
    """`month` or `quarter`: the period is that of the calendar, in UTC, and `window` its usual
    length; empty: the last `window`."""
    exclude_maintenance: bool = False
    """Whether planned maintenance of the service is left out of the budget."""
    changes: tuple[PairChange, ...] = ()
    """What the author changes in the workbook's pairs; empty where `pairs` are given."""

    @property
    def period(self) -> str:
        """Its period in words that follow "over": `30d`, `a calendar month`."""
        return f"a calendar {self.calendar}" if self.calendar else str(self.window)
