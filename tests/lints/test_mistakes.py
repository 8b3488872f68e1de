"""Mistakes planted into a tenant that is right: each is found with its code, at its characters.

`‹…›` marks what the finding must point at.
"""

from __future__ import annotations

import pytest

from tests.lints.tenants import Specs

SPEC = """\
version: 1
tenant: acme
owner: {team: shop}
collect:
  - {job: shop, targets: ["shop:8000"]}
  - {job: web, targets: ["web:8000"], labels: {zone: eu}}
metrics:
  http_requests_total: {type: counter, labels: [service, code]}
  http_request_duration_seconds: {type: histogram, labels: [service], buckets: [0.1, 0.3, 1]}
  queue_depth: {type: gauge, labels: [queue]}
  queue_consumers: {type: gauge, labels: [queue]}
  cache_hit_ratio: {type: gauge, labels: [cache]}
services:
  shop: {selector: {job: shop}, packs: {service-health: {}}}
slos:
  availability:
    service: shop
    objective: 99.9%
    window: 14d
    sli:
      events:
        total: http_requests_total{job="shop"}
        errors: http_requests_total{job="shop", code=~"5.."}
alerts:
  ErrorsMany:
    service: shop
    expr: |
      sum by (code) (rate(http_requests_total{job="shop", code=~"5.."}[5m]))
        > 0.1
    for: 5m
    severity: warning
    summary: "{{ $value | humanize }} errors a second with {{ $labels.code }}"
  Slow:
    service: shop
    threshold:
      expr: histogram_quantile(0.99, sum by (le) (rate(http_request_duration_seconds_bucket[5m])))
      above: 0.3
    for: 10m
  QueueBacklog:
    threshold:
      expr: max by (queue) (queue_depth)
      above: 1000
    for: 15m
  CacheCold:
    expr: avg by (cache) (cache_hit_ratio) < 0.5 and on () sum(rate(http_requests_total[5m])) > 1
    for: 30m
  NoQueue: {absent: {selector: queue_depth}, for: 15m}
"""
QUANTILE = "histogram_quantile(0.99, sum by (le) (rate(http_request_duration_seconds_bucket[5m])))"
MISTAKES = {
    "a misspelt metric": (
        "(cache_hit_ratio)", "(‹cache_hits_ratio›)", "promql-unknown-metric"),
    "a misspelt label": (
        ', code=~"5.."}[5m]', ', ‹cod=~"5.."›}[5m]', "promql-unknown-label"),
    "a misspelt grouping": (
        "avg by (cache)", "avg ‹by (cashe)›", "promql-unknown-label"),
    "a misspelt label to match on": (
        "and on () sum(rate", "‹and on (cashe)› sum by (code) (rate", "promql-unknown-label"),
    "the rate of a gauge": (
        "max by (queue) (queue_depth)", "max by (queue) (‹rate(queue_depth[5m])›)",
        "promql-rate-gauge"),
    "a raw counter in a threshold": (
        "max by (queue) (queue_depth)", "sum(‹http_requests_total›)", "promql-raw-counter"),
    "the rate of a sum": (
        "sum(rate(http_requests_total[5m])) > 1",
        "‹rate(sum(http_requests_total)[5m:])› > 1", "promql-rate-of-sum"),
    "a short range": (
        "http_requests_total[5m]", "http_requests_total[‹30s›]", "promql-short-range"),
    "a short range in a later line of a block": (
        "> 0.1\n", "> 0.1 and on () rate(http_requests_total[‹15s›]) > 0\n", "promql-short-range"),
    "a quantile without le": (
        "sum by (le) (rate(http_request_duration_seconds_bucket[5m]))",
        "‹sum(rate(http_request_duration_seconds_bucket[5m]))›", "promql-quantile-le"),
    "the quantile of a count": (
        "sum by (le) (rate(http_request_duration_seconds_bucket[5m]))",
        "rate(‹http_request_duration_seconds_count›[5m])", "promql-quantile-metric"),
    "a bucket that is not there": (
        "max by (queue) (queue_depth)",
        'sum(rate(http_request_duration_seconds_bucket{‹le="2"›}[5m]))', "promql-bucket"),
    "no comparison": (
        "expr: avg by (cache) (cache_hit_ratio) < 0.5 and on () sum(rate(http_requests_total[5m]))"
        " > 1",
        "expr: ‹avg by (cache) (cache_hit_ratio)›", "promql-always-firing"),
    "a comparison with bool": (
        "< 0.5 and on () sum(rate(http_requests_total[5m])) > 1", "‹< bool› 0.5",
        "promql-always-firing"),
    "a rate above nothing": ("        > 0.1", "        ‹>=› 0", "promql-always-firing"),
    "a rate below nothing": ("        > 0.1", "        ‹<› 0", "promql-never"),
    "nothing counted": (
        "avg by (cache) (cache_hit_ratio) < 0.5", "count(up) ‹==› 0", "promql-never"),
    "a quantile above the last bucket": (
        f"      expr: {QUANTILE}\n      above: 0.3", f"      expr: ‹{QUANTILE}›\n      above: 1",
        "promql-never"),
    "limits that contradict": (
        "(cache_hit_ratio) < 0.5 and on () sum(rate(http_requests_total[5m])) > 1",
        "(cache_hit_ratio) < 0.1 ‹and› avg by (cache) (cache_hit_ratio) > 0.9", "promql-never"),
    "limits in a row that contradict": (
        "(cache_hit_ratio) < 0.5", "(cache_hit_ratio) < 0.1 ‹>› 0.9", "promql-never"),
    "a ratio against percent": (
        "(cache_hit_ratio) < 0.5", "(cache_hit_ratio) ‹<› 50", "promql-percent"),
    "a ratio against percent in a threshold": (
        "expr: max by (queue) (queue_depth)\n      above: 1000",
        "expr: ‹max by (cache) (cache_hit_ratio)›\n      above: 90", "promql-percent"),
    "the first of many": (
        "max by (queue) (queue_depth)", "‹topk(3, queue_depth)›", "promql-topk"),
    "sides that never meet": (
        "and on () sum(rate", "‹and› sum(rate", "promql-never-matches"),
    "sides grouped apart": (
        "< 0.5 and on () sum(rate(http_requests_total[5m]))",
        "< 0.5 ‹and› sum by (code) (rate(http_requests_total[5m]))", "promql-never-matches"),
    "an unless that takes nothing": (
        "and on () sum(rate", "‹unless› sum(rate", "promql-never-matches"),
    "other values of one label": (
        "expr: avg by (cache) (cache_hit_ratio) < 0.5 and on () sum(rate(http_requests_total[5m]))"
        " > 1",
        'expr: queue_depth{queue="a"} > 5 ‹and› queue_depth{queue="b"} > 5',
        "promql-never-matches"),
    "many to many": (
        "max by (queue) (queue_depth)",
        "sum by (queue, job) (queue_depth) ‹/ on (queue)› sum by (queue) (queue_consumers)",
        "promql-many-to-many"),
    "an or that adds nothing": (
        "max by (queue) (queue_depth)", "queue_depth or ‹queue_depth{queue=\"a\"}›",
        "promql-dead-or"),
    "a fallback on the wrong side": (
        "and on () sum(rate(http_requests_total[5m])) > 1",
        "and on () (vector(0) or ‹sum(rate(http_requests_total[5m]))›) > 1", "promql-dead-or"),
    "absence of a sum": (
        "avg by (cache) (cache_hit_ratio) < 0.5", "‹absent(sum(queue_depth))›",
        "promql-absent-aggregate"),
    "absence of a comparison": (
        "avg by (cache) (cache_hit_ratio) < 0.5", "‹absent(queue_depth > 5)›",
        "promql-absent-aggregate"),
    "a look too far back": (
        "sum(rate(http_requests_total[5m])) > 1",
        "sum(rate(http_requests_total[5m] offset ‹5w›)) > 1", "promql-retention"),
    "a job that nobody scrapes": (
        "sum(rate(http_requests_total[5m])) > 1",
        "sum(rate(http_requests_total{‹job=\"shops\"›}[5m])) > 1", "promql-unscraped"),
    "jobs that nobody scrapes": (
        "sum(rate(http_requests_total[5m])) > 1",
        "sum(rate(http_requests_total{‹job=~\"shops|api.*\"›}[5m])) > 1", "promql-unscraped"),
    "a regex that is a text": (
        'code=~"5.."}[5m]', '‹code=~"500"›}[5m]', "promql-regex-literal"),
    "a regex with anchors": (
        'code=~"5.."}[5m]', '‹code=~"^5..$"›}[5m]', "promql-regex-anchored"),
    "an average of ratios": (
        "avg by (cache) (cache_hit_ratio) < 0.5 and",
        "avg(rate(http_request_duration_seconds_sum[5m]) ‹/› "
        "rate(http_request_duration_seconds_count[5m])) > 0.5 and", "promql-division"),
    "a ratio unlike one": (
        "(cache_hit_ratio) < 0.5 and on () sum(rate(http_requests_total[5m])) > 1",
        '(cache_hit_ratio) < 0.5 and on () sum(rate(http_requests_total{code="200"}[5m])) ‹/› '
        "sum(rate(http_requests_total[5m])) != 1", "promql-division"),
    "an alert twice": (
        "  CacheCold:", "  ‹QueueTwin›: {expr: max by (queue) (queue_depth) > 1000, for: 15m}\n"
        "  CacheCold:", "alert-duplicate"),
    "an alert in another's shadow": (
        "  CacheCold:", "  ‹QueueHuge›: {expr: max by (queue) (queue_depth) > 5000, for: 20m}\n"
        "  CacheCold:", "alert-shadowed"),
    "absence at once": (
        "  NoQueue: {absent: {selector: queue_depth}, for: 15m}",
        "  ‹NoQueue›: {absent: {selector: queue_depth}}", "alert-absent-for"),
    "absence at once in an expression": (
        "  NoQueue: {absent: {selector: queue_depth}, for: 15m}",
        "  ‹NoQueue›: {expr: absent(queue_depth)}", "alert-absent-for"),
    "a wait shorter than an evaluation": (
        "    for: 30m", "    for: ‹20s›", "alert-short-for"),
    "a text that does not say which": (
        '"{{ $value | humanize }} errors a second with {{ $labels.code }}"',
        '"‹{{ $value | humanize }} errors a second›"', "alert-unnamed"),
    "a text that reads what was dropped": (
        "{{ $labels.code }}", "{{ $labels.‹service› }}", "template-label"),
    "a text with a misspelt label": (
        "{{ $labels.code }}", "{{ $labels.‹cod› }}", "template-label"),
    "total and errors exchanged": (
        'total: http_requests_total{job="shop"}\n'
        '        errors: http_requests_total{job="shop", code=~"5.."}',
        'total: http_requests_total{job="shop", code=~"5.."}\n'
        '        errors: ‹http_requests_total{job="shop"}›', "slo-swapped"),
    "errors that are all events": (
        'errors: http_requests_total{job="shop", code=~"5.."}',
        'good: ‹http_requests_total{job="shop"}›', "slo-swapped"),
    "a promise over more than is kept": (
        "  availability:\n    service: shop\n    objective: 99.9%\n    window: 14d",
        "  ‹availability›:\n    service: shop\n    objective: 99.9%\n    window: 30d",
        "slo-retention"),
    "a range as the result": (
        "max by (queue) (queue_depth)", "‹queue_depth[5m]›", "promql-result"),
}  # fmt: skip


