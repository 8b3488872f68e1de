"""From a metric on an HTTP endpoint to the person who is told, through the real programs."""

from __future__ import annotations

import time
from collections.abc import Mapping
from pathlib import Path

import pytest

from generator.api import build
from generator.tools import Tool
from generator.values import Version
from tests.live.stack import World, free_port, running, silence, until, with_stand_ins, world

PLATFORM = """\
version: 1
targets: {{prometheus: "{prometheus}", alertmanager: "{alertmanager}", grafana: "11.0"}}
intervals: {{scrape: 1s, evaluation: 1s}}
severities: [critical, warning, info]
urls:
  prometheus: http://127.0.0.1:{prometheus_port}
  alertmanager: http://127.0.0.1:{alertmanager_port}
  grafana: http://127.0.0.1:1
  runbooks: http://127.0.0.1:1
smtp: {{smarthost: "127.0.0.1:25", from: tocsin@example.com}}
timing: {{group_wait: 1s, group_interval: 2s, repeat_interval: 4h}}
alertmanagers: ["127.0.0.1:{alertmanager_port}"]
fallback: platform-mail
channels:
  platform-mail: {{email: {{to: platform@example.com}}}}
"""

TENANT = """\
version: 1
tenant: {name}
owner: {{team: platform}}
collect:
  - {{job: api, targets: ["127.0.0.1:{port}"], path: /{name}/metrics}}
services:
  api: {{selector: {{job: api}}}}
alerts:
  QueueBacklog:
    service: api
    threshold: {{expr: max by (queue) (queue_depth), above: 100}}
    for: 2s
    severity: critical
  DiskSmall:
    service: api
    threshold: {{expr: min by (disk) (disk_free_bytes), below: 10}}
    for: 2s
    severity: critical
  CacheCold:
    service: api
    threshold: {{expr: min(cache_hit_ratio), below: 0.5}}
    for: 2s
    severity: warning
channels:
  chat: {{slack: {{channel: "#api", api_url_file: /s/slack}}}}
  pager: {{pagerduty: {{routing_key_file: /s/pager}}}}
  mail: {{email: {{to: api@example.com}}}}
  sms-duty: {{sms: {{to: "+33600000009", region: eu-west-3}}}}
{newer}
escalation:
  urgent:
    - notify: [chat, pager]
    - {{after: 8s, notify: [sms-duty]}}
  relaxed:
    - notify: [mail{more}]
routing: {{critical: urgent, warning: relaxed, info: relaxed}}
"""
NEWER = """\
  teams: {msteams: {webhook_url_file: /s/teams}}
  hook: {webhook: {url_file: /s/hook}}
"""
HEALTHY = 'queue_depth{queue="in"} 5\ndisk_free_bytes{disk="a"} 1000\ncache_hit_ratio 0.9\n'
SPOOF = 'queue_depth{queue="spoofed",tenant="acme"} 5000\n'
SICK = 'queue_depth{queue="in"} 500\ndisk_free_bytes{disk="a"} 1\ncache_hit_ratio 0.1\n'


def generated(
    root: Path, tools: Mapping[str, Tool], state: World, ports: Mapping[str, int]
) -> Path:
    """Two tenants compiled for the tools at hand; the fleet's folder, with stand-ins."""
    (root / "specs" / "tenants").mkdir(parents=True)
    versions = {n: tools[n].version for n in ("prometheus", "alertmanager")}
    told = {f"{name}_port": port for name, port in ports.items()}
    (root / "specs" / "platform.yaml").write_text(PLATFORM.format(**versions, **told))
    newer = versions["alertmanager"] >= Version(0, 28)
    for name in ("acme", "globex"):
        text = TENANT.format(
            name=name,
            port=state.port,
            newer=NEWER if newer else "",
            more=", teams, hook" if newer else "",
        )
        (root / "specs" / "tenants" / f"{name}.yaml").write_text(text)
    outcome = build(root, (), root / "output", verify_mode="off")
    fleet = root / "output" / "fleet"
    assert fleet.is_dir(), outcome.findings
    with_stand_ins(fleet / "alertmanager.yml", state.port)
    return fleet


@pytest.mark.live
@pytest.mark.tools
def test_the_right_people_are_told(tmp_path: Path, tools: Mapping[str, Tool]) -> None:
    ports = {"prometheus": free_port(), "alertmanager": free_port()}
    urgent, second, relaxed = "acme/chat+pager", "acme/sms-duty", "acme/mail"
    if tools["alertmanager"].version >= Version(0, 28):
        relaxed = "acme/hook+mail+teams"
    with world() as state:
        state.metrics["/acme/metrics"] = HEALTHY
        state.metrics["/globex/metrics"] = HEALTHY + SPOOF
        fleet = generated(tmp_path, tools, state, ports)
        with running(tools, fleet, tmp_path / "data", ports):
            # a tenant that claims another's label disturbs itself alone
            until("globex hears of its spoofed queue", lambda: state.to("globex/chat+pager"))
            assert {t for one in state.told for t in one.tenants()} == {"globex"}

            state.metrics["/acme/metrics"] = SICK
            until(
                "step 1 of both", lambda: step_one(state, urgent) == {"QueueBacklog", "DiskSmall"}
            )
            first = time.monotonic()
            silence(ports["alertmanager"], {"alertname": "DiskSmall", "tenant": "acme"})
            until("the warning by mail", lambda: state.to(relaxed))
            until("step 2 of the queue", lambda: state.to(second))

            for one in state.to(second):
                assert one.names() == {"QueueBacklog"}
                assert one.levels() == {"2"}
            assert time.monotonic() - first > 4
            sections = {one.section for one in state.to(urgent)}
            assert sections == {"slack_configs", "pagerduty_configs"}
            assert {n for one in state.to(relaxed) for n in one.names()} == {"CacheCold"}
            expected = {"email_configs"}
            if relaxed != "acme/mail":
                expected |= {"webhook_configs", "msteamsv2_configs"}
            assert {one.section for one in state.to(relaxed)} == expected

            state.metrics["/acme/metrics"] = HEALTHY
            until(
                "the end of the queue's backlog",
                lambda: any("QueueBacklog" in one.names("resolved") for one in state.to(urgent)),
            )
            acme = [one for one in state.told if "acme" in one.tenants()]
            assert {one.receiver for one in acme} == {urgent, second, relaxed}
            assert all(one.tenants() == {"acme"} for one in acme)
            assert not [one for one in state.to(second) if "DiskSmall" in one.names()]


def step_one(state: World, receiver: str) -> set[str]:
    return {name for one in state.to(receiver) for name in one.names()}
