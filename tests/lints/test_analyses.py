"""What the lints reason with: values, presence, implication, and all of it judged by Prometheus."""

from __future__ import annotations

import math
import subprocess
from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from generator.promql.catalogue import Catalogue, MetricInfo
from generator.promql.check import check
from generator.promql.implication import covers, part_of
from generator.promql.intervals import Interval, values_of
from generator.promql.parser import parse
from generator.promql.presence import expected_labels, fixed_labels
from generator.tools import Tool

INF = math.inf


@pytest.mark.parametrize(
    ("expr", "low", "high"),
    [
        ("up", 0, 1),
        ("-up", -1, 0),
        ("1 - up", 0, 1),
        ("x", -INF, INF),
        ("rate(x[5m])", 0, INF),
        ("sum(rate(x[5m]))", 0, INF),
        ("count(x)", 1, INF),
        ("sum(up)", 0, INF),
        ("sum(x)", -INF, INF),
        ("avg(up) * 100", 0, 100),
        ("up - up", -1, 1),
        ("rate(x[5m]) / rate(y[5m])", 0, INF),
        ("up / 4", 0, 0.25),
        ("x / up", -INF, INF),
        ("x > 5", 5, INF),
        ("5 < x <= 9", 5, 9),
        ("x == 3", 3, 3),
        ("x > bool 3", 0, 1),
        ("x > 5 and y", 5, INF),
        ("x > 5 or vector(0)", 0, INF),
        ("clamp_max(rate(x[5m]), 10)", 0, 10),
        ("clamp(x, -1, 1)", -1, 1),
        ("avg_over_time(up[5m])", 0, 1),
        ("absent(x)", 1, 1),
        ("hour()", 0, 23),
        ("max(x > 7)", 7, INF),
        ("quantile(0.9, up)", -INF, INF),
        ("x % 5", -INF, INF),
    ],
)
def test_values(expr: str, low: float, high: float) -> None:
    found = values_of(parse(expr))
    assert (found.low, found.high) == (low, high)


@pytest.mark.parametrize(
    ("expr", "low", "high"),
    [
        ("histogram_quantile(0.9, sum by (le) (rate(h_bucket[5m])))", 0, 3),
        ("histogram_quantile(2, h_bucket)", -INF, INF),
        ("histogram_quantile(0.9, h_bucket + other_bucket)", -INF, INF),
        ("histogram_quantile(0.9, signed_bucket)", -INF, 1),
        ("c_total", 0, INF),
    ],
)
def test_values_of_declared_metrics(expr: str, low: float, high: float) -> None:
    declared = Catalogue(
        {
            "h": MetricInfo("histogram", None, (Decimal("0.5"), Decimal(3), Decimal("Infinity"))),
            "signed": MetricInfo("histogram", None, (Decimal(-1), Decimal(1))),
            "c_total": MetricInfo("counter"),
        }
    )
    found = values_of(parse(expr), declared)
    assert (found.low, found.high) == (low, high)


BOUNDS = st.sampled_from([-INF, -1.0, 0.0, 1.0, 2.0, INF])
INTERVALS = st.builds(Interval, BOUNDS, BOUNDS, st.booleans(), st.booleans())


def has(one: Interval, number: float) -> bool:
    above = number > one.low if one.low_open else number >= one.low
    below = number < one.high if one.high_open else number <= one.high
    return above and below


@given(INTERVALS, INTERVALS, st.sampled_from([-1.5, -1.0, -0.5, 0.0, 0.5, 1.0, 1.5, 2.0, 3.0]))
def test_intervals_are_sets_of_numbers(one: Interval, other: Interval, number: float) -> None:
    assert has(one & other, number) == (has(one, number) and has(other, number))
    if has(one, number):
        assert not one.empty
        assert has(one | other, number)
        if one.within(other):
            assert has(other, number)


