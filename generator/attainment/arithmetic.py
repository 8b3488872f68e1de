"""From what was recorded to what was attained. Pure: the same tables, the same numbers.

attained = 1 - sum(errors) / sum(total), over the samples of the period. A recorded rate stands for
one evaluation's worth of time, so a sum of rates times the interval is a number of events; ratios
need no interval, and hold over gaps.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from generator.attainment.promises import Promise, excluded_within
from generator.attainment.recorded import Labels, Table, Tables
from generator.ir.attainment import (
    Attained,
    Exclusion,
    GroupAttained,
    Hour,
    ObjectiveChange,
    Span,
    State,
    Tally,
    summed,
)

_EXACT = 12
"""Significant digits that sums of recorded numbers are good for."""


@dataclass(frozen=True, slots=True)
class Measured:
    """One SLO in a row of spans: its tallies, all groups together and each alone."""

    spans: tuple[Span, ...]
    whole: tuple[Tally, ...]
    groups: Mapping[Labels, tuple[Tally, ...]]
    traced: bool
    """Whether there is any sample at all."""


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What an SLO is measured with."""

    spans: tuple[Span, ...]
    tables: Tables
    interval: float
    """Seconds between two evaluations."""
    slo_label: str


def measured(promise: Promise, around: Surroundings, excluded: Sequence[Exclusion]) -> Measured:
    """The tallies of an SLO that measures itself."""
    series = _series(promise, around)
    by_group: dict[Labels, list[Labels]] = {}
    for labels in series:
        by_group.setdefault(_group(labels, promise.slo.group_by), []).append(labels)
    expected = [
        max((span.length - excluded_within(excluded, span)).total_seconds(), 0.0)
        for span in around.spans
    ]
    reader = _Reader(promise, around)
    whole = tuple(reader.tally(i, series, due) for i, due in enumerate(expected))
    groups = {
        group: tuple(reader.tally(i, members, due) for i, due in enumerate(expected))
        for group, members in sorted(by_group.items())
        if promise.slo.group_by
    }
    return Measured(around.spans, whole, groups, bool(series))


def journey(parts: Sequence[Measured], spans: tuple[Span, ...]) -> Measured:
    """The tallies of an SLO made of others: seconds, of which 1 - Π(1 - ratio of each) are bad.

    A part without traffic fails nobody. It is measured while every part is.
    """
    whole = tuple(
        _together([part.whole[i] for part in parts], span.length.total_seconds())
        for i, span in enumerate(spans)
    )
    return Measured(spans, whole, {}, any(part.traced for part in parts))


def journey_over(parts: Sequence[Tally], seconds: float) -> Tally:
    """A journey over a whole period: of the parts' ratios over it, as its alerts' windows are."""
    return _together(parts, seconds)


def attained(tally: Tally, allowance: float, traced: bool) -> Attained:
    """What a tally comes to; `allowance` is the part that may fail."""
    ratio = tally.error_ratio
    if not traced or tally.evaluated <= 0:
        return Attained(State.NO_DATA, tally, None, None)
    if ratio is None:
        return Attained(State.NO_TRAFFIC, tally, None, None)
    spent = _clean(ratio / allowance)
    state = State.MET if spent <= 1 else State.MISSED
    return Attained(state, tally, _clean(1 - ratio), spent)


def groups_attained(measured_: Measured, allowance: float) -> tuple[GroupAttained, ...]:
    """Each group over the whole period, what spent most of its budget first."""
    found = [
        GroupAttained(labels, attained(summed(tallies), allowance, True))
        for labels, tallies in measured_.groups.items()
    ]
    return tuple(sorted(found, key=lambda g: (-(g.attained.spent or 0), g.labels)))


def hours(measured_: Measured, whole: Attained) -> tuple[Hour, ...]:
    """The period hour by hour, each with its share of what was spent of the period's budget."""
    errors = math.fsum(tally.errors for tally in measured_.whole)
    spent = whole.spent or 0.0
    return tuple(
        # The part first: what was spent by very small errors is beyond a float.
        Hour(span, tally, _clean(tally.errors / errors * spent if errors > 0 else 0.0))
        for span, tally in zip(measured_.spans, measured_.whole, strict=True)
    )


def changes(
    recorded: Table, label: tuple[str, str], spans: Sequence[Span]
) -> tuple[ObjectiveChange, ...]:
    """Where another objective was recorded than in the hours before, told to the hour.

    `label` is the name and value that the SLO's series carry.
    """
    values: dict[int, float] = {}
    for labels, found in recorded.items():
        if label in labels:
            values |= found
    told = []
    before: Decimal | None = None
    for index in sorted(values):
        now = _percent(values[index])
        if before is not None and now != before:
            told.append(ObjectiveChange(spans[index].start, before, now))
        before = now
    return tuple(told)


# --------------------------------------------------------------------------- series


@dataclass(frozen=True, slots=True)
class _Reader:
    """Reads the tables for one SLO."""

    promise: Promise
    around: Surroundings

    def tally(self, index: int, series: Sequence[Labels], due: float) -> Tally:
        """What several series come to in one span that should be measured for `due` seconds.

        A series whose errors nobody recorded, or that is no number, is not measured there: it
        must not look like one without errors.
        """
        errors, totals, counts = _tables(self.promise, self.around.tables)
        failed, total, samples = [], [], 0.0
        for one in series:
            found = [table.get(one, {}).get(index, math.nan) for table in (errors, totals, counts)]
            if all(map(math.isfinite, found)):
                failed.append(found[0] * self.around.interval)
                total.append(found[1] * self.around.interval)
                samples = max(samples, found[2])
        seconds = samples * self.around.interval
        whole = samples and samples >= due // self.around.interval
        return Tally(math.fsum(failed), math.fsum(total), due if whole else min(seconds, due), due)


def _tables(promise: Promise, tables: Tables) -> tuple[Table, Table, Table]:
    """Errors, totals and samples: of an SLO of ratios each sample is one of the total."""
    if promise.unweighted:
        return tables.ratios, tables.ratio_evaluations, tables.ratio_evaluations
    return tables.errors, tables.totals, tables.evaluations


def _series(promise: Promise, around: Surroundings) -> list[Labels]:
    *_, counts = _tables(promise, around.tables)
    name = around.slo_label
    return [s for s in sorted(counts) if dict(s).get(name) == promise.slo.name]


def _group(labels: Labels, by: tuple[str, ...]) -> Labels:
    found = dict(labels)
    return tuple((name, found.get(name, "")) for name in by)


def _together(parts: Sequence[Tally], seconds: float) -> Tally:
    good = math.prod(1 - (part.error_ratio or 0.0) for part in parts)
    coverage = min((part.coverage for part in parts), default=0.0)
    served = seconds * coverage if any(part.total > 0 for part in parts) else 0.0
    return Tally((1 - good) * served, served, seconds * coverage, seconds)


# --------------------------------------------------------------------------- numbers


def _clean(number: float) -> float:
    """Without the last digits, which sums in another order would change."""
    return float(f"{number:.{_EXACT}g}")


def _percent(ratio: float) -> Decimal:
    """A recorded objective as its spec wrote it: 0.999 is 99.9."""
    return (Decimal(repr(ratio)) * 100).normalize()
