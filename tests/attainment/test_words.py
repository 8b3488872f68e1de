"""Numbers as people read them: never better than they are."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from generator.attainment.arithmetic import attained
from generator.attainment.periods import Wanted, period_of
from generator.findings import Place
from generator.ir.attainment import SloAttainment, State, Tally
from generator.render import report_words as words

NOW = datetime(2026, 11, 25, tzinfo=UTC)


@pytest.mark.parametrize(
    ("ratio", "objective", "expected"),
    [
        (0.9995, "99.9", "99.95 %"),
        (0.99899999, "99.9", "99.89 %"),
        (0.9989999, "99.9", "99.89 %"),
        (0.999, "99.9", "99.90 %"),
        (0.99999999, "99.9", "99.99 %"),
        (1.0, "99.9", "100 %"),
        (0.99994, "99.99", "99.994 %"),
        (0.0, "99", "0.00 %"),
    ],
)
def test_attained(ratio: float, objective: str, expected: str) -> None:
    promised = Decimal(objective)
    found = attained(Tally(1 - ratio, 1.0, 1, 1), float((100 - promised) / 100), True)
    assert words.percent_of(found, promised) == expected


@given(errors=st.floats(0, 1), digits=st.integers(0, 4))
def test_a_missed_objective_never_looks_met(errors: float, digits: int) -> None:
    objective = 100 - Decimal(1).scaleb(-digits)
    found = attained(Tally(errors, 1.0, 1, 1), float((100 - objective) / 100), True)
    shown = Decimal(words.percent_of(found, objective).removesuffix(" %"))
    assert (shown >= objective) == (found.state is State.MET)


@pytest.mark.parametrize(
    ("ratio", "expected"),
    [
        (0.0, "0 %"),
        (0.00001, "< 0.01 %"),
        (0.0042, "0.42 %"),
        (0.342, "34.2 %"),
        (0.99999, "99.9 %"),
        (1.0, "100 %"),
        (1.0001, "100.1 %"),
        (12.3456, "1,235 %"),
    ],
)
def test_share(ratio: float, expected: str) -> None:
    assert words.share(ratio) == expected


@pytest.mark.parametrize(
    ("seconds", "expected"),
    [
        (0, "0 min"),
        (40, "40 s"),
        (720, "12 min"),
        (3600, "1 h"),
        (3900, "1 h 5 min"),
        (183_600, "2 d 3 h"),
        (172_800, "2 d"),
    ],
)
def test_duration(seconds: int, expected: str) -> None:
    assert words.duration(timedelta(seconds=seconds)) == expected


def test_counts() -> None:
    assert [words.count(v) for v in (0, 0.2, 1, 1234.4)] == ["0", "< 1", "1", "1,234"]


def test_an_hour_that_comes_twice_is_told_with_its_offset() -> None:
    period = period_of(Wanted("2026-10-25", NOW), "Europe/Paris")
    told = [words.clock(period, datetime(2026, 10, 25, hour, 30, tzinfo=UTC)) for hour in range(3)]
    assert told == ["Sun 25 Oct 02:30 +02:00", "Sun 25 Oct 02:30 +01:00", "Sun 25 Oct 03:30"]


@pytest.mark.parametrize(
    ("part", "expected"),
    [
        (1.0, "100 %"),
        (0.99999, "99.99 %"),
        (0.9997, "99.97 %"),
        (0.99949, "99.9 %"),
        (0.9599, "95.9 %"),
        (0.0, "0 %"),
    ],
)
def test_coverage(part: float, expected: str) -> None:
    """`100 %` only where nothing is missing; two decimals where one would hide a gap."""
    assert words.coverage(Tally(0.0, 1.0, part, 1.0)) == expected


@pytest.mark.parametrize(
    ("now", "then", "expected"),
    [(0.5, 0.5, "±0"), (0.50001, 0.5, "±0"), (0.9, 0.5, "+40.00"), (0.5, 0.9, "−40.00")],
)
def test_change(now: float, then: float, expected: str) -> None:
    whole, before = (attained(Tally(1 - ratio, 1.0, 1, 1), 0.01, True) for ratio in (now, then))
    told = SloAttainment(
        "a", "api", "", "events", Decimal(99), "30d", False,
        whole, (), before, (), (), (), Place("acme.yaml", 1, 1),
    )  # fmt: skip
    assert words.change_of(told) == expected
