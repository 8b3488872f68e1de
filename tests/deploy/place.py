"""A repository of small tenants, a folder that real servers read, and deployments between them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from generator.api import build, deploy
from generator.deploying import Options, Request
from generator.judgement import Outcome
from generator.tools import Tool
from generator.values import Version
from tests.live.stack import Servers

PLATFORM = """\
version: 1
targets: {{prometheus: "{prometheus}", alertmanager: "{alertmanager}"}}
intervals: {{scrape: 1s, evaluation: 1s}}
smtp: {{smarthost: "127.0.0.1:25", from: tocsin@example.com}}
fallback: platform-mail
channels:
  platform-mail: {{email: {{to: platform@example.com}}}}
deploy:
  folder: {folder}
  prometheus: [{{url: "http://127.0.0.1:{prometheus_port}"}}]
  alertmanager: [{{url: "http://127.0.0.1:{alertmanager_port}"}}]
"""
TENANT = """\
version: 1
tenant: {name}
owner: {{team: core}}
collect:
  - {{job: api, targets: ["127.0.0.1:{port}"]}}
services:
  api: {{selector: {{job: api}}}}
alerts:
  Down:
    service: api
    expr: {expr}
    for: {wait}
    severity: critical
channels:
  mail: {{email: {{to: {name}@example.com}}}}
escalation:
  urgent: [{{notify: [mail]}}]
routing: {{critical: urgent, warning: urgent, info: urgent}}
"""
FINE = 'up{job="api"} == 0'
FAILS = 'up{job="api"} * on (tenant) (up{job="api"} or label_replace(up{job="api"}, "x", "y", "", ""))'
"""It parses and loads, and fails when it is evaluated: several series on one side."""
NAMES = ("acme", "globex", "initech")


@dataclass
class Place:
    """A repository in `root`, and the folder `to` that the servers read."""

    root: Path
    to: Path
    ports: Mapping[str, int]
    tools: Mapping[str, Tool]
    servers: Servers | None = None

    @property
    def output(self) -> Path:
        return self.root / "output"

    def write(self, name: str, expr: str = FINE, wait: str = "10m") -> None:
        """A tenant's spec."""
        folder = self.root / "specs" / "tenants"
        folder.mkdir(parents=True, exist_ok=True)
        told = TENANT.format(name=name, expr=expr, wait=wait, port=self.ports["prometheus"])
        (folder / f"{name}.yaml").write_text(told)

    def compile(self) -> None:
        """Write platform.yaml, and output/ without the tools' judgement."""
        versions: dict[str, Version] = {n: self.tools[n].version for n in self.ports}
        told = {f"{name}_port": port for name, port in self.ports.items()}
        text = PLATFORM.format(folder=self.to, **versions, **told)
        (self.root / "specs" / "platform.yaml").write_text(text)
        outcome = build(self.root, (), self.output, verify_mode="off")
        assert (self.output / "fleet").is_dir(), outcome.findings

    def request(self, *wanted: str, **changes: object) -> Request:
        return Request(self.root, self.output, Options(), wanted, **changes)  # type: ignore[arg-type]

    def deploy(self, *wanted: str, **changes: object) -> Outcome:
        """Deploy and give back what came of it."""
        return deploy(self.request(*wanted, **changes))


def codes(outcome: Outcome, level: str = "error") -> list[str]:
    """The codes of an outcome's findings of a level."""
    return [f.code for f in outcome.findings if f.level == level]


def tree(folder: Path) -> dict[str, bytes]:
    """Every file below a folder but for what a writer keeps for itself."""
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and ".tocsin" not in path.parts
    }
