"""What rules cost: the numbers of small tenants by hand, the limits, the report."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from generator.compile.tenant import compile_tenant
from generator.findings import Finding
from generator.ir.cost import PartCost, TenantCost
from generator.render.cost import cost_data, cost_text
from generator.spec.model import Collect, Expression, Limits, Metric, RecordingSpec, Tenant
from generator.values import Duration
from tests.builders import PLACE, alert, platform, slo, tenant, text


def cost(spec: Tenant, **limits: Any) -> TenantCost:
    return compile_tenant(spec, platform(limits=Limits(**limits)), proven=False).cost


def findings(spec: Tenant, **limits: Any) -> list[Finding]:
    found = compile_tenant(spec, platform(limits=Limits(**limits)), proven=False).findings
    return [finding for finding in found if finding.code == "cost-limit"]


def metric(name: str, kind: str = "counter", series: int | None = None, *buckets: str) -> Metric:
    return Metric(name, kind, None, "", tuple(map(Decimal, buckets)), PLACE, series)


def watching(expr: str, **changes: Any) -> Tenant:
    """A tenant with one alert on an expression."""
    changes.setdefault("escalation", {})
    changes.setdefault("routing", {})
    return tenant(alerts=(alert(signal=Expression(text(expr))),), **changes)


def part(found: TenantCost, name: str) -> PartCost:
    (one,) = [p for p in found.parts if p.name == name]
    return one


REQUESTS = {"requests_total": metric("requests_total", series=40)}

READ = [
    # scrapes every 15 s, evaluations every 30 s
    ("queue_depth > 5", {}, 1, 1),
    ("sum(rate(requests_total[5m])) > 5", REQUESTS, 40 * 20, 1),
    ("sum by (method) (rate(requests_total[5m])) > 5", REQUESTS, 40 * 20, 40),
    ('sum by (job) (rate(requests_total{job="a"}[5m])) > 5', REQUESTS, 40 * 20, 1),
    ("topk(3, requests_total) > 5", REQUESTS, 40, 3),
    ("topk by (method) (3, requests_total) > 5", REQUESTS, 40, 40),
    ("count(requests_total) by () > 5", REQUESTS, 40, 1),
    ("absent(requests_total)", REQUESTS, 40, 1),
    ("requests_total > 5 or requests_total < 1", REQUESTS, 80, 40),
    ("requests_total > 5 or queue_depth > 1", REQUESTS, 41, 41),
    ("requests_total > on (method) group_left () queue_depth", REQUESTS, 41, 40),
    ("queue_depth > on (method) group_right () requests_total", REQUESTS, 41, 40),
    ("requests_total > on (method) queue_depth", REQUESTS, 41, 1),
    ("max_over_time(queue_depth[1h:1m]) > 5", {}, 60, 1),
    ("max_over_time(queue_depth[1h:]) > 5", {}, 120, 1),
    ("queue_depth offset 1d > 5", {}, 1, 1),
    ('rate(requests_total{job="slow"}[10m]) > 5', REQUESTS, 40 * 10, 40),
    ('{__name__=~"requests_.*"} > 5', REQUESTS, 40, 40),
    # a pattern that fits nothing declared or written is taken for one metric
    ('{__name__=~"unheard_.*"} > 5', REQUESTS, 1, 1),
]


@pytest.mark.parametrize(("expr", "metrics", "samples", "series"), READ)
def test_what_an_alert_reads_and_returns(
    expr: str, metrics: dict[str, Metric], samples: int, series: int
) -> None:
    jobs = (Collect("slow", PLACE, ("slow:80",), interval=Duration.of(minutes=1)),)
    declared = metrics and {**metrics, "queue_depth": metric("queue_depth", "gauge", 1)}
    found = cost(watching(expr, metrics=declared, collect=jobs))
    assert found.samples_per_evaluation == samples
    assert found.samples_per_second == round(samples / 30, 3)
    assert found.alerts_series == series
    assert (found.alerts, found.alert_rules, found.recording_rules, found.groups) == (1, 1, 0, 1)


@pytest.mark.parametrize(
    ("matchers", "buckets"),
    [("", 4), ('{le="0.5"}', 1), ('{le=~"1|1\\\\.0"}', 1), ('{le!="+Inf"}', 3), ('{le=~".+"}', 4)],
)
def test_a_histogram_has_a_series_per_bucket(matchers: str, buckets: int) -> None:
    latency = {"latency_seconds": metric("latency_seconds", "histogram", 7, "0.1", "0.5", "1")}
    found = cost(watching(f"latency_seconds_bucket{matchers} > 5", metrics=latency))
    assert found.alerts_series == found.samples_per_evaluation == 7 * buckets
    counted = cost(watching("latency_seconds_count > 5", metrics=latency))
    assert counted.alerts_series == 7
    quantile = "histogram_quantile(0.9, sum by (le, path) (rate(latency_seconds_bucket[5m]))) > 1"
    assert cost(watching(quantile, metrics=latency)).alerts_series == 7


def test_recorded_series_are_as_many_as_their_rule_returns() -> None:
    rate = RecordingSpec(
        "api:requests:rate5m", text("sum by (method) (rate(requests_total[5m]))"), "api", "p", PLACE
    )
    spec = watching(
        "sum_over_time(api:requests:rate5m[1h]) > 5", metrics=REQUESTS, recordings=(rate,)
    )
    found = cost(spec)
    assert found.recorded_series == found.alerts_series == 40
    assert part(found, "api:requests:rate5m").samples_per_evaluation == 40 * 20
    assert part(found, "QueueBacklog").samples_per_evaluation == 40 * 120
    assert found.assumed == ()


def test_a_group_of_two_minutes_counts_a_quarter() -> None:
    found = part(cost(tenant(slos={"availability": slo()})), "availability")
    assert found.samples_per_second < found.samples_per_evaluation / 30
    assert found.samples_per_second > found.samples_per_evaluation / 120


def test_an_slo_says_what_one_combination_records() -> None:
    plain = part(cost(tenant(slos={"a": slo("a")}, metrics=http(50))), "a")
    grouped = part(cost(tenant(slos={"a": slo("a", group_by=("m",))}, metrics=http(50))), "a")
    metadata = 4
    assert plain.series_per_combination == grouped.series_per_combination
    assert plain.recorded_series == plain.series_per_combination + metadata
    assert grouped.recorded_series == 50 * grouped.series_per_combination + metadata
    assert plain.alerts == 6
    assert plain.alert_rules == plain.alerts, "policies of one step have no later ones"


def http(series: int) -> dict[str, Metric]:
    name = "http_requests_total"
    return {name: metric(name, "counter", series)}


def test_assumptions_are_told_and_settable() -> None:
    spec = watching("sum(rate(requests_total[5m])) > 5 and max(queue_depth) > 1")
    one, ten = cost(spec), cost(spec, series_per_metric=10)
    assert one.assumed == ten.assumed == ("queue_depth", "requests_total")
    assert ten.samples_per_evaluation == 10 * one.samples_per_evaluation == 210
    assert "with 10 label combinations assumed of each: 2 metrics do not" in cost_text([ten])
    assert "assumed" not in cost_text([cost(watching("vector(1) > time()"))])


def test_hysteresis_adds_no_series_by_reading_itself() -> None:
    latched = replace(alert().signal, clear=Decimal(5))  # type: ignore[type-var]
    found = cost(tenant(alerts=(alert(signal=latched),), escalation={}, routing={}))
    assert found.alerts_series == 1
    assert found.samples_per_evaluation == 3


# --------------------------------------------------------------------------- limits

BIG = tenant(slos={"availability": slo()}, alerts=(alert(),), metrics=http(5000))
KEYS = {
    "rules": "the SLO availability",
    "groups": "the SLO availability",
    "alerts": "the SLO availability",
    "recorded_series": "the SLO availability",
    "samples_per_evaluation": "the SLO availability",
    "samples_per_second": "the SLO availability",
}


@pytest.mark.parametrize("key", KEYS)
def test_a_limit_is_told_from_the_first_unit_above_it(key: str) -> None:
    used = getattr(cost(BIG), key)
    assert findings(BIG, **{key: int(used) + 1}) == []
    (found,) = findings(BIG, **{key: max(1, int(used) - 1)})
    assert found.level == "warning"
    assert found.place == BIG.place
    assert f"above limits.{key} (" in found.message
    assert f"; most by {KEYS[key]}: " in found.message
    assert found.hint is not None and f"raise limits.{key}" in found.hint


def test_the_level_of_a_limit_is_the_platforms() -> None:
    assert [f.level.value for f in findings(BIG, rules=1, level="error")] == ["error"]


def test_the_message_names_numbers_a_person_can_use() -> None:
    (found,) = findings(tenant(alerts=(alert("A"), alert("B"))), alerts=1)
    assert found.message == (
        "acme compiles to 2 alerts, above limits.alerts (1); most by the alert A of api: 1"
    )


def test_groups_are_counted_as_they_are_written() -> None:
    spec = tenant(slos={"availability": slo()})
    whole, cut = cost(spec), cost(spec, rules_per_group=5)
    assert cut.groups > whole.groups
    assert cut.largest_group[1] <= 5 < whole.largest_group[1]
    assert cut.rules == whole.rules
    assert part(cut, "availability").groups == cut.groups


# --------------------------------------------------------------------------- report


def test_parts_add_up_to_the_tenant() -> None:
    for spec in (BIG, watching("queue_depth > 5")):
        found = cost(spec)
        assert sum(p.rules for p in found.parts) == found.rules
        assert sum(p.alerts for p in found.parts) == found.alerts
        assert sum(p.recorded_series for p in found.parts) == found.recorded_series
        assert sum(p.samples_per_evaluation for p in found.parts) == found.samples_per_evaluation
        total = sum(p.samples_per_second for p in found.parts)
        assert total == pytest.approx(found.samples_per_second, abs=0.01)


def test_the_report_is_a_table_and_its_data_are_plain() -> None:
    spec = tenant(alerts=tuple(alert(f"A{n}") for n in range(9)), escalation={}, routing={})
    found = cost(spec)
    table = cost_text([found, replace(found, tenant="globex")])
    assert [line.split()[:2] for line in table.splitlines()[2:5]] == [
        ["acme", "9"],
        ["globex", "9"],
        ["total", "18"],
    ]
    assert "  alert A0 of api" in table
    assert "  4 more alerts" in table
    data = cost_data([found])
    assert data["total"]["alerts"] == 9
    (one,) = data["tenants"]
    assert [p["name"] for p in one["parts"]] == [f"A{n}" for n in range(9)]
    assert (one["parts"][0]["file"], one["parts"][0]["line"]) == (PLACE.file, PLACE.line)
    assert cost_text([]) == "no tenant compiles: nothing to count\n"
