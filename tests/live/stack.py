"""A real Prometheus and Alertmanager on loopback, with what they scrape and whom they tell."""

from __future__ import annotations

import contextlib
import json
import socket
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import quote, unquote

import yaml

from generator.tools import Tool
from generator.values import Version
from tests.listening import Handler, listening


@dataclass(frozen=True)
class Told:
    """One message: when, to whom, over which kind of channel, and Alertmanager's JSON."""

    at: float
    receiver: str
    section: str
    payload: Mapping[str, Any]

    def names(self, status: str = "firing") -> set[str]:
        return {a["labels"]["alertname"] for a in self.payload["alerts"] if a["status"] == status}

    def levels(self) -> set[str]:
        return {a["labels"].get("escalation_level", "") for a in self.payload["alerts"]}

    def tenants(self) -> set[str]:
        return {a["labels"]["tenant"] for a in self.payload["alerts"]}


@dataclass
class World:
    """What the tenants expose (path -> text) and what the receivers were told."""

    metrics: dict[str, str] = field(default_factory=dict)
    told: list[Told] = field(default_factory=list)
    port: int = 0

    def to(self, receiver: str) -> list[Told]:
        return [one for one in self.told if one.receiver == receiver]


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextlib.contextmanager
def world() -> Iterator[World]:
    """An HTTP server that serves metrics and takes webhooks."""
    state = World()

    class Web(Handler):
        def do_GET(self) -> None:
            text = state.metrics.get(self.path)
            found = (text or "").encode()
            self.answer(404 if text is None else 200, found, "text/plain; version=0.0.4")

        def do_POST(self) -> None:
            body = self.body()
            _, section, receiver = self.path.split("/", 2)
            state.told.append(Told(time.monotonic(), unquote(receiver), section, json.loads(body)))
            self.answer(200)

    with listening(Web) as state.port:
        yield state


def with_stand_ins(config: Path, port: int) -> None:
    """A webhook on loopback in place of every channel; all else stays as generated."""
    document = yaml.safe_load(config.read_text())
    for receiver in document["receivers"]:
        sections = [key for key in receiver if key.endswith("_configs")]
        hooks = []
        for section in sections:
            for entry in receiver.pop(section):
                url = f"http://127.0.0.1:{port}/{section}/{quote(receiver['name'], safe='')}"
                hooks.append({"url": url, "send_resolved": entry.get("send_resolved", True)})
        if hooks:
            receiver["webhook_configs"] = hooks
    config.write_text(yaml.safe_dump(document, sort_keys=False))


@dataclass
class Servers:
    """Both servers with the fleet's files. Prometheus sends what fires again every `resend`."""

    tools: Mapping[str, Tool]
    fleet: Path
    data: Path
    ports: Mapping[str, int]
    resend: str
    processes: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)

    def start(self, name: str) -> None:
        """Start one of them and wait until it is ready."""
        address = f"--web.listen-address=127.0.0.1:{self.ports[name]}"
        log = self.data / f"{name}.log"
        with log.open("a") as sink:
            self.processes[name] = subprocess.Popen(
                [self.tools[name].path, *self._arguments(name), address],
                stdout=sink,
                stderr=sink,
                cwd=self.tools[name].path.parent.parent,
            )
        url = f"http://127.0.0.1:{self.ports[name]}/-/ready"
        assert _poll(lambda: _answers(url), 30), log.read_text()[-2000:]

    def stop(self, name: str) -> None:
        """Ask it to end, as a service manager does."""
        _stop(self.processes.pop(name))

    def restart(self, name: str) -> None:
        """Stop, start, ready."""
        self.stop(name)
        self.start(name)

    def reload(self, name: str) -> None:
        """Have it read its configuration again; it must say that it could."""
        post(f"http://127.0.0.1:{self.ports[name]}/-/reload", {})

    def _arguments(self, name: str) -> list[str]:
        if name == "prometheus":
            return [
                f"--config.file={self.fleet / 'prometheus.yml'}",
                f"--storage.tsdb.path={self.data / name}",
                "--rules.alert.for-grace-period=0s",
                f"--rules.alert.resend-delay={self.resend}",
                "--web.enable-lifecycle",
            ]
        delay = [f"--dispatch.start-delay={self.resend}"]
        return [
            f"--config.file={self.fleet / 'alertmanager.yml'}",
            f"--storage.path={self.data / name}",
            "--cluster.listen-address=",
            *(delay if self.tools[name].version >= Version(0, 30) else []),
        ]


