"""The mathematics of multi-window burn rates: pairs, factors, windows.

Source: The Site Reliability Workbook, chapter 5, "Alerting on SLOs", alternative 6: an alert fires
when a long and a short window both burn so fast that `budget` of the error budget is spent within
the long one. burn = error ratio / (1 - objective); factor = budget · window / long.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import ROUND_DOWN, Context, Decimal

from generator.findings import Finding, info, warning
from generator.spec.model import BurnRatePair, Slo
from generator.values import Duration, plain

WORKBOOK_WINDOW = Duration.of(days=30)
WORKBOOK = (
    (Duration.of(hours=1), Decimal("0.02"), "page"),
    (Duration.of(hours=6), Decimal("0.05"), "page"),
    (Duration.of(days=1), Decimal("0.1"), "ticket"),
    (Duration.of(days=3), Decimal("0.1"), "ticket"),
)
"""(long window, part of the budget, what it makes) for a window of 30 days."""

SHORTEST_LONG = Duration.of(minutes=10)
"""Below it the recorded five-minute rates say no more."""

_DIGITS = Context(prec=4, rounding=ROUND_DOWN)
_ROUNDING = (
    (Duration.of(hours=12), Duration.of(hours=1)),
    (Duration.of(hours=2), Duration.of(minutes=30)),
    (Duration.of(minutes=30), Duration.of(minutes=5)),
)
"""(from, step): long windows are rounded down to whole steps, short ones to minutes."""


@dataclass(frozen=True, slots=True)
class Burn:
    """One burn-rate alert, ready to be written: fires above `factor` times the budget."""

    long: Duration
    short: Duration
    factor: Decimal
    severity: str
    tier: str
    """page or ticket."""
    for_: Duration

    @property
    def name(self) -> str:
        """The pair's name, the value of its label: `1h-5m`."""
        return f"{self.long}-{self.short}"


def budget(slo: Slo) -> Decimal:
    """The error budget as a fraction: 0.001 for 99.9 %."""
    return (100 - slo.objective) / 100


def burns(slo: Slo, scrape: Duration) -> tuple[tuple[Burn, ...], tuple[Finding, ...]]:
    """The burn-rate alerts of an SLO, the fastest first, and what had to be changed.

    A pair below factor 1 would alert while the objective is met and is left out; one whose
    threshold is 100 % or more could never fire and is lowered to 90 %.
    """
    found: list[Burn] = []
    findings: list[Finding] = []
    for pair in _pairs(slo, scrape):
        place = pair.place or slo.objective_place
        factor = _factor(pair, slo)
        name = f"{pair.long}/{pair.short}"
        if factor < 1:
            message = (
                f"the pair {name} has the factor {plain(factor)}: it would alert while the "
                "objective is met, and is left out"
            )
            hint = "give it a larger part of the budget, or a shorter long window"
            findings.append(warning("slo-factor-below-one", message, place, hint))
            continue
        if factor * budget(slo) >= 1:
            lowered = (Decimal("0.9") / budget(slo)).normalize(_DIGITS)
            percent = plain((factor * budget(slo) * 100).normalize(_DIGITS))
            head = f"the pair {name} would need an error ratio of {percent} %"
            if lowered < 1 or any(b.factor <= lowered for b in found):
                message = f"{head} to fire, which cannot be; it is left out"
                findings.append(warning("slo-unreachable", message, slo.objective_place))
                continue
            message = f"{head} to fire, which cannot be; it fires at 90 % instead"
            findings.append(info("slo-unreachable", message, slo.objective_place))
            factor = lowered
        tier = "page" if pair.severity == slo.page_severity else "ticket"
        found.append(Burn(pair.long, pair.short, factor, pair.severity, tier, pair.for_))
    if not found:
        message = f"no burn-rate alert of {slo.name} could ever fire"
        findings.append(warning("slo-unreachable", message, slo.objective_place))
    return tuple(found), tuple(findings)


def _factor(pair: BurnRatePair, slo: Slo) -> Decimal:
    return (pair.budget * slo.window.ms / pair.long.ms).normalize(_DIGITS)


def _pairs(slo: Slo, scrape: Duration) -> tuple[BurnRatePair, ...]:
    if slo.pairs is not None:
        return slo.pairs
    pairs: dict[Duration, BurnRatePair] = {}
    for long, part, tier in WORKBOOK:
        scaled = _rounded(Duration(long.ms * slo.window.ms // WORKBOOK_WINDOW.ms))
        severity = slo.page_severity if tier == "page" else slo.ticket_severity
        short = _short(scaled, scrape)
        pairs.setdefault(scaled, BurnRatePair(scaled, short, part, severity, Duration(0)))
    return tuple(pairs.values())


def _rounded(long: Duration) -> Duration:
    """Down to whole steps, so that the factor never falls below the workbook's."""
    for start, step in _ROUNDING:
        if long >= start:
            return Duration(long.ms // step.ms * step.ms)
    minute = Duration.of(minutes=1).ms
    return max(SHORTEST_LONG, Duration(long.ms // minute * minute))


def _short(long: Duration, scrape: Duration) -> Duration:
    """A twelfth of the long window in whole minutes, at least four scrapes."""
    minute = Duration.of(minutes=1).ms
    twelfth = Duration(long.ms // 12 // minute * minute)
    return max(twelfth, Duration(scrape.ms * 4), Duration(minute))
