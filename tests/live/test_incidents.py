"""Escalation, acknowledgement, hand-over, outages, planned work, flapping: on real servers.

All happen at once, a tenant each; order and bounds are asserted, not seconds.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

import pytest

from generator.tools import Tool
from tests.live.scenes import CHAT_ONLY, Incident, Scene, past, played, stays
from tests.live.stack import silence, until

QUEUE = """\
services: {api: {selector: {job: all}}}
alerts:
  QueueBacklog:
    service: api
    threshold: {expr: max(queue_depth), above: 100}
    for: 1s
    severity: critical
"""
LADDER = """\
escalation:
  urgent:
    - {notify: [chat], repeat: 2s}
    - {after: 8s, notify: [text], repeat: 2s}
    - {after: 16s, notify: [mail]}
"""


def three_steps(scene: Scene) -> None:
    """Each step speaks in its turn, and the one before it no longer repeats itself."""
    scene.show(queue_depth=500)
    until("step 3", lambda: scene.told("mail"))
    first, second, third = (scene.told(r)[0].at for r in ("chat", "text", "mail"))
    assert second - first > 2 and third - second > 2
    stays("step 3 is told once", lambda: len(scene.told("mail")) == 1, 5)
    assert len(scene.told("chat")) > 1, "step 1 did not repeat itself"
    assert all(one.at < second + 4 for one in scene.told("chat")), "step 1 goes on"
    assert all(one.at < third + 4 for one in scene.told("text")), "step 2 goes on"
    assert {lvl for one in scene.told("text") for lvl in one.levels()} == {"2"}
    scene.show(queue_depth=5)
    until("the end, in chat", lambda: scene.told("chat", "resolved"))
    until("the end, by mail", lambda: scene.told("mail", "resolved"))
    assert not scene.told("text", "resolved"), "a pager was told of the end"


def acknowledged(scene: Scene) -> None:
    """A silence with all labels of the first message stops the later steps."""
    scene.show(queue_depth=500)
    until("step 1", lambda: scene.told("chat"))
    (alert,) = scene.told("chat")[0].payload["alerts"]
    silence(scene.servers.ports["alertmanager"], alert["labels"])
    expected = {"QueueBacklog", "QueueBacklog2", "QueueBacklog3"}
    until("all steps silenced", lambda: scene.muted("silencedBy") == expected)
    heard = len(scene.told("chat"))
    stays("nobody hears more", lambda: not scene.told("text") and not scene.told("mail"), 5)
    assert len(scene.told("chat")) == heard


HAND_OVER = """\
people: {ann: {email: ann@example.com}, bob: {email: bob@example.com}}
oncall:
  primary:
    rotation: {every: 1d, starts: "{before}", until: "{after}", members: [ann]}
    overrides: [{from: "{minute}", until: "{after}", member: bob}]
escalation:
  urgent: [{notify: [chat, "oncall:primary"]}]
"""


def handed_over(scene: Scene) -> None:
    """At the hand-over the new person is paged, and the old one hears nothing more."""
    ann, bob = "oncall/ann/email", "oncall/bob/email"
    scene.show(queue_depth=500)
    until("the person on call", lambda: scene.told(ann), 60)
    assert not past(scene.minute), "too late to see a hand-over"
    until("the hand-over", lambda: past(scene.minute) or scene.told(bob), 90)
    assert past(scene.minute), "bob is told before he is on call"
    until("the next person", lambda: scene.told(bob), 12)
    scene.show(queue_depth=5)
    until("the end, in chat", lambda: scene.told("chat", "resolved"))
    assert len(scene.told(ann)) == len(scene.told(bob)) == len(scene.told("chat")) == 1
    assert not scene.told(ann, "resolved") and not scene.told(bob, "resolved")


SHOP = (
    CHAT_ONLY
    + """\
services:
  web: {selector: {job: all}, depends_on: [api]}
  api: {selector: {job: all}, depends_on: [db]}
  db: {selector: {job: all}}
alerts:
  DbDown:
    {service: db, expr: max(db_up) == 0, for: 1s, severity: critical, labels: {kind: outage}}
  DbSlow: {service: db, expr: max(db_seconds) > 1, for: 8s, severity: critical}
  ApiErrors: {service: api, expr: max(api_errors) > 1, for: 8s, severity: critical}
  WebErrors: {service: web, expr: max(web_errors) > 1, for: 8s, severity: warning}
  WebSlow: {service: web, expr: max(web_seconds) > 1, for: 8s, severity: critical}
