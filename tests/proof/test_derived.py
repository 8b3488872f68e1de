"""What is derived for one tenant serves another: the same bytes as if it were derived anew."""

from __future__ import annotations

from pathlib import Path

import pytest

from generator.compile.derived import Derived
from generator.compile.tenant import compile_tenant
from generator.ir.build import Build
from generator.render.prometheus import test_files as rendered
from generator.spec.load import load_platform, load_tenant

PLATFORM = """\
version: 1
targets: {prometheus: "2.42", alertmanager: "0.28"}
fallback: ops
channels: {ops: {email: {to: ops@example.com}}}
smtp: {smarthost: "mail:25", from: tocsin@example.com}
escalation: {ops-only: [{notify: [ops]}, {after: 15m, notify: [ops]}]}
defaults: {routing: {critical: ops-only, warning: ops-only, info: ops-only}}
"""
TENANT = """\
version: 1
tenant: acme
owner: {team: shop}
labels: {product: kiosk}
services:
  api: {selector: {service: api}, depends_on: [db]}
  db: {selector: {service: db}}
slos:
  availability:
    service: api
    objective: 99.9%
    sli: {events: {total: 'asked_total{service="api"}', errors: 'failed_total{service="api"}'}}
alerts:
  Queue:
    service: api
    threshold: {expr: 'sum by (queue) (queue_depth)', above: 100, clear_below: 80}
    for: 10m
    severity: warning
  Slow: {service: db, expr: 'max by (pod) (seconds{service="db"}) > 2', for: 5m, severity: critical}
  Down: {service: db, expr: 'up{service="db"} == 0', severity: critical, labels: {kind: outage}}
"""


def built(folder: Path, text: str, kept: dict[str, Derived] | None, platform: str = "") -> Build:
    (folder / "specs" / "tenants").mkdir(parents=True, exist_ok=True)
    (folder / "specs" / "platform.yaml").write_text(PLATFORM + platform)
    name = text.partition("tenant: ")[2].partition("\n")[0]
    (folder / "specs" / "tenants" / f"{name}.yaml").write_text(text)
    spec = load_platform(folder)
    loaded = load_tenant(folder, name, spec)
    assert loaded.tenant is not None, loaded.findings
    return compile_tenant(loaded.tenant, spec.platform, kept=kept)


def files(build: Build) -> dict[str, bytes]:
    return {a.path: a.content for a in rendered(build.tests, build.spec_file)}


OTHERS = [
    "zoo",
    "a",
    "another-tenants",
    "a-name-that-is-as-long-as-a-name-of-a-tenant-may-ever-become-63",
    "up",
]


@pytest.mark.parametrize("name", OTHERS)
def test_one_tenants_serves_another(name: str, tmp_path: Path) -> None:
    kept: dict[str, Derived] = {}
    built(tmp_path, TENANT, kept)
    before = set(kept)
    assert len(before) >= 8, "SLO pairs, three alerts, a marker of the dependency"
    text = TENANT.replace("acme", name).replace("shop", "farm").replace("kiosk", "gate")
    second = built(tmp_path, text, kept)
    assert set(kept) == before, "nothing had to be derived anew"
    alone = built(tmp_path, text, None)
    assert second == alone
    assert files(second) == files(alone)
    whole = b"".join(files(second).values()).decode()
    assert "acme" not in whole and "shop" not in whole and "kiosk" not in whole
    assert not any(0xE000 <= ord(char) < 0xF900 for char in whole)
    assert f'tenant="{name}"' in whole and 'team="farm"' in whole and 'product="gate"' in whole


EDITS = [
    ("above: 100", "above: 200"),
    ("clear_below: 80", "clear_below: 90"),
    ("for: 10m", "for: 20m"),
    ("seconds{", "minutes{"),
    ("> 2", ">= 2"),
    ("99.9%", "99.5%"),
    ("severity: warning", "severity: critical"),
    ("labels: {kind: outage}", "labels: {kind: outage, zone: b}"),
    ("max by (pod)", "max by (host)"),
    ('up{service="db"}', 'up{service="db", team=~"shop|farm"}'),
    ('up{service="db"}', 'up{service="db", product!="kiosk"}'),
    ("product: kiosk", "product: 'ki\"osk'"),
    ("product: kiosk", "product: 'ti\\ll'"),
    ("product: kiosk", "product: acme"),
    ("product: kiosk", "product: '\ue000'"),
    ("for: 5m", "for: 5m, keep_firing_for: 7m"),
]


@pytest.mark.parametrize(("old", "new"), EDITS)
def test_whatever_decides_is_asked_anew(old: str, new: str, tmp_path: Path) -> None:
    kept: dict[str, Derived] = {}
    built(tmp_path, TENANT, kept)
    edited = TENANT.replace(old, new, 1)
    assert edited != TENANT
    served, alone = built(tmp_path, edited, kept), built(tmp_path, edited, None)
    assert files(served) == files(alone)


def test_what_the_platform_says_decides_too(tmp_path: Path) -> None:
    kept: dict[str, Derived] = {}
    built(tmp_path, TENANT, kept)
    for more in ("intervals: {evaluation: 15s}\n", "labels: {severity: urgency}\n"):
        served, alone = built(tmp_path, TENANT, kept, more), built(tmp_path, TENANT, None, more)
        assert files(served) == files(alone), more


def test_what_the_author_expects_is_compiled_from_the_spec_each_time(tmp_path: Path) -> None:
    kept: dict[str, Derived] = {}
    built(tmp_path, TENANT, kept)
    own = (
        "keep_firing_for: 1m\n    tests:\n"
        "      - {name: mine, interval: 1m, series: {queue_depth: 500x20}, fires_at: [15m]}\n"
        "    severity: warning"
    )
    edited = TENANT.replace("severity: warning", own, 1)
    assert files(built(tmp_path, edited, kept)) == files(built(tmp_path, edited, None))
    assert b"mine" in files(built(tmp_path, edited, kept))["prometheus/tests/Queue.api/test.yml"]
