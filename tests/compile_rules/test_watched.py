"""What an alert's panel draws: the value that is watched, not the moments when it matters."""

from __future__ import annotations

from decimal import Decimal

import pytest

from generator.compile.watched import Watched, watched_condition, watched_value

BEFORE = "sum(rate(e[5m] offset 1h)) > 0 or sum(rate(e[5m] offset 6h)) > 0"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("sum(depth)", "sum(depth)"),
        ("(sum(a) > 1) / (sum(b) > 0)", "(sum(a)) / (sum(b) > 0)"),
        ("sum(a) / (sum(b) > 0.1)", "sum(a) / (sum(b) > 0)"),
        ("sum(a) / (sum(a) + sum(b) >= 5)", "sum(a) / (sum(a) + sum(b) > 0)"),
        ("avg(a)\n  and on () sum(b) > 3", "avg(a)"),
        ("(avg(a) and on () sum(b) > 3) * 2", "(avg(a)) * 2"),
        ("avg(a) unless on () off == 1", "avg(a)"),
        ("count(x > 5)", "count(x > 5)"),
        ("a > bool 5", "a > bool 5"),
        ("a < 5", "a < 5"),
        ("a > b", "a > b"),
    ],
)
def test_a_value_without_its_gates(text: str, shown: str) -> None:
    assert watched_value(text, Decimal(7), True) == Watched(shown, 7.0, True)


def test_a_value_above_its_past_has_that_limit_as_a_line() -> None:
    found = watched_value("sum(a) - 5 * sum(a offset 1d)", Decimal("1.5"), True)
    assert found == Watched("sum(a)", None, True, (("5 * sum(a offset 1d) + 1.5", "limit"),))
    both = "sum(a offset 1h) - sum(a offset 1d)"
    assert watched_value(both, Decimal(1), True) == Watched(both, 1.0, True)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("a / b > 0.5 and b > 10", Watched("a / b", 0.5, True)),
        ("up == 0 unless on () m", Watched("up", 0.0, False)),
        ("a / (b > 3) < 2", Watched("a / (b > 0)", 2.0, False)),
        ("absent(x)", Watched("absent(x)")),
        ("a unless b > 0", Watched("a unless b > 0")),
        (
            f"({BEFORE}) unless sum(rate(e[5m])) > 0",
            Watched(
                "sum(rate(e[5m]))",
                0.0,
                False,
                (
                    ("sum(rate(e[5m] offset 1h))", "1h before"),
                    ("sum(rate(e[5m] offset 6h))", "6h before"),
                ),
            ),
        ),
    ],
)
def test_a_condition_as_a_value_and_its_level(text: str, shown: Watched) -> None:
    assert watched_condition(text) == shown
