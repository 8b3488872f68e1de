"""Comments that ignore a finding: where they hold, when they end, and what they may not hide."""

from __future__ import annotations

import shutil
from datetime import date
from pathlib import Path

import pytest

from generator.api import compile_specs
from generator.findings import Finding, Level
from generator.spec.ignores import heeded, read_ignores
from generator.spec.load import load_tenant
from tests.conftest import ROOT
from tests.lints.tenants import PLATFORM, Specs

HEAD = """\
version: 1
tenant: acme
owner: {team: shop}
alerts:
"""
TOPK = "  Top: {expr: 'topk(5, queue_depth) > 1', for: 10m}"
BLOCK = """\
  Top:
    for: 10m
    expr: |
      # the five longest
      topk(5, queue_depth) > 1"""
WHY = "the board has five rows"


def found(specs: Specs, text: str) -> list[tuple[str, int]]:
    return [
        (f.code, f.place.line if f.place else 0)
        for f in specs.findings(HEAD + text + "\n")
        if f.code.startswith(("ignore", "promql", "alert"))
    ]


@pytest.mark.parametrize(
    "text",
    [
        f"{TOPK}  # tocsin: ignore promql-topk {WHY}",
        f"  # tocsin: ignore promql-topk {WHY}\n{TOPK}",
        f"#tocsin:ignore promql-topk {WHY}\n\n  # something else\n{TOPK}",
        f"  # tocsin: ignore promql-topk {WHY} until 2027-01-01\n{TOPK}",
        BLOCK.replace("the five longest", f"tocsin: ignore promql-topk {WHY}"),
        BLOCK + f"  # tocsin: ignore promql-topk {WHY}",
        f"  # tocsin: ignore promql-topk {WHY}\n  # tocsin: ignore alert-absent-for {WHY}\n"
        "  Top: {expr: 'topk(5, queue_depth) > 1 or absent(queue_depth)'}".replace(
            "topk(5, queue_depth) > 1 or absent(queue_depth)",
            "absent(queue_depth) or topk(5, queue_depth) > 1",
        ),
    ],
)
def test_it_is_ignored(text: str, specs: Specs) -> None:
    assert found(specs, text) == []


@pytest.mark.parametrize(
    ("text", "findings"),
    [
        (TOPK, [("promql-topk", 5)]),
        (f"{TOPK}\n  # tocsin: ignore promql-topk {WHY}\n  B: {{expr: up == 0}}",
         [("promql-topk", 5), ("ignore-unused", 6)]),
        (f"  # tocsin: ignore promql-topc {WHY}\n{TOPK}",
         [("ignore-unused", 5), ("promql-topk", 6)]),
        (f"{TOPK}  # tocsin: ignore promql-topk", [("ignore-reason", 5)]),
        (f"{TOPK}  # tocsin: ignore promql-topk until 2027-01-01", [("ignore-reason", 5)]),
        (f"{TOPK}  # tocsin: ignore promql-topk ...", [("ignore-reason", 5)]),
        (f"{TOPK}  # tocsin: ignore", [("ignore-syntax", 5)]),
        (f"{TOPK}  # tocsin: ignore {WHY} until tomorrow", [("ignore-syntax", 5)]),
        ("  B: {expr: up == 0, for: 5m, summary: '# tocsin: ignore promql-topk no comment'}", []),
    ],
)  # fmt: skip
def test_it_is_told(text: str, findings: list[tuple[str, int]], specs: Specs) -> None:
    assert found(specs, text) == findings


def test_a_misspelt_code_is_answered(specs: Specs) -> None:
    answers = specs.findings(f"{HEAD}{TOPK}  # tocsin: ignore promql-topc {WHY}\n")
    assert [f.hint for f in answers if f.code == "ignore-unused"] == ["did you mean promql-topk?"]


