"""What usual SLO rules say of hard data, and what ours say: the table of docs/slo-mathematics.md.

The usual rules are the shape that most generators write: a ratio of rates per window, the period
as the mean of the five-minute ratios, two alerts of two pairs each. `python -m
tests.compile_rules.comparison` writes the table into the page; the numbers are the expectations
that `test_comparison` has the real promtool confirm.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

from generator.compile.burn_rate import burns, factor_of, workbook_pairs
from generator.ir.rules import AlertRule, RecordingRule, RuleGroup
from generator.spec.model import BurnRatePair, EventsSli
from generator.values import Duration, IsolatedExpr, plain
from tests.builders import slo, text
from tests.compile_rules.slo_playing import STEP, flow, groups

PAGE = Path(__file__).parent.parent.parent / "docs" / "slo-mathematics.md"
BEGIN, END = "<!-- compared: written by tests/compile_rules/comparison.py -->\n", "<!-- end -->\n"

GOOD = 'http_requests_total{tenant="acme",code="200"}'
BAD = 'http_requests_total{tenant="acme",code="500"}'
SELECT = '{tenant="acme"}'
NOT_A_NUMBER = "NaN"
Value = float | str | None
"""A number, NaN, or None for no sample."""


@dataclass(frozen=True, slots=True)
class Asked:
    """One number of a case: what both rule sets answer at a time."""

    what: str
    at: str
    expr: str
    usual: Value
    ours: Value
    usual_expr: str = ""
    """Where the usual rules are asked differently."""


@dataclass(frozen=True, slots=True)
class Case:
    """Data, both rule sets, and what is asked of them."""

    name: str
    data: Mapping[str, str]
    usual: Sequence[RuleGroup]
    ours: Sequence[RuleGroup]
    asked: tuple[Asked, ...]


# --------------------------------------------------------------------------- the usual rules

_TOTAL = 'sum(rate(http_requests_total{tenant="acme"}[%s]))'
_ERRORS = 'sum(rate(http_requests_total{tenant="acme",code=~"5.."}[%s]))'
_GOOD = 'sum(rate(http_requests_total{tenant="acme",code!~"5.."}[%s]))'
_WINDOWS = ("5m", "30m", "1h", "2h", "6h", "1d", "3d")


def usual_rules(ratio: str = f"{_ERRORS} / {_TOTAL}", b: str = "0.001") -> tuple[RuleGroup, ...]:
    """Ratios per window, their mean for 30 days, and an alert per severity."""
    rules: list[RecordingRule | AlertRule] = [
        _record(f"slo:sli_error:ratio_rate{w}", ratio.replace("%s", w)) for w in _WINDOWS
    ]
    short = "slo:sli_error:ratio_rate5m"
    mean = f"sum_over_time({short}[30d]) / count_over_time({short}[30d])"
    rules.append(_record("slo:sli_error:ratio_rate30d", mean))
    left = f"1 - slo:sli_error:ratio_rate30d / {b}"
    rules.append(_record("slo:period_error_budget_remaining:ratio", left))
    rules.append(_alert("critical", ("5m", "1h", "14.4"), ("30m", "6h", "6"), b))
    rules.append(_alert("warning", ("2h", "1d", "3"), ("6h", "3d", "1"), b))
    return (RuleGroup("usual", "usual", STEP, tuple(rules)),)


def _record(name: str, expr: str, **labels: str) -> RecordingRule:
    return RecordingRule(name, IsolatedExpr(expr), {"tenant": "acme", **labels})


def _alert(severity: str, *parts_and_budget: object) -> AlertRule:
    *parts, b = parts_and_budget
    sides = []
    for short, long, factor in parts:  # type: ignore[misc]
        both = [f"slo:sli_error:ratio_rate{w} > {factor} * {b}" for w in (short, long)]
        sides.append(f"({' and '.join(both)})")
    expr = IsolatedExpr(" or ".join(sides))
    labels = {"tenant": "acme", "severity": severity}
    return AlertRule("SLOErrorBudgetBurn", expr, labels, {})


def labelled_windows() -> tuple[RuleGroup, ...]:
    """A third shape: the window as a label, on both sides of `and`."""
    ratio = f"{_ERRORS} / {_TOTAL}"
    name = "slo:sli_error:ratio"
    rules = [_record(name, ratio.replace("%s", w), window=w) for w in ("5m", "1h")]
    sides = [f'{name}{{window="{w}"}} > 14.4 * 0.001' for w in ("5m", "1h")]
    alert = AlertRule("SLOErrorBudgetBurn", IsolatedExpr(" and ".join(sides)), {}, {})
    return (RuleGroup("usual", "usual", STEP, (*rules, alert)),)


# --------------------------------------------------------------------------- cases

_BUDGET = "slo:period_error_budget_remaining:ratio" + SELECT
_FIRING = 'count(ALERTS{alertname="SLOErrorBudgetBurn",alertstate="firing"})'
_OF_GOOD = EventsSli(
    total=text("http_requests_total"), good=text('http_requests_total{code!~"5.."}')
)


def _ratio(window: str) -> str:
    return f"slo:sli_error:ratio_rate{window}{SELECT}"


def cases() -> tuple[Case, ...]:
    """The cases that take data."""
    usual, seven = usual_rules(), "0x20 " + " ".join(f"{n}x20" for n in range(1, 7))
    return (
        Case(
            "20 minutes without a request, half of the budget spent before and after",
            {
                GOOD: flow((9.995, "2h"), (0, "20m"), (9.995, "2h")),
                BAD: flow((0.005, "2h"), (0, "20m"), (0.005, "2h")),
            },
            usual,
            groups(),
            (Asked("budget left", "4h", f"round({_BUDGET}, 0.01)", NOT_A_NUMBER, 0.5),),
        ),
        Case(
            "no request has ever failed: there is no error series",
            {GOOD: flow((10, "3h"))},
            usual,
            groups(),
            (
                Asked("error ratio of 1 h", "2h", _ratio("1h"), None, 0),
                Asked("budget left", "2h", _BUDGET, None, 1),
            ),
        ),
        Case(
            "every request fails: there is no series of good ones",
            {BAD: flow((10, "3h"))},
            usual_rules(f"1 - {_GOOD} / {_TOTAL}"),
            groups(sli=_OF_GOOD),
            (
                Asked("error ratio of 1 h", "2h", _ratio("1h"), None, 1),
                Asked("alerts that fire", "2h", _FIRING, None, 4),
            ),
        ),
        Case(
            "23 h at 600 requests a minute, none fails; then 1 h at 6, all fail (true: 0.0435 %)",
            {GOOD: flow((10, "23h"), (0, "1h")), BAD: flow((0, "23h"), (0.1, "1h"))},
            usual,
            groups(),
            (
                Asked(
                    "error ratio of the day, in percent",
                    "24h",
                    f"round(100 * {_ratio('1d')}, 0.001)",
                    3.9,
                    0.042,
                    f"round(100 * {_ratio('30d')}, 0.1)",
                ),
                Asked(
                    "budget left",
                    "24h",
                    f"round({_BUDGET}, 0.1)",
                    -38,
                    0.6,
                    usual_expr=f"round({_BUDGET}, 1)",
                ),
            ),
        ),
        Case(
            "one of seven requests in an hour fails (our gate: 30 events)",
            {GOOD: seven, BAD: "0x112 1x40"},
            usual,
            groups(min_events=Decimal(30)),
            (Asked("alerts that fire", "58m", _FIRING, 2, None),),
        ),
        Case(
            "the window as a label of the recorded series; all requests fail",
            {GOOD: flow((0, "3h")), BAD: flow((10, "3h"))},
            labelled_windows(),
            groups(),
            (Asked("alerts that fire", "2h", _FIRING, None, 4),),
        ),
    )


# --------------------------------------------------------------------------- the page


def table() -> str:
    """The Markdown between the page's marks."""
    lines = ["| case | asked | usual rules | Tocsin's |", "|---|---|---|---|"]
    for case in cases():
        for index, asked in enumerate(case.asked):
            name = case.name if index == 0 else ""
            lines.append(f"| {name} | {asked.what} | {_told(asked.usual)} | {_told(asked.ours)} |")
    lines += [f"| {' | '.join(row)} |" for row in computed()]
    return "\n".join(lines) + "\n"


