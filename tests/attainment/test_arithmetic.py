"""What tables come to, by hand: every kind of SLI, gaps, groups, maintenance, no number at all."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

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
from generator.attainment.promises import Promise, excluded_within
from generator.attainment.recorded import Tables, hours_of
from generator.ir.attainment import Exclusion, Span, State, Tally, summed
from generator.spec.model import ConditionSli, RatioSli, Sli
from tests.builders import slo, text

START = datetime(2026, 10, 1, tzinfo=UTC)
SPANS = hours_of(Span(START, START + timedelta(hours=3)))
INTERVAL = 30.0
FULL = 120.0
"""Evaluations of an hour."""
Row = Sequence[float | None]


def table(rows: Mapping[str, Row]) -> dict[tuple[tuple[str, str], ...], dict[int, float]]:
    return {
        (("method", group), ("slo", "availability")): {
            index: value for index, value in enumerate(row) if value is not None
        }
        for group, row in rows.items()
    }


def of(
    errors: Mapping[str, Row],
    totals: Mapping[str, Row],
    counts: Mapping[str, Row],
    sli: Sli | None = None,
    excluded: Sequence[Exclusion] = (),
) -> Measured:
    one = slo(group_by=("method",))
    promise = Promise(one if sli is None else replace(one, sli=sli), ())
    if promise.unweighted:
        tables = Tables(ratios=table(errors), ratio_evaluations=table(counts))
    else:
        tables = Tables(table(errors), table(totals), table(counts))
    return measured(promise, Surroundings(SPANS, tables, INTERVAL, "slo"), excluded)


def test_quiet_hours_weigh_what_they_weigh() -> None:
    """23 busy hours and one quiet that fails: not the mean of ratios."""
    found = of(
        {"GET": (0.0, 0.0, 12.0)}, {"GET": (1200.0, 1200.0, 12.0)}, {"GET": (FULL, FULL, FULL)}
    )
    whole = attained(summed(found.whole), 0.001, found.traced)
    assert whole.attained == pytest.approx(1 - 12 / 2412)
    assert whole.spent == pytest.approx(12 / 2412 / 0.001)
    assert whole.state is State.MISSED
    assert summed(found.whole).total == 2412 * INTERVAL
    assert whole.coverage == 1


def test_groups_are_summed_and_kept_apart() -> None:
    found = of(
        {"GET": (1.0, 1.0, 1.0), "POST": (0.0, 9.0, None)},
        {"GET": (100.0, 100.0, 100.0), "POST": (10.0, 10.0, None)},
        {"GET": (FULL, FULL, FULL), "POST": (FULL, FULL / 2, None)},
    )
    assert summed(found.whole).errors == 12 * INTERVAL
    assert summed(found.whole).total == 320 * INTERVAL
    post, get = groups_attained(found, 0.1)
    assert post.labels == (("method", "POST"),)
    assert (post.attained.attained, post.attained.state) == (pytest.approx(0.55), State.MISSED)
    assert post.attained.coverage == pytest.approx(0.5)
    assert (get.attained.attained, get.attained.coverage) == (pytest.approx(0.99), 1)


def test_gaps_are_in_no_figure_but_in_the_coverage() -> None:
    found = of(
        {"GET": (1.0, None, 0.5)}, {"GET": (100.0, None, 50.0)}, {"GET": (FULL, None, FULL / 2)}
    )
    whole = attained(summed(found.whole), 0.02, True)
    assert whole.attained == pytest.approx(0.99)
    assert whole.coverage == pytest.approx(0.5)


@pytest.mark.parametrize("errors", [None, math.nan, math.inf])
def test_a_total_without_a_number_of_errors_is_not_measured(errors: float | None) -> None:
    found = of(
        {"GET": (1.0, errors, 1.0)},
        {"GET": (100.0, 100.0, 100.0)},
        {"GET": (FULL, FULL, FULL)},
    )
    whole = attained(summed(found.whole), 0.1, True)
    assert whole.attained == pytest.approx(0.99)
    assert whole.coverage == pytest.approx(2 / 3)


def test_nothing_is_not_all() -> None:
    none = of({}, {}, {})
    assert attained(summed(none.whole), 0.1, none.traced).state is State.NO_DATA
    gone = of({"GET": (None,) * 3}, {"GET": (None,) * 3}, {"GET": (None,) * 3})
    whole = attained(summed(gone.whole), 0.1, gone.traced)
    assert (whole.state, whole.attained, whole.spent) == (State.NO_DATA, None, None)
    idle = of({"GET": (0.0,) * 3}, {"GET": (0.0,) * 3}, {"GET": (FULL,) * 3})
    whole = attained(summed(idle.whole), 0.1, idle.traced)
    assert (whole.state, whole.attained, whole.coverage) == (State.NO_TRAFFIC, None, 1)


def test_ratios_are_averaged_over_what_there_is() -> None:
    ratio = RatioSli(text("bad[$window]"))
    found = of({"GET": (6.0, None, 0.0)}, {}, {"GET": (FULL, None, FULL / 2)}, ratio)
    whole = attained(summed(found.whole), 0.05, True)
    assert whole.attained == pytest.approx(1 - 6 / 180)
    assert whole.coverage == pytest.approx(0.5)


def test_more_samples_in_one_hour_hide_no_gap_in_another() -> None:
    condition = ConditionSli(text("x"))
    found = of(
        {"": (0.0, 0.0, 0.0)}, {"": (240.0, 0.0, 120.0)}, {"": (240.0, 0.0, 120.0)}, condition
    )
    assert summed(found.whole).coverage == pytest.approx(2 / 3)


def test_an_interval_that_does_not_divide_the_hour_leaves_no_gap() -> None:
    around = Surroundings(
        SPANS,
        Tables(
            table({"GET": (0.0,) * 3}),
            table({"GET": (1.0,) * 3}),
            table({"GET": (514.0, 515.0, 513.0)}),
        ),
        7.0,
        "slo",
    )
    found = measured(Promise(slo(), ()), around, ())
    assert [tally.coverage for tally in found.whole] == [1, 1, pytest.approx(513 * 7 / 3600)]


def test_maintenance_is_not_expected_and_counts_once() -> None:
    minutes = [START + timedelta(minutes=m) for m in (30, 90, 120)]
    excluded = [
        Exclusion("a", Span(minutes[0], minutes[1])),
        Exclusion("b", Span(minutes[0], minutes[2])),
    ]
    assert excluded_within(excluded, Span(START, minutes[2])) == timedelta(minutes=90)
    found = of(
        {"GET": (0.0, None, 0.0)},
        {"GET": (1.0, None, 1.0)},
        {"GET": (FULL / 2, None, FULL)},
        excluded=excluded,
    )
    assert [tally.expected for tally in found.whole] == [1800, 0, 3600]
    assert attained(summed(found.whole), 0.1, True).coverage == 1


def test_a_journey_is_the_product_of_its_parts() -> None:
    day = Tally(1.0, 100.0, 3600, 3600), Tally(1.0, 10.0, 1800, 3600), Tally(0.0, 0.0, 3600, 3600)
    parts = [Measured(SPANS[:1], (tally,), {}, True) for tally in day]
    (tally,) = journey(parts, SPANS[:1]).whole
    assert tally.error_ratio == pytest.approx(1 - 0.99 * 0.9)
    assert tally.coverage == pytest.approx(0.5)
    assert journey_over(day, 3600) == tally
    idle = journey_over(day[2:], 3600)
    assert attained(idle, 0.1, True).state is State.NO_TRAFFIC


def test_hours_share_the_whole_of_what_was_spent() -> None:
    found = of(
        {"GET": (3.0, 0.0, 1.0)}, {"GET": (100.0, 100.0, 100.0)}, {"GET": (FULL, FULL, FULL)}
    )
    whole = attained(summed(found.whole), 0.02, True)
    told = hours(found, whole)
    assert [hour.spent for hour in told] == [pytest.approx(0.5), 0, pytest.approx(1 / 6)]
    assert [hour.span for hour in told] == list(SPANS)


def test_a_changed_objective_is_told_where_it_changed() -> None:
    label = ("slo", "availability")
    recorded = {(label, ("service", "api")): {0: 0.995, 2: 0.999}, (("slo", "other"),): {0: 0.1}}
    (change,) = changes(recorded, label, SPANS)
    assert (change.before, change.after) == (Decimal("99.5"), Decimal("99.9"))
    assert change.at == SPANS[2].start
    assert changes({(label,): {0: 0.999, 1: 0.999}}, label, SPANS) == ()


Numbers = st.lists(
    st.tuples(st.floats(0, 1), st.floats(0, 1e6), st.integers(0, 120)), min_size=3, max_size=3
)


@given(Numbers)
@example([(0.0, 0.0, 0), (0.0, 0.0, 0), (1.0, 2.225073858507203e-309, 1)])
def test_what_hours_come_to_is_what_the_whole_is(rows: list[tuple[float, float, int]]) -> None:
    totals = [total for _, total, _ in rows]
    errors = [part * total for part, total, _ in rows]
    found = of({"": errors}, {"": totals}, {"": [float(count) for *_, count in rows]})
    whole = attained(summed(found.whole), 0.01, found.traced)
    assert 0 <= whole.coverage <= 1
    if whole.attained is not None:
        assert 0 <= whole.attained <= 1
        assert (whole.state is State.MET) == (whole.spent is not None and whole.spent <= 1)
        spent = math.fsum(hour.spent for hour in hours(found, whole))
        assert spent == pytest.approx(whole.spent, rel=1e-9)


def test_a_budget_spent_to_the_last_event_is_a_kept_promise() -> None:
    exact = attained(Tally(1.0, 1000.0, 60.0, 60.0), 0.001, True)
    assert (exact.spent, exact.state) == (1.0, State.MET)
    beyond = attained(Tally(1.001, 1000.0, 60.0, 60.0), 0.001, True)
    assert beyond.state is State.MISSED


def test_groups_measured_at_the_same_time_measure_it_once() -> None:
    """An SLO is measured as long as its best-measured group, not as the sum of them."""
    half, third = (FULL / 2,) * 3, (FULL / 3,) * 3
    errors: Mapping[str, Row] = {"GET": (0.0,) * 3, "POST": (0.0,) * 3}
    totals: Mapping[str, Row] = {"GET": (9.0,) * 3, "POST": (9.0,) * 3}
    found = of(errors, totals, {"GET": half, "POST": third})
    assert summed(found.whole).coverage == pytest.approx(0.5)
