"""From counters to the report: the rules as they are generated, evaluated by promtool."""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from pathlib import Path

import pytest
import yaml
from click.testing import CliRunner

from generator.cli.main import cli
from generator.compilation import load_one
from generator.compile.tenant import compile_tenant
from generator.render.files import tenant_artifacts
from generator.tools import Tool
from tests.attainment import past
from tests.live.stack import free_port, prometheus

START = past.paris("10-20T06:00")
END = START + timedelta(hours=5)
OUTAGE = (START + timedelta(minutes=100), START + timedelta(minutes=112))
BASES = r"slo:sli_(total|errors):rate5m|slo:sli_error:ratio_rate5m|slo:objective:ratio"
STEP = timedelta(seconds=15)


def counters() -> Iterator[str]:
    """20 requests a second, of which every second one fails during the outage; then OpenMetrics."""
    at, hits, misses = START - timedelta(minutes=30), 0, 0
    lines: dict[str, list[str]] = {"hits": [], "misses": [], "probe_success": []}
    while at <= END + timedelta(minutes=30):
        lines["hits"].append(f'hits{{tenant="acme",method="GET"}} {hits} {stamp(at)}')
        lines["misses"].append(f'misses{{tenant="acme",method="GET"}} {misses} {stamp(at)}')
        up = 0 if OUTAGE[0] <= at < OUTAGE[1] else 1
        lines["probe_success"].append(f'probe_success{{tenant="acme"}} {up} {stamp(at)}')
        hits += 300
        misses += 150 if OUTAGE[0] <= at < OUTAGE[1] else 0
        at += STEP
    for name in sorted(lines):
        yield "\n".join(lines[name])
    yield "# EOF\n"


def stamp(at: datetime) -> int:
    return int(at.timestamp())


def base_rules(content: bytes) -> str:
    """The rules that the report reads, as they are written; the others take promtool long."""
    document = yaml.safe_load(content)
    for group in document["groups"]:
        group["rules"] = [
            rule for rule in group["rules"] if re.fullmatch(BASES, rule.get("record", ""))
        ]
    return yaml.safe_dump({"groups": [g for g in document["groups"] if g["rules"]]})


@pytest.mark.live
@pytest.mark.tools
def test_what_the_generated_rules_record_is_what_is_reported(
    newest: Mapping[str, Tool], tmp_path: Path
) -> None:
    root = past.repository(tmp_path / "repository")
    platform, tenant = load_one(root, "acme")
    (rules,) = (
        artifact
        for artifact in tenant_artifacts(compile_tenant(tenant, platform, proven=False))
        if artifact.path.endswith("rules/slos.yml")
    )
    data = tmp_path / "data"
    data.mkdir()
    (data / "rules.yml").write_text(base_rules(rules.content))
    (data / "raw.om").write_text("\n".join(counters()))
    config, port = tmp_path / "prometheus.yml", free_port()
    config.write_text("global: {}\n")
    url, kept = f"http://127.0.0.1:{port}", "--storage.tsdb.retention.time=100y"

    def promtool(*arguments: str) -> None:
        command = [newest["promtool"].path, "tsdb", "create-blocks-from", *arguments]
        subprocess.run(command, cwd=data, check=True, capture_output=True)

    promtool("openmetrics", "raw.om", "prometheus")
    with prometheus(newest["prometheus"], config, data, port, kept):
        around = [f"--start={stamp(START) - 600}", f"--end={stamp(END) + 600}"]
        flags = ["--eval-interval=1m", "--output-dir=prometheus", f"--url={url}"]
        promtool("rules", *around, *flags, "rules.yml")
    span = ("--from", START.isoformat(), "--until", END.isoformat(), "--format", "json")
    with prometheus(newest["prometheus"], config, data, port, kept):
        command = ["report", "acme", "--root", str(root), "--prometheus", url, *span]
        result = CliRunner().invoke(cli, command)
    assert result.exit_code == 0, result.output
    found = {slo["slo"]: slo for slo in json.loads(result.stdout)["tenants"][0]["slos"]}
    seconds, out = (END - START).total_seconds(), (OUTAGE[1] - OUTAGE[0]).total_seconds()
    availability, reachable = found["availability"], found["reachable"]
    assert availability["total"] == pytest.approx(20 * seconds, rel=1e-3)
    assert availability["errors"] == pytest.approx(10 * out, rel=1e-2)
    assert availability["attained"] == pytest.approx(1 - 0.5 * out / seconds, abs=2e-4)
    assert reachable["attained"] == pytest.approx(1 - out / seconds, abs=2e-4)
    assert reachable["budget"]["used"] == pytest.approx(out, rel=1e-2)
    assert {availability["coverage"], reachable["coverage"]} == {1}
    whole = availability["attained"] * reachable["attained"]
    assert found["journey"]["attained"] == pytest.approx(whole, rel=1e-9)
