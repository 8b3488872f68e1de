"""Samples and series as we count them are what a real Prometheus counts (`stats=all`)."""

from __future__ import annotations

import json
import subprocess
import urllib.request
from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path
from urllib.parse import urlencode

import pytest

from generator.compile.context import Context
from generator.compile.store import Store
from generator.ir.rules import AlertRule, RecordingRule, RuleGroup
from generator.promql.parser import parse
from generator.spec.model import Metric
from generator.tools import Tool
from generator.values import Duration
from tests.builders import PLACE, platform, tenant
from tests.live.stack import free_port, prometheus

START = 1_700_000_100
HOURS = 5
ASKED = START + HOURS * 3600 - 23
"""Between two samples, so that a range holds the same whether it is closed to the left or not."""

REQUESTS = Metric("requests_total", "counter", None, "", (), PLACE, series=6)
BOUNDS = (Decimal("0.5"), Decimal(1))
LATENCY = Metric("latency_seconds", "histogram", None, "", BOUNDS, PLACE, series=2)
METRICS = {"requests_total": REQUESTS, "latency_seconds": LATENCY}

EXACT = (
    # an instant, a constant, a name in braces
    "requests_total",
    "vector(1)",
    "time() - timestamp(requests_total)",
    '{__name__="requests_total"}',
    # offsets and @ read as much
    "requests_total offset 30m",
    "requests_total @ 1700003600",
    "sum_over_time(requests:rate5m[30m] offset 1h)",
    # ranges over raw and over recorded series
    "rate(requests_total[5m])",
    "increase(requests_total[2h])",
    "sum by (method) (rate(requests_total[1h]))",
    "sum_over_time(requests:rate5m[1h])",
    "sum_over_time(requests:rate5m[4h]) / (sum_over_time(requests:rate5m[4h]) > 0)",
    'max_over_time(ALERTS{alertname="Slow",alertstate="firing"}[10m])',
    # subqueries
    "max_over_time(rate(requests_total[5m])[1h:1m])",
    "max_over_time(requests:rate5m[1h:])",
    "quantile_over_time(0.5, (requests:rate5m * 2)[10m:30s])",
    "last_over_time(max_over_time(requests:rate5m[10m:1m])[30m:5m])",
    "max_over_time(requests:rate5m[1h:5m] offset 20m)",
    # operators, aggregations, parameters
    "requests:rate5m + on (method, code) requests_total",
    "requests:rate5m > 1000 or 0 * requests:rate5m",
    "requests:rate5m and on (method) requests_total",
    "requests_total unless requests:rate5m",
    "topk(2, requests_total)",
    "topk(scalar(max(requests:rate5m)), requests_total)",
    "quantile(0.5, requests_total)",
    "-requests_total + 2",
    "absent(requests_total)",
    'label_replace(requests_total, "a", "$1", "method", "(.*)")',
    # buckets of a histogram
    "latency_seconds_count",
    "histogram_quantile(0.9, sum by (le) (rate(latency_seconds_bucket[10m])))",
    'rate(latency_seconds_bucket{le="0.5"}[10m])',
    'rate(latency_seconds_bucket{le=~"1|1\\\\.0"}[10m])',
    'latency_seconds_bucket{le!="+Inf"}',
    # what our rules are made of
    "sum(rate(requests_total[5m])) or 0 * sum(rate(requests_total[5m]))",
    "predict_linear(requests_total[1h], 3600) < 0 and requests_total offset 30m",
    "requests_total > 5 or requests_total > 3 and ignoring (alertname, alertstate, severity) "
    'ALERTS{alertname="Slow",alertstate="firing"}',
)
"""Expressions whose samples we count exactly; where they return fewer series we say more."""

LESS = {
    'requests_total{code="500"}': 6,
    'sum(rate(requests_total{method=~"GET|PUT"}[5m]))': 6 * 20,
}
"""Matchers that narrow a metric lower nothing with us: an upper bound."""


