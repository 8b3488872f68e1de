"""The mathematics of multi-window burn rates: pairs scaled, factors, what can never fire.

Source: The Site Reliability Workbook, chapter 5, "Alerting on SLOs", alternative 6: an alert fires
when a long and a short window both burn so fast that `budget` of the error budget is spent within
the long one. burn = error ratio / (1 - objective); factor = budget · window / long. No PromQL here.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from decimal import ROUND_HALF_EVEN, Decimal

from generator.findings import Finding, error, warning
from generator.spec.model import BurnRatePair, PairChange, Slo
from generator.values import Duration, plain

BASE = Duration.of(minutes=5)
"""Window of the recorded event rates: no shorter window can be told apart."""

TOTAL_OUTAGE = Decimal("0.9")
"""Error ratio at which a pair alerts whose own threshold cannot be reached."""

_TENTH, _HUNDREDTH, _THOUSANDTH = Decimal("0.1"), Decimal("0.01"), Decimal("0.001")

WORKBOOK: tuple[tuple[int, Decimal, bool], ...] = (
    (720, Decimal("0.02"), True),
    (120, Decimal("0.05"), True),
    (30, Decimal("0.10"), False),
    (10, Decimal("0.10"), False),
)
"""(window / long, budget fraction, pages): 1h, 6h, 1d, 3d of 30 days."""


@dataclass(frozen=True, slots=True)
class Burn:
    """A pair that can fire: `factor` times the even burn, at an error ratio of `threshold`."""

    pair: BurnRatePair
    factor: Decimal
    threshold: Decimal

    @property
    def name(self) -> str:
        """How its label and test name it: `1h5m`."""
        return f"{self.pair.long}{self.pair.short}"


def error_budget(slo: Slo) -> Decimal:
    """The part of events that may fail: 99.9 % leaves 0.001."""
    return (100 - slo.objective) / 100


def workbook_pairs(window: Duration, page: str, ticket: str) -> tuple[BurnRatePair, ...]:
    """The workbook's pairs scaled to a window, rounded down to whole minutes or hours.

    Rounding down keeps every factor at or above the workbook's. The short window is a twelfth
    of the long one, at least the base of the recorded rates. A pair whose long window does not
    hold two short ones is left out: the next one covers it.
    """
    pairs = []
    for share, budget, pages in WORKBOOK:
        long = _rounded(Duration(window.ms // share))
        short = max(BASE, _rounded(Duration(long.ms // 12)))
        if long.ms >= 2 * short.ms:
            severity = page if pages else ticket
            pairs.append(BurnRatePair(long, short, budget, severity, Duration(0)))
    return tuple(pairs)


def _rounded(length: Duration) -> Duration:
    """Down to whole hours above a day, ten minutes above two hours, minutes below."""
    for floor, unit in ((86_400_000, 3_600_000), (7_200_000, 600_000), (0, 60_000)):
        if length.ms >= floor:
            return Duration(length.ms // unit * unit)
    return length


def factor_of(pair: BurnRatePair, window: Duration) -> Decimal:
    """How many times faster than evenly the budget burns when the pair fires, to 0.01."""
    exact = pair.budget * window.ms / pair.long.ms
    return exact.quantize(_HUNDREDTH, ROUND_HALF_EVEN)


def burns(slo: Slo) -> tuple[tuple[Burn, ...], tuple[Finding, ...]]:
    """The pairs of an SLO that can fire and should, fastest first, and what was left out.

    Below factor 1 a pair would fire while the objective is met: it is merged into the next
    faster one, or dropped. A pair whose error ratio would have to reach 1 can never fire: it is
    dropped while another of its severity remains, else the fastest alerts at a total outage.
    """
    pairs, findings = _wanted(slo)
    kept: list[Burn] = []
    never: list[BurnRatePair] = []
    for pair in sorted(pairs, key=lambda p: (p.long, p.short)):
        factor = factor_of(pair, slo.window)
        threshold = factor * error_budget(slo)
        if factor < 1:
            findings.append(_below_one(slo, pair, factor, kept))
        elif threshold >= 1:
            never.append(pair)
        else:
            kept.append(Burn(pair, factor, threshold))
    reachable = {burn.pair.severity for burn in kept}
    for pair in never:
        burn = None if pair.severity in reachable else _at_outage(slo, pair)
        reachable.add(pair.severity)
        findings.append(_unreachable(slo, pair, burn))
        kept += [burn] if burn else []
    findings += _lost_severities(slo, pairs, kept)
    return tuple(sorted(kept, key=lambda b: (b.pair.long, b.pair.short))), tuple(findings)


def _at_outage(slo: Slo, pair: BurnRatePair) -> Burn | None:
    """The pair at the error ratio of a total outage; None where that still meets the objective."""
    factor = (TOTAL_OUTAGE / error_budget(slo)).quantize(_HUNDREDTH, ROUND_HALF_EVEN)
    spent = (factor * pair.long.ms / slo.window.ms).quantize(_THOUSANDTH, ROUND_HALF_EVEN)
    return Burn(replace(pair, budget=spent), factor, TOTAL_OUTAGE) if factor >= 1 else None


# --------------------------------------------------------------------------- the author's changes


def _wanted(slo: Slo) -> tuple[tuple[BurnRatePair, ...], list[Finding]]:
    """The author's own pairs, or the workbook's with the author's changes."""
    if slo.pairs is not None:
        return slo.pairs, []
    pairs = list(workbook_pairs(slo.window, slo.page_severity, slo.ticket_severity))
    findings: list[Finding] = []
    for change in slo.changes:
        index = next((i for i, p in enumerate(pairs) if _named(p, change.pair.value)), None)
        if index is None:
            findings.append(_no_such_pair(slo, change, pairs))
        elif change.drop:
            del pairs[index]
        else:
            pairs[index] = _changed(pairs[index], change)
    return tuple(pairs), findings


