"""Incidents on real servers: a tenant each, so that many can happen on one pair of servers."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from generator.compile.tenant import compile_tenant
from generator.findings import has_errors
from generator.ir.artifacts import Artifact
from generator.render.files import tenant_artifacts
from generator.spec.load import load_platform, load_tenant
from generator.tools import Tool
from tests.fleets import fleet_files
from tests.live.stack import (
    Servers,
    Told,
    World,
    active_alerts,
    free_port,
    running,
    with_stand_ins,
    world,
)

PLATFORM = """\
version: 1
targets: {{prometheus: "{prometheus}", alertmanager: "{alertmanager}", grafana: "11.0"}}
intervals: {{scrape: 1s, evaluation: 1s}}
severities: [critical, warning, info]
smtp: {{smarthost: "127.0.0.1:25", from: tocsin@example.com}}
timing: {{group_wait: 1s, group_interval: 2s, repeat_interval: 4h}}
alertmanagers: ["127.0.0.1:{port}"]
sharding: {{shards: 7, above: 0}}
fallback: platform-mail
channels:
  platform-mail: {{email: {{to: platform@example.com}}}}
"""
"""The tree has shards, so that nobody is told unless Prometheus and we agree on their hash."""
TENANT = """\
version: 1
tenant: {name}
owner: {{team: platform}}
collect:
  - {{job: all, targets: ["127.0.0.1:{port}"], path: /{name}}}
channels:
  chat: {{slack: {{channel: "#api", api_url_file: /s/slack}}}}
  mail: {{email: {{to: api@example.com}}}}
  text: {{sms: {{to: "+33600000009", region: eu-west-3}}}}
routing: {{critical: urgent, warning: urgent, info: urgent}}
"""
CHAT_ONLY = """\
escalation:
  urgent: [{notify: [chat]}]
"""
RESEND = "3s"
"""Alertmanager takes what it has not heard of for four times this long as resolved."""


@dataclass
class Scene:
    """One tenant on the servers, seen from outside."""

    tenant: str
    state: World
    servers: Servers
    minute: datetime
    """A coming full minute, at which what is dated in the specs happens."""

    def show(self, **values: float) -> None:
        """Expose these metrics from now on."""
        text = "".join(f"{name} {value}\n" for name, value in values.items())
        self.state.metrics[f"/{self.tenant}"] = text

    def told(self, receiver: str, status: str = "firing", *, kind: str | None = None) -> list[Told]:
        """Messages to one of the tenant's receivers that hold alerts of a status, and a kind."""
        return [
            one
            for one in self.state.to(f"{self.tenant}/{receiver}")
            if any(
                a["status"] == status and kind in (None, a["labels"].get("kind", ""))
                for a in one.payload["alerts"]
            )
        ]

    def names(self, receiver: str, status: str = "firing") -> list[str]:
        """Names of the alerts that a receiver was told of, once for each message."""
        return sorted(n for one in self.told(receiver, status) for n in one.names(status))

    def muted(self, by: str) -> set[str]:
        """Alerts that Alertmanager knows and keeps quiet; `by` inhibitedBy or silencedBy."""
        found = active_alerts(self.servers.ports["alertmanager"], self.tenant)
        return {
            a["labels"]["alertname"] + a["labels"].get("escalation_level", "")
            for a in found
            if a["status"][by]
        }

    def known(self, *, kind: str | None = None) -> set[str]:
        """Alerts that Alertmanager knows, told or not, of any kind or one."""
        found = active_alerts(self.servers.ports["alertmanager"], self.tenant)
        labels = [a["labels"] for a in found]
        return {one["alertname"] for one in labels if kind in (None, one.get("kind", ""))}


Play = Callable[[Scene], None]


@dataclass(frozen=True)
class Incident:
    """What a tenant's spec says besides the common part, and what then happens.

    `{minute}` in the spec stands for the coming minute, `{before}` for a while before it,
    `{after}` for a while after it.
    """

    name: str
    spec: str
    play: Play


def played(
    tools: Mapping[str, Tool], folder: Path, incidents: Sequence[Incident], ahead: float = 30
) -> list[str]:
    """All incidents at once on one pair of servers: what went wrong, by tenant.

    The minute at which dated things happen is at least `ahead` seconds away.
    """
    ports = {"prometheus": free_port(), "alertmanager": free_port()}
    minute = _coming_minute(ahead)
    with world() as state:
        fleet = _fleet(tools, folder, state.port, ports["alertmanager"], incidents, minute)
        with_stand_ins(fleet / "alertmanager.yml", state.port)
        with running(tools, fleet, folder / "data", ports, RESEND) as servers:
            scenes = [Scene(i.name, state, servers, minute) for i in incidents]
            with ThreadPoolExecutor(len(incidents)) as pool:
                return [
                    problem for problem in pool.map(_play, incidents, scenes) if problem is not None
                ]


def _play(incident: Incident, scene: Scene) -> str | None:
    try:
        incident.play(scene)
    except AssertionError as problem:
        heard = [
            f"  {one.at:.1f} {one.receiver}: {one.payload['status']} {sorted(one.names())}"
            for one in scene.state.told
            if scene.tenant in one.tenants()
        ]
        return "\n".join([f"{incident.name}: {problem}", *heard])
    return None


def _coming_minute(ahead: float) -> datetime:
    soon = datetime.now(UTC) + timedelta(seconds=ahead)
    return soon.replace(second=0, microsecond=0) + timedelta(minutes=1)


def _fleet(
    tools: Mapping[str, Tool],
    folder: Path,
    world_port: int,
    port: int,
    incidents: Sequence[Incident],
    minute: datetime,
) -> Path:
    """The fleet's folder, compiled from the incidents' specs for the tools at hand."""
    specs = folder / "specs" / "tenants"
    specs.mkdir(parents=True)
    versions = {n: tools[n].version for n in ("prometheus", "alertmanager")}
    (folder / "specs" / "platform.yaml").write_text(PLATFORM.format(**versions, port=port))
    times = {
        "{minute}": f"{minute:%Y-%m-%dT%H:%M}",
        "{before}": f"{minute - timedelta(days=1):%Y-%m-%dT00:00}",
        "{after}": f"{minute + timedelta(days=90):%Y-%m-%dT00:00}",
    }
    for incident in incidents:
        text = TENANT.format(name=incident.name, port=world_port) + incident.spec
        for word, moment in times.items():
            text = text.replace(word, moment)
        (specs / f"{incident.name}.yaml").write_text(text)
    spec = load_platform(folder)
    builds = {}
    for incident in incidents:
        loaded = load_tenant(folder, incident.name, spec)
        assert loaded.tenant is not None, loaded.findings
        build = builds[incident.name] = compile_tenant(loaded.tenant, spec.platform, proven=False)
        assert not has_errors(build.findings), build.findings
        _write(folder / incident.name, tenant_artifacts(build))
    _write(folder / "fleet", fleet_files(spec.platform, builds))
    return folder / "fleet"


def _write(folder: Path, artifacts: Iterable[Artifact]) -> None:
    for artifact in artifacts:
        path = folder / artifact.path
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(artifact.content)


def past(moment: datetime, seconds: float = 0) -> bool:
    """Whether a moment is over, and some seconds more."""
    return datetime.now(UTC) >= moment + timedelta(seconds=seconds)


def stays(what: str, condition: Callable[[], object], seconds: float) -> None:
    """Something that must hold all the time."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        assert condition(), f"no longer: {what}"
        time.sleep(0.2)