@given(INTERVALS, st.sampled_from([">", ">=", "<", "<=", "==", "!="]), st.sampled_from([0.0, 1.0]))
def test_a_comparison_keeps_what_it_keeps(one: Interval, op: str, number: float) -> None:
    passes = {
        ">": lambda v: v > number, ">=": lambda v: v >= number, "<": lambda v: v < number,
        "<=": lambda v: v <= number, "==": lambda v: v == number, "!=": lambda v: v != number,
    }[op]  # fmt: skip
    kept = one.kept(op, number)
    for value in (-1.0, 0.0, 0.5, 1.0, 1.5):
        if has(one, value) and passes(value):
            assert has(kept, value)


@pytest.mark.parametrize(
    ("expr", "expected", "fixed"),
    [
        ('x{a="1"}', "a instance job", {"a": "1"}),
        ('job:x:sum{a="1"}', "a", {"a": "1"}),
        ("ALERTS", "", {}),
        ('x{instance=""}', "", {}),
        ("sum by (a, b) (x)", "a b", {}),
        ('sum by (a) (x{a="1", b="2"})', "a", {"a": "1"}),
        ('sum without (job) (x{a="1"})', "a instance", {"a": "1"}),
        ("sum by (c) (sum by (a) (x))", "", {}),
        ("topk by (a) (5, x)", "instance job", {}),
        ("vector(1)", "", {}),
        ('absent(x{a="1"})', "a", {"a": "1"}),
        ('histogram_quantile(0.9, sum by (le, a) (rate(x_bucket{b="1"}[5m])))', "a", {}),
        ('label_replace(sum by (a) (x), "b", "z", "", ".*")', "a b", {}),
        ('x / on (a) y{a="1"}', "a", {}),
        ("sum by (a) (x) / on (a) group_left (c) sum by (a, c) (y)", "a c", {}),
        ("sum by (a) (x) or sum by (b) (y)", "", {}),
        ('2 * x{a="1"} > 5', "a instance job", {"a": "1"}),
        ("count_values by (a) (\"v\", x)", "a", {}),
    ],
)  # fmt: skip
def test_presence(expr: str, expected: str, fixed: dict[str, str]) -> None:
    tree = parse(expr)
    assert expected_labels(tree, {}) == set(expected.split())
    assert fixed_labels(tree) == fixed


COVERED = [
    ("x > 5", "x > 10"),
    ("x >= 5", "x > 5"),
    ("x < 5", "4 > x"),
    ("x > 5", 'x{a="1"} > 5'),
    ("rate(x[5m]) > 1", 'rate(x{a="1"}[5m]) > 2'),
    ("x", "x > 5"),
    ("x", 'x{a="1"} unless y'),
    ("x > 5", "x > 6 and y > 1"),
    ("x > 5 or y", "x > 6"),
    ("x > 5 or y > 1", "y > 2 or x > 6"),
    ("(x) > 5", "x > (5)"),
]
NOT_COVERED = [
    ("x > 10", "x > 5"),
    ("x > 5", "x >= 5"),
    ("x > 5", "x < 3"),
    ('x{a="1"} > 5', "x > 5"),
    ("sum(x) > 5", 'sum(x{a="1"}) > 5'),
    ("x > 5", "x offset 5m > 10"),
    ("rate(x[5m]) > 1", "rate(x[1m]) > 2"),
    ("x > 5", "y > 10"),
    ("x > 5 and y", "x > 10"),
    ("x > 5", "x > 4 or y"),
    ("x > bool 5", "x > 5 and y > bool 1"),
]


def test_what_covers_what() -> None:
    assert [pair for pair in COVERED if not covers(*map(parse, pair))] == []
    assert [pair for pair in NOT_COVERED if covers(*map(parse, pair))] == []


def test_parts_of_a_whole() -> None:
    whole = "sum by (a) (rate(x[5m]))"
    for part in (
        'sum by (a) (rate(x{c="1"}[5m]))',
        '(sum by (a) (rate(x{c="1"}[5m])) or vector(0))',
    ):
        assert part_of(parse(part), parse(whole))
        assert part_of(parse(part), parse(f"({whole} > 0)"))
    for part in ("sum by (b) (rate(x[5m]))", "sum by (a) (rate(y[5m]))", "rate(x[5m])"):
        assert not part_of(parse(part), parse(whole))


