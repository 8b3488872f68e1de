"""Numbers and times of SLA reports as people read them. Nothing is rounded to look better.

An attained ratio is rounded down and a missed one never shows as its objective; `100 %` is said
only where nothing failed.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from decimal import ROUND_CEILING, ROUND_FLOOR, ROUND_HALF_EVEN, Decimal

from generator.ir.attainment import (
    Attained,
    Exclusion,
    ObjectiveChange,
    Period,
    ReportedIncident,
    SloAttainment,
    State,
    Tally,
)
from generator.values import plain

_MOST_DIGITS = 8
_NEXT_TO_NOTHING = 0.0001
"""Part of a budget that nobody has to be told of."""
_SURE = 12
"""Decimals of a ratio beyond which a number is noise of its sums."""


def percent_of(attained: Attained, objective: Decimal) -> str:
    """`99.95 %`, rounded down, with as many decimals as tell it from its objective; or a state."""
    if attained.attained is None:
        return attained.state.value
    return f"{_attained(attained, objective)} %"


def _attained(attained: Attained, objective: Decimal) -> str:
    exact = round(Decimal(attained.attained or 0.0) * 100, _SURE - 2)
    for digits in range(max(2, _decimals(objective) + 1), _MOST_DIGITS):
        shown = exact.quantize(Decimal(1).scaleb(-digits), ROUND_FLOOR)
        told = State.MET if shown >= objective else State.MISSED
        if told is attained.state or exact == shown:
            break
    return f"{shown}" if shown != 100 else "100"


def attained_ratio(ratio: float) -> str:
    """`97.31 %` of an hour or a day, rounded down; 100 only where nothing failed."""
    exact = round(Decimal(ratio) * 100, _SURE - 2)
    shown = exact.quantize(Decimal("0.01"), ROUND_FLOOR)
    return f"{_grouped(shown)} %"


def objective_of(slo: SloAttainment) -> str:
    """`99.9 %`."""
    return f"{plain(slo.objective)} %"


def spent_of(attained: Attained) -> str:
    """`34.2 %` of the budget; never `100 %` unless it is that; empty where nothing is known."""
    return "" if attained.spent is None else share(attained.spent)


def share(ratio: float) -> str:
    """A part as a percentage: one decimal, more for small ones, never rounded over 100."""
    exact = Decimal(ratio) * 100
    if 0 < exact < Decimal("0.01"):
        return "< 0.01 %"
    step = Decimal("0.01") if exact < 1 else Decimal("0.1") if exact < 1000 else Decimal(1)
    shown = exact.quantize(step, ROUND_HALF_EVEN)
    if exact < 100 <= shown:
        shown = exact.quantize(step, ROUND_FLOOR)
    elif exact > 100 >= shown and round(exact, _SURE - 2) != 100:
        shown = exact.quantize(step, ROUND_CEILING)
    return f"{_grouped(shown)} %"


def worth_telling(part: float) -> bool:
    """Whether a part of a budget is more than next to nothing."""
    return part >= _NEXT_TO_NOTHING


def coverage_of(attained: Attained) -> str:
    """How much of the period was measured: `100 %` only where every evaluation is there."""
    return coverage(attained.tally)


def coverage(tally: Tally) -> str:
    """The same of any span."""
    exact = round(Decimal(tally.coverage) * 100, _SURE - 2)
    step = Decimal("0.1") if exact < Decimal("99.95") else Decimal("0.01")
    shown = exact.quantize(step, ROUND_FLOOR)
    return f"{_grouped(shown)} %"


def attained_told(attained: Attained, objective: Decimal) -> str:
    """`99.95 %`, and `99.95 % of the 93 % that was measured` where that is not all."""
    told = percent_of(attained, objective)
    if attained.attained is None or attained.coverage >= 1:
        return told
    return f"{told} of the {coverage_of(attained)} that was measured"


def change_of(slo: SloAttainment) -> str:
    """Against the period before, in percentage points: `+0.031`; empty where nothing is known."""
    now, then = slo.whole.attained, slo.before.attained
    if now is None or then is None:
        return ""
    digits = max(2, _decimals(slo.objective) + 1)
    points = round(Decimal(now - then) * 100, digits)
    return "±0" if not points else f"{points:+}".replace("-", "−")


def amount(slo: SloAttainment, value: float, of_time: str, of_events: str) -> str:
    """What the budget is counted in, with a word: `12 min of bad time`, `1,204 failed events`."""
    if slo.timed:
        return f"{duration(timedelta(seconds=value))} {of_time}".strip()
    return " ".join(filter(None, (count(value), of_events, "events")))


def count(value: float) -> str:
    """`1,204`; what is there but less than half of one is `< 1`."""
    return "< 1" if 0 < value < 0.5 else f"{round(value):,}"


def duration(length: timedelta) -> str:
    """The two largest units: `12 min`, `1 h 5 min`, `2 d 3 h`, `40 s`."""
    seconds = round(length.total_seconds())
    if 0 < seconds < 60:
        return f"{seconds} s"
    minutes = round(seconds / 60)
    days, hours, rest = minutes // 1440, minutes // 60 % 24, minutes % 60
    if days:
        return f"{days} d {hours} h" if hours else f"{days} d"
    if hours:
        return f"{hours} h {rest} min" if rest else f"{hours} h"
    return f"{rest} min"


# --------------------------------------------------------------------------- times


def clock(period: Period, moment: datetime) -> str:
    """`Mon 12 Oct 14:05` on the report's wall clock; with its offset where the hour comes twice."""
    local = period.local(moment)
    told = f"{_day(local)} {local:%H:%M}"
    twice = local.replace(fold=0).utcoffset() != local.replace(fold=1).utcoffset()
    return f"{told} {local.isoformat()[-6:]}" if twice else told


