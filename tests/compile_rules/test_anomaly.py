"""Anomalies on the real promtool: the odd is told, the usual is not, a total stop never missed."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from generator.compile.signals import compile_alert
from generator.spec.model import Alert, Anomaly
from generator.tools import Tool
from generator.values import Duration
from tests.builders import alert, platform, tenant, text
from tests.compile_rules.playing import (
    Case,
    Values,
    as_test,
    compiled,
    counter,
    noise,
    parts,
    promtool_agrees,
    with_gaps,
)

DAY = Duration.of(days=1)
STEP = "4m"
"""Below five minutes: an alert sees its own state of the evaluation before."""
COARSE = "15m"
LOAD = 'load{tenant="acme"}'
Shape = Callable[[float], float]


def anomaly(method: str, name: str = "Odd", expr: str = "load", **changes: Any) -> Alert:
    signal = Anomaly(
        expr=text(expr),
        method=method,
        season=DAY,
        sensitivity=Decimal(3),
        direction="both",
        minimum=Decimal("0.001"),
        cessation=None,
    )
    own = {key: changes.pop(key) for key in ("service", "for_") if key in changes}
    basis = alert(name, signal=replace(signal, **changes), severity="info", for_=Duration(0))
    return replace(basis, **own)


def steady(hours: float) -> float:
    return 100 + 5 * noise(hours)


def daily(hours: float) -> float:
    """High by day, low by night."""
    return 100 + 40 * math.sin(hours / 24 * 2 * math.pi) + 4 * noise(hours)


def values(*pieces: Any, step: str = STEP) -> Values:
    return parts(step, *pieces)


def cases(usual: Shape) -> list[Case]:
    """What every method should do with a series that is as `usual` for thirty hours."""

    def then(*pieces: Any) -> Mapping[str, Values]:
        return {LOAD: values(("30h", usual), *pieces, step=COARSE)}

    calm = values(("40h", usual), step=COARSE)
    shifted = values(("30h", usual), ("3h", lambda h: usual(h) + 250), step=COARSE)
    small = values(("30h", lambda h: 100 + noise(h) / 100), ("6h", 103.0), step=COARSE)
    return [
        Case("as usual", {LOAD: calm}, never="39h"),
        Case(
            "a lasting shift is told for more than an hour",
            {LOAD: shifted},
            {"30h": 0, "30h30m": 1, "31h": 1, "31h30m": 1},
        ),
        Case("a stop at zero", then(("1h", 0.0), ("4h", usual)), {"30h": 0, "30h30m": 1, "33h": 0}),
        Case(
            "a stop at which the series disappears",
            then(("6h", None), ("4h", usual)),
            {"30h": 0, "30h30m": 1, "33h": 1, "35h45m": 1, "36h30m": 0},
        ),
        Case(
            "missing scrapes",
            {LOAD: with_gaps(COARSE, calm, *((f"{hour}h", "15m") for hour in range(20, 40)))},
            never="39h",
        ),
        Case(
            "most of an hour without data yesterday does not blind it",
            {LOAD: with_gaps(COARSE, shifted, ("5h45m", "45m"))},
            {"30h30m": 1, "31h": 1},
        ),
        Case("one odd sample", then(("15m", 900.0), ("4h", usual)), never="34h"),
        Case("flat", {LOAD: values(("40h", 100.0), step=COARSE)}, never="39h"),
        Case("flat at zero", {LOAD: values(("40h", 0.0), step=COARSE)}, never="39h"),
        Case(
            "flat with a tiny step",
            {LOAD: values(("30h", 100.0), ("6h", 100.5), step=COARSE)},
            never="35h",
        ),
        Case("nearly flat with a small step", {LOAD: small}, never="35h"),
        Case(
            "a young series that grows",
            {LOAD: values(("3h", usual), ("20h", lambda h: usual(h) + 30 * h), step=COARSE)},
            never="22h",
        ),
    ]


USUAL: Mapping[str, Shape] = {"adaptive": steady, "robust": steady, "seasonal": daily}


@pytest.mark.tools
def test_every_method(tools: Mapping[str, Tool], tmp_path: Path) -> None:
    tests = [
        as_test("Odd", compiled(anomaly(method)), COARSE, cases(usual), method)
        for method, usual in USUAL.items()
    ]
    promtool_agrees(tools["promtool"], tmp_path, *tests)


@pytest.mark.tools
def test_a_stop_is_told_for_as_long_as_it_lasts(tools: Mapping[str, Tool], tmp_path: Path) -> None:
    """Up to a day: then nothing ran at this time yesterday either."""
    hours = {f"{hour}h": 1 for hour in range(31, 36)}
    played = [
        Case(
            "six hours",
            {LOAD: values(("30h", daily), ("6h", 0.0), ("2h", daily))},
            {"30h": 0, "30h12m": 1, **hours, "36h12m": 0, "37h": 0},
        ),
        Case(
            "without end",
            {LOAD: values(("30h", daily), ("26h", 0.0))},
            {"53h": 1, "55h": 0},
        ),
    ]
    stopped = compiled(anomaly("seasonal"))
    promtool_agrees(tools["promtool"], tmp_path, as_test("Odd", stopped, STEP, played))


# --------------------------------------------------------------------------- rates and ratios

RATE = "sum(rate(requests_total[1h]))"
ONE = 'requests_total{tenant="acme",instance="1"}'
TWO = 'requests_total{tenant="acme",instance="2"}'
FAILED = 'failed_total{tenant="acme"}'


def restarted(rates: Values) -> Values:
    """A counter that begins anew every seven hours."""
    every, whole = 7 * 15, counter(STEP, rates)
    return [
        None if value is None else value - (whole[i // every * every] or 0.0)
        for i, value in enumerate(whole)
    ]


RATES = [
    Case("restarts", {ONE: restarted(values(("36h", steady)))}, never="35h"),
    Case(
        "restarts of one of two, missing scrapes of the other",
        {
            ONE: restarted(values(("36h", steady))),
            TWO: with_gaps(STEP, counter(STEP, values(("36h", steady))), ("30h", "8m")),
        },
        never="35h",
    ),
    Case(
        "no request any more",
        {ONE: counter(STEP, values(("30h", steady), ("3h", 0.0)))},
        {"30h": 0, "31h": 1, "32h": 1},
    ),
    Case(
        "three times the requests after a restart",
        {ONE: restarted(values(("31h", steady), ("2h", 300.0)))},
        {"31h": 0, "31h40m": 1, "32h": 1},
    ),
]
RATIO = "sum(rate(failed_total[1h])) / sum(rate(requests_total[1h]))"


def failing(*pieces: Any) -> Mapping[str, Values]:
    """A share of failures, and two hours without any request: 0/0 is no number."""
    requests = values(("26h", 100.0), ("2h", 0.0), ("6h", 100.0))
    shares = values(("26h", _share), ("2h", 0.0), *pieces)
    failed = [(share or 0.0) * (rate or 0.0) for share, rate in zip(shares, requests, strict=True)]
    return {ONE: counter(STEP, requests), FAILED: counter(STEP, failed)}


def _share(hours: float) -> float:
    return max(0.0, 0.05 + noise(hours) / 100)


RATIOS = [
    Case("no number for a while", failing(("6h", _share)), {"30h": 0, "32h": 0, "33h": 0}),
    Case(
        "failures after a while of no number",
        failing(("4h", _share), ("2h", 0.5)),
        {"32h": 0, "32h40m": 1, "33h": 1},
    ),
]


@pytest.mark.tools
def test_rates_and_ratios(tools: Mapping[str, Tool], tmp_path: Path) -> None:
    rate = compiled(anomaly("adaptive", "Rate", RATE))
    ratio = compiled(anomaly("adaptive", "Ratio", RATIO))
    promtool_agrees(
        tools["promtool"],
        tmp_path,
        as_test("Rate", rate, STEP, RATES),
        as_test("Ratio", ratio, STEP, RATIOS),
    )


# --------------------------------------------------------------------------- directions, series

BY_ROUTE = {f'load{{tenant="acme",service="api",route="{r}"}}': r for r in ("a", "b")}


def _directed() -> list[tuple[Alert, list[Case]]]:
    rise = {LOAD: values(("30h", steady), ("2h", 300.0), step=COARSE)}
    stop = {LOAD: values(("30h", steady), ("2h", 0.0), step=COARSE)}
    nights = {LOAD: values(("52h", lambda h: steady(h) if h % 24 > 8 else 0.0), step=COARSE)}
    return [
        (
            anomaly("adaptive", "Above", direction="above"),
            [Case("rise", rise, {"31h": 1}), Case("stop", stop, never="31h")],
        ),
        (
            anomaly("adaptive", "AboveOrStopped", direction="above", cessation=Decimal(1)),
            [Case("rise", rise, {"31h": 1}), Case("stop", stop, {"30h": 0, "30h30m": 1})],
        ),
        (
            anomaly("adaptive", "Below", direction="below"),
            [Case("rise", rise, never="31h"), Case("stop", stop, {"31h": 1})],
        ),
        (
            anomaly(
                "seasonal",
                "Patient",
                sensitivity=Decimal(100),
                for_=Duration.of(hours=2),
                cessation=Decimal(1),
            ),
            [
                Case(
                    "a wait longer than the hour",
                    {LOAD: values(("30h", daily), ("3h", 0.0), step=COARSE)},
                    {"31h45m": 0, "32h30m": 1},
                )
            ],
        ),
        (
            anomaly("adaptive", "Modest"),
            [
                Case(
                    "the band does not follow a small shift within the hour",
                    {LOAD: values(("30h", steady), ("3h", 122.0), step=COARSE)},
                    {"30h": 0, "30h30m": 1, "31h": 1, "31h45m": 1},
                )
            ],
        ),
        (
            anomaly("seasonal", "Nights"),
            [Case("zero every night", nights, never="51h")],
        ),
        (
            anomaly("adaptive", "Exact", margin=Decimal(0), minimum=Decimal("0.1")),
            [
                Case(
                    "five per cent are odd without a margin",
                    {
                        LOAD: values(
                            ("30h", lambda h: 100 + noise(h) / 2), ("2h", 105.0), step=COARSE
                        )
                    },
                    {"31h": 1},
                ),
                Case(
                    "flat with a tiny step",
                    {LOAD: values(("30h", 100.0), ("6h", 100.05), step=COARSE)},
                    never="35h",
                ),
            ],
        ),
    ]


@pytest.mark.tools
def test_directions_and_levels(tools: Mapping[str, Tool], tmp_path: Path) -> None:
    tests = [as_test(a.name, compiled(a), COARSE, played) for a, played in _directed()]
    promtool_agrees(tools["promtool"], tmp_path, *tests)


@pytest.mark.tools
@pytest.mark.parametrize("service", ["api", None])
def test_one_route_of_two(tools: Mapping[str, Tool], tmp_path: Path, service: str | None) -> None:
    """Also for an alert of no service, whose series carry one of their own."""
    shape = {
        "a": values(("30h", steady), ("2h", 0.0), step=COARSE),
        "b": values(("32h", steady), step=COARSE),
    }
    case = Case(
        "one route stops",
        {name: shape[route] for name, route in BY_ROUTE.items()},
        {"31h": 1},
        told=[("31h", 'count(ALERTS{alertname="Odd",alertstate="firing",route="a"})', 1.0)],
    )
    groups = compiled(anomaly("adaptive", service=service))
    promtool_agrees(tools["promtool"], tmp_path, as_test("Odd", groups, COARSE, [case]))


# --------------------------------------------------------------------------- weeks

WEEK = "1h"


def weekly(hours: float) -> float:
    """Busy from Monday to Friday, quiet at the weekend, by day more than by night."""
    day = hours // 24 % 7
    return (30 if day > 4 else 100) * (1 + 0.4 * math.sin(hours / 24 * 2 * math.pi)) + noise(hours)


def weeks(*pieces: Any) -> Mapping[str, Values]:
    return {LOAD: values(*pieces, step=WEEK)}


WEEKS = [
    Case("four weeks as usual", weeks(("28d", weekly)), never="27d"),
    Case(
        "a weekend as busy as a working day, in the second week",
        weeks(("12d12h", weekly), ("12h", 140.0)),
        {"12d12h": 0, "12d14h": 1, "12d20h": 1},
    ),
    Case("the first week is not told", weeks(("3d", weekly), ("3d", 400.0)), never="5d23h"),
    Case(
        "an outage is not expected again",
        weeks(("22d", weekly), ("12h", 5.0), ("8d", weekly)),
        {"22d6h": 1, "29d6h": 0, "29d11h": 0},
    ),
    Case(
        "nor is a surge",
        weeks(("22d", weekly), ("12h", 300.0), ("8d", weekly)),
        {"22d6h": 1, "29d6h": 0, "29d11h": 0},
    ),
    Case(
        "growth is followed",
        weeks(("28d", lambda h: weekly(h) * (1 + h / 24 / 28))),
        never="27d",
    ),
    Case(
        "a lasting shift is told for hours, not for ever",
        weeks(("15d6h", weekly), ("12d", lambda h: weekly(h) + 200)),
        {"15d6h": 0, "15d7h": 1, "15d12h": 1, "20d": 0},
    ),
]


@pytest.mark.tools
def test_a_season_of_a_week(tools: Mapping[str, Tool], tmp_path: Path) -> None:
    groups = compiled(anomaly("seasonal", season=DAY * 7, sensitivity=Decimal(2)))
    promtool_agrees(tools["promtool"], tmp_path, as_test("Odd", groups, WEEK, WEEKS))


# --------------------------------------------------------------------------- what is said


@pytest.mark.parametrize(
    ("method", "span"), [("adaptive", "1d"), ("robust", "1d"), ("seasonal", "7d")]
)
def test_the_warm_up_is_stated(method: str, span: str) -> None:
    rule = compile_alert(anomaly(method, season=DAY * 7), tenant(), platform()).alerts[0].rule
    assert f"no band before there is data of {span}." in rule.annotations["description"]
    assert rule.for_ == Duration.of(minutes=5)
