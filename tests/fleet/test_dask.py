"""A real Dask scheduler with two workers: the same bytes, whatever happens to one of them."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from tests.conftest import ROOT
from tests.fleet.repository import fleet, tocsin, tree

SIZE = 60


@contextmanager
def started(
    command: Sequence[str], until: str, cwd: Path, **more: str
) -> Iterator[tuple[int, str]]:
    """A program that has said something: its process and what it said."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT), **more}
    process = subprocess.Popen(
        [sys.executable, "-m", *command],
        cwd=cwd,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    try:
        assert process.stdout is not None
        told = ""
        while not re.search(until, told):
            line = process.stdout.readline()
            assert line, told
            told += line
        yield process.pid, told
    finally:
        process.kill()
        process.wait(30)


@contextmanager
def cluster(folder: Path, workers: int = 2, **more: str) -> Iterator[tuple[str, list[int]]]:
    """The address of a scheduler and the processes of its workers."""
    with ExitStack() as stack:
        command = ("distributed.cli.dask_scheduler", "--host", "127.0.0.1", "--port", "0")
        plain = (*command, "--no-dashboard", "--no-show")
        _, told = stack.enter_context(started(plain, r"Scheduler at:.*\n", folder))
        (address,) = re.findall(r"tcp://(127\.0\.0\.1:[0-9]+)", told)[:1]
        pids = []
        for number in range(workers):
            worker = ("distributed.cli.dask_worker", f"tcp://{address}", "--no-nanny")
            options = ("--nthreads", "1", "--no-dashboard", "--local-directory", str(folder))
            cache = str(folder / f"cache-{number}")
            settings = {"TOCSIN_CACHE": cache, **more}
            pids.append(
                stack.enter_context(
                    started((*worker, *options), r"Registered to", folder, **settings)
                )[0]
            )
        yield f"dask://{address}", pids


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A repository with what one machine builds of it."""
    folder = fleet(tmp_path_factory.mktemp("dask"), SIZE)
    assert tocsin("build", "--verify=off", cwd=folder).returncode == 0
    return folder


def build(root: Path, address: str, output: Path) -> subprocess.Popen[str]:
    command = ("build", "--verify=off", "--executor", address, "--output", str(output))
    return subprocess.Popen(
        [sys.executable, "-m", "generator", *command],
        cwd=root,
        env={**os.environ, "PYTHONPATH": str(ROOT), "TOCSIN_CACHE": "off"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def test_a_cluster_makes_the_same(root: Path, tmp_path: Path) -> None:
    with cluster(tmp_path) as (address, _):
        process = build(root, address, tmp_path / "output")
        told, _ = process.communicate(timeout=240)
    assert process.returncode == 0, told
    assert tree(tmp_path / "output") == tree(root / "output")
    assert list(tmp_path.glob("cache-*/derived-*")), "workers keep what they derive"


def test_a_worker_that_is_killed_loses_nothing(root: Path, tmp_path: Path) -> None:
    with cluster(tmp_path, TOCSIN_CACHE="off") as (address, pids):
        process = build(root, address, tmp_path / "output")
        staged = tmp_path / "output" / ".tocsin" / "batch"
        deadline = time.monotonic() + 120
        while not (staged.is_dir() and any(staged.iterdir())):
            assert process.poll() is None, process.communicate()[0]
            assert time.monotonic() < deadline
            time.sleep(0.01)
        os.kill(pids[0], 9)
        assert process.poll() is None, "it was done too soon"
        told, _ = process.communicate(timeout=240)
    assert process.returncode == 0, told
    assert tree(tmp_path / "output") == tree(root / "output")


def test_a_scheduler_that_is_not_there_is_told(
    root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    address = "dask://127.0.0.1:9"
    answer = tocsin("build", "--executor", address, "--output", str(tmp_path / "o"), cwd=root)
    assert answer.returncode == 3
    assert f"the Dask scheduler at {address} does not answer" in answer.stderr
    assert "Traceback" not in answer.stderr
    assert not (tmp_path / "o").exists()


def test_workers_with_other_code_are_refused(root: Path, tmp_path: Path) -> None:
    other = tmp_path / "other" / "generator"
    import shutil

    shutil.copytree(ROOT / "generator", other, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copytree(ROOT / "templates", tmp_path / "other" / "templates")
    (other / "more.py").write_text("A = 1\n")
    with cluster(tmp_path, 1, PYTHONPATH=str(tmp_path / "other")) as (address, _):
        process = build(root, address, tmp_path / "output")
        told, _ = process.communicate(timeout=120)
    assert process.returncode == 3
    assert "has another version of tocsin" in told


def test_an_executor_that_cannot_be_meant_is_wrong_use(root: Path) -> None:
    answer = tocsin("build", "--executor", "ray://x", cwd=root)
    assert answer.returncode == 2 and "'ray://x' is no executor" in answer.stderr