def test_the_tenant_is_right(specs: Specs) -> None:
    assert specs.lints(SPEC) == []


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_mistake_is_found_where_it_stands(mistake: str, specs: Specs) -> None:
    right, wrong, code = MISTAKES[mistake]
    assert SPEC.count(right) == 1, "the edit must have one place"
    marked = SPEC.replace(right, wrong)
    before, span = marked.split("‹")[0], marked.split("‹")[1].split("›")[0]
    found = specs.lints(marked.replace("‹", "").replace("›", ""))
    line, column = before.count("\n") + 1, len(before) - before.rfind("\n")
    places = [
        (f.place.line, f.place.column, f.place.length) for f in found if f.code == code and f.place
    ]
    assert [f.code for f in found] == [code], found
    assert places == [(line, column, len(span))]


def test_a_pack_on_the_same_series_names_both_services(specs: Specs) -> None:
    """Not `ServiceDown fires exactly when ServiceDown does`: nothing in the pack can be removed."""
    known = "  shop: {selector: {job: shop}, packs: {service-health: {}}}\n"
    twice = SPEC.replace(known, known + known.replace("shop: {sel", "till: {sel"))
    told = [f for f in specs.lints(twice) if f.code == "alert-duplicate"]
    assert told[0].message == (
        "ServiceDown fires for shop and till at once: both select the same series"
    )
    assert {f.hint for f in told} == {
        "give the services selectors that tell them apart, or the pack to one of them"
    }
