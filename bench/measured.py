"""Commands measured as a user runs them: time, processor time, the largest process."""

from __future__ import annotations

import json
import os
import platform
import subprocess
import sys
from dataclasses import asdict, dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parent.parent
RESULTS = ROOT / "bench" / "results"

_RUN = """
import json, os, resource, subprocess, sys, time
began = time.perf_counter()
code = subprocess.call(sys.argv[1:], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
wall = time.perf_counter() - began
used = resource.getrusage(resource.RUSAGE_CHILDREN)
print(json.dumps([code, wall, used.ru_utime + used.ru_stime, used.ru_maxrss / 1024]))
"""


@dataclass(frozen=True, slots=True)
class Used:
    """What a command took; `memory_mb` is that of its largest process."""

    wall_s: float
    cpu_s: float
    memory_mb: float


def ran(*command: str, cwd: Path, cache: str, **more: str) -> Used:
    """A command run to its end, which must be a good one."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "TOCSIN_CACHE": cache, **more}
    environment.pop("CI", None)
    answer = subprocess.run(
        [sys.executable, "-c", _RUN, *command],
        cwd=cwd,
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )
    code, wall, cpu, memory = json.loads(answer.stdout)
    if code not in (0, 1):
        raise SystemExit(f"{' '.join(command)} ended with {code}")
    return Used(round(wall, 3), round(cpu, 3), round(memory, 1))


def tocsin(*arguments: str, cwd: Path, cache: str, **more: str) -> Used:
    """A command of ours."""
    return ran(sys.executable, "-m", "generator", *arguments, cwd=cwd, cache=cache, **more)


def machine() -> dict[str, Any]:
    """What was measured on, and with what."""
    libraries = ("pyyaml", "jsonschema", "promql-parser", "grafanalib", "jinja2")
    model = ""
    about = Path("/proc/cpuinfo")
    if about.is_file():
        lines = about.read_text(encoding="utf-8", errors="replace").splitlines()
        model = next((ln.partition(":")[2].strip() for ln in lines if "model name" in ln), "")
    return {
        "processors": len(os.sched_getaffinity(0)),
        "model": model or platform.machine(),
        "system": f"{platform.system()} {platform.release()}",
        "python": platform.python_version(),
        "libraries": {name: version(name) for name in libraries},
    }


def store(name: str, found: dict[str, Any]) -> None:
    """Write bench/results/<name>.json and print it."""
    RESULTS.mkdir(exist_ok=True)
    text = json.dumps({"machine": machine(), **found}, indent=2) + "\n"
    (RESULTS / f"{name}.json").write_text(text, encoding="utf-8")
    sys.stdout.write(text)


def plain(used: Used) -> dict[str, float]:
    """For JSON."""
    return asdict(used)
