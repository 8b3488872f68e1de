"""Who is told by the real Alertmanager at hand-overs, in gaps and on the 31st of March."""

from __future__ import annotations

import time
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from generator.api import build
from generator.tools import Tool
from tests.live.clocks import alertmanager, live_in, offset_to, write_zone
from tests.live.stack import World, free_port, post, until, with_stand_ins, world

PLATFORM = """\
version: 1
targets: {{prometheus: "2.42", alertmanager: "{version}", grafana: "11.0"}}
severities: [critical, warning, info]
smtp: {{smarthost: "127.0.0.1:25", from: tocsin@example.com}}
timing: {{group_wait: 1s, group_interval: 1s, repeat_interval: 4h}}
fallback: platform-mail
channels:
  platform-mail: {{email: {{to: platform@example.com}}}}
"""
TENANT = """\
version: 1
tenant: {name}
owner: {{team: platform}}
timezone: Europe/Paris
services:
  api: {{selector: {{job: api}}}}
alerts:
  Down: {{service: api, threshold: {{expr: max(down), above: 0}}, severity: critical}}
people:
  ann: {{email: ann@example.com}}
  bob: {{email: bob@example.com}}
  cat: {{email: cat@example.com}}
channels:
  mail: {{email: {{to: api@example.com}}}}
  chat: {{slack: {{channel: "#api", api_url_file: /s/slack}}}}
oncall:
  primary:
    starts: "2026-11-02T09:00"
    until: "2027-11-01T09:00"
    layers:
      - rotation: {{every: 1w, members: [ann, bob]}}
        during: {{from: "sunday 12:00", until: "saturday 12:00"}}
    overrides:
      - {{from: "2027-03-31T00:00", until: "2027-04-01T00:00", member: cat}}
escalation:
  urgent:
    - notify: [chat, "oncall:primary"]
    - {{after: 15m, notify: [mail]}}
routing: {{critical: urgent, warning: urgent, info: urgent}}
"""
AHEAD = timedelta(seconds=9)
"""How long after the alerts a boundary comes."""
BOUNDARIES = {
    "hand-over": datetime(2026, 11, 9, 8, tzinfo=UTC),  # 09:00 in Paris: ann to bob
    "summer": datetime(2027, 4, 5, 7, tzinfo=UTC),  # still 09:00 in Paris
    "gap": datetime(2026, 11, 14, 11, tzinfo=UTC),  # Saturday 12:00: bob to nobody
    "ending": datetime(2027, 11, 1, 8, tzinfo=UTC),  # past until: nobody
}
MARCH = datetime(2027, 3, 31, 12, tzinfo=UTC)
"""The clocks of Paris sprang forward on the 28th; cat stands in for the day."""


def generated(root: Path, tool: Tool, names: list[str]) -> Path:
    """The fleet's alertmanager.yml for tenants of one schedule."""
    (root / "specs" / "tenants").mkdir(parents=True)
    (root / "specs" / "platform.yaml").write_text(PLATFORM.format(version=tool.version))
    for name in names:
        (root / "specs" / "tenants" / f"{name}.yaml").write_text(TENANT.format(name=name))
    result = build(root, [], root / "output", verify_mode="off", progress=False)
    assert not [f for f in result.findings if f.level == "error"], result.findings
    return root / "output" / "fleet" / "alertmanager.yml"


def set_clocks(zones: Path, now: float) -> None:
    """A clock for each tenant that shows its moment; that of `march-local` changed to summer."""
    for name, boundary in BOUNDARIES.items():
        write_zone(zones, f"Test/{name}", offset_to(boundary - AHEAD, now))
    offset = offset_to(MARCH, now)
    write_zone(zones, "Test/march", offset)
    write_zone(zones, "Test/march-local", offset - 3600, (round(now) - 3 * 86400, offset))


def fire(url: str, names: list[str]) -> None:
    labels = {"alertname": "Down", "service": "api", "severity": "critical", "team": "platform"}
    post(f"{url}/api/v2/alerts", [{"labels": {**labels, "tenant": name}} for name in names])


def told(state: World, name: str) -> list[str]:
    """Who was told for a tenant, in order, the team's chat left out."""
    mine = (one.receiver.removeprefix(f"{name}/") for one in state.told if name in one.tenants())
    return [receiver for receiver in mine if receiver != "chat"]


@pytest.mark.live
@pytest.mark.tools
@pytest.mark.parametrize("generation", ["oldest", "newest"])
def test_hand_overs_gaps_and_the_last_of_march(
    generation: str, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    found: Mapping[str, Tool] = request.getfixturevalue(generation)
    tool = found["alertmanager"]
    names = [*BOUNDARIES, "march", "march-local"]
    config = generated(tmp_path, tool, names)
    with world() as state:
        with_stand_ins(config, state.port)
        live_in(config, {f"{name}/oncall/": f"Test/{name}" for name in names})
        zones = tmp_path / "zones"
        set_clocks(zones, time.time())
        with alertmanager(tool, config, tmp_path / "data", zones, free_port()) as url:
            begun = time.time()
            set_clocks(zones, begun)
            post(f"{url}/-/reload", {})
            fire(url, names)
            before = {
                "hand-over": "oncall/ann/email",
                "summer": "oncall/bob/email",
                "gap": "oncall/bob/email",
                "ending": "oncall/bob/email",
                "march": "oncall/cat/email",
                "march-local": "mail",
            }
            until("all are told", lambda: all(told(state, name) for name in names))
            assert time.time() - begun < AHEAD.total_seconds(), "too slow to see the boundary"
            assert {name: told(state, name) for name in names} == {
                name: [who] for name, who in before.items()
            }
            after = {
                "hand-over": "oncall/bob/email",
                "summer": "oncall/ann/email",
                "gap": "mail",
                "ending": "mail",
            }
            until("the next are told", lambda: all(len(told(state, n)) == 2 for n in after))
            assert time.time() - begun > AHEAD.total_seconds() - 1
            expected = {name: [before[name], after[name]] for name in after}
            assert {name: told(state, name) for name in after} == expected
            assert told(state, "march") == [before["march"]]
