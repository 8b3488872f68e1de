"""Lints against declared metrics and against how Prometheus evaluates."""

from __future__ import annotations

from decimal import Decimal

import pytest

from generator.findings import Level
from generator.promql.catalogue import Catalogue, MetricInfo
from generator.promql.check import check
from generator.promql.parser import parse
from generator.values import Duration

CATALOGUE = Catalogue(
    {
        "requests_total": MetricInfo("counter", frozenset({"code", "method"})),
        "latency_seconds": MetricInfo(
            "histogram", frozenset({"method"}), (Decimal("0.1"), Decimal("0.3"), Decimal(1))
        ),
        "queue_depth": MetricInfo("gauge", frozenset({"queue"})),
        "anything": MetricInfo("gauge"),
        "native_seconds": MetricInfo("native_histogram", frozenset({"method"})),
        "rpc_seconds": MetricInfo("summary", frozenset({"method"})),
    }
)
SCRAPE = Duration.of(seconds=15)
LINT = tuple[str, str, str, str | None, Level]
E, W = Level.ERROR, Level.WARNING


def lints(text: str, catalogue: Catalogue | None = CATALOGUE, *, alert: bool = True) -> list[LINT]:
    problems = check(parse(text), text, catalogue, alert=alert, scrape_interval=SCRAPE)
    return [
        (p.code, text[p.offset : p.offset + p.length], p.message, p.hint, p.level) for p in problems
    ]


@pytest.mark.parametrize(
    "text",
    [
        "rate(requests_total[5m]) > 1",
        'sum by (code) (increase(requests_total{method="GET",job="a"}[1h])) > 1',
        "histogram_quantile(0.9, sum by (le, method) (rate(latency_seconds_bucket[5m]))) > 0.3",
        'rate(latency_seconds_bucket{le="0.3"}[5m]) > 1',
        'rate(latency_seconds_bucket{le="0.30"}[5m]) > 1',
        'rate(latency_seconds_bucket{le="+Inf"}[5m]) > 1',
        r'rate(latency_seconds_bucket{le=~"1|1\\.0"}[5m]) > 1',
        "latency_seconds_sum / latency_seconds_count > 1",
        "histogram_quantile(0.9, rate(native_seconds[5m])) > 1",
        'rpc_seconds{quantile="0.9"} > 1',
        "delta(queue_depth[5m]) > 1",
        "predict_linear(queue_depth[1h], 3600) > 1",
        "absent(requests_total)",
        "count(requests_total) < 3",
        "requests_total unless requests_total offset 5m",
        "changes(requests_total[5m]) > 0",
        'up == 0 or ALERTS{alertname="a"}',
        "slo:sli_error:ratio_rate5m > 0.1",
        "queue_depth > 5 and on (job) up",
        "anything{whatever='x'} > 5",
        "sum by (whatever) (anything) > 5",
        "avg_over_time(queue_depth[15s]) > 1",
        "requests_total - requests_total offset 1h > 5",
        "resets(requests_total[5m]) > 1",
        "absent_over_time(up[5m])",
    ],
)
def test_fine(text: str) -> None:
    assert lints(text) == []


