"""Periods say exactly what `holds` says, minute by minute."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from generator.ir.routing import TimeInterval, TimeSpan
from generator.verify.notify import holds
from generator.verify.notify.periods import active, horizon, union, without
from tests.verify.clocks import random_cases


def ms(moment: datetime) -> int:
    return round(moment.timestamp() * 1000)


@pytest.mark.parametrize("number", range(60))
def test_a_random_interval_is_active_when_it_holds(number: int) -> None:
    case = random_cases(11, 60)[number]
    start, end = case.at - timedelta(days=20), case.at + timedelta(days=20)
    found = active(case.interval.spans, (ms(start), ms(end)))
    at = start
    while at < end:
        inside = any(first <= ms(at) < last for first, last in found)
        assert inside == holds(case.interval, at), at
        at += timedelta(minutes=31)
    for edge in {moment for period in found for moment in period}:
        for near in (edge - 60_000, edge):
            at = datetime.fromtimestamp(near / 1000, UTC)
            if start <= at < end:
                inside = any(first <= near < last for first, last in found)
                assert inside == holds(case.interval, at), at


@pytest.mark.parametrize("month", [3, 10])
def test_where_clocks_change_windows_keep_to_the_wall(month: int) -> None:
    for times in (("02:00", "02:30"), ("02:30", "03:30"), ("01:30", "09:00"), ("00:00", "24:00")):
        interval = TimeInterval("x", (TimeSpan(times=(times,), location="Europe/Paris"),))
        start = datetime(2026, month, 20, tzinfo=UTC)
        end = start + timedelta(days=14)
        found = active(interval.spans, (ms(start), ms(end)))
        at = start
        while at < end:
            inside = any(first <= ms(at) < last for first, last in found)
            assert inside == holds(interval, at), at
            at += timedelta(minutes=1)


def test_union_and_difference() -> None:
    assert union([(1, 3), (8, 9)], [(2, 5), (5, 6)]) == [(1, 6), (8, 9)]
    assert without([(0, 10), (20, 30)], [(2, 3), (5, 22), (29, 40)]) == [(0, 2), (3, 5), (22, 29)]
    assert without([(0, 10)], []) == [(0, 10)]


def test_the_horizon_is_that_of_the_dates() -> None:
    dated = TimeSpan(years=("2026",), months=("11",), days_of_month=("2:8",))
    weekly = TimeSpan(weekdays=("monday",))
    first, last = horizon([TimeInterval("x", (dated, weekly))])
    assert datetime.fromtimestamp(first / 1000, UTC) == datetime(2026, 10, 25, tzinfo=UTC)
    assert datetime.fromtimestamp(last / 1000, UTC) == datetime(2026, 11, 17, tzinfo=UTC)
    first, last = horizon([TimeInterval("x", (weekly,))])
    assert last - first == 365 * 86_400_000
