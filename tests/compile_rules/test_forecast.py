"""Forecasts on the real promtool: what runs full is told in time, what looks alike is not."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from generator.compile.signals import compile_alert
from generator.findings import has_errors
from generator.spec.model import Alert, Forecast, Metric
from generator.tools import Tool
from generator.values import Duration
from tests.builders import PLACE, alert, platform, tenant, text
from tests.compile_rules.playing import (
    Case,
    Values,
    as_test,
    compiled,
    noise,
    parts,
    promtool_agrees,
    with_gaps,
)

STEP = "5m"
FREE = 'disk_free{tenant="acme",disk="a"}'
OTHER = 'disk_free{tenant="acme",disk="b"}'


def forecast(name: str = "DiskFull", expr: str = "disk_free", **changes: Any) -> Alert:
    hours = Duration.of(hours=4), Duration.of(hours=6)
    signal = replace(Forecast(text(expr), "<", Decimal(0), *hours), **changes)
    return alert(name, signal=signal, for_=Duration.of(minutes=30))


def full(hours: float) -> float:
    """100, and from the tenth hour on ten an hour less, with noise: empty at the twentieth."""
    return 100 - 10 * max(0.0, hours - 10) + noise(hours) / 2


def values(*pieces: Any) -> Values:
    return parts(STEP, *pieces)


CASES = [
    Case(
        "what runs full is told three hours before, and while it is full",
        {FREE: values(("20h", full), ("4h", 0.0))},
        {"15h": 0, "17h30m": 1, "19h": 1, "20h": 1, "23h": 1},
    ),
    Case(
        "missing scrapes, half a history ago as well, do not end it",
        {FREE: with_gaps(STEP, values(("20h", full)), ("15h", "40m"), ("13h", "1h"))},
        {"17h30m": 1, "18h": 1, "18h20m": 1, "19h": 1},
    ),
    Case(
        "one disk of two",
        {FREE: values(("20h", full)), OTHER: values(("20h", 100.0))},
        told=[("19h", 'count(ALERTS{alertname="DiskFull",disk="a"})', 1.0)],
        fires={"19h": 1},
    ),
    Case(
        "after a clean-up it is over at once",
        {FREE: values(("18h", full), ("6h", 90.0))},
        {"17h55m": 1, "18h30m": 0, "19h": 0, "21h": 0},
    ),
    Case("noise", {FREE: values(("36h", lambda h: 50 + 8 * noise(h)))}, never="35h"),
    Case("flat", {FREE: values(("24h", 50.0))}, never="23h"),
    Case("flat with one tiny step", {FREE: values(("12h", 50.0), ("12h", 49.9))}, never="23h"),
    Case("one big step", {FREE: values(("12h", 100.0), ("24h", 25.0))}, never="35h"),
    Case(
        "a reset of what rises, again and again",
        {FREE: values(("36h", lambda h: 40 + 15 * (h % 4)))},
        never="35h",
    ),
    Case("what is gone", {FREE: values(("17h", full), ("6h", None))}, {"17h30m": 0, "22h": 0}),
    Case("what stops while it is well", {FREE: values(("12h", 50.0), ("6h", None))}, never="17h"),
    Case("gaps alone", {FREE: with_gaps(STEP, values(("24h", 50.0)), ("9h", "2h"))}, never="23h"),
    Case("two samples make no line", {FREE: values(("5m", 100.0), ("2h", 5.0))}, never="2h"),
]
HEAP = 'heap_used{tenant="acme"}'
LEAKS = [
    Case("what always stood there", {HEAP: values(("24h", lambda h: 120 + noise(h)))}, never="23h"),
    Case(
        "a leak is told",
        {HEAP: values(("10h", 20.0), ("8h", lambda h: 20 + 10 * (h - 10)))},
        {"13h": 0, "17h": 1},
    ),
    Case(
        "restarts of what leaks slowly",
        {HEAP: values(("48h", lambda h: 20 + 4 * (h % 12)))},
        never="47h",
    ),
]
SIZE = 'disk_size{tenant="acme",disk="a"}'
GUARDED = [
    Case(
        "only from 15 % of the capacity on",
        {FREE: values(("20h", full)), SIZE: values(("20h", 100.0))},
        {"18h": 0, "19h30m": 1},
    ),
    Case("without a capacity", {FREE: values(("20h", full))}, never="19h"),
]


@pytest.mark.tools
def test_forecasts(tools: Mapping[str, Tool], tmp_path: Path) -> None:
    leak = forecast("Leak", "heap_used", op=">", level=Decimal(100))
    sum_ = forecast("Sum", "sum by (disk) (disk_free)")
    later = forecast("Later", "disk_free offset 5m")
    guarded = forecast("Guarded", guard=Decimal("0.15"), capacity=text("disk_size"))
    promtool_agrees(
        tools["promtool"],
        tmp_path,
        as_test("DiskFull", compiled(forecast()), STEP, CASES),
        as_test("Leak", compiled(leak), STEP, LEAKS),
        as_test("Sum", compiled(sum_), STEP, CASES[:2]),
        as_test("Later", compiled(later), STEP, CASES[:2]),
        as_test("Guarded", compiled(guarded), STEP, GUARDED),
    )


@pytest.mark.parametrize(
    "expr", ["rate(x_total[5m])", "sum(increase(x_total[1h]))", "x_total", "sum by (a) (x_total)"]
)
def test_rates_and_counters_are_refused(expr: str) -> None:
    metrics = {"x_total": Metric("x_total", "counter", frozenset({"a"}), "", (), PLACE)}
    found = compile_alert(forecast(expr=expr), tenant(metrics=metrics), platform()).findings
    assert [f.code for f in found if has_errors((f,))] == ["forecast-gauge"]


def test_a_forecast_waits_ten_minutes_where_nothing_is_said() -> None:
    made = compile_alert(replace(forecast(), for_=Duration(0)), tenant(), platform()).alerts[0]
    assert made.rule.for_ == Duration.of(minutes=10)
