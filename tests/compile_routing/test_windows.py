"""Windows and dated periods, checked minute by minute against the simulator's reading of them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from generator.compile.windows import (
    Period,
    dated_interval,
    outside,
    ranges,
    window_findings,
    window_interval,
)
from generator.verify.notify import holds
from tests.compile_routing.planned import window

START = datetime(2026, 1, 1, tzinfo=UTC)


def test_a_window_keeps_its_zone_and_counts_weeks_from_sunday() -> None:
    made = window_interval("acme", window(weekdays=("friday:sunday",), times=(("20:00", "24:00"),)))
    assert made.name == "acme/window/office"
    (span,) = made.spans
    assert span.weekdays == ("sunday", "friday:saturday")
    assert span.location == "Europe/Paris"
    assert window_interval("acme", window(zone="UTC")).spans[0].location is None


@pytest.mark.parametrize(
    ("parts", "told"),
    [
        ({"days_of_month": ("40",)}, "'40' is no day of the month, and no range of them"),
        ({"days_of_month": ("5:1",)}, "'5:1' is no day of the month, and no range of them"),
        ({"days_of_month": ("-1:1",)}, "'-1:1' is no day of the month, and no range of them"),
        ({"months": ("13",)}, "'13' is no month, and no range of them"),
        ({"months": ("may:april",)}, "'may:april' is no month, and no range of them"),
        ({"years": ("26",)}, "'26' is no year, and no range of them"),
    ],
)
def test_what_alertmanager_would_refuse_is_told(parts: dict[str, object], told: str) -> None:
    found = window_findings(window(zone="UTC", **parts))
    assert [f.message for f in found] == [told]


def test_good_ranges_are_not_told() -> None:
    good = window(zone="UTC", days_of_month=("1:5", "-3:-1", "1:-2"), months=("1:3", "december"))
    assert window_findings(good) == ()


def test_days_of_the_month_where_clocks_change_are_doubtful() -> None:
    (found,) = window_findings(window(days_of_month=("-1",)))
    assert found.code == "window-days"


@pytest.mark.parametrize(
    ("numbers", "written"), [((), ()), ((3,), ("3",)), ((1, 2, 3, 9, 5, 4), ("1:5", "9"))]
)
def test_ranges(numbers: tuple[int, ...], written: tuple[str, ...]) -> None:
    assert ranges(numbers) == written


minutes = st.integers(0, 800 * 24 * 60).map(lambda m: START + timedelta(minutes=m))
periods = st.lists(st.tuples(minutes, minutes).map(lambda p: (min(p), max(p))), max_size=6)


@settings(max_examples=150, deadline=None)
@given(periods, st.lists(minutes, min_size=1, max_size=20))
def test_dated_entries_hold_exactly_in_their_periods(
    found: list[Period], probes: list[datetime]
) -> None:
    inside = dated_interval("in", found)
    without = dated_interval("out", outside(found))
    edges = [edge + timedelta(minutes=d) for period in found for edge in period for d in (-1, 0)]
    for at in [*probes, *edges, START - timedelta(days=4000), START + timedelta(days=9000)]:
        expected = any(start <= at < end for start, end in found)
        assert holds(inside, at) == expected, at
        assert holds(without, at) != expected, at
