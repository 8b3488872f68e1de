"""How a fleet's alertmanager.yml behaves in the newest real Alertmanager, by number of tenants.

`make bench` writes bench/results/fleet.json: seconds until amtool accepts the file, until the
server is ready (and of its processor time, which a busy machine does not stretch), of a reload;
memory in MB; processor milliseconds to take and route an alert. Other sizes:
`python bench/bench_fleet.py 10000`.
"""

from __future__ import annotations

import json
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent.parent))

from generator.compile.fleet import layout_of
from generator.compile.naming import shard_of
from generator.compile.tenant import compile_tenant
from generator.spec.load import load_platform, load_tenant
from generator.tools import GENERATIONS, Tool, generations
from tests.fleets import fleet_files

ROOT = Path(__file__).parent.parent
SIZES = (1000, 3000)
PLATFORM = """\
version: 1
targets: {{prometheus: "2.53", alertmanager: "{alertmanager}"}}
smtp: {{smarthost: "127.0.0.1:25", from: tocsin@example.com}}
fallback: platform-mail
channels: {{platform-mail: {{email: {{to: platform@example.com}}}}}}
escalation: {{mail-only: [{{notify: [platform-mail]}}]}}
"""
TENANT = """\
version: 1
tenant: {name}
owner: {{team: core}}
services:
  web: {{selector: {{job: web}}, depends_on: [db]}}
  db: {{selector: {{job: db}}}}
alerts:
  Down: {{service: db, expr: max(up) == 0, for: 1m, severity: critical, labels: {{kind: outage}}}}
  Slow: {{service: web, expr: max(seconds) > 1, for: 5m, severity: critical}}
  Full: {{service: db, expr: sum by (disk) (full) > 0.9, for: 5m, severity: warning}}
  Odd: {{service: web, expr: max(odd) > 1, for: 5m, severity: info}}
channels:
  chat: {{webhook: {{url: "http://127.0.0.1:9/{name}"}}}}
  mail: {{email: {{to: {name}@example.com}}}}
people: {{ann: {{email: ann@example.com}}, bob: {{email: bob@example.com}}}}
oncall:
  primary:
    rotation:
      every: 1w
      starts: "2026-11-02T09:00"
      until: "2027-02-01T09:00"
      members: [ann, bob]
escalation:
  urgent: [{{notify: [chat, "oncall:primary"]}}, {{after: 15m, notify: [mail]}}]
  relaxed: [{{notify: [chat], during: office}}, {{after: 1d, notify: [mail]}}]
routing: {{critical: urgent, warning: relaxed, info: mail-only}}
time_windows:
  office: {{weekdays: ["monday:friday"], times: [{{from: "09:00", until: "18:00"}}]}}
"""


def fleet(folder: Path, size: int, alertmanager: Tool) -> tuple[Path, int]:
    """A fleet of small tenants, compiled; its configuration and the number of its shards."""
    (folder / "specs" / "tenants").mkdir(parents=True)
    platform = PLATFORM.format(alertmanager=alertmanager.version)
    (folder / "specs" / "platform.yaml").write_text(platform)
    spec = load_platform(folder)
    builds = {}
    for number in range(size):
        name = f"tenant-{number:05}"
        (folder / "specs" / "tenants" / f"{name}.yaml").write_text(TENANT.format(name=name))
        loaded = load_tenant(folder, name, spec)
        assert loaded.tenant is not None, loaded.findings
        builds[name] = compile_tenant(loaded.tenant, spec.platform, proven=False)
    for artifact in fleet_files(spec.platform, builds):
        path = folder / "fleet" / artifact.path
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(artifact.content)
    return folder / "fleet" / "alertmanager.yml", spec.platform.sharding.shards * layout_of(
        spec.platform, size
    ).sharded


def seconds(start: float) -> float:
    return round(time.perf_counter() - start, 2)


def measured(size: int, tools: dict[str, Tool]) -> dict[str, Any]:
    """One fleet: compiled, checked, loaded, reloaded, and a thousand alerts sent to it."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        start = time.perf_counter()
        config, shards = fleet(folder, size, tools["alertmanager"])
        found: dict[str, Any] = {"tenants": size, "shards": shards, "compile_s": seconds(start)}
        found["lines"] = config.read_text().count("\n")
        start = time.perf_counter()
        subprocess.run(
            [tools["amtool"].path, "check-config", str(config)], check=True, capture_output=True
        )
        found["amtool_s"] = seconds(start)
        return {**found, **served(config, size, shards, folder, tools["alertmanager"])}


def served(
    config: Path, size: int, shards: int, folder: Path, alertmanager: Tool
) -> dict[str, Any]:
    """The server with that configuration: start, reload, memory, alerts."""
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    start = time.perf_counter()
    arguments = [
        f"--config.file={config}",
        f"--storage.path={folder / 'data'}",
        f"--web.listen-address=127.0.0.1:{port}",
        "--cluster.listen-address=",
    ]
    process = subprocess.Popen(
        [alertmanager.path, *arguments],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        cwd=alertmanager.path.parent.parent,
    )
    try:
        while not answers(f"{url}/-/ready"):
            assert process.poll() is None and seconds(start) < 60, "it does not start"
            time.sleep(0.01)
        found: dict[str, Any] = {"ready_s": seconds(start), "ready_cpu_s": cpu(process.pid)}
        start = time.perf_counter()
        post(f"{url}/-/reload", b"")
        found["reload_s"] = seconds(start)
        status = Path(f"/proc/{process.pid}/status").read_text()
        resident = next(line for line in status.splitlines() if line.startswith("VmRSS"))
        found["memory_mb"] = int(resident.split()[1]) // 1024
        alerts = []
        for number in range(1000):
            tenant = f"tenant-{number % size:05}"
            labels = {"tenant": tenant, "alertname": f"A{number}", "severity": "info"}
            shard = {"shard": shard_of(tenant, shards)} if shards else {}
            alerts.append({"labels": {**labels, **shard}})
        before = cpu(process.pid)
        post(f"{url}/api/v2/alerts", json.dumps(alerts).encode())
        time.sleep(2)
        found["alert_ms"] = round((cpu(process.pid) - before) * 1000 / len(alerts), 2)
        return found
    finally:
        process.terminate()
        process.wait(30)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def cpu(pid: int) -> float:
    """Seconds of processor time that a process has used."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / 100


def answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=2) as answer:
            return bool(answer.status == 200)
    except OSError:
        return False


def post(url: str, body: bytes) -> None:
    request = urllib.request.Request(url, body, {"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=60):
        pass


def main() -> int:
    """Measure each size, print and store."""
    found = generations(ROOT)
    tools = next((dict(found[g.name]) for g in reversed(GENERATIONS) if g.name in found), None)
    if tools is None:
        sys.stderr.write("no Alertmanager to measure: run make tools\n")
        return 3
    sizes = [int(size) for size in sys.argv[1:]] or SIZES
    version = str(tools["alertmanager"].version)
    results = {"alertmanager": version, "fleets": [measured(size, tools) for size in sizes]}
    folder = ROOT / "bench" / "results"
    folder.mkdir(exist_ok=True)
    text = json.dumps(results, indent=2) + "\n"
    (folder / "fleet.json").write_text(text, encoding="utf-8")
    sys.stdout.write(text)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