@pytest.mark.parametrize(
    "line",
    [
        "  A: {expr: 'up{tenant=\"other\"} == 0', for: 5m}  # tocsin: ignore isolation-label ours",
        "  Bad: {expr: up ==, for: 5m}  # tocsin: ignore promql-syntax it is nearly right",
        "  Read: {expr: sum(up) < 1, for: 5m, summary: '{{ $labels.job }}'}"
        "  # tocsin: ignore template-label it may come",
    ],
)
def test_errors_cannot_be_ignored(line: str, specs: Specs) -> None:
    findings = specs.findings(HEAD + line + "\n")
    code = line.split("ignore ")[1].split()[0]
    assert {(f.code, f.level) for f in findings} >= {
        (code, Level.ERROR), ("ignore-refused", Level.ERROR)
    }  # fmt: skip


@pytest.mark.parametrize(
    ("today", "codes"),
    [
        (date(2026, 12, 31), []),
        (date(2027, 1, 1), ["ignore-expired", "promql-topk"]),
        (None, []),
    ],
)
def test_it_ends_on_its_day(today: date | None, codes: list[str], tmp_path: Path) -> None:
    shutil.copytree(ROOT / "templates", tmp_path / "templates")
    (tmp_path / "specs" / "tenants").mkdir(parents=True)
    (tmp_path / "specs" / "platform.yaml").write_text(PLATFORM)
    spec = f"{HEAD}{TOPK}  # tocsin: ignore promql-topk {WHY} until 2027-01-01\n"
    (tmp_path / "specs" / "tenants" / "acme.yaml").write_text(spec)
    findings = compile_specs(tmp_path, today=today).findings
    assert sorted(f.code for f in findings if f.level is Level.WARNING) == codes


def test_the_platform_s_file_has_them_too(tmp_path: Path) -> None:
    (tmp_path / "specs" / "tenants").mkdir(parents=True)
    (tmp_path / "specs" / "tenants" / "acme.yaml").write_text(
        HEAD.replace("alerts:\n", "services: {a: {selector: {job: a}}}\n")
        + "slos: {s: {service: a, objective: 99%, sli: {probe: {metric: up}}}}\n"
    )
    platform = PLATFORM.replace("scrape: 15s", "scrape: 2m")
    path = tmp_path / "specs" / "platform.yaml"
    path.write_text(platform)
    warned = [f for f in compile_specs(tmp_path).findings if f.code == "slo-scrape"]
    assert [f.place.line for f in warned if f.place] == [1]
    path.write_text(f"# tocsin: ignore slo-scrape only for trying it out\n{platform}")
    codes = {f.code for f in compile_specs(tmp_path).findings}
    assert "slo-scrape" not in codes and "ignore-unused" not in codes
    path.write_text(f"# tocsin: ignore slo-scrapes only for trying it out\n{platform}")
    assert {"slo-scrape", "ignore-unused"} <= {f.code for f in compile_specs(tmp_path).findings}


def test_unused_ones_are_not_judged_while_something_is_broken(specs: Specs) -> None:
    spec = f"{HEAD}  # tocsin: ignore promql-topk {WHY}\n  A: {{expr: up ==}}\n"
    (specs.folder / "specs" / "tenants" / "acme.yaml").write_text(spec)
    ignores = load_tenant(specs.folder, "acme", specs.platform).ignores
    assert len(ignores) == 1
    assert heeded((), ignores, judged=False) == ()
    assert [f.code for f in heeded((), ignores)] == ["ignore-unused"]


@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r"])
def test_lines_are_counted_as_yaml_counts_them(newline: str) -> None:
    text = newline.join(["a: 1", "b: 2", "c: 3  # tocsin: ignore some-code because", "d: 4", ""])
    ignores, findings = read_ignores("x.yaml", b"\xef\xbb\xbf" + text.encode())
    assert findings == ()
    assert [(i.code, i.reason, i.line, i.place.column) for i in ignores] == [
        ("some-code", "because", 3, 7)
    ]


def test_findings_without_a_place_stay() -> None:
    ignores, _ = read_ignores("x.yaml", b"a: 1 # tocsin: ignore not-verified because\n")
    finding = Finding("not-verified", Level.WARNING, "promtool not found")
    assert finding in heeded((finding,), ignores)
