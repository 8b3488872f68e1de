"""Every kind of SLI, period and exclusion, played on the real promtool."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from generator.compile import calendar_period
from generator.compile.slo import compile_slos
from generator.ir.rules import RecordingRule, RuleGroup
from generator.spec.model import (
    CompositeSli,
    ConditionSli,
    EventsSli,
    LatencySli,
    Maintenance,
    Metric,
    ProbeSli,
    RatioSli,
)
from generator.tools import Tool
from generator.values import Duration, IsolatedExpr
from tests.builders import PLACE, platform, slo, tenant, text
from tests.compile_rules.slo_playing import (
    Expected,
    firing,
    flow,
    groups,
    groups_of,
    level,
    promtool_agrees,
)

pytestmark = pytest.mark.tools

RATIO_1H = 'slo:sli_error:ratio_rate1h{tenant="acme",slo="availability"}'
GOOD, BAD = (f'http_requests_total{{tenant="acme",code="{code}"}}' for code in ("200", "500"))
RATIO = "sum(rate(bad_total[$window])) / sum(rate(all_total[$window]))"
Tools = Mapping[str, Tool]


def rounded(expr: str, to: str = "0.0001") -> str:
    return f"round({expr}, {to})"


# --------------------------------------------------------------------------- kinds of SLI


@pytest.mark.parametrize("bound", ["1", "1.0"])
def test_latency_of_a_classic_histogram(tools: Tools, tmp_path: Path, bound: str) -> None:
    """Whole bounds are written in two ways; a fifth of the requests is slower."""
    sli = LatencySli(text("http_request_duration_seconds"), Duration.of(seconds=1), PLACE)
    series = {
        f'http_request_duration_seconds_bucket{{tenant="acme",le="{bound}"}}': flow((8, "3h")),
        'http_request_duration_seconds_bucket{tenant="acme",le="+Inf"}': flow((10, "3h")),
        'http_request_duration_seconds_count{tenant="acme"}': flow((10, "3h")),
    }
    expected: Expected = [("2h", rounded(RATIO_1H), 0.2), ("2h", firing("1h5m"), 1)]
    promtool_agrees(tools["promtool"], tmp_path, groups(sli=sli), series, expected)


def test_latency_when_nothing_is_fast(tools: Tools, tmp_path: Path) -> None:
    """The bucket below the limit has never counted: all requests are slow, not none."""
    sli = LatencySli(text("http_request_duration_seconds"), Duration.of(seconds=1), PLACE)
    series = {'http_request_duration_seconds_count{tenant="acme"}': flow((10, "3h"))}
    expected: Expected = [("2h", rounded(RATIO_1H), 1), ("2h", firing("1h5m"), 1)]
    promtool_agrees(tools["promtool"], tmp_path, groups(sli=sli), series, expected)


def test_latency_of_a_native_histogram(newest: Tools, tmp_path: Path) -> None:
    """Buckets of schema 0 end at powers of two: half of the requests take 1 to 2 s."""
    sli = LatencySli(
        text("http_request_duration_seconds"), Duration.of(seconds=1), PLACE, native=True
    )
    one = "{{schema:0 count:20 sum:24 offset:0 buckets:[10 10]}}"
    series = {'http_request_duration_seconds{tenant="acme"}': f"{one}+{one}x359"}
    expected: Expected = [("2h", rounded(RATIO_1H), 0.5), ("2h", firing("1h5m"), 1)]
    promtool_agrees(newest["promtool"], tmp_path, groups(sli=sli), series, expected)


def test_a_native_histogram_without_traffic(newest: Tools, tmp_path: Path) -> None:
    sli = LatencySli(
        text("http_request_duration_seconds"), Duration.of(seconds=1), PLACE, native=True
    )
    one = "{{schema:0 count:20 sum:16 offset:0 buckets:[20]}}"
    series = {'http_request_duration_seconds{tenant="acme"}': f"{one}+{one}x200 {one}x160"}
    errors = 'slo:sli_errors:rate5m{tenant="acme"}'
    expected: Expected = [("2h", rounded(RATIO_1H), 0), ("2h40m", errors, 0)]
    promtool_agrees(newest["promtool"], tmp_path, groups(sli=sli), series, expected)


def test_a_probe_that_fails_a_tenth_of_the_time(tools: Tools, tmp_path: Path) -> None:
    sli = ProbeSli(text("probe_success"))
    parts = [(1.0, "9m"), (0.0, "1m")] * 18
    series = {'probe_success{tenant="acme"}': level(*parts)}
    expected: Expected = [("2h", rounded(RATIO_1H, "0.01"), 0.1), ("2h", firing("6h30m"), 1)]
    promtool_agrees(tools["promtool"], tmp_path, groups(sli=sli), series, expected)


def test_a_ratio_of_the_authors(newest: Tools, tmp_path: Path) -> None:
    """Without traffic it is no number: no sample, no alert, and not missing either."""
    sli = RatioSli(text(RATIO))
    series = {
        'bad_total{tenant="acme"}': flow((2, "3h"), (0, "3h")),
        'all_total{tenant="acme"}': flow((10, "3h"), (0, "3h")),
    }
    missing = firing(alert="SLOMetricAbsent")
    expected: Expected = [
        ("2h", rounded(RATIO_1H), 0.2),
        ("2h", firing("1h5m"), 1),
        ("5h", RATIO_1H, None),
        ("5h", firing("1h5m"), None),
        ("5h30m", missing, None),
        ("8h", missing, 1),
    ]
    promtool_agrees(newest["promtool"], tmp_path, groups(sli=sli), series, expected)


def test_a_condition_counts_slices(tools: Tools, tmp_path: Path) -> None:
    """Bad where it does not hold, and where there is no data to tell."""
    sli = ConditionSli(text("queue_depth < 100"))
    series = {'queue_depth{tenant="acme"}': f"{level((10, '1h'), (500, '15m'))} _x180"}
    expected: Expected = [
        ("55m", rounded(RATIO_1H), 0),
        ("75m", rounded(RATIO_1H, "0.05"), 0.25),
        ("150m", rounded(RATIO_1H), 1),
    ]
    promtool_agrees(tools["promtool"], tmp_path, groups(sli=sli), series, expected)


# --------------------------------------------------------------------------- grouping


def test_groups_are_kept_apart(newest: Tools, tmp_path: Path) -> None:
    """One method fails entirely, the other not at all; it has no error series either."""
    rules = groups(group_by=("method",))
    named = {"GET": flow((10, "3h")), "POST": flow((0, "3h"))}
    series = {
        f'http_requests_total{{tenant="acme",code="200",method="{m}"}}': values
        for m, values in named.items()
    }
    series['http_requests_total{tenant="acme",code="500",method="POST"}'] = flow((5, "3h"))
    fires = 'count(ALERTS{alertname="SLOErrorBudgetBurn",alertstate="firing",method="%s"})'
    budget = 'slo:period_error_budget_remaining:ratio{method="%s"}'
    expected: Expected = [
        ("2h", 'slo:sli_error:ratio_rate1h{method="POST"}', 1),
        ("2h", 'slo:sli_error:ratio_rate1h{method="GET"}', 0),
        ("2h", budget % "GET", 1),
        ("2h", f"round({budget % 'POST'})", -999),
        ("2h", fires % "POST", 4),
        ("2h", fires % "GET", None),
    ]
    promtool_agrees(newest["promtool"], tmp_path, rules, series, expected)


# --------------------------------------------------------------------------- maintenance


def test_planned_maintenance_is_left_out(tools: Tools, tmp_path: Path) -> None:
    """All requests fail from 1 h to 2 h, as planned, and a tenth of them before."""
    epoch = datetime.fromtimestamp(0, UTC)
    planned = Maintenance(
        "upgrade", epoch + timedelta(hours=1), epoch + timedelta(hours=2), ("api",), PLACE
    )
    other = Maintenance("else", epoch, epoch + timedelta(hours=9), ("db",), PLACE)
    series = {
        GOOD: flow((9, "1h"), (0, "1h"), (10, "1h")),
        BAD: flow((1, "1h"), (10, "1h"), (0, "1h")),
    }
    ratio_6h = 'slo:sli_error:ratio_rate6h{slo="availability"}'
    around = {"maintenance": (planned, other)}
    left_out = groups_of(slo(exclude_maintenance=True), **around)
    expected: Expected = [
        ("90m", 'slo:sli_error:ratio_rate5m{slo="availability"}', None),
        ("90m", f"abs({ratio_6h} / 0.1 - 1) < bool 0.02", 1),
        ("178m", f"abs({ratio_6h} / {6 / 115:g} - 1) < bool 0.03", 1),
        ("90m", firing("1h5m"), None),
    ]
    promtool_agrees(tools["promtool"], tmp_path / "out", left_out, series, expected)
    counted = groups_of(slo(), **around)
    both: Expected = [("90m", firing("1h5m"), 1), ("178m", f"{ratio_6h} > bool 0.3", 1)]
    promtool_agrees(tools["promtool"], tmp_path / "in", counted, series, both)


def test_maintenance_of_a_ratio(newest: Tools, tmp_path: Path) -> None:
    epoch = datetime.fromtimestamp(0, UTC)
    planned = Maintenance("all", epoch + timedelta(hours=1), epoch + timedelta(hours=2), (), PLACE)
    sli = RatioSli(text(RATIO))
    rules = groups_of(slo(sli=sli, exclude_maintenance=True), maintenance=(planned,))
    series = {
        'bad_total{tenant="acme"}': flow((1, "1h"), (10, "1h"), (1, "1h")),
        'all_total{tenant="acme"}': flow((10, "3h")),
    }
    ratio = 'slo:sli_error:ratio_rate2h{slo="availability"}'
    expected: Expected = [("2h30m", rounded(ratio, "0.01"), 0.1)]
    promtool_agrees(newest["promtool"], tmp_path, rules, series, expected)


# --------------------------------------------------------------------------- journeys


def test_a_journey_fails_where_a_part_fails(newest: Tools, tmp_path: Path) -> None:
    """Parts at 20 % and 50 %: 1 - 0.8 · 0.5; a part without traffic fails nobody."""
    parts = (
        slo("load"),
        slo(
            "play",
            sli=RatioSli(text("sum(rate(bad_total[$window])) / sum(rate(all_total[$window]))")),
        ),
        slo("idle", sli=ProbeSli(text("probe_success"))),
    )
    named = tuple(text(part.name) for part in parts)
    journey = slo("journey", sli=CompositeSli(named), objective=Decimal(95))
    series = {
        GOOD: flow((8, "3h"), (0, "3h")),
        BAD: flow((2, "3h"), (0, "3h")),
        'bad_total{tenant="acme"}': flow((5, "3h"), (0, "3h")),
        'all_total{tenant="acme"}': flow((10, "3h"), (0, "3h")),
    }
    ratio = 'slo:sli_error:ratio_rate%s{slo="journey"}'
    alerts = 'count(ALERTS{alertname="SLOErrorBudgetBurn",alertstate="firing",slo="journey"})'
    expected: Expected = [
        ("2h", rounded(ratio % "1h"), 0.6),
        ("2h", rounded(ratio % "30d"), 0.6),
        ("2h", alerts, 3),
        ("4h10m", ratio % "1h", None),
    ]
    promtool_agrees(newest["promtool"], tmp_path, groups_of(journey, *parts), series, expected)


def test_a_journeys_gate_looks_at_the_part_that_fails(newest: Tools, tmp_path: Path) -> None:
    """Many requests that all succeed do not make three failures of another part worth a page."""
    quiet = slo("quiet", sli=ProbeSli(text("probe_success")))
    busy = slo("busy", group_by=("method",))
    both = CompositeSli((text("quiet"), text("busy")))
    few = slo("journey", sli=both, objective=Decimal(99), min_events=Decimal(200))
    series = {
        'http_requests_total{tenant="acme",code="200",method="GET"}': flow((10, "3h")),
        'probe_success{tenant="acme"}': level((0, "3h")),
    }
    fires = 'count(ALERTS{alertname="SLOErrorBudgetBurn",slo="journey",burn_rate_pair="1h5m"})'
    ratio = 'slo:sli_error:ratio_rate1h{slo="journey"}'
    rules = groups_of(quiet, busy, few)
    expected: Expected = [("70m", ratio, 1), ("70m", fires, None)]
    promtool_agrees(newest["promtool"], tmp_path / "few", rules, series, expected)
    enough = groups_of(quiet, busy, slo("journey", sli=both, objective=Decimal(99)))
    promtool_agrees(newest["promtool"], tmp_path / "all", enough, series, [("70m", fires, 1)])


# --------------------------------------------------------------------------- calendar


def test_a_calendar_month_begins_anew(newest: Tools, tmp_path: Path) -> None:
    """1 % fails in the first 20 days of January 1970, nothing after; half an hour a step."""
    step, data = Duration.of(minutes=30), Duration.of(seconds=150)
    month = slo(calendar="month", window=Duration.of(days=30), objective=Decimal(99))
    series = {
        GOOD: flow((9.9, "20d"), (10, "14d"), step=data),
        BAD: flow((0.1, "20d"), (0, "14d"), step=data),
    }
    ratio, left, over = (
        f'{name}{{slo="availability"}}'
        for name in (
            "slo:sli_error:ratio_rate_month",
            "slo:period_error_budget_remaining:ratio",
            "slo:period_elapsed:ratio",
        )
    )
    expected: Expected = [
        ("10d", rounded(ratio), 0.01),
        ("10d", rounded(over), round(10 / 31, 4)),
        ("10d", rounded(left, "0.01"), round(1 - 10 / 31, 2)),
        ("30d12h", rounded(ratio), round(0.01 * 20 / 30.5, 4)),
        ("30d12h", rounded(left, "0.01"), round(1 - 20 / 31, 2)),
        ("32d", rounded(ratio), 0),
        ("32d", rounded(left), 1),
        ("32d", 'slo:time_period:days{slo="availability"}', 28),
    ]
    promtool_agrees(newest["promtool"], tmp_path, groups_of(month), series, expected, step, data)


def test_a_month_of_a_ratio(newest: Tools, tmp_path: Path) -> None:
    step, data = Duration.of(minutes=30), Duration.of(seconds=150)
    sli = RatioSli(text(RATIO))
    month = slo(sli=sli, calendar="month", window=Duration.of(days=30))
    series = {
        'bad_total{tenant="acme"}': flow((1, "31d"), (2, "3d"), step=data),
        'all_total{tenant="acme"}': flow((10, "34d"), step=data),
    }
    ratio = rounded('slo:sli_error:ratio_rate_month{slo="availability"}', "0.01")
    expected: Expected = [("20d", ratio, 0.1), ("33d", ratio, 0.2)]
    promtool_agrees(newest["promtool"], tmp_path, groups_of(month), series, expected, step, data)


def _end(calendar: str, day: datetime) -> tuple[datetime, datetime]:
    """First day of the period that holds a day, and of the next one."""
    length = 1 if calendar == "month" else 3
    first = (day.month - 1) // length * length
    start = datetime(day.year, first + 1, 1, tzinfo=UTC)
    after = first + length
    return start, datetime(day.year + after // 12, after % 12 + 1, 1, tzinfo=UTC)


@pytest.mark.parametrize("calendar", ["month", "quarter"])
def test_the_calendar_is_pythons(oldest: Tools, tmp_path: Path, calendar: str) -> None:
    """Length and elapsed part at every 29th day until 2101, leap years and 2100 among them."""
    epoch, step = datetime.fromtimestamp(0, UTC), Duration.of(days=1)
    expected: list[tuple[str, str, float | None]] = []
    for number in range(0, 365 * 131, 29):
        day = epoch + timedelta(days=number)
        start, end = _end(calendar, day)
        whole = (end - start).days
        at = f"{number}d"
        expected.append((at, calendar_period.days(calendar), whole))
        part = f"round(({calendar_period.elapsed(calendar)}) * {whole}, 0.001)"
        expected.append((at, part, (day - start).days))
    promtool_agrees(oldest["promtool"], tmp_path, _unused(), {"x": "0x9"}, expected, step)


def _unused() -> tuple[RuleGroup, ...]:
    """A group, because promtool wants a rule file with one."""
    rule = RecordingRule("unused", IsolatedExpr("vector(1)"), {}, PLACE)
    return (RuleGroup("x", "x", Duration.of(days=1), (rule,)),)


# --------------------------------------------------------------------------- alerts


def test_more_errors_than_events(newest: Tools, tmp_path: Path) -> None:
    """Selectors that count different things are told of; those that cannot are not asked."""
    sli = EventsSli(total=text("served_total"), errors=text("failed_total"))
    series = {
        'served_total{tenant="acme"}': flow((1, "2h")),
        'failed_total{tenant="acme"}': flow((3, "2h")),
    }
    odd = firing(alert="SLOErrorsExceedTotal")
    promtool_agrees(
        newest["promtool"], tmp_path, groups(sli=sli), series, [("10m", odd, None), ("1h", odd, 1)]
    )
    told = [r.alert for g in groups() for r in g.rules if not isinstance(r, RecordingRule)]
    assert "SLOErrorsExceedTotal" not in told


def test_a_spent_budget_is_told_as_what_is_spent(tools: Tools, tmp_path: Path) -> None:
    series = {GOOD: flow((9.98, "3h")), BAD: flow((0.02, "3h"))}
    rules = groups(min_events=Decimal(30))
    spent = firing(alert="SLOErrorBudgetExhausted")
    events = 'slo:sli_total:increase30d{slo="availability"}'
    expected: Expected = [
        ("2h", spent, 1),
        ("2h", f"abs({events} / 70500 - 1) < bool 0.01", 1),
        ("2h", 'round(slo:period_burn_rate:ratio{slo="availability"}, 0.01)', 2),
    ]
    promtool_agrees(tools["promtool"], tmp_path, rules, series, expected)


def test_exhaustion_is_the_rest_at_the_present_pace(newest: Tools, tmp_path: Path) -> None:
    """Half of the budget is left and burns at 0.5: it lasts as long as the window."""
    series = {GOOD: flow((9.995, "3h")), BAD: flow((0.005, "3h"))}
    days = 'round(slo:time_to_exhaustion:seconds{slo="availability"} / 86400, 0.1)'
    promtool_agrees(newest["promtool"], tmp_path, groups(), series, [("2h", days, 30)])


def test_no_alert_sums_days_itself() -> None:
    """What a gate needs of days is recorded once; the alerts only read it."""
    spec = tenant(slos={"a": slo("a", min_events=Decimal(30))})
    _, compiled = compile_slos(spec, platform())
    for alert in compiled.alerts:
        assert "d]" not in alert.rule.expr, alert.rule.expr


@pytest.mark.parametrize(
    ("by", "told", "hint"),
    [
        ("metod", "a is grouped by 'metod', which jobs has not", "did you mean 'method'?"),
        ("colour", "a is grouped by 'colour', which jobs has not", "its labels are: "),
        ("method", None, None),
        ("instance", None, None),  # every target has it
    ],
)
def test_a_grouping_that_the_metric_lacks(by: str, told: str | None, hint: str | None) -> None:
    """Grouped by a label that nothing has, all groups would be one."""
    jobs = Metric("jobs", "counter", frozenset({"method"}), "", (), PLACE)
    sli = EventsSli(total=text("jobs"), errors=text('jobs{method="x"}'))
    spec = tenant(slos={"a": slo("a", group_by=(by,), sli=sli)}, metrics={"jobs": jobs})
    found = [f for f in compile_slos(spec, platform())[1].findings if "grouped" in f.message]
    assert [f.message for f in found] == ([told] if told else [])
    assert all(f.code == "promql-unknown-label" for f in found)
    assert all(f.hint and hint and f.hint.startswith(hint) for f in found)


def test_a_grouping_of_an_undeclared_metric_is_nobodys_mistake() -> None:
    spec = tenant(slos={"a": slo("a", group_by=("colour",))}, metrics={})
    assert not [f for f in compile_slos(spec, platform())[1].findings if "grouped" in f.message]
