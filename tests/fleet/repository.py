"""Small fleets on disk, and what is asked of them."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from tests.conftest import ROOT

PLATFORM = """\
version: 1
targets: {prometheus: "2.53", alertmanager: "0.28"}
smtp: {smarthost: "127.0.0.1:25", from: tocsin@example.com}
fallback: platform-mail
channels: {platform-mail: {email: {to: platform@example.com}}}
escalation: {mail-only: [{notify: [platform-mail]}]}
defaults: {routing: {critical: mail-only, warning: mail-only, info: mail-only}}
"""
TENANT = """\
version: 1
tenant: {name}
owner: {{team: core}}
services: {{web: {{selector: {{job: web}}}}}}
channels: {{chat: {{slack: {{channel: "#{name}", api_url_file: /etc/secrets/slack}}}}}}
escalation: {{talk: [{{notify: [chat]}}]}}
routing: {{warning: talk}}
alerts:
  Slow: {{service: web, expr: max(seconds) > {limit}, for: 5m, severity: warning}}
"""


def fleet(folder: Path, size: int, more: str = "") -> Path:
    """A repository with some small tenants."""
    (folder / "specs" / "tenants").mkdir(parents=True)
    (folder / "specs" / "platform.yaml").write_text(PLATFORM + more)
    for number in range(size):
        write(folder, number)
    return folder


def write(folder: Path, number: int, limit: int | None = None) -> Path:
    """The spec of one tenant."""
    name = tenant(number)
    path = folder / "specs" / "tenants" / f"{name}.yaml"
    path.write_text(TENANT.format(name=name, limit=limit or number % 3 + 1))
    return path


def tenant(number: int) -> str:
    """The name of a tenant."""
    return f"tenant-{number:03}"


def tree(folder: Path) -> Mapping[str, str]:
    """Every file below an output folder with its hash; not our own bookkeeping."""
    return {
        path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and ".tocsin" not in path.parts
    }


def tocsin(*arguments: str, cwd: Path, **more: str) -> subprocess.CompletedProcess[str]:
    """The command as a shell runs it."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT), **more}
    environment.pop("CI", None)
    return subprocess.run(
        [sys.executable, "-m", "generator", *arguments],
        cwd=cwd,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
