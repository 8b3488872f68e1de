"""Work shared by processes: the same results, whatever happens to one of them."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from contextlib import nullcontext
from pathlib import Path

import pytest

from generator import side_by_side
from generator.compilation import compile_specs
from generator.side_by_side import CHUNK, Work, begun, processes_for
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
SMALL = """\
version: 1
tenant: {name}
owner: {{team: core}}
services: {{web: {{selector: {{job: web}}}}}}
alerts:
  Slow: {{service: web, expr: max(seconds) > {limit}, for: 5m, severity: warning}}
"""


def fleet(folder: Path, size: int) -> Path:
    (folder / "specs" / "tenants").mkdir(parents=True)
    (folder / "specs" / "platform.yaml").write_text(PLATFORM)
    for number in range(size):
        name = f"tenant-{number:05}"
        text = SMALL.format(name=name, limit=number % 3 + 1)
        (folder / "specs" / "tenants" / f"{name}.yaml").write_text(text)
    return folder


def test_processes_make_the_same(tmp_path: Path) -> None:
    root = fleet(tmp_path, 2 * CHUNK + 3)
    (root / "specs" / "tenants" / "tenant-00005.yaml").write_text("version: 1\ntenant: no\n")
    alone, together = compile_specs(root, jobs=1), compile_specs(root, jobs=2)
    assert list(together.tenants) == list(alone.tenants)
    assert together == alone
    assert together.tenants["tenant-00005"].build is None and together.findings


def test_a_process_that_is_killed_loses_nothing() -> None:
    here = os.getpid()

    def double(number: int, _means: None) -> int:
        if number == 13 and os.getpid() != here:
            os.kill(os.getpid(), signal.SIGKILL)
        return 2 * number

    size = 5 * CHUNK
    made = dict(begun(Work(double, range(size), nullcontext), 2))
    assert made == {number: 2 * number for number in range(size)}


def test_what_goes_wrong_in_a_process_is_told_here() -> None:
    def fail(number: int, _means: None) -> int:
        raise LookupError(f"no {number}")

    with pytest.raises(LookupError, match="no "):
        list(begun(Work(fail, range(2 * CHUNK), nullcontext), 2))


def test_few_tasks_and_programs_with_threads_stay_in_one_process(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(side_by_side, "cores", lambda: 4)
    monkeypatch.setattr(threading, "active_count", lambda: 1)
    assert processes_for(15, 0, 8) == 1
    assert processes_for(16, 0, 8) == 2, "a chunk each"
    assert processes_for(1000, 0, 8) == 4
    assert processes_for(1000, 3, 8) == 3
    assert processes_for(1000, 1, 8) == 1
    monkeypatch.setattr(threading, "active_count", lambda: 2)
    assert processes_for(1000, 0, 8) == 1


def test_an_interruption_ends_all_without_a_traceback(tmp_path: Path) -> None:
    root = fleet(tmp_path, 400)
    command = [sys.executable, "-m", "generator", "build", "--verify=off", "--jobs", "2"]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    process = subprocess.Popen(
        [*command, "--root", str(root)],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        start_new_session=True,
    )
    time.sleep(3)
    assert process.poll() is None, "it was done too soon"
    os.killpg(process.pid, signal.SIGINT)
    told, _ = process.communicate(timeout=60)
    assert process.returncode == 130
    assert b"interrupted; every folder of output/ is whole" in told, told.decode()
    assert b"Traceback" not in told and b"Aborted" not in told
    assert not (root / "output").exists(), "nothing was written"
    with pytest.raises(ProcessLookupError):
        os.killpg(process.pid, 0)
