"""A small repository whose spec says who is told, for the tests of answers and expectations."""

from __future__ import annotations

from pathlib import Path

PLATFORM = """\
version: 1
targets: {alertmanager: "0.28"}
fallback: mail
channels: {mail: {email: {to: ops@example.com}}}
smtp: {smarthost: "mail:25", from: tocsin@example.com}
"""
TENANT = """\
version: 1
tenant: acme
timezone: Europe/Paris
owner: {team: core}
services:
  api: {selector: {job: api}, depends_on: [db]}
  db: {selector: {job: db}}
alerts:
  DiskFull: {service: db, expr: 'max by (disk) (disk_used) > 9', severity: critical}
  DbDown: {service: db, expr: 'max(db_up) == 0', severity: critical, labels: {kind: outage}}
  Slow:
    service: api
    expr: max by (route) (latency) > 1
    severity: warning
  Backlog: {service: api, expr: max(queue) > 5, severity: warning}
slos:
  availability:
    {service: api, objective: 99.9%, window: 30d, sli: {events: {total: hits, errors: misses}}}
people:
  ann: {email: ann@example.com, sms: "+33600000001"}
  bob: {email: bob@example.com}
channels:
  chat: {slack: {channel: "#core", api_url_file: /s/slack}}
  hook: {webhook: {url_file: /s/hook}}
oncall:
  primary:
    rotation:
      {every: 1w, starts: "2026-11-02T09:00", until: "2027-11-01T09:00", members: [ann, bob]}
escalation:
  urgent:
    - notify: [chat, "oncall:primary"]
    - {after: 15m, notify: ["person:bob"]}
    - {after: 45m, notify: [mail]}
  relaxed:
    - {notify: [chat], during: office}
    - {after: 1d, notify: [mail, hook]}
routing: {critical: urgent, warning: relaxed, info: relaxed}
time_windows: {office: {weekdays: ["monday:friday"], times: [{from: "09:00", until: "18:00"}]}}
maintenance: [{name: upgrade, from: "2026-12-05T22:00", until: "2026-12-06T02:00", services: [db]}]
"""


def repository(folder: Path, more: str = "") -> Path:
    """The repository's folder; `more` is added to the tenant's spec."""
    (folder / "specs" / "tenants").mkdir(parents=True)
    (folder / "specs" / "platform.yaml").write_text(PLATFORM)
    (folder / "specs" / "tenants" / "acme.yaml").write_text(TENANT + more)
    return folder
