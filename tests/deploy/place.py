"""A repository of small tenants, a folder that real servers read, and deployments between them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
import yaml

from generator.api import build, deploy
from generator.deliver.live.groups import groups_of_server
from generator.deliver.output import MANIFEST, read_tree, write_tree
from generator.deploying import Options, Request
from generator.judgement import Outcome
from generator.servers.alertmanager import Alertmanager
from generator.servers.http import Server
from generator.servers.prometheus import Prometheus
from generator.tools import Tool
from generator.values import Version

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
FAILS = (
    'up{job="api"} * on (tenant) (up{job="api"} or label_replace(up{job="api"}, "x", "y", "", ""))'
)
"""It parses and loads, and fails when it is evaluated: several series on one side."""
NEWEST = pytest.mark.parametrize("stood", ["newest"], indirect=True)
"""What is no different on another generation is seen on one."""
NAMES = ("acme", "globex", "initech")


@dataclass
class Place:
    """A repository in `root`, and the folder `to` that the servers read."""

    root: Path
    to: Path
    ports: Mapping[str, int]
    tools: Mapping[str, Tool]

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

    def deploy(self, *wanted: str, options: Options = Options(), **changes: Any) -> Outcome:  # noqa: B008
        """Deploy and give back what came of it."""
        return deploy(Request(self.root, self.output, options, wanted, **changes))

    def spoil(self, name: str) -> None:
        """Make a tenant's rules such that promtool refuses them; its manifest vouches for them."""
        files = [a for a in read_tree(self.output, name) if a.path != MANIFEST]
        bad = [
            replace(a, content=a.content.replace(b"expr: ", b"expr: ((("))
            if a.path.startswith("prometheus/rules/")
            else a
            for a in files
        ]
        write_tree(self.output, name, bad, {"generator": "tocsin test"})

    def fresh(self) -> None:
        """Three tenants, deployed, loaded and nothing else."""
        for path in (self.root / "specs" / "tenants").glob("*.yaml"):
            path.unlink()
        for name in NAMES:
            self.write(name)
        self.compile()
        outcome = self.deploy(prune=True)
        assert codes(outcome) == [], outcome.findings
        assert set(self.live()) == set(NAMES)

    def live(self) -> dict[str, float]:
        """The `for` of each tenant's alert, in seconds, as Prometheus runs it."""
        url = f"http://127.0.0.1:{self.ports['prometheus']}"
        groups = groups_of_server(Prometheus(Server(url)).rule_groups())
        return {g.tenant: rule.for_ for g in groups for rule in g.rules if rule.name == "Down"}

    def routed(self) -> set[str]:
        """The tenants whose receivers Alertmanager runs with."""
        url = f"http://127.0.0.1:{self.ports['alertmanager']}"
        running = yaml.safe_load(Alertmanager(Server(url)).configuration())
        names = {receiver["name"].partition("/")[0] for receiver in running["receivers"]}
        return names - {"_platform"}


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
