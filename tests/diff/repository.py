"""A small repository of specs for tests of differences, built without tools."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from click.testing import CliRunner

from generator import api
from generator.api import FLEET, Built, compile_specs
from generator.cli.main import cli
from generator.deliver.output import write_tree
from generator.findings import has_errors
from generator.ir.artifacts import Artifact
from generator.ir.change import Changes
from generator.render.changes.text import changes_text

PLATFORM = """\
version: 1
targets: {prometheus: "2.42", alertmanager: "0.28"}
fallback: ops
channels: {ops: {email: {to: ops@example.com}}}
smtp:
  smarthost: "mail:25"
  from: tocsin@example.com
  username: tocsin
  password_file: /etc/alertmanager/secrets/smtp
alertmanagers: ["127.0.0.1:9093"]
escalation: {ops-only: [{notify: [ops]}]}
defaults: {routing: {critical: ops-only, warning: ops-only, info: ops-only}}
"""
TENANT = """\
version: 1
tenant: acme
owner: {team: shop}
collect:
  - {job: api, targets: ["api-1:8000", "api-2:8000"], labels: {service: api}}
services:
  api: {selector: {service: api}}
  db: {selector: {service: db}}
slos:
  availability:
    service: api
    objective: 99.9%
    sli:
      events:
        total: requests_total{service="api"}
        errors: requests_total{service="api", code=~"5.."}
alerts:
  ErrorsHigh:
    service: api
    threshold: {expr: 'sum(rate(errors_total[5m])) / sum(rate(requests_total[5m]))', above: 0.03}
    for: 5m
    severity: critical
    unit: percentunit
  QueueFull:
    service: api
    threshold: {expr: max(queue_bytes), above: 1048576}
    for: 10m
    severity: warning
  SlowAnswers:
    service: db
    expr: 'histogram_quantile(0.99, sum by (le) (rate(answer_seconds_bucket[5m]))) > 0.3'
    for: 5m
    severity: warning
channels:
  chat: {slack: {channel: "#shop", api_url_file: /etc/alertmanager/secrets/slack}}
  mail: {email: {to: shop@example.com}}
  hook: {webhook: {url_file: /etc/alertmanager/secrets/hook}}
  pager: {pagerduty: {routing_key_file: /etc/alertmanager/secrets/pager}}
people: {ann: {email: ann@example.com}, bob: {email: bob@example.com}}
oncall:
  primary:
    rotation:
      {every: 1w, starts: "2026-11-02T09:00", until: "2027-11-01T09:00", members: [ann, bob]}
escalation:
  urgent:
    - notify: [chat, pager, "oncall:primary"]
    - {after: 45m, notify: [mail]}
  relaxed:
    - {notify: [chat], during: office}
routing: {critical: urgent, warning: relaxed}
time_windows: {office: {weekdays: ["monday:friday"], times: [{from: "09:00", until: "18:00"}]}}
dashboards:
  custom:
    sales:
      view: executive
      title: Sales
      description: Sales per second. Compare with last week.
      unit: cps
      service: api
      queries: [{expr: 'sum(rate(sales_total[$__rate_interval]))', legend: sales}]
"""


def lay_out(root: Path, tenants: dict[str, str], platform: str = PLATFORM) -> None:
    """Write specs; tenants that are not named any more are removed."""
    folder = root / "specs" / "tenants"
    folder.mkdir(parents=True, exist_ok=True)
    (root / "specs" / "platform.yaml").write_text(platform)
    for path in folder.glob("*.yaml"):
        path.unlink()
    for name, text in tenants.items():
        (folder / f"{name}.yaml").write_text(text)


_MADE: dict[tuple[str, ...], dict[str, Sequence[Artifact]]] = {}
"""What specs compile to, by their texts: most tests begin with the same."""


def built(root: Path) -> Path:
    """Write output/ from the specs, as a build does, without unit tests; the folder."""
    specs = tuple(path.read_text() for path in sorted((root / "specs").rglob("*.yaml")))
    if specs not in _MADE:
        now = compile_specs(root, proven=False)
        assert now.fleet is not None, now.findings
        found = {name: one.artifacts for name, one in now.tenants.items()}
        _MADE[specs] = {**found, FLEET: now.fleet}
    for name, artifacts in _MADE[specs].items():
        write_tree(root / "output", name, artifacts, {})
    return root / "output"


def changes(root: Path, *tenants: str) -> Changes:
    """What differs from output/."""
    found = api.diff(root, tenants, Built(root / "output"))
    assert found.changes is not None and not has_errors(found.findings), found.findings
    return found.changes


def told(root: Path, new: str, old: str = TENANT) -> str:
    """The text of the difference between two specs of acme."""
    lay_out(root, {"acme": old})
    built(root)
    lay_out(root, {"acme": new})
    return changes_text(changes(root))


@dataclass(frozen=True)
class Answer:
    returncode: int
    stdout: str
    stderr: str


def diff(*arguments: str, cwd: Path) -> Answer:
    """`tocsin diff` in this process: quicker than one of its own."""
    found = CliRunner().invoke(cli, ["diff", f"--root={cwd}", *arguments])
    assert found.exception is None or isinstance(found.exception, SystemExit), found.exception
    return Answer(found.exit_code, found.stdout, found.stderr)
