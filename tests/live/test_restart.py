"""A real Prometheus is restarted while an alert's value lies between its two levels."""

from __future__ import annotations

import json
import time
import urllib.request
from collections.abc import Mapping
from pathlib import Path

import pytest

from generator.api import build
from generator.tools import Tool
from tests.live.stack import World, free_port, running, until, with_stand_ins, world
from tests.live.test_stack import PLATFORM

TENANT = """\
version: 1
tenant: acme
owner: {{team: platform}}
collect:
  - {{job: api, targets: ["127.0.0.1:{port}"], path: /acme/metrics}}
alerts:
  QueueBacklog:
    threshold: {{expr: queue_depth, above: 100, clear_below: 50}}
    for: 2s
    severity: critical
channels:
  chat: {{slack: {{channel: "#api", api_url_file: /s/slack}}}}
escalation: {{urgent: [{{notify: [chat]}}]}}
routing: {{critical: urgent, warning: urgent, info: urgent}}
"""


def compiled(root: Path, tools: Mapping[str, Tool], state: World, ports: Mapping[str, int]) -> Path:
    """The fleet's folder of one tenant."""
    (root / "specs" / "tenants").mkdir(parents=True)
    versions = {n: tools[n].version for n in ("prometheus", "alertmanager")}
    told = {f"{name}_port": port for name, port in ports.items()}
    (root / "specs" / "platform.yaml").write_text(PLATFORM.format(**versions, **told))
    (root / "specs" / "tenants" / "acme.yaml").write_text(TENANT.format(port=state.port))
    outcome = build(root, (), root / "output", verify_mode="off")
    fleet = root / "output" / "fleet"
    assert fleet.is_dir(), outcome.findings
    with_stand_ins(fleet / "alertmanager.yml", state.port)
    return fleet


def alerts(port: int) -> list[tuple[str, float]]:
    """(state, value) of every alert that Prometheus itself holds, not of what it has stored."""
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/api/v1/alerts", timeout=10) as answer:
        found = json.load(answer)["data"]["alerts"]
    return [(one["state"], float(one["value"])) for one in found]


@pytest.mark.live
@pytest.mark.tools
def test_a_level_is_held_across_a_restart(tmp_path: Path, newest: Mapping[str, Tool]) -> None:
    ports = {"prometheus": free_port(), "alertmanager": free_port()}
    prometheus = ports["prometheus"]
    with world() as state:

        def depth(value: int) -> None:
            state.metrics["/acme/metrics"] = f"queue_depth {value}\n"

        depth(80)
        fleet = compiled(tmp_path, newest, state, ports)
        with running(newest, fleet, tmp_path / "data", ports):
            time.sleep(4)
            assert alerts(prometheus) == []
            depth(200)
            until("it fires", lambda: alerts(prometheus) == [("firing", 200.0)])
            depth(80)
            until("it is held", lambda: alerts(prometheus) == [("firing", 80.0)])
        with running(newest, fleet, tmp_path / "data", ports):
            until("it is held after it", lambda: alerts(prometheus) == [("firing", 80.0)])
            time.sleep(4)
            assert alerts(prometheus) == [("firing", 80.0)]
            depth(40)
            until("it ends", lambda: alerts(prometheus) == [])
            depth(80)
            time.sleep(4)
            assert alerts(prometheus) == []