def _named(pair: BurnRatePair, written: str) -> bool:
    try:
        long, short = map(Duration.parse, written.split("/"))
    except ValueError:
        return False
    return (pair.long, pair.short) == (long, short)


def _changed(pair: BurnRatePair, change: PairChange) -> BurnRatePair:
    return replace(
        pair,
        severity=change.severity or pair.severity,
        for_=pair.for_ if change.for_ is None else change.for_,
        budget=change.budget or pair.budget,
        place=change.pair.place,
    )


def _no_such_pair(slo: Slo, change: PairChange, pairs: Sequence[BurnRatePair]) -> Finding:
    message = f"{slo.name} has no burn-rate pair {change.pair.value}"
    listed = ", ".join(f"{p.long}/{p.short}" for p in pairs) or "none"
    hint = f"over {slo.period} they are: {listed}"
    return error("slo-pairs", message, change.pair.place, hint)


# --------------------------------------------------------------------------- findings


def _below_one(slo: Slo, pair: BurnRatePair, factor: Decimal, kept: Sequence[Burn]) -> Finding:
    name = f"{pair.long}/{pair.short}"
    merged = f"merged into {kept[-1].pair.long}/{kept[-1].pair.short}" if kept else "left out"
    return warning(
        "slo-factor",
        f"the pair {name} of {slo.name} would alert at {plain(factor)} times the even burn, "
        f"while the objective is still met: it is {merged}",
        pair.place or slo.place,
        f"raise its budget above {plain(_percent(pair.long, slo.window))} % or shorten it",
    )


def _percent(long: Duration, window: Duration) -> Decimal:
    return (Decimal(long.ms) * 100 / window.ms).quantize(_TENTH)


def _unreachable(slo: Slo, pair: BurnRatePair, burn: Burn | None) -> Finding:
    percent = plain((factor_of(pair, slo.window) * error_budget(slo) * 100).quantize(_TENTH))
    instead = f"alerts at {plain(burn.threshold * 100)} %, a total outage" if burn else "is dropped"
    return warning(
        "slo-unreachable",
        f"with an objective of {plain(slo.objective)} % the pair {pair.long}/{pair.short} needs "
        f"an error ratio of {percent} %, which cannot be: it {instead}",
        slo.objective_place,
        "raise the objective, or give alerting.pairs with a smaller budget",
    )


def _lost_severities(
    slo: Slo, pairs: Sequence[BurnRatePair], kept: Sequence[Burn]
) -> tuple[Finding, ...]:
    """Severities that no remaining pair has: nobody is told at that urgency any more."""
    left = {burn.pair.severity for burn in kept}
    lost = sorted({pair.severity for pair in pairs} - left)
    return tuple(
        warning(
            "slo-severity-lost",
            f"no burn-rate alert of severity {severity} remains for {slo.name}",
            slo.objective_place,
            "give alerting.pairs that fit this objective and window",
        )
        for severity in lost
    )