@contextlib.contextmanager
def running(
    tools: Mapping[str, Tool],
    fleet: Path,
    data: Path,
    ports: Mapping[str, int],
    resend: str = "1s",
) -> Iterator[Servers]:
    """The servers that `ports` names, ready; stopped at the end."""
    data.mkdir(exist_ok=True)
    servers = Servers(tools, fleet, data, ports, resend)
    try:
        for name in (name for name in ("alertmanager", "prometheus") if name in ports):
            servers.start(name)
        yield servers
    finally:
        for name in list(servers.processes):
            servers.stop(name)


@contextlib.contextmanager
def prometheus(tool: Tool, config: Path, data: Path, port: int, *flags: str) -> Iterator[Path]:
    """A Prometheus alone, ready; its log's file, which is whole when the server has ended."""
    data.mkdir(exist_ok=True)
    log = data / "prometheus.log"
    arguments = [
        f"--config.file={config}",
        f"--storage.tsdb.path={data / 'prometheus'}",
        f"--web.listen-address=127.0.0.1:{port}",
        *flags,
    ]
    with log.open("w") as output:
        process = subprocess.Popen([tool.path, *arguments], stdout=output, stderr=output)
        try:
            ready = _poll(lambda: _answers(f"http://127.0.0.1:{port}/-/ready"), 30)
            assert ready, log.read_text()[-2000:]
            yield log
        finally:
            _stop(process)


def until(what: str, condition: Callable[[], object], seconds: float = 40) -> None:
    """Wait for something, and fail by its name when it does not come."""
    assert _poll(condition, seconds), f"not within {seconds} s: {what}"


def post(url: str, body: object) -> None:
    """POST JSON; anything but success is an error."""
    request = urllib.request.Request(
        url, json.dumps(body).encode(), {"Content-Type": "application/json"}
    )
    with urllib.request.urlopen(request, timeout=10) as answer:
        assert answer.status == 200


def active_alerts(port: int, tenant: str) -> list[Mapping[str, Any]]:
    """What Alertmanager knows of a tenant's alerts, muted ones as well."""
    query = quote(f'tenant="{tenant}"')
    url = f"http://127.0.0.1:{port}/api/v2/alerts?filter={query}"
    with urllib.request.urlopen(url, timeout=10) as answer:
        found: list[Mapping[str, Any]] = json.load(answer)
    return found


def silence(port: int, labels: Mapping[str, str]) -> None:
    """A silence of exactly these labels: what Alertmanager's form is filled with."""
    now = datetime.now(UTC)
    matchers = [
        {"name": name, "value": value, "isRegex": False, "isEqual": True}
        for name, value in sorted(labels.items())
    ]
    post(
        f"http://127.0.0.1:{port}/api/v2/silences",
        {
            "matchers": matchers,
            "startsAt": now.isoformat(),
            "endsAt": (now + timedelta(hours=1)).isoformat(),
            "createdBy": "ann",
            "comment": "on it",
        },
    )


def _poll(condition: Callable[[], object], seconds: float) -> bool:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if condition():
            return True
        time.sleep(0.1)
    return bool(condition())


def _answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=2) as answer:
            return bool(answer.status == 200)
    except (urllib.error.URLError, ConnectionError, TimeoutError):
        return False


def _stop(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(10)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