def _told(value: Value) -> str:
    return "no sample" if value is None else str(value)


def computed() -> list[tuple[str, str, str, str]]:
    """The cases that are decided when the spec is compiled: (case, asked, usual, ours)."""
    rows = []
    ticket = BurnRatePair(
        Duration.of(days=3), Duration.of(hours=6), Decimal("0.1"), "", Duration(0)
    )
    for days in (28, 7):
        window = Duration.of(days=days)
        slowest = burns(slo(window=window))[0][-1]
        fixed = plain(factor_of(ticket, window))
        ours = f"{plain(slowest.factor)} ({slowest.pair.long}/{slowest.pair.short})"
        rows.append((f"a window of {days} days", "factor of the slowest pair", fixed, ours))
    low = slo(objective=Decimal("93"))
    page = workbook_pairs(low.window, "critical", "warning")[0]
    needed = plain((factor_of(page, low.window) * (100 - low.objective)).normalize())
    kept, _ = burns(low)
    ours = ", ".join(f"{b.pair.long}/{b.pair.short}" for b in kept)
    rows.append(
        (
            "an objective of 93 %",
            "error ratio at which 1h/5m pages",
            f"{needed} %",
            f"dropped with a finding; kept: {ours}",
        )
    )
    lowest = burns(slo(objective=Decimal("50")))[0][0]
    told = f"{plain(lowest.threshold * 100)} % over {lowest.pair.long}/{lowest.pair.short}"
    rows.append(("an objective of 50 %", "error ratio at which it pages", "720 %", told))
    pairs = ", ".join(
        f"{b.pair.long}/{b.pair.short}" for b in burns(slo(window=Duration.of(days=1)))[0]
    )
    rows.append(("a window of one day", "pairs", "`[0s]` in a range", pairs))
    rows.append(
        ("an objective of 99.9 %", "error budget", str(1 - 0.999), plain(1 - Decimal("0.999")))
    )
    rows.append(
        ("an objective of 100 %", "error budget", "0: every burn rate is infinite", "refused")
    )
    return rows


