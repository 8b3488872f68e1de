"""How long the rooms take for the examples: `make bench` writes bench/results/compile.json.

Each figure is the best of three runs, in milliseconds, with the number of things made.
"""

from __future__ import annotations

import json
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from generator.compile.tenant import compile_tenant
from generator.deliver.output import write_tree
from generator.render.files import tenant_artifacts
from generator.spec.load import load_platform, load_tenant, tenant_names
from generator.verify.reread import reread

ROOT = Path(__file__).parent.parent
RUNS = 3


def best(run: Callable[[], Any]) -> tuple[float, Any]:
    """Milliseconds of the quickest run, and its result."""
    quickest, result = float("inf"), None
    for _ in range(RUNS):
        start = time.perf_counter()
        result = run()
        quickest = min(quickest, time.perf_counter() - start)
    return round(quickest * 1000, 1), result


def measured(name: str) -> dict[str, Any]:
    """One tenant through load, compile, render, re-reading and writing."""
    from generator.promql.isolate import Scope

    spec = load_platform(ROOT)
    load, loaded = best(lambda: load_tenant(ROOT, name, spec))
    compiling, build = best(lambda: compile_tenant(loaded.tenant, spec.platform))
    render, artifacts = best(lambda: tenant_artifacts(build))
    platform = spec.platform
    scope = Scope(
        platform.labels.tenant, name, platform.targets.prometheus, platform.shared_metrics
    )
    reading, _ = best(lambda: reread(artifacts, scope))
    with tempfile.TemporaryDirectory() as folder:
        write, _ = best(lambda: write_tree(Path(folder), name, artifacts, {}))
    return {
        "rules": sum(len(group.rules) for group in build.groups),
        "files": len(artifacts),
        "bytes": sum(len(artifact.content) for artifact in artifacts),
        "ms": {
            "load": load,
            "compile": compiling,
            "render": render,
            "reread": reading,
            "write": write,
        },
    }


def main() -> int:
    """Measure every example, print and store."""
    results = {name: measured(name) for name in tenant_names(ROOT)}
    folder = ROOT / "bench" / "results"
    folder.mkdir(exist_ok=True)
    text = json.dumps(results, indent=2, sort_keys=True) + "\n"
    (folder / "compile.json").write_text(text, encoding="utf-8")
    sys.stdout.write(text)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
