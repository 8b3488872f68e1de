"""Thresholds with a clearing level on the real promtool: between the levels nothing changes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from generator.spec.model import Alert, Threshold
from generator.tools import Tool
from generator.values import Duration
from tests.builders import alert, policy, tenant, text
from tests.compile_routing.planned import step
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

STEP = "1m"
A = 'queue_depth{tenant="acme",queue="a"}'
B = 'queue_depth{tenant="acme",queue="b"}'
TOO_MUCH = Threshold(text("queue_depth"), ">", Decimal(1000), Decimal(800))
TOO_LITTLE = Threshold(text("queue_depth"), "<", Decimal(10), Decimal(20))


def threshold(name: str, signal: Threshold = TOO_MUCH, wait: int = 5, **changes: Any) -> Alert:
    return alert(name, signal=signal, for_=Duration.of(minutes=wait), **changes)


def values(*pieces: Any) -> Values:
    return parts(STEP, *pieces)


def between(hours: float) -> float:
    """Anything from above the clearing level to below the other."""
    return 900 + 30 * noise(hours)


def around(hours: float) -> float:
    """Back and forth over the outer level, minute by minute."""
    return 1050 if round(hours * 60) % 2 else 950


FIRING = 'ALERTS{alertname="Waiting",alertstate="firing"}'
HIGH = ("10m", 500.0), ("10m", 1100.0)
WAITING = [
    Case("between the levels it does not begin", {A: values(("2h", between))}, never="119m"),
    Case(
        "back and forth over the outer level does not begin it: it never lasts",
        {A: values(("2h", around))},
        never="119m",
    ),
    Case(
        "it ends at the clearing level only",
        {A: values(*HIGH, ("1h", between), ("20m", 800.0), ("20m", between))},
        {"14m": 0, "15m": 1, "20m": 1, "40m": 1, "79m": 1, "80m": 0, "90m": 0, "110m": 0},
    ),
    Case(
        "once it fires, back and forth changes nothing",
        {A: values(*HIGH, ("1h", around))},
        {"15m": 1, "79m": 1},
        told=[
            ("79m", 'max(changes(ALERTS_FOR_STATE{alertname="Waiting"}[60m]))', 0.0),
            ("79m", f"sum(count_over_time({FIRING}[3810s]))", 64.0),
        ],
    ),
    Case(
        "what is pending and falls between the levels waits anew",
        {A: values(("10m", 500.0), ("3m", 1100.0), ("30m", between), ("8m", 1100.0))},
        {"20m": 0, "42m": 0, "47m": 0, "48m": 1},
    ),
    Case(
        "each queue for itself",
        {A: values(*HIGH, ("1h", between)), B: values(("80m", between))},
        {"30m": 1, "79m": 1},
        told=[("79m", 'count(ALERTS{alertname="Waiting",queue="a"})', 1.0)],
    ),
    Case(
        "a queue that comes later is not held by the other",
        {A: values(*HIGH, ("1h", between)), B: values(("30m", None), ("50m", between))},
        {"31m": 1, "79m": 1},
    ),
    Case(
        "a missing scrape inside the lookback changes nothing",
        {A: with_gaps(STEP, values(*HIGH, ("1h", between)), ("30m", "3m"), ("50m", "2m"))},
        {"31m": 1, "32m": 1, "79m": 1},
    ),
    Case(
        "what is gone ends, and between the levels it does not begin again",
        {A: values(*HIGH, ("10m", between), ("10m", None), ("30m", between))},
        {"29m": 1, "36m": 0, "45m": 0, "69m": 0},
    ),
]
AT_ONCE = [
    Case(
        "without a wait",
        {A: values(("10m", between), ("1m", 1100.0), ("30m", between), ("5m", 700.0))},
        {"9m": 0, "10m": 1, "40m": 1, "41m": 0},
    )
]
KEPT = [
    Case(
        "a series that is gone for as long as it is kept, is still held",
        {A: values(*HIGH, ("10m", between), ("12m", None), ("30m", between))},
        {"29m": 1, "41m": 1, "60m": 1, "71m": 1},
    ),
    Case(
        "past the clearing level it is kept for ten minutes, then ends for good",
        {A: values(*HIGH, ("10m", between), ("20m", 700.0), ("30m", between))},
        {"39m": 1, "41m": 0, "60m": 0, "79m": 0},
    ),
]
BELOW = [
    Case(
        "below",
        {A: values(("10m", 15.0), ("10m", 5.0), ("30m", 15.0), ("10m", 21.0), ("10m", 15.0))},
        {"9m": 0, "15m": 1, "49m": 1, "50m": 0, "69m": 0},
    )
]
SHOP = 'queue_depth{tenant="acme",queue="a",service="shop"}'
ANY_SERVICE = [
    Case("a series' own service", {SHOP: values(*HIGH, ("1h", between))}, {"15m": 1, "79m": 1})
]


@pytest.mark.tools
def test_hysteresis(tools: Mapping[str, Tool], tmp_path: Path) -> None:
    kept = replace(threshold("Kept"), keep_firing_for=Duration.of(minutes=10))
    nowhere = threshold("Anywhere", service=None, labels={"kind": "queue"})
    promtool_agrees(
        tools["promtool"],
        tmp_path,
        as_test("Waiting", compiled(threshold("Waiting")), STEP, WAITING),
        as_test("AtOnce", compiled(threshold("AtOnce", wait=0)), STEP, AT_ONCE),
        as_test("Kept", compiled(kept), STEP, KEPT),
        as_test("Below", compiled(threshold("Below", TOO_LITTLE)), STEP, BELOW),
        as_test("Anywhere", compiled(nowhere), STEP, ANY_SERVICE),
    )


NAMESAKES = [
    Case(
        "one of two services",
        {
            'queue_depth{tenant="acme",of="api"}': values(*HIGH, ("1h", between)),
            'queue_depth{tenant="acme",of="web"}': values(("80m", between)),
        },
        {"15m": 1, "79m": 1},
        told=[
            ("79m", 'count(ALERTS{alertname="Twice",service="api",escalation_level=""})', 1.0),
            ("79m", 'count(ALERTS{alertname="Twice",service="web"})', None),
        ],
    )
]


@pytest.mark.tools
def test_a_namesake_of_another_service_holds_nothing(
    tools: Mapping[str, Tool], tmp_path: Path
) -> None:
    """Nor does a later escalation step of the alert itself."""
    both = tuple(
        threshold(
            "Twice",
            replace(TOO_MUCH, expr=text(f'sum(queue_depth{{of="{service}"}})')),
            service=service,
        )
        for service in ("api", "web")
    )
    urgent = policy("urgent", step("chat"), step("chat", after="10m"))
    spec = tenant(alerts=both, escalation={"urgent": urgent, "relaxed": urgent})
    promtool_agrees(
        tools["promtool"],
        tmp_path,
        as_test("Twice", compiled(*both, spec=spec), STEP, NAMESAKES),
    )


@pytest.mark.tools
@pytest.mark.parametrize(("pause", "held"), [("4m", 1), ("6m", 0)])
def test_a_pause_in_evaluation(
    tools: Mapping[str, Tool], tmp_path: Path, pause: str, held: int
) -> None:
    """As a restart makes one: below the lookback of five minutes what fires is remembered."""
    load = parts(pause, ("48m", 500.0), ("48m", 1100.0), ("48m", 900.0))
    case = Case(f"every {pause}", {A: load}, {"84m": 1, "132m": held})
    groups = compiled(threshold("Waiting", wait=1))
    promtool_agrees(tools["promtool"], tmp_path, as_test("Waiting", groups, pause, [case]))