def prose() -> list[str]:
    """What the page says in sentences and tables of its own, with the numbers that hold."""
    month = burns(slo())[0]
    severities = {"critical": "page", "warning": "ticket"}
    found = [
        f"| {b.pair.long} / {b.pair.short} | {plain(b.pair.budget * 100)} % "
        f"| {plain(b.factor)} | {severities[b.pair.severity]} |"
        for b in month
    ]
    hour = cases()[3].asked[0]
    true = Decimal(1) * 60 * 6 / (23 * 60 * 600 + 60 * 6) * 100
    assert isinstance(hour.usual, float)
    found.append(f"one bad hour cost {round(Decimal(hour.usual) / true, -1):f} times its share")
    found.append(
        f"({plain(month[0].factor)} with an objective of {plain(_never_pages())} % or less)"
    )
    found.append(f"One failed request among seven is a ratio of {round(Decimal(100) / 7)} %")
    pair = burns(slo(window=Duration.of(days=28)))[0][2]
    exact = pair.pair.budget * Duration.of(days=28).ms / pair.pair.long.ms
    found.append(
        f"{plain(pair.factor)} with a window of 28 days, not {str(exact)[:8]}… times the budget"
    )
    return found


def _never_pages() -> Decimal:
    """The highest objective, in hundredths, at which a total outage is below the fastest pair."""
    fastest = workbook_pairs(slo().window, "critical", "warning")[0]
    step = Decimal("0.01")
    for hundredths in range(9999, 0, -1):
        objective = hundredths * step
        if all(b.pair.long != fastest.long for b in burns(slo(objective=objective))[0]):
            return objective
    raise AssertionError("the fastest pair is never left out")


def with_table(page: str) -> str:
    """The page with the table as it is now."""
    before, rest = page.split(BEGIN)
    return before + BEGIN + table() + END + rest.split(END, 1)[1]


def main() -> None:
    """Write the table into the page."""
    PAGE.write_text(with_table(PAGE.read_text()))


if __name__ == "__main__":
    main()