def day_of(day: date) -> str:
    """`Mon 12 Oct`."""
    return _day(day)


def span_told(period: Period) -> str:
    """From when until when, to the minute, with the zone."""
    start, end = period.local(period.span.start), period.local(period.span.end)
    return f"{_long(start)} to {_long(end)}, {period.zone}"


def _day(day: date) -> str:
    return f"{day:%a} {day.day} {day:%b}"


def _long(local: datetime) -> str:
    return f"{local.day} {local:%b %Y, %H:%M}"


# --------------------------------------------------------------------------- sentences


def notes(slo: SloAttainment, period: Period) -> tuple[str, ...]:
    """What a reader must know beside an SLO's figures."""
    found = [*_coverage_note(slo)]
    found += [_changed(change, slo, period) for change in slo.changes]
    found += [_left_out(one, period) for one in slo.excluded]
    if slo.kind == "ratio":
        found.append("The mean of recorded ratios: a quiet minute counts as much as a busy one.")
    if slo.parts:
        parts = ", ".join(slo.parts)
        found.append(f"A journey, good while all its parts are: {parts}.")
    if slo.before.state is State.NO_DATA:
        found.append("Nothing was measured in the period before.")
    return tuple(found)


def _coverage_note(slo: SloAttainment) -> list[str]:
    if slo.whole.state is State.NO_DATA:
        return ["Nothing was measured in this period: whether the objective was met is not known."]
    if slo.whole.coverage >= 1:
        return []
    tally = slo.whole.tally
    missing = duration(timedelta(seconds=tally.expected - tally.evaluated))
    why = "a ratio (no traffic, or no evaluation)" if slo.kind == "ratio" else "evaluations"
    return [
        f"Measured for {coverage_of(slo.whole)} of the period: {missing} without {why} are in "
        "none of these figures."
    ]


def _changed(change: ObjectiveChange, slo: SloAttainment, period: Period) -> str:
    return (
        f"The objective was {plain(change.before)} % until {clock(period, change.at)} (to the "
        f"hour) and {plain(change.after)} % from then on; the whole period is judged by "
        f"{objective_of(slo)}."
    )


def _left_out(one: Exclusion, period: Period) -> str:
    start, end = clock(period, one.span.start), clock(period, one.span.end)
    length = duration(one.span.length)
    return f"Planned maintenance {one.name} is left out: {start} to {end}, {length}."


def edges(incident: ReportedIncident) -> str:
    """Which edges of the period an incident was cut at; empty: none."""
    cut = []
    if incident.begun_before:
        cut.append("had begun before the period")
    if incident.goes_on:
        cut.append("went on after it")
    return " and ".join(cut)


def took(incident: ReportedIncident) -> tuple[str, ...]:
    """The budgets that were spent while it fired: `availability 12.1 %`; not what was next to
    nothing.
    """
    return tuple(f"{slo} {share(part)}" for slo, part in incident.took if worth_telling(part))


def labels_told(labels: Sequence[tuple[str, str]]) -> str:
    """`method=GET, route=/`."""
    return ", ".join(f"{name}={value}" for name, value in labels)


def _grouped(number: Decimal) -> str:
    text = f"{number:,f}"
    return (text.rstrip("0").rstrip(".") or "0") if "." in text else text


def _decimals(number: Decimal) -> int:
    exponent = number.normalize().as_tuple().exponent
    return max(0, -exponent) if isinstance(exponent, int) else 0
