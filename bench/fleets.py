"""Fleets to measure with: realistic tenants that differ in names, thresholds and people.

A tenant has about 60 recording rules, 60 alerts, four dashboards of about 20 panels, a rotation and
an escalation. The same number always gives the same tenant.
"""

from __future__ import annotations

from pathlib import Path

PLATFORM = """\
version: 1
targets: {prometheus: "2.53", alertmanager: "0.28", grafana: "11.0"}
intervals: {scrape: 15s, evaluation: 30s}
retention: 90d
smtp: {smarthost: "127.0.0.1:25", from: tocsin@example.com}
sharding: {shards: 100, above: 2000}
output: {unit_tests: false}
fallback: platform-mail
channels: {platform-mail: {email: {to: platform@example.com}}}
escalation: {mail-only: [{notify: [platform-mail]}]}
defaults:
  slo: {min_events: 30}
  routing: {critical: mail-only, warning: mail-only, info: mail-only}
tiers:
  gold: {slo: {min_events: 10}}
  silver: {slo: {min_events: 20}}
"""

TENANT = """\
version: 1
tenant: {name}
tier: {tier}
owner: {{team: team-{team}}}
labels: {{product: product-{team}}}
collect:
  - {{job: api, targets: ["{name}-api:8000"], labels: {{service: api}}}}
  - {{job: model, targets: ["{name}-model:8000"], labels: {{service: model}}}}
  - {{job: postgres, targets: ["{name}-db:9187"]}}
  - {{job: node, targets: ["{name}-node:9100"]}}
services:
  api:
    selector: {{service: api}}
    depends_on: [postgres]
    packs: {{http-api: {{latency_p99: {latency}ms}}, service-health: {{}}}}
  model: {{selector: {{service: model}}, depends_on: [postgres], packs: {{ml-model: {{}}}}}}
  postgres: {{selector: {{job: postgres}}, packs: {{postgres: {{}}, service-health: {{}}}}}}
  node: {{selector: {{job: node}}, packs: {{resources: {{}}}}}}
slos:
  availability:
    service: api
    objective: {objective}%
    sli:
      events:
        total: 'http_requests_total{{service="api"}}'
        errors: 'http_requests_total{{service="api", code=~"5.."}}'
  latency:
    service: api
    objective: 99%
    sli: {{latency: {{histogram: http_request_duration_seconds, below: 300ms}}}}
  inference:
    service: model
    objective: 99%
    sli: {{events: {{total: inference_total, errors: inference_errors_total}}}}
alerts:
  QueueBacklog:
    service: api
    threshold: {{expr: 'sum by (queue) (queue_depth)', above: {queue}, clear_below: {clear}}}
    for: 10m
    severity: warning
  Stuck:
    service: api
    expr: max by (worker) (worker_age_seconds) > {age}
    for: 5m
    severity: critical
  DiskFull:
    service: node
    forecast: {{expr: node_filesystem_avail_bytes, below: 0, within: 4h, from: 6h}}
    severity: warning
  NoModel: {{service: model, absent: {{selector: model_quality}}, for: 15m, severity: warning}}
people:
  ann: {{email: ann@{name}.example.com}}
  bob: {{email: bob@{name}.example.com}}
channels:
  chat: {{slack: {{channel: "#{name}", api_url_file: /etc/alertmanager/secrets/slack-{team}}}}}
  mail: {{email: {{to: {name}@example.com}}}}
oncall:
  primary:
    rotation:
      every: 1w
      starts: "2026-11-02T09:00"
      until: "2027-11-01T09:00"
      members: [ann, bob]
escalation:
  urgent: [{{notify: [chat, "oncall:primary"]}}, {{after: 15m, notify: [mail]}}]
  relaxed: [{{notify: [chat], during: office}}, {{after: 1d, notify: [mail]}}]
routing: {{critical: urgent, warning: relaxed, info: mail-only}}
time_windows:
  office: {{weekdays: ["monday:friday"], times: [{{from: "09:00", until: "18:00"}}]}}
"""


def tenant_name(number: int) -> str:
    return f"tenant-{number:05}"


def tenant_text(number: int) -> str:
    """The spec of one tenant."""
    queue = 1000 + 50 * (number % 40)
    return TENANT.format(
        name=tenant_name(number),
        tier=("gold", "silver")[number % 2],
        team=number % 50,
        latency=200 + 50 * (number % 7),
        objective=("99.9", "99.5", "99.95")[number % 3],
        queue=queue,
        clear=queue * 4 // 5,
        age=300 + 60 * (number % 5),
    )


def write_fleet(folder: Path, size: int) -> Path:
    """A repository with `size` tenants in a folder; returns the folder."""
    tenants = folder / "specs" / "tenants"
    tenants.mkdir(parents=True, exist_ok=True)
    (folder / "specs" / "platform.yaml").write_text(PLATFORM, encoding="utf-8")
    for number in range(size):
        path = tenants / f"{tenant_name(number)}.yaml"
        path.write_text(tenant_text(number), encoding="utf-8")
    return folder
