"""Where SLO generators go wrong: each case runs our rules on the real promtool."""

from __future__ import annotations

import re
from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path

import pytest

from generator.compile.burn_rate import burns, factor_of, workbook_pairs
from generator.spec.model import EventsSli
from generator.tools import Tool
from generator.values import Duration
from tests.builders import slo, text
from tests.compile_rules.slo_playing import firing, flow, groups, promtool_agrees

GOOD = 'http_requests_total{tenant="acme",code="200"}'
BAD = 'http_requests_total{tenant="acme",code="500"}'
RATIO = 'slo:sli_error:ratio_rate{window}{{tenant="acme"}}'
BUDGET = 'slo:period_error_budget_remaining:ratio{tenant="acme"}'
OF_GOOD = EventsSli(
    total=text("http_requests_total"), good=text('http_requests_total{code!~"5.."}')
)


@pytest.mark.tools
def test_a_time_without_traffic_leaves_the_budget_alone(
    tools: Mapping[str, Tool], tmp_path: Path
) -> None:
    series = {
        GOOD: flow((10, "2h"), (0, "20m"), (10, "2h")),
        BAD: flow((0.005, "2h"), (0, "20m"), (0.005, "2h")),
    }
    spent = 1 - 0.005 / 10.005 / 0.001
    rules = groups()
    budget = f"round({BUDGET}, 0.01) + 0"
    promtool_agrees(tools["promtool"], tmp_path, rules, series, [("4h", budget, round(spent, 2))])


@pytest.mark.tools
def test_no_error_series_ever_means_no_errors(tools: Mapping[str, Tool], tmp_path: Path) -> None:
    expected = [("2h", BUDGET, 1.0), ("2h", RATIO.format(window="1h"), 0.0), ("2h", firing(), None)]
    promtool_agrees(tools["promtool"], tmp_path, groups(), {GOOD: flow((10, "3h"))}, expected)


@pytest.mark.tools
def test_a_total_outage_without_good_series_fires(
    tools: Mapping[str, Tool], tmp_path: Path
) -> None:
    expected = [
        ("2h", RATIO.format(window="1h"), 1.0),
        ("2h", firing("1h5m"), 1.0),
    ]
    series = {BAD: flow((10, "3h"))}
    promtool_agrees(tools["promtool"], tmp_path, groups(sli=OF_GOOD), series, expected)


@pytest.mark.tools
def test_quiet_hours_weigh_what_they_weigh(tools: Mapping[str, Tool], tmp_path: Path) -> None:
    """23 h at 600 per minute, clean, and 1 h at 6 per minute, all failing."""
    series = {GOOD: flow((10, "23h"), (0, "1h")), BAD: flow((0, "23h"), (0.1, "1h"))}
    true = 360 / (23 * 36000 + 360)
    near = f"abs({RATIO.format(window='1d')} / {true:g} - 1) < bool 0.05"
    promtool_agrees(tools["promtool"], tmp_path, groups(), series, [("24h", near, 1.0)])


@pytest.mark.tools
def test_one_failure_among_seven_is_silent(tools: Mapping[str, Tool], tmp_path: Path) -> None:
    """Seven requests in an hour, one of them failed: no page and no ticket."""
    good = "0x20 " + " ".join(f"{n}x20" for n in range(1, 7))
    series = {GOOD: good, BAD: "0x40 1x120"}
    ratio = f"{RATIO.format(window='1h')} > bool 0.05"
    expected = [("60m", ratio, 1.0), ("45m", firing(), None), ("60m", firing(), None)]
    rules = groups(min_events=Decimal(30))
    promtool_agrees(tools["promtool"], tmp_path, rules, series, expected)


@pytest.mark.tools
def test_without_the_gate_the_same_data_fires(tools: Mapping[str, Tool], tmp_path: Path) -> None:
    """So that the test before this one can fail."""
    good = "0x20 " + " ".join(f"{n}x20" for n in range(1, 7))
    series = {GOOD: good, BAD: "0x112 1x40"}
    promtool_agrees(tools["promtool"], tmp_path, groups(), series, [("58m", firing("1h5m"), 1.0)])


@pytest.mark.parametrize("days", [2, 7, 10, 28, 30, 90, 365])
def test_factors_never_fall_below_one(days: int) -> None:
    kept, _ = burns(slo(window=Duration.of(days=days)))
    assert kept
    assert all(burn.factor >= 1 for burn in kept)
    assert all(0 < burn.threshold < 1 for burn in kept)


def test_the_workbooks_own_numbers() -> None:
    window = Duration.of(days=30)
    pairs = workbook_pairs(window, "critical", "warning")
    told = [(str(p.long), str(p.short), str(factor_of(p, window).normalize())) for p in pairs]
    assert told == [("1h", "5m", "14.4"), ("6h", "30m", "6"), ("1d", "2h", "3"), ("3d", "6h", "1")]
    assert [p.severity for p in pairs] == ["critical", "critical", "warning", "warning"]


@pytest.mark.parametrize(
    ("objective", "reachable"), [("93.05", False), ("93.06", True), ("99.99", True)]
)
def test_a_pair_that_could_never_fire_is_said(objective: str, reachable: bool) -> None:
    kept, findings = burns(slo(objective=Decimal(objective)))
    assert ("1h5m" in [burn.name for burn in kept]) is reachable
    assert bool([f for f in findings if f.code == "slo-unreachable"]) is not reachable


@pytest.mark.parametrize("objective", ["99.9", "99.95", "99.99", "99.999", "97.3", "50"])
def test_no_float_noise(objective: str) -> None:
    rules = groups(objective=Decimal(objective))
    told = " ".join(rule.expr for group in rules for rule in group.rules)
    assert not re.search(r"\d\.\d{9,}|0{6,}\d|9{6,}", told)
