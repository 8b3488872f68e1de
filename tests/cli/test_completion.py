"""Completion as the shells ask for it: bash itself, and the questions of zsh and fish."""

from __future__ import annotations

import os
import pty
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.cli.test_commands import PLATFORM, TENANT
from tests.conftest import ROOT


@pytest.fixture
def shell(tmp_path: Path) -> dict[str, str]:
    tenants = tmp_path / "specs" / "tenants"
    tenants.mkdir(parents=True)
    (tmp_path / "specs" / "platform.yaml").write_text(PLATFORM)
    for name in ("acme", "acorn", "globex"):
        (tenants / f"{name}.yaml").write_text(TENANT.format(name=name, level=100))
    acme = (tenants / "acme.yaml").read_text()
    (tenants / "acme.yaml").write_text(
        acme.replace("job: api}", "job: api}, packs: {http-api: {}}")
    )
    program = tmp_path / "bin" / "tocsin"
    program.parent.mkdir()
    program.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m generator "$@"\n')
    program.chmod(0o755)
    path = f"{program.parent}:{os.environ['PATH']}"
    return {"PATH": path, "PYTHONPATH": str(ROOT), "HOME": str(tmp_path), "TERM": "dumb"}


def bash(line: str, shell: dict[str, str]) -> list[str]:
    """What bash offers at the end of a line."""
    words = line.split(" ")
    quoted = " ".join(f"'{word}'" for word in words)
    script = f"""
eval "$(tocsin completion bash)"
COMP_WORDS=({quoted}); COMP_CWORD={len(words) - 1}
_tocsin_completion tocsin
printf '%s\\n' "${{COMPREPLY[@]}}"
"""
    answer = subprocess.run(
        ["bash", "--norc", "-c", script],
        env=shell, cwd=shell["HOME"], capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert answer.stderr == ""
    return answer.stdout.split()


@pytest.mark.parametrize(
    ("line", "offered"),
    [
        ("tocsin bu", ["build"]),
        ("tocsin build a", ["acme", "acorn"]),
        ("tocsin build acme a", ["acorn"]),
        ("tocsin watch g", ["globex"]),
        ("tocsin fmt ac", ["acme", "acorn"]),
        ("tocsin explain ro", ["route"]),
        ("tocsin explain route acme Q", ["QueueBacklog"]),
        ("tocsin explain alert acme Http", ["HttpErrorRatioHigh", "HttpLatencyHigh"]),
        ("tocsin catalog http", ["http-api"]),
        ("tocsin init x --pack post", ["postgres"]),
        ("tocsin completion z", ["zsh"]),
        ("tocsin build --ver", ["--verify"]),
        ("tocsin explain route nobody Q", []),
    ],
)
def test_bash(line: str, offered: list[str], shell: dict[str, str]) -> None:
    found = bash(line, shell)
    assert found[: len(offered)] == offered
    assert bool(found) == bool(offered)


def test_a_person_presses_tab(shell: dict[str, str]) -> None:
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        ["bash", "--norc", "-i"],
        cwd=shell["HOME"], env=shell, stdin=theirs, stdout=theirs, stderr=theirs,
        start_new_session=True,
    )  # fmt: skip
    os.close(theirs)
    os.set_blocking(ours, False)
    os.write(ours, b'eval "$(tocsin completion bash)"; echo re""ady\n')
    shown = _read_until(ours, "ready")
    os.write(ours, b"echo tocsin; tocsin build glo\t")
    shown += _read_until(ours, "globex")
    process.kill()
    process.wait(10)
    os.close(ours)
    assert "globex" in shown


def _read_until(terminal: int, text: str) -> str:
    shown, end = "", time.monotonic() + 15
    while text not in shown and time.monotonic() < end:
        try:
            shown += os.read(terminal, 4096).decode("utf-8", "replace")
        except BlockingIOError:
            time.sleep(0.05)
    return shown


@pytest.mark.parametrize("name", ["zsh", "fish"])
def test_other_shells_questions(name: str, shell: dict[str, str]) -> None:
    script = subprocess.run(
        ["tocsin", "completion", name],
        env=shell, cwd=shell["HOME"], capture_output=True, text=True, check=True,
    ).stdout  # fmt: skip
    assert f"_TOCSIN_COMPLETE={name}_complete" in script
    number = "2" if name == "zsh" else "ac"
    asked = {"_TOCSIN_COMPLETE": f"{name}_complete", "COMP_WORDS": "tocsin build ac"}
    answer = subprocess.run(
        ["tocsin"],
        env={**shell, **asked, "COMP_CWORD": number},
        cwd=shell["HOME"], capture_output=True, text=True, check=True,
    )  # fmt: skip
    offered = [line for line in answer.stdout.split() if "ac" in line]
    assert [line.removeprefix("plain,") for line in offered] == ["acme", "acorn"]


def test_nothing_is_offered_outside_a_repository(shell: dict[str, str], tmp_path: Path) -> None:
    (tmp_path / "specs" / "platform.yaml").unlink()
    assert bash("tocsin build a", shell) == []