"""
)
WELL = {"db_up": 1, "db_seconds": 0, "api_errors": 0, "web_errors": 0, "web_seconds": 0}
SYMPTOMS = {"DbSlow", "ApiErrors", "WebErrors", "WebSlow"}


def upstream_down(scene: Scene) -> None:
    """One outage with symptoms near and far is told once; what stays bad afterwards is told."""
    scene.show(**WELL | dict.fromkeys(WELL, 9) | {"db_up": 0})
    until("the outage", lambda: scene.told("chat"))
    until("all symptoms, muted", lambda: scene.muted("inhibitedBy") == SYMPTOMS)
    stays("only the outage is told", lambda: scene.names("chat") == ["DbDown"], 5)
    scene.show(**WELL | {"db_up": 0, "web_seconds": 9})
    until("the others' end", lambda: scene.known() & SYMPTOMS == {"WebSlow"})
    scene.show(**WELL | {"web_seconds": 9})
    until("what is still slow", lambda: "WebSlow" in scene.names("chat"))
    assert scene.names("chat") == ["DbDown", "WebSlow"]


WORKS = (
    CHAT_ONLY
    + QUEUE
    + 'maintenance: [{name: move, from: "{before}", until: "{minute}", services: [api]}]\n'
)


def maintained(scene: Scene) -> None:
    """A fault during planned work is quiet, and told when the work ends and it is still there."""
    until("planned work", lambda: "MaintenanceWindow" in scene.known())
    scene.show(queue_depth=500)
    until("the fault, muted", lambda: scene.muted("inhibitedBy") == {"QueueBacklog"})
    assert not past(scene.minute), "too late to see the work end"
    until("the end of the work", lambda: past(scene.minute, -0.5) or scene.told("chat"), 90)
    assert past(scene.minute, -0.5), "told while the work goes on"
    until("the fault", lambda: scene.told("chat"), 20)
    assert datetime.now(UTC) >= scene.minute
    assert scene.names("chat") == ["QueueBacklog"]


FLAPS = CHAT_ONLY + QUEUE.replace("    for: 1s\n", "") + "flapping: {fires: 3, within: 5m}\n"


def flaps(scene: Scene) -> None:
    """From the third time on the alert is told as flapping, once, and is then muted."""
    for _ in range(3):
        scene.show(queue_depth=500)
        until("it fires", lambda: scene.known(kind=""))
        until("it is told", lambda: scene.told("chat"))
        scene.show(queue_depth=5)
        until("it is over", lambda: not scene.known(kind=""))
    until("the notice", lambda: scene.told("chat", kind="flapping"))
    before = len(scene.told("chat", kind=""))
    assert before <= 3
    scene.show(queue_depth=500)
    until("it is muted", lambda: scene.muted("inhibitedBy") == {"QueueBacklog"})
    stays("told no more", lambda: len(scene.told("chat", kind="")) == before, 5)
    flapping = scene.told("chat", kind="flapping")
    assert len(flapping) == 1
    (alert,) = [a for a in flapping[0].payload["alerts"] if a["status"] == "firing"]
    assert alert["annotations"]["summary"].startswith("Flaps, muted until it is calm")


INCIDENTS = (
    Incident("three-steps", QUEUE + LADDER, three_steps),
    Incident("acknowledged", QUEUE + LADDER, acknowledged),
    Incident("handed-over", QUEUE + HAND_OVER, handed_over),
    Incident("upstream-down", SHOP, upstream_down),
    Incident("maintained", WORKS, maintained),
    Incident("flaps", FLAPS, flaps),
)


@pytest.mark.live
@pytest.mark.tools
@pytest.mark.parametrize("generation", ["oldest", "newest"])
def test_incidents(generation: str, request: pytest.FixtureRequest, tmp_path: Path) -> None:
    tools: Mapping[str, Tool] = request.getfixturevalue(generation)
    problems = played(tools, tmp_path, INCIDENTS)
    assert not problems, "\n\n".join(problems)
