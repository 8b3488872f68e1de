"""A repository of two small tenants, and what it compiles to, by path."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from generator.compilation import whole_fleet
from generator.compile.fleet import compile_fleet, share_of
from generator.compile.tenant import compile_tenant
from generator.findings import Finding, SpecError, has_errors
from generator.render.files import tenant_artifacts
from generator.spec.ignores import heeded
from generator.spec.load import load_platform, load_tenant, tenant_names

PLATFORM = """\
version: 1
targets: {{prometheus: "2.53", grafana: "{grafana_version}"}}
intervals: {{scrape: 20s}}
urls: {{prometheus: "https://prometheus.example.com"}}
fallback: mail
channels: {{mail: {{email: {{to: ops@example.com}}}}}}
smtp: {{smarthost: "mail:25", from: tocsin@example.com}}
escalation: {{mail-only: [{{notify: [mail]}}]}}
defaults:
  routing: {{critical: mail-only, warning: mail-only, info: mail-only}}
  dashboards: {{views: [executive, technical]}}
{grafana}
"""
TENANT = """\
version: 1
tenant: {name}
owner: {{team: core}}
services: {{api: {{selector: {{job: api}}}}, web: {{selector: {{job: web}}}}}}
slos:
  availability:
    service: api
    objective: 99.9%
    sli: {{events: {{total: requests_total, errors: 'requests_total{{code=~"5.."}}'}}}}
alerts:
  QueueBacklog:
    service: api
    threshold: {{expr: max(queue_depth), above: 100}}
    severity: warning
{more}
"""


@dataclass(frozen=True)
class Made:
    files: dict[str, bytes]
    findings: tuple[Finding, ...]

    def yaml(self, path: str) -> Any:
        return yaml.safe_load(self.files[path])

    def json(self, path: str) -> Any:
        return json.loads(self.files[path])

    @property
    def datasources(self) -> Any:
        return self.yaml("fleet/grafana/provisioning/datasources/tocsin.yaml")

    @property
    def bundle(self) -> Any:
        return self.json("fleet/grafana/api.json")

    def told(self, code: str) -> list[str]:
        return [f"{f.level}: {f.message}" for f in self.findings if f.code == code]


def write(
    root: Path,
    grafana: str = "",
    *,
    tenants: tuple[str, ...] = ("acme", "globex"),
    more: str = "",
    grafana_version: str = "11.0",
) -> Path:
    (root / "specs" / "tenants").mkdir(parents=True, exist_ok=True)
    platform = PLATFORM.format(grafana=grafana, grafana_version=grafana_version)
    (root / "specs" / "platform.yaml").write_text(platform)
    for name in tenants:
        spec = TENANT.format(name=name, more=more)
        (root / "specs" / "tenants" / f"{name}.yaml").write_text(spec)
    return root


def made(root: Path, grafana: str = "", **how: Any) -> Made:
    """Compiled without unit tests, which are not this folder's subject and take most time."""
    spec = load_platform(write(root, grafana, **how))
    findings = list(spec.findings)
    builds, files = {}, {}
    for name in tenant_names(root):
        loaded = load_tenant(root, name, spec)
        assert loaded.tenant is not None, loaded.findings
        builds[name] = compile_tenant(loaded.tenant, spec.platform, proven=False)
        findings += (*loaded.findings, *builds[name].findings)
        files |= {f"{name}/{a.path}": a.content for a in tenant_artifacts(builds[name])}
    fleet = compile_fleet(spec.platform, {n: share_of(build) for n, build in builds.items()})
    files |= {f"fleet/{a.path}": a.content for a in whole_fleet(spec.platform, fleet, builds)}
    told = heeded((*findings, *fleet.findings), spec.ignores, None, judged=True)
    assert not has_errors(told), told
    return Made(files, told)


def refused(root: Path, grafana: str) -> list[str]:
    """`code: message` of a platform that cannot be used."""
    try:
        load_platform(write(root, grafana))
    except SpecError as problem:
        return [f"{f.code}: {f.message}" for f in problem.findings]
    raise AssertionError("it was accepted")
