"""Legends: a series is named by what tells it from the others, never by its expression."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.dashboards.drawn import draw

SPEC = """\
metrics:
  depth: {{type: gauge, labels: [queue]}}
  disk_free: {{type: gauge, labels: [mountpoint]}}
services: {{api: {{selector: {{job: api}}}}}}
alerts:
  Watched: {{service: api, {}}}
"""


@pytest.mark.parametrize(
    ("signal", "legend"),
    [
        ("threshold: {expr: sum(depth), above: 3}", "api"),
        ("threshold: {expr: sum by (queue) (depth), above: 3}", "api {{ queue }}"),
        ("threshold: {expr: disk_free, below: 3}", "{{ instance }} {{ mountpoint }}"),
        ("threshold: {expr: up, below: 1}", "{{ instance }}"),
        ("threshold: {expr: unknown, above: 1}", ""),
        ("anomaly: {expr: sum(depth), method: adaptive, sensitivity: 3}", "api"),
    ],
)
def test_the_value_of_an_alert_is_named(tmp_path: Path, signal: str, legend: str) -> None:
    panel = draw(tmp_path, SPEC.format(signal)).panels("technical")["Watched (api)"]
    assert panel.queries[0].legend == legend
