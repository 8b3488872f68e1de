"""`tocsin catalog` as a shell sees it: the list, one pack, a search, and nothing found."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path

import pytest
import yaml

from generator.api import compile_specs
from generator.spec.controls import read_controls
from generator.spec.pack_entries import PackEntry, matches, nearest, pack_entry
from generator.spec.packs import SHIPPED, read_packs
from tests.cli.test_commands import tocsin
from tests.conftest import ROOT


@pytest.fixture(scope="module")
def entries() -> dict[str, PackEntry]:
    frameworks = read_controls(SHIPPED)[0]
    return {name: pack_entry(pack, frameworks) for name, pack in read_packs(SHIPPED)[0].items()}


def test_the_list_and_one_pack_in_full() -> None:
    listed = tocsin("catalog", cwd=ROOT)
    assert listed.returncode == 0, listed.stderr
    assert "  http-api  " in listed.stdout and "transcoder" in listed.stdout
    whole = tocsin("catalog", "http-api", cwd=ROOT)
    assert whole.returncode == 0, whole.stderr
    for part in (
        "convention: prometheus | fastapi | starlette | opentelemetry, default prometheus",
        "fastapi: requests=http_requests_total, status_label=status",
        "HttpErrorRatioHigh: critical, after 5m, technical view",
        "> 0.1)) > 0.01",
        "evidence for soc2:A1.1",
        "executive: Requests answered",
        "http_requests_total (counter): Requests served",
        "soc2:A1.1  Capacity monitored and planned for",
        "http-api: {convention: fastapi, error_ratio: 1%, latency_p99: 500ms}",
    ):
        assert part in whole.stdout, part


def test_machines_read_the_same() -> None:
    answer = tocsin("catalog", "redis", "--format", "json", cwd=ROOT)
    [pack] = json.loads(answer.stdout)
    assert pack["name"] == "redis"
    assert {a["name"] for a in pack["alerts"]} >= {"RedisDown", "RedisMemoryHigh"}
    assert ["soc2:A1.1", "Capacity monitored and planned for"] in pack["controls"]


def test_nothing_found_suggests_and_ends_with_1() -> None:
    answer = tocsin("catalog", "postgers", cwd=ROOT)
    assert (answer.returncode, answer.stdout) == (1, "")
    assert answer.stderr == "tocsin: no pack mentions 'postgers'; did you mean 'postgres'?\n"
    assert tocsin("catalog", "--format", "yaml", cwd=ROOT).returncode == 2


def test_a_word_that_is_a_packs_name_can_be_searched() -> None:
    answer = tocsin("catalog", "--search", "network", cwd=ROOT)
    assert answer.returncode == 0
    names = [line.partition(":")[0] for line in answer.stdout.splitlines()]
    assert "network" in names and len(names) > 1


@pytest.mark.parametrize(
    ("words", "pack", "place"),
    [
        (["HttpLatencyHigh"], "http-api", "alert HttpLatencyHigh"),
        (["probe_ssl_earliest_cert_expiry"], "network", "metric probe_ssl_earliest_cert_expiry"),
        (["latency_p99"], "http-api", "parameter latency_p99"),
        (["gdpr:art.17"], "compliance", "control gdpr:Art.17"),
        (["erasure"], "compliance", "control gdpr:Art.17"),
        (["starlette"], "http-api", "parameter convention"),
        (["drift", "psi"], "ml-model", "metric model_feature_drift_psi"),
        (["write-ahead", "archive"], "postgres", "alert PostgresArchiveFailing"),
        (["SKIPS"], "engagement", "alert SkipsHigh"),
    ],
)
def test_a_search_says_where(
    entries: dict[str, PackEntry], words: list[str], pack: str, place: str
) -> None:
    assert place in matches(entries[pack], words)
    others = [name for name, entry in entries.items() if matches(entry, words)]
    assert len(others) < len(entries) / 2


def test_every_word_must_be_there(entries: dict[str, PackEntry]) -> None:
    assert matches(entries["redis"], ["memory"])
    assert not matches(entries["redis"], ["memory", "certificate"])


@pytest.mark.parametrize(
    ("word", "hint"),
    [
        ("servicehealth", "service-health"),
        ("HttpLatencyHihg", "HttpLatencyHigh"),
        ("redis_memry_used_bytes", "redis_memory_used_bytes"),
        ("gdpr:Art17", "gdpr:Art.17"),
        ("qqqqqq", None),
    ],
)
def test_suggestions(entries: dict[str, PackEntry], word: str, hint: str | None) -> None:
    expected = f"did you mean {hint!r}?" if hint else None
    assert nearest([word], entries.values()) == expected


def test_every_example_compiles_as_it_is_pasted(
    entries: dict[str, PackEntry], tmp_path: Path
) -> None:
    shutil.copytree(ROOT / "specs", tmp_path / "specs")
    for file in (tmp_path / "specs" / "tenants").glob("*.yaml"):
        file.unlink()
    head = "version: 1\ntenant: {name}\nowner: {{team: core}}\n"
    for name, entry in entries.items():
        assert list(yaml.safe_load(entry.example)["services"]["my-service"]["packs"]) == [name]
        path = tmp_path / "specs" / "tenants" / f"{name}.yaml"
        path.write_text(head.format(name=name) + entry.example)
    compilation = compile_specs(tmp_path, [next(iter(entries))])
    assert compilation.fleet is not None, compilation.findings


def test_what_is_shown_is_whole(entries: dict[str, PackEntry]) -> None:
    """With the defaults nothing of a template is left, and every alert has a condition."""
    for entry in entries.values():
        assert entry.alerts and entry.panels and entry.metrics, entry.name
        for alert in entry.alerts:
            assert alert.condition and alert.severity and alert.hold, alert.name
            assert not re.search(r"\[\[|\[%", alert.condition + alert.description), alert.name