SERIES = {
    'up{job="shop",instance="a"}': "0x40",
    'up{job="web",instance="b"}': "1x40",
    'errors_total{job="shop",instance="a",code="500"}': "0+3x40",
    'errors_total{job="web",instance="b",code="200"}': "0x40",
    'depth{queue="q",job="shop",instance="a"}': "7x40",
    'depth{queue="r",job="web",instance="b"}': "50x40",
    'consumers{queue="q",job="shop",instance="a"}': "2x40",
    'cache_hit_ratio{cache="c",job="shop",instance="a"}': "0.4x40",
}
DEAD = {
    "count(up{job='nobody'}) == 0": "absent(up{job='nobody'})",
    "count(up == 5) < 1": "absent(up == 5)",
    "rate(errors_total[5m]) < 0": "rate(errors_total[5m]) >= 0",
    "depth > 40 < 10": "depth > 40 or depth < 10",
    "depth > 40 and depth < 10": "depth > 40 < 60",
    "avg(up) > 1": "avg(up) <= 1",
    "clamp_max(depth, 5) > 5": "clamp_max(depth, 5) >= 5",
    "hour() > 23": "hour() <= 23",
    "abs(depth) < 0": "abs(depth) > 0",
    "up == 1 and sum(up) > 0": "up == 1 and on () sum(up) > 0",
    "sum by (job) (depth) > 1 and sum by (queue) (depth) > 1":
        "sum by (job, queue) (depth) > 1 and sum by (job, queue) (depth) > 1",
    'depth{queue="q"} > 1 and depth{queue="r"} > 1':
        'depth{queue="q"} > 1 and ignoring (queue, job, instance) depth{queue="r"} > 1',
    "cache_hit_ratio > 40": "cache_hit_ratio > 0.3",
}  # fmt: skip
"""What a lint calls dead -> what it should have been: empty and not empty on the same data."""
EQUAL = {
    "depth > 5 or depth > 40": "depth > 5",
    "depth or depth{queue='q'}": "depth",
    "up == 1 unless sum(up) > 0": "up == 1",
    "vector(0) or sum(up)": "vector(0)",
}
"""What a lint calls without effect -> the same without it."""


def test_the_dead_are_found() -> None:
    for expr in (*DEAD, *EQUAL):
        codes = {p.code for p in check(parse(expr), expr, alert=True)}
        assert codes & {
            "promql-never", "promql-never-matches", "promql-percent", "promql-dead-or"
        }, expr  # fmt: skip


def test_prometheus_finds_them_dead_too(newest: Mapping[str, Tool], tmp_path: Path) -> None:
    """One promtool process: each is empty (or changes nothing) where its mended form is not."""
    checks = [(f"count({dead}) or vector(0)", 0) for dead in DEAD]
    checks += [(f"count({alive}) > bool 0", 1) for alive in DEAD.values()]
    checks += [
        (f"count(({one}) == ({other})) == bool count({other})", 1) for one, other in EQUAL.items()
    ]
    checks += [(f"count({one}) == bool count({other})", 1) for one, other in EQUAL.items()]
    document = {
        "evaluation_interval": "1m",
        "tests": [
            {
                "interval": "1m",
                "input_series": [{"series": s, "values": v} for s, v in SERIES.items()],
                "promql_expr_test": [
                    {
                        "expr": expr,
                        "eval_time": "30m",
                        "exp_samples": [{"labels": "{}", "value": v}],
                    }
                    for expr, v in checks
                ],
            }
        ],
    }
    path = tmp_path / "test.yml"
    path.write_text(yaml.safe_dump(document, allow_unicode=True, width=10_000))
    run = subprocess.run(
        [str(newest["promtool"].path), "test", "rules", str(path)],
        capture_output=True, text=True, check=False, timeout=60,
    )  # fmt: skip
    assert run.returncode == 0, run.stdout + run.stderr
