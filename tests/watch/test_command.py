"""`tocsin watch` as a person and a program see it: what it prints, how it ends."""

from __future__ import annotations

import json
import os
import pty
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.cli.test_commands import tocsin
from tests.conftest import ROOT


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (("acne",), 2, "there is no tenant 'acne'; did you mean 'acme'?"),
        (("--prometheus", "localhost:9090"), 2, "write http://host:port"),
        (("--prometheus", "http://127.0.0.1:1"), 3, "does not answer"),
        (
            ("--prometheus", "http://127.0.0.1:1", "--token-file", "none"),
            2,
            "'none' does not exist",
        ),
    ],
)
def test_wrong_use_and_failures(
    repository: Path, arguments: tuple[str, ...], code: int, said: str
) -> None:
    answer = tocsin("watch", "--once", "--verify=off", *arguments, cwd=repository)
    assert (answer.returncode, said in answer.stderr) == (code, True), answer.stderr


def test_once_for_programs(repository: Path) -> None:
    answer = tocsin("watch", "--once", "--verify=off", "--format", "json", cwd=repository)
    assert answer.returncode == 0
    events = [json.loads(line) for line in answer.stdout.splitlines()]
    assert [event["event"] for event in events] == ["compiling", "built"]
    assert events[1]["message"].startswith("acme: ")
    assert events[1]["seconds"] > 0
    path = repository / "specs" / "tenants" / "acme.yaml"
    path.write_text(path.read_text().replace("max(", "max(("))
    answer = tocsin("watch", "--once", "--verify=off", "--format", "json", cwd=repository)
    assert answer.returncode == 1
    held = json.loads(answer.stdout.splitlines()[-1])
    assert held["event"] == "held"
    assert held["findings"][0]["code"] == "promql-syntax"


@pytest.mark.parametrize("how", ["key", "signal"])
def test_it_ends_cleanly_on_a_terminal(repository: Path, how: str) -> None:
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-m", "generator", "watch", "--verify=off"],
        cwd=repository, env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdin=theirs, stdout=theirs, stderr=theirs, start_new_session=True,
        preexec_fn=lambda: _own_terminal(theirs),
    )  # fmt: skip
    os.close(theirs)
    shown = _until(ours, "Ctrl-C ends it")
    if how == "key":
        os.write(ours, b"\x03")
    else:
        process.send_signal(signal.SIGTERM)
    shown += _until(ours, "watch ended")
    assert process.wait(10) == 0, shown
    os.close(ours)
    assert "Traceback" not in shown


def _own_terminal(terminal: int) -> None:
    """Make the terminal the process's own, so that keys on it become signals."""
    import fcntl
    import termios

    fcntl.ioctl(terminal, termios.TIOCSCTTY, 0)


def _until(terminal: int, text: str) -> str:
    shown, end = "", time.monotonic() + 20
    os.set_blocking(terminal, False)
    while text not in shown and time.monotonic() < end:
        try:
            shown += os.read(terminal, 4096).decode("utf-8", "replace")
        except BlockingIOError:
            time.sleep(0.05)
    assert text in shown, shown
    return shown
