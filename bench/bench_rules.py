"""What the rules of tenants cost a real Prometheus: the unit costs of docs/scale.md.

`make bench` writes bench/results/rules.json. The raw series that the rules of some tenants select
are scraped from a page on loopback, so that every rule has something to evaluate; after a while its
own counters say how long an evaluation took and its process what it used. Other numbers of
tenants: `python bench/bench_rules.py 100`.
"""

from __future__ import annotations

import http.server
import json
import subprocess
import sys
import tempfile
import threading
import time
import urllib.parse
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent.parent))

from bench.bench_fleet import cpu, free_port
from bench.fleets import tenant_name, write_fleet
from bench.measured import ROOT, store
from generator.compile.tenant import compile_tenant
from generator.ir.build import Build
from generator.ir.rules import RecordingRule
from generator.promql.parser import parse
from generator.promql.tree import vector_selectors
from generator.render.prometheus import rule_files
from generator.spec.load import load_platform, load_tenant
from generator.tools import GENERATIONS, Tool, generations

TENANTS = 50
WARM, WATCHED = 60, 120
"""Seconds until it is looked at, and for how long."""
INSTANCES = ("a", "b", "c")
BUCKETS = ("0.1", "0.3", "1", "+Inf")


def compiled(folder: Path, count: int) -> list[Build]:
    write_fleet(folder, count)
    spec = load_platform(folder)
    found = []
    for number in range(count):
        loaded = load_tenant(folder, tenant_name(number), spec)
        assert loaded.tenant is not None
        found.append(compile_tenant(loaded.tenant, spec.platform, proven=False))
    return found


def series(builds: list[Build]) -> list[str]:
    """Every raw series that an equality of a selector asks for, three times."""
    found: dict[str, None] = {}
    for build in builds:
        rules = [rule for group in build.groups for rule in group.rules]
        recorded = {rule.record for rule in rules if isinstance(rule, RecordingRule)}
        for rule in rules:
            for node in vector_selectors(parse(rule.expr)):
                if node.name is None or node.name in recorded or node.name.startswith("ALERTS"):
                    continue
                labels = {m.name: m.value for m in node.matchers if m.op == "="}
                for more in _more(node.name):
                    pairs = sorted({**labels, **more}.items())
                    text = ",".join(f'{key}="{value}"' for key, value in pairs)
                    found[f"{node.name}{{{text}}}"] = None
    return list(found)


def _more(name: str) -> Iterator[dict[str, str]]:
    for instance in INSTANCES:
        if name.endswith("_bucket"):
            yield from ({"instance": instance, "le": bound} for bound in BUCKETS)
        else:
            yield {"instance": instance, "code": "200"}


@contextmanager
def page(names: list[str]) -> Iterator[int]:
    """A page of metrics that grow by the second."""
    began = time.monotonic()

    class Page(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            value = int(time.monotonic() - began) + 1
            body = "".join(f"{name} {value}\n" for name in names).encode()
            self.send_response(200)
            self.send_header("Content-Type", "text/plain; version=0.0.4")
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: Any) -> None:
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Page)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield server.server_address[1]
    finally:
        server.shutdown()


def asked(port: int, query: str) -> float:
    url = f"http://127.0.0.1:{port}/api/v1/query?query={urllib.parse.quote(query)}"
    with urllib.request.urlopen(url, timeout=10) as answer:
        found = json.load(answer)["data"]["result"]
    return float(found[0]["value"][1]) if found else 0.0


def watched(prometheus: Tool, folder: Path, builds: list[Build]) -> dict[str, Any]:
    """A server with these rules, watched for a while."""
    for build in builds:
        for artifact in rule_files(build.groups, "bench"):
            path = folder / "run" / build.tenant / artifact.path
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(artifact.content)
    names, port = series(builds), free_port()
    with page(names) as source:
        config = folder / "run" / "prometheus.yml"
        config.write_text(
            "global: {scrape_interval: 15s, evaluation_interval: 30s}\n"
            f"rule_files: [{', '.join(f'{b.tenant}/prometheus/rules/*.yml' for b in builds)}]\n"
            "scrape_configs:\n  - {job_name: bench, honor_labels: true, "
            f'static_configs: [{{targets: ["127.0.0.1:{source}"]}}]}}\n'
            f'  - {{job_name: self, static_configs: [{{targets: ["127.0.0.1:{port}"]}}]}}\n'
        )
        process = subprocess.Popen(
            [
                prometheus.path,
                f"--config.file={config}",
                f"--storage.tsdb.path={folder / 'data'}",
                f"--web.listen-address=127.0.0.1:{port}",
            ],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        try:
            time.sleep(WARM)
            assert process.poll() is None, "Prometheus refuses its configuration"
            before = cpu(process.pid)
            time.sleep(WATCHED)
            return _read(port, process.pid, cpu(process.pid) - before, builds, len(names))
        finally:
            process.terminate()
            process.wait(30)


def _read(port: int, pid: int, used: float, builds: list[Build], raw: int) -> dict[str, Any]:
    count = sum(len(group.rules) for build in builds for group in build.groups)
    took = asked(port, "sum(rate(prometheus_rule_evaluation_duration_seconds_sum[90s]))")
    done = asked(port, "sum(rate(prometheus_rule_evaluations_total[90s]))")
    status = Path(f"/proc/{pid}/status").read_text()
    resident = next(line for line in status.splitlines() if line.startswith("VmRSS"))
    return {
        "tenants": len(builds),
        "rules": count,
        "raw_series": raw,
        "head_series": asked(port, "prometheus_tsdb_head_series"),
        "failures": asked(port, "sum(prometheus_rule_evaluation_failures_total)"),
        "evaluations_per_second": round(done, 1),
        "us_per_evaluation": round(took / done * 1e6, 1) if done else None,
        "cpu_share_of_one_processor": round(used / WATCHED, 4),
        "cpu_ms_per_tenant_and_second": round(used * 1000 / WATCHED / len(builds), 3),
        "memory_mb": int(resident.split()[1]) // 1024,
    }


def main() -> int:
    """Measure, print and store."""
    found = generations(ROOT)
    tool = next(
        (found[g.name]["prometheus"] for g in reversed(GENERATIONS) if g.name in found), None
    )
    if tool is None:
        sys.stderr.write("no Prometheus to measure: run make tools\n")
        return 3
    results = []
    for count in [int(text) for text in sys.argv[1:]] or [TENANTS]:
        with tempfile.TemporaryDirectory(prefix="tocsin-bench-") as name:
            results.append(watched(tool, Path(name), compiled(Path(name), count)))
    store("rules", {"prometheus": str(tool.version), "runs": results})
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
