"""Servers restarted and reloaded in the middle of an escalation: nothing twice, nothing lost."""

from __future__ import annotations

import time
from collections.abc import Mapping
from pathlib import Path

import pytest

from generator.tools import Tool
from tests.live.scenes import Incident, Scene, played, stays
from tests.live.stack import until

SPEC = """\
services: {api: {selector: {job: all}}}
alerts:
  QueueBacklog:
    service: api
    threshold: {expr: max(queue_depth), above: 100}
    for: 2s
    severity: critical
escalation:
  urgent:
    - notify: [chat]
    - {after: 15s, notify: [text]}
    - {after: 35s, notify: [mail]}
"""
BEFORE_STEP_2, BEFORE_STEP_3 = 11, 29
"""Seconds after the first message at which the servers are disturbed."""


def disturbed(scene: Scene) -> None:
    """Had the restart of Prometheus begun a step's wait anew, the step would come much later."""
    servers = scene.servers
    scene.show(queue_depth=500)
    until("step 1", lambda: scene.told("chat"))
    first = scene.told("chat")[0].at

    _wait(first + BEFORE_STEP_2)
    servers.restart("prometheus")
    back = time.monotonic()
    until("step 2", lambda: scene.told("text"), 60)
    assert scene.told("text")[0].at > first + 10, "step 2 came too soon"
    assert scene.told("text")[0].at < back + 14, "the restart began the wait for step 2 anew"

    servers.restart("alertmanager")
    servers.reload("alertmanager")
    _wait(first + BEFORE_STEP_3)
    servers.reload("prometheus")
    reloaded = time.monotonic()
    until("step 3", lambda: scene.told("mail"), 60)
    assert scene.told("mail")[0].at < reloaded + 30, "the reload began the wait for step 3 anew"

    servers.reload("alertmanager")
    stays("nothing is told twice", lambda: counts(scene) == [1, 1, 1], 6)
    scene.show(queue_depth=5)
    until("the end, in chat", lambda: scene.told("chat", "resolved"))
    until("the end, by mail", lambda: scene.told("mail", "resolved"))
    assert counts(scene) == [1, 1, 1]


def counts(scene: Scene) -> list[int]:
    """Messages to the steps' receivers while the alert fires."""
    return [len(scene.told(receiver)) for receiver in ("chat", "text", "mail")]


def _wait(moment: float) -> None:
    time.sleep(max(0.0, moment - time.monotonic()))


@pytest.mark.live
@pytest.mark.tools
@pytest.mark.parametrize("generation", ["oldest", "newest"])
def test_restarts(generation: str, request: pytest.FixtureRequest, tmp_path: Path) -> None:
    tools: Mapping[str, Tool] = request.getfixturevalue(generation)
    assert not played(tools, tmp_path, [Incident("disturbed", SPEC, disturbed)])
