"""Whether building has become slower: `make bench-check` compares ratios, never times.

A build of two fleets is set against what runs beside it on the same machine: the YAML of the specs
read by C, promql-parser over the expressions, the bytes written, and a peer from PyPI (peer.py). A
ratio may be half again what is recorded in bench/ratios.json; `--record` writes it anew. Growth
needs no record: twice the tenants take twice the time, and no more memory.
"""

from __future__ import annotations

import json
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))

from bench.fleets import write_fleet
from bench.measured import ROOT, Used, ran, tocsin

RECORDED = ROOT / "bench" / "ratios.json"
SIZES = (24, 96)
SLACK = 1.5
GROWTH, MEMORY = 1.25, 1.2
RUNS = 3


def quickest(*command: str, cwd: Path, cache: str) -> Used:
    return min((ran(*command, cwd=cwd, cache=cache) for _ in range(RUNS)), key=lambda u: u.cpu_s)


def script(name: str, *arguments: str) -> tuple[str, ...]:
    return sys.executable, str(ROOT / "bench" / name), *arguments


def built(folder: Path, size: int) -> Used:
    """A full build of a fleet with empty caches, the quickest of some."""
    found = []
    for number in range(RUNS):
        root = write_fleet(folder / f"{size}-{number}", size)
        cache = str(root / "cache")
        found.append(tocsin("build", "--verify=off", "--jobs", "1", cwd=root, cache=cache))
    return min(found, key=lambda used: used.cpu_s)


def measured(folder: Path) -> tuple[dict[str, float], dict[str, float]]:
    """The ratios, and how time and memory grow."""
    small, large = (built(folder, size) for size in SIZES)
    root, size = folder / f"{SIZES[1]}-0", SIZES[1]
    start = quickest(*script("floor.py", "read", str(folder)), cwd=folder, cache="off").cpu_s
    beside = {
        "read": script("floor.py", "read", str(root)),
        "parse": script("floor.py", "parse", str(root)),
        "write": script("floor.py", "write", str(root)),
        "peer": script("peer.py", str(folder / "peer"), str(size)),
    }
    times = {n: quickest(*c, cwd=folder, cache="off").cpu_s - start for n, c in beside.items()}
    marginal = (large.cpu_s - small.cpu_s) / (SIZES[1] - SIZES[0])
    floor = times["read"] + times["parse"] + times["write"]
    ratios = {
        "to_reading_yaml": marginal * size / times["read"],
        "to_parsing_promql": marginal * size / times["parse"],
        "to_the_floor": marginal * size / floor,
        "to_grafanalib": marginal * size / times["peer"],
    }
    per_tenant = (small.cpu_s / SIZES[0], large.cpu_s / SIZES[1])
    growth = {
        "time_per_tenant": per_tenant[1] / per_tenant[0],
        "memory": large.memory_mb / small.memory_mb,
    }
    return rounded(ratios), rounded(growth)


def rounded(numbers: dict[str, float]) -> dict[str, float]:
    return {name: round(number, 2) for name, number in numbers.items()}


def main() -> int:
    """Compare, or record."""
    with tempfile.TemporaryDirectory(prefix="tocsin-bench-") as name:
        ratios, growth = measured(Path(name))
    print(json.dumps({"ratios": ratios, "growth": growth}, indent=2))
    if "--record" in sys.argv:
        RECORDED.write_text(json.dumps(ratios, indent=2) + "\n", encoding="utf-8")
        return 0
    known = json.loads(RECORDED.read_text(encoding="utf-8"))
    wrong = [
        f"{name}: {ratio}, recorded {known[name]}"
        for name, ratio in ratios.items()
        if ratio > SLACK * known[name]
    ]
    if growth["time_per_tenant"] > GROWTH:
        wrong.append(f"a tenant of many takes {growth['time_per_tenant']} times one of few")
    if growth["memory"] > MEMORY:
        wrong.append(f"memory grows {growth['memory']} times with the fleet")
    for line in wrong:
        print(f"slower: {line}", file=sys.stderr)
    return 1 if wrong else 0


if __name__ == "__main__":
    raise SystemExit(main())
