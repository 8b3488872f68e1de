"""A Prometheus of our own over data from files: on loopback, in a temporary folder, for a while.

The data it is given is never written to: blocks are immutable and are linked, the rest is copied.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from generator.servers.http import Server, ServerFailed
from generator.servers.prometheus import Prometheus
from generator.tools import Tool, ToolFailed, run

PATIENCE = 60.0
"""Seconds a Prometheus may take to read its data."""


@contextlib.contextmanager
def workspace() -> Iterator[Path]:
    """A folder that is gone afterwards."""
    with tempfile.TemporaryDirectory(prefix="tocsin-") as folder:
        yield Path(folder)


LONG_BLOCKS = "--max-block-duration=720h"
"""Of two hours each, promtool's default, a month would be 360 blocks, slow to open."""


def blocks_from(promtool: Tool, openmetrics: Path, data: Path) -> None:
    """Add OpenMetrics text with timestamps to a TSDB's folder. Raises ToolFailed."""
    made = ["tsdb", "create-blocks-from", LONG_BLOCKS, "openmetrics"]
    arguments = [*made, str(openmetrics), str(data)]
    done = run(promtool, arguments, timeout=600)
    if done.returncode:
        said = done.stdout.strip().splitlines()
        raise ToolFailed(f"{openmetrics} is no OpenMetrics text with timestamps: {said[-1:]}")


def copied(data: Path, folder: Path) -> Path:
    """A TSDB's folder as one that a second Prometheus may open."""
    target = folder / "data"
    target.mkdir()
    for entry in sorted(data.iterdir()):
        if (entry / "meta.json").is_file():
            shutil.copytree(entry, target / entry.name, copy_function=_linked)
        elif entry.name in ("wal", "chunks_head", "wbl"):
            shutil.copytree(entry, target / entry.name)
    return target


def newest(data: Path) -> float | None:
    """The time of the last sample in a TSDB's blocks; None when it has none."""
    ends = [json.loads(m.read_text())["maxTime"] for m in sorted(data.glob("*/meta.json"))]
    return max(ends) / 1000 if ends else None


@contextlib.contextmanager
def prometheus_over(tool: Tool, data: Path, folder: Path) -> Iterator[Prometheus]:
    """A Prometheus that answers from this folder. Raises ServerFailed when it does not come up."""
    config, log = folder / "prometheus.yml", folder / "prometheus.log"
    config.write_text("global: {}\n")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    arguments = [
        f"--config.file={config}",
        f"--storage.tsdb.path={data}",
        "--storage.tsdb.retention.time=100y",
        f"--web.listen-address=127.0.0.1:{port}",
    ]
    with log.open("w") as sink:
        process = subprocess.Popen([tool.path, *arguments], stdout=sink, stderr=sink)
        server = Prometheus(Server(f"http://127.0.0.1:{port}"))
        try:
            _wait(server, process, log)
            yield server
        finally:
            process.terminate()
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def _wait(server: Prometheus, process: subprocess.Popen[bytes], log: Path) -> None:
    end = time.monotonic() + PATIENCE
    while process.poll() is None and time.monotonic() < end:
        try:
            server.ready()
            return
        except ServerFailed:
            time.sleep(0.05)
    said = log.read_text().strip().splitlines()
    raise ServerFailed(f"prometheus did not start: {said[-1] if said else 'it said nothing'}")


def _linked(source: str, target: str) -> None:
    try:
        os.link(source, target)
    except OSError:
        shutil.copy2(source, target)
