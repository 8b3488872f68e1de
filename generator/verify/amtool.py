"""amtool's verdict on Alertmanager configurations."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from generator.findings import Finding, error
from generator.tools import Tool, run


def check_config(tool: Tool, files: Sequence[Path], root: Path) -> list[Finding]:
    """`amtool check-config` on each file. Raises ToolFailed when it does not run."""
    findings = []
    for path in files:
        name = path.relative_to(root).as_posix()
        answer = run(tool, ["check-config", path.name], cwd=path.parent)
        if answer.returncode == 0:
            continue
        said = answer.stdout + answer.stderr
        lines = [line.strip() for line in said.splitlines() if line.strip()]
        reason = next((line for line in lines if "FAILED" in line or "error" in line), lines[-1])
        findings.append(error("amtool-config", f"amtool on {name}: {reason}"))
    return findings
