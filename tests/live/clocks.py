"""Alertmanager at another time: made-up timezones shift the clock of its time intervals.

The Go runtime looks zones up in the folder that `ZONEINFO` names. A zone whose offset is the
distance between now and some moment makes an interval with that `location` live at the moment,
and its clock runs on from there. The program is the unmodified one.
"""

from __future__ import annotations

import contextlib
import os
import struct
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from datetime import datetime
from pathlib import Path

import yaml

from generator.tools import Tool


def write_zone(folder: Path, name: str, offset: int, *changes: tuple[int, int]) -> None:
    """A zone of a constant offset in seconds; `changes` are (Unix time, offset from then on)."""
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    kinds = [offset, *(new for _, new in changes)]
    parts = [b"TZif2" + bytes(15) + struct.pack(">6I", 0, 0, 0, 0, 1, 4)]
    parts.append(struct.pack(">iBB", offset, 0, 0) + b"TST\0")
    counts = struct.pack(">6I", 0, 0, 0, len(changes), len(kinds), 4)
    parts.append(b"TZif2" + bytes(15) + counts)
    parts += [struct.pack(">q", at) for at, _ in changes]
    parts += [struct.pack("B", index) for index in range(1, len(kinds))]
    parts += [struct.pack(">iBB", kind, 0, 0) for kind in kinds]
    parts += [b"TST\0", b"\n\n"]
    path.write_bytes(b"".join(parts))


def offset_to(moment: datetime, now: float) -> int:
    """The offset at which a clock shows a UTC moment now."""
    return round(moment.timestamp() - now)


def live_in(config: Path, zones: Mapping[str, str]) -> None:
    """Give every entry of the named intervals' prefixes a zone; all else stays as generated."""
    document = yaml.safe_load(config.read_text())
    for interval in document["time_intervals"]:
        for prefix, zone in zones.items():
            if interval["name"].startswith(prefix):
                for entry in interval["time_intervals"]:
                    assert "location" not in entry, f"{interval['name']} is not in UTC"
                    entry["location"] = zone
    config.write_text(yaml.safe_dump(document, sort_keys=False))


@contextlib.contextmanager
def alertmanager(tool: Tool, config: Path, data: Path, zones: Path, port: int) -> Iterator[str]:
    """An Alertmanager that knows the made-up zones, ready; its address."""
    data.mkdir()
    url = f"http://127.0.0.1:{port}"
    log_path = data / "alertmanager.log"
    with log_path.open("w") as log:
        process = subprocess.Popen(
            [
                tool.path,
                f"--config.file={config}",
                f"--storage.path={data / 'store'}",
                "--cluster.listen-address=",
                f"--web.listen-address=127.0.0.1:{port}",
            ],
            stdout=log,
            stderr=log,
            env={**os.environ, "ZONEINFO": str(zones)},
            cwd=tool.path.parent.parent,
        )
        try:
            end = time.monotonic() + 30
            while not _ready(url):
                assert time.monotonic() < end, log_path.read_text()[-2000:]
                time.sleep(0.05)
            yield url
        finally:
            process.terminate()
            process.wait(10)


def _ready(url: str) -> bool:
    try:
        with urllib.request.urlopen(f"{url}/-/ready", timeout=2) as answer:
            return bool(answer.status == 200)
    except (urllib.error.URLError, ConnectionError, TimeoutError):
        return False
