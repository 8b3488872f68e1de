"""What panels' queries return on a real Prometheus' engine, given samples by hand."""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from generator.tools import Tool
from tests.dashboards.drawn import Drawn, draw

SPEC = """\
compliance: [soc2]
services:
  api: {selector: {job: api}, depends_on: [db, cache], packs: {http-api: {}}}
  db: {selector: {job: db}, packs: {service-health: {}}}
  cache: {selector: {job: cache}}
slos:
  up:
    service: api
    objective: 99%
    window: 7d
    sli: {probe: {metric: up}}
    compliance: ["soc2:A1.2"]
  month: {service: api, objective: 99%, calendar: month, sli: {probe: {metric: up}}}
alerts:
  Whole:
    expr: sum by (service) (load) > 3
    severity: info
    compliance: ["soc2:CC7.2"]
  Odd:
    service: api
    anomaly: {expr: sum(load), method: adaptive, sensitivity: 3}
"""
_OF_SLO = 'tenant="acme", slo="up"'
SAMPLES = {
    f"slo:objective:ratio{{{_OF_SLO}}}": "0.99x200",
    f"slo:error_budget:ratio{{{_OF_SLO}}}": "0.01x200",
    f"slo:period_burn_rate:ratio{{{_OF_SLO}}}": "0.5x200",
    f"slo:time_to_exhaustion:seconds{{{_OF_SLO}}}": "3600x200",
    'slo:time_to_exhaustion:seconds{tenant="acme", slo="month"}': "200000000x200",
    'slo:time_to_exhaustion:seconds{tenant="acme", slo="never"}': "400000000x200",
    'slo:period_elapsed:ratio{tenant="acme", slo="month"}': "0.25x200",
    'up{tenant="acme", job="api", instance="a"}': "1x200",
    'up{tenant="acme", job="api", instance="b"}': "0x200",
    'up{tenant="acme", job="db", instance="c"}': "1x200",
    'up{tenant="other", job="db", instance="c"}': "0x200",
    'ALERTS{tenant="acme", alertname="Whole", alertstate="firing", severity="info", '
    'service="elsewhere"}': "1x200",
    'ALERTS{tenant="acme", alertname="HttpLatencyHigh", alertstate="firing", '
    'severity="warning", service="api", escalation_level="2"}': "1x200",
    'ALERTS{tenant="acme", alertname="HttpErrorRatioHigh", alertstate="firing", '
    'severity="critical", service="api"}': "_x99 1x100",
    'ALERTS{tenant="acme", alertname="ServiceDown", alertstate="firing", '
    'severity="critical", service="db", kind="outage"}': "1x200",
    'ALERTS{tenant="acme", alertname="UpstreamDown", alertstate="firing", '
    'severity="critical", service="api", kind="marker"}': "1x200",
    'ALERTS{tenant="other", alertname="HttpErrorRatioHigh", alertstate="firing", '
    'severity="critical", service="api"}': "1x200",
    'anomaly:value:mean_1d{tenant="acme", service="api", anomaly="Odd"}': "100x200",
    'anomaly:value:stddev_1d{tenant="acme", service="api", anomaly="Odd"}': "2x200",
}
"""One sample every 30 seconds; the last is at 6000 s."""
AT = "6000s"


@pytest.fixture(scope="module")
def drawn(tmp_path_factory: pytest.TempPathFactory) -> Drawn:
    return draw(tmp_path_factory.mktemp("values"), SPEC)


def query(drawn: Drawn, view: str, title: str, legend: str) -> str:
    panel = drawn.panels(view)[title]
    return next(q.expr for q in panel.queries if q.legend == legend)


def asked(drawn: Drawn) -> dict[str, dict[str, float]]:
    """Each query with what it must return."""
    kept = "Is every promise kept?"
    of_slo = '{slo="up"}'
    critical = '{severity="critical"}'
    return {
        query(drawn, "executive", kept, "Attained"): {of_slo: 0.995},
        query(drawn, "executive", kept, "Budget ends"): {
            of_slo: 9_600_000,
            '{slo="month"}': 200_006_000_000,
        },
        query(drawn, "executive", "month: error budget", "even pace"): {
            '{slo="month", tenant="acme"}': 0.75
        },
        query(drawn, "technical", "Targets that answer", "{{ job }}"): {
            '{job="api"}': 0.5,
            '{job="db"}': 1,
        },
        query(drawn, "executive", "Hours of alerts, 30d", "{{ severity }}"): {
            critical: (101 + 201) * 30 / 3600
        },
        query(drawn, "executive", "Alerts that fired, 30d", "{{ severity }}"): {critical: 2},
        query(drawn, "technical", "api: alerts that fire", "firing"): {"{}": 1},
        query(drawn, "technical", "api: depends on", "db"): {"{}": 1},
        query(drawn, "technical", "api: depends on", "cache"): {"{}": 0},
        query(drawn, "technical", "Odd (api)", "upper limit"): {
            '{anomaly="Odd", service="api", tenant="acme"}': 110
        },
        query(drawn, "technical", "Odd (api)", "lower limit"): {
            '{anomaly="Odd", service="api", tenant="acme"}': 90
        },
        _controls(drawn): _states(drawn),
    }


def _controls(drawn: Drawn) -> str:
    """The query of soc2's controls."""
    queries = drawn.panels("security")["Controls"].queries
    return next(q.expr for q in queries if '"framework", "soc2"' in q.expr)


def _states(drawn: Drawn) -> dict[str, float]:
    """Red: what errors of api and outages of db give evidence for."""
    build = drawn.build
    red = set()
    for rule in (rule for group in build.groups for rule in group.rules):
        name, noted = getattr(rule, "alert", ""), getattr(rule, "annotations", {})
        if (name, rule.labels.get("service")) in (
            ("HttpErrorRatioHigh", "api"),
            ("ServiceDown", "db"),
            ("Whole", None),
        ):
            red |= {c for c in noted["compliance"].split(", ") if c.startswith("soc2:")}
    names = {part.split('"')[0] for part in re.split(r'"control",\s+"', _controls(drawn))[1:]}
    assert "A1.2" in names - {c.partition(":")[2] for c in red}
    return {
        f'{{control="{name}", framework="soc2"}}': float(f"soc2:{name}" in red)
        for name in sorted(names)
    }


def test_panels_return_what_they_say(
    drawn: Drawn, newest: Mapping[str, Tool], tmp_path: Path
) -> None:
    tests: list[dict[str, Any]] = [
        {
            "expr": expr,
            "eval_time": AT,
            "exp_samples": [{"labels": k, "value": v} for k, v in wanted.items()],
        }
        for expr, wanted in asked(drawn).items()
    ]
    series = [{"series": name, "values": values} for name, values in SAMPLES.items()]
    one = {"interval": "30s", "input_series": series, "promql_expr_test": tests}
    file = tmp_path / "panels.yml"
    file.write_text(json.dumps({"rule_files": [], "tests": [one]}))
    answer = subprocess.run(
        [str(newest["promtool"].path), "test", "rules", str(file)],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert answer.returncode == 0, answer.stdout + answer.stderr