def openmetrics() -> str:
    """Raw metrics every 15 s, a recorded one every 30 s, an alert that fires."""
    lines: list[str] = []
    raw, recorded = range(0, HOURS * 3600, 15), range(0, HOURS * 3600, 30)
    pairs = [(method, code) for method in ("GET", "PUT", "POST") for code in ("200", "500")]
    lines.append("# TYPE latency_seconds histogram")
    for method in ("GET", "PUT"):
        own = f'method="{method}",tenant="acme"'
        for bound in ("0.5", "1.0", "+Inf"):
            lines += [
                f'latency_seconds_bucket{{{own},le="{bound}"}} {at} {START + at}' for at in raw
            ]
        lines += [f"latency_seconds_count{{{own}}} {at} {START + at}" for at in raw]
        lines += [f"latency_seconds_sum{{{own}}} {at} {START + at}" for at in raw]
    lines.append("# TYPE requests counter")
    for method, code in pairs:
        own = f'method="{method}",code="{code}",tenant="acme"'
        lines += [f"requests_total{{{own}}} {at * 2 + 10} {START + at}" for at in raw]
    lines.append("# TYPE requests:rate5m gauge")
    for method, code in pairs:
        own = f'method="{method}",code="{code}",tenant="acme"'
        lines += [f"requests:rate5m{{{own}}} {at % 7 + 1} {START + at}" for at in recorded]
    lines.append("# TYPE ALERTS gauge")
    for method, code in pairs:
        own = f'method="{method}",code="{code}",tenant="acme",severity="warning"'
        own += ',alertname="Slow",alertstate="firing"'
        lines += [f"ALERTS{{{own}}} 1 {START + at}" for at in recorded]
    return "\n".join([*lines, "# EOF\n"])


def store() -> Store:
    """A tenant whose metrics and rules are those of the data."""
    spec = tenant(metrics=METRICS)
    context = Context(spec, platform())
    labels = context.record_labels()
    recorded = context.own("sum by (method, code) (rate(requests_total[5m]))")
    alert = context.own("requests_total > 5")
    warned = {**labels, "severity": "warning"}
    rules = (
        RecordingRule("requests:rate5m", recorded, labels),
        AlertRule("Slow", alert, warned, {}),
    )
    group = RuleGroup("api", "acme:group", Duration.of(seconds=30), rules)
    return Store(spec, platform(), [group])


@pytest.mark.live
@pytest.mark.tools
def test_samples_are_what_prometheus_counts(tmp_path: Path, tools: Mapping[str, Tool]) -> None:
    data = tmp_path / "data"
    data.mkdir()
    (data / "data.om").write_text(openmetrics())
    command = ["tsdb", "create-blocks-from", "openmetrics", "data.om", "prometheus"]
    subprocess.run([tools["promtool"].path, *command], cwd=data, check=True, capture_output=True)
    config = tmp_path / "prometheus.yml"
    config.write_text("global: {evaluation_interval: 30s}\n")
    port, ours = free_port(), store()
    kept = "--storage.tsdb.retention.time=100y"
    with prometheus(tools["prometheus"], config, data, port, kept):
        theirs = {expr: counted(port, expr) for expr in (*EXACT, *LESS)}
    samples = {expr: ours.estimate.samples(parse(expr)) for expr in theirs}
    assert {expr: samples[expr] for expr in EXACT} == {e: theirs[e][0] for e in EXACT}
    for expr, told in LESS.items():
        assert samples[expr] == told > theirs[expr][0]
    for expr, (_, found) in theirs.items():
        assert ours.estimate.series(parse(expr)).series >= found, expr


def counted(port: int, expr: str) -> tuple[int, int]:
    """Samples that a query reads and series that it returns."""
    asked = urlencode({"query": expr, "time": ASKED, "stats": "all"})
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/api/v1/query?{asked}") as answer:
        data = json.load(answer)["data"]
    return data["stats"]["samples"]["totalQueryableSamples"], len(data["result"])
