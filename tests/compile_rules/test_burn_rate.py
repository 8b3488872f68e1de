"""Pairs of an SLO: scaled, changed, dropped, and what can never fire."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from generator.compile.burn_rate import BASE, Burn, burns, factor_of
from generator.findings import Finding
from generator.spec.model import PairChange, Slo
from generator.values import Duration
from tests.builders import slo, text


def told(one: Slo) -> list[tuple[str, str, str]]:
    """(windows, severity, factor) of what is kept."""
    return [(b.name, b.pair.severity, str(b.factor.normalize())) for b in burns(one)[0]]


def codes(one: Slo) -> list[str]:
    return [finding.code for finding in burns(one)[1]]


def test_a_pair_is_dropped() -> None:
    without = slo(changes=(PairChange(text("3d/6h"), drop=True),))
    assert told(without)[-1] == ("1d2h", "warning", "3")
    assert codes(without) == []


def test_a_pair_is_changed() -> None:
    hold = Duration.of(minutes=2)
    change = PairChange(text("1h/5m"), severity="info", for_=hold, budget=Decimal("0.05"))
    first = burns(slo(changes=(change,)))[0][0]
    assert (first.pair.severity, first.pair.for_, first.factor) == ("info", hold, Decimal(36))


def test_windows_may_be_spelt_otherwise() -> None:
    assert told(slo(changes=(PairChange(text("72h/360m"), drop=True),)))[-1][0] == "1d2h"


@pytest.mark.parametrize("written", ["2h/10m", "1h", "1h/5m/1m", "/", "x/y"])
def test_a_pair_that_is_not_there(written: str) -> None:
    """Scaled pairs of another window have other names: the hint lists them."""
    week = slo(window=Duration.of(days=7), changes=(PairChange(text(written), drop=True),))
    (finding,) = [f for f in burns(week)[1] if f.code == "slo-pairs"]
    assert finding.hint == "over 7d they are: 14m/5m, 1h24m/7m, 5h30m/27m, 16h40m/1h23m"


def test_a_low_objective_still_pages() -> None:
    """At 50 % no pair of the workbook's pages; at 93 % the slower one still does."""
    low = slo(objective=Decimal(50))
    assert told(low) == [("1h5m", "critical", "1.8"), ("3d6h", "warning", "1")]
    assert [b.threshold for b in burns(low)[0]] == [Decimal("0.9"), Decimal("0.5")]
    assert "slo-severity-lost" not in codes(low)
    assert [name for name, _, _ in told(slo(objective=Decimal(93)))] == ["6h30m", "1d2h", "3d6h"]


def test_an_objective_that_no_outage_misses() -> None:
    """At 5 % a total outage of 90 % still meets it: nothing pages, and that is said."""
    lowest = slo(objective=Decimal(5))
    assert "critical" not in [severity for _, severity, _ in told(lowest)]
    assert "slo-severity-lost" in codes(lowest)


@given(
    st.integers(1, 400).map(lambda days: Duration.of(days=days)),
    st.decimals("0.001", "99.999", places=3),
)
def test_what_is_kept_can_fire_and_should(window: Duration, objective: Decimal) -> None:
    kept, findings = burns(slo(window=window, objective=objective))
    for burn in kept:
        assert burn.factor >= 1
        assert 0 < burn.threshold < 1
        assert BASE <= burn.pair.short < burn.pair.long <= window
        assert burn.threshold == burn.factor * (100 - objective) / 100 or burn.threshold == Decimal(
            "0.9"
        )
    lengths = [burn.pair.long for burn in kept]
    assert lengths == sorted(set(lengths))
    _nothing_is_lost_silently(kept, findings)


def _nothing_is_lost_silently(kept: tuple[Burn, ...], findings: tuple[Finding, ...]) -> None:
    severities = {burn.pair.severity for burn in kept}
    lost = {"critical", "warning"} - severities
    assert len([f for f in findings if f.code == "slo-severity-lost"]) == len(lost)


@given(st.integers(1, 400).map(lambda days: Duration.of(days=days)))
def test_rounding_down_never_lowers_a_factor(window: Duration) -> None:
    for burn in burns(slo(window=window))[0]:
        exact = burn.pair.budget * window.ms / burn.pair.long.ms
        assert abs(factor_of(burn.pair, window) - exact) <= Decimal("0.005")