@pytest.mark.parametrize(
    ("text", "lint"),
    [
        ("sum(rate(request_total[5m])) > 1",
         ("promql-unknown-metric", "request_total", "the metric request_total is not declared",
          "did you mean requests_total?", W)),
        ("latency_seconds > 1",
         ("promql-unknown-metric", "latency_seconds",
          "the histogram latency_seconds has no series of this name",
          "use latency_seconds_bucket, latency_seconds_sum or latency_seconds_count", E)),
        ("other > 1",
         ("promql-unknown-metric", "other", "the metric other is not declared",
          "declare it under metrics:", W)),
        ('rate(requests_total{cod="5"}[5m]) > 1',
         ("promql-unknown-label", 'cod="5"', "requests_total has no label cod",
          "did you mean code?", E)),
        ('queue_depth{zone="5"} > 1',
         ("promql-unknown-label", 'zone="5"', "queue_depth has no label zone",
          "it has instance, job, queue", E)),
        ("sum by (cod) (rate(requests_total[5m])) > 1",
         ("promql-unknown-label", "by (cod)", "nothing inside can have the label cod",
          "did you mean code?", W)),
        ("rate(queue_depth[5m]) > 1",
         ("promql-rate-gauge", "rate(queue_depth[5m])",
          "rate() is for counters, and queue_depth is a gauge",
          "use delta() or deriv() for gauges", E)),
        ("irate(queue_depth[5m]) > 1",
         ("promql-rate-gauge", "irate(queue_depth[5m])",
          "irate() is for counters, and queue_depth is a gauge",
          "use delta() or deriv() for gauges", E)),
        ("deriv(requests_total[5m]) > 1",
         ("promql-delta-counter", "deriv(requests_total[5m])",
          "deriv() is for gauges, and requests_total only rises and resets",
          "use increase() or rate() for counters", W)),
        ("rate(sum(requests_total)[5m:]) > 1",
         ("promql-rate-of-sum", "rate(sum(requests_total)[5m:])",
          "rate() of an aggregation sees a counter's reset as a fall of the sum",
          "aggregate the rates: sum(rate(…))", W)),
        ("sum(requests_total) > 100",
         ("promql-raw-counter", "requests_total",
          "requests_total counts since its process began: its value alone means little",
          "compare rate(requests_total[5m]) or increase(requests_total[1h])", W)),
        ("5 < latency_seconds_count",
         ("promql-raw-counter", "latency_seconds_count",
          "latency_seconds_count counts since its process began: its value alone means little",
          "compare rate(latency_seconds_count[5m]) or increase(latency_seconds_count[1h])", W)),
        ("histogram_quantile(0.9, rate(queue_depth[5m])) > 1",
         ("promql-quantile-metric", "queue_depth",
          "histogram_quantile() needs a histogram, and queue_depth is a gauge", None, E)),
        ("histogram_quantile(0.9, sum by (le) (rate(latency_seconds_sum[5m]))) > 1",
         ("promql-quantile-metric", "latency_seconds_sum",
          "histogram_quantile() needs the buckets of latency_seconds",
          "use latency_seconds_bucket", E)),
        ("histogram_quantile(0.9, sum by (method) (rate(latency_seconds_bucket[5m]))) > 1",
         ("promql-quantile-le", "sum by (method) (rate(latency_seconds_bucket[5m]))",
          "the label le is dropped before histogram_quantile() can read the buckets",
          "keep it: sum by (le, …)", E)),
        ('rate(latency_seconds_bucket{le="0.2"}[5m]) > 1',
         ("promql-bucket", 'le="0.2"', "latency_seconds has no bucket 0.2",
          "its buckets are 0.1, 0.3, 1", E)),
        ("rate(requests_total[30s]) > 1",
         ("promql-short-range", "30s",
          "30s holds fewer than 4 scrapes of 15s: one lost scrape and the result is gone",
          "take 1m or more", W)),
        ("queue_depth",
         ("promql-always-firing", "queue_depth",
          "nothing is compared here: the alert fires for every series that exists",
          "compare the value with a limit", W)),
        ("queue_depth > bool 5",
         ("promql-always-firing", "> bool",
          "`bool` makes this comparison return 0 or 1, and an alert fires for both",
          "write > without bool", W)),
        ("queue_depth > 5 or queue_depth",
         ("promql-always-firing", "queue_depth > 5 or queue_depth",
          "nothing is compared here: the alert fires for every series that exists",
          "compare the value with a limit", W)),
        ("queue_depth[5m]",
         ("promql-result", "queue_depth[5m]", "the result is a range vector, not an instant vector",
          "reduce the range with rate(), increase(), avg_over_time(), …", E)),
        ("time() - 5",
         ("promql-result", "time() - 5", "the result is a scalar, not an instant vector",
          "wrap it in vector()", E)),
        ("'a'",
         ("promql-result", "'a'", "the result is a string, not an instant vector", None, E)),
    ],
)  # fmt: skip
def test_lints(text: str, lint: LINT) -> None:
    assert lint in lints(text)


def test_one_mistake_is_one_lint() -> None:
    assert len(lints("rate(queue_depth[5m]) > 1")) == 1
    assert len(lints("sum(requests_total) > 100")) == 1


def test_without_declared_metrics_only_the_shape_is_checked() -> None:
    assert lints("rate(any_gauge[5m]) > 1", None) == []
    assert lints("rate(any_gauge[5m]) > 1", Catalogue()) == []
    codes = [
        code for code, *_ in lints("histogram_quantile(0.9, sum(rate(x_bucket[5m]))) > 1", None)
    ]
    assert codes == ["promql-quantile-le"]


def test_strict_makes_an_undeclared_metric_an_error() -> None:
    strict = Catalogue(CATALOGUE.metrics, strict=True)
    assert [level for *_, level in lints("other > 1", strict)] == [Level.ERROR]


def test_records_may_return_what_alerts_may_not() -> None:
    assert lints("queue_depth", alert=False) == []
    assert lints("sum(requests_total) > 100", alert=False) == []


def test_target_labels_are_the_caller_s() -> None:
    wide = Catalogue(CATALOGUE.metrics, frozenset({"job", "instance", "zone"}))
    assert lints('queue_depth{zone="5"} > 1', wide) == []


def test_the_series_a_catalogue_makes() -> None:
    assert CATALOGUE.names() >= {
        "latency_seconds_bucket", "latency_seconds_sum", "latency_seconds_count",
        "rpc_seconds", "rpc_seconds_sum", "requests_total", "native_seconds",
    }  # fmt: skip
    assert "latency_seconds" not in CATALOGUE.names()
    assert CATALOGUE.labels_of("latency_seconds_bucket") == {"method", "le", "job", "instance"}
    assert CATALOGUE.labels_of("rpc_seconds") == {"method", "quantile", "job", "instance"}
    assert CATALOGUE.labels_of("anything") is None
