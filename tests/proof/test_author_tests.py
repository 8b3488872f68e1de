"""Tests that authors write: exact alerts by labels, texts, silence, and what is refused."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest
from click.testing import CliRunner

from generator.api import Compiled, compile_specs
from generator.cli.main import cli
from generator.render.prometheus import test_files as written
from generator.tools import Tool
from generator.verify.promtool import run_tests
from tests.proof.test_mutants import ROOT

SPEC = """\
version: 1
tenant: acme
owner: {{team: core}}
alerts:
  QueueHigh:
    threshold: {{expr: sum by (queue) (queue_depth), above: 10}}
    for: 5m
    severity: warning
    summary: "{{{{ $labels.queue }}}} holds {{{{ $value }}}}"
    description: Too much.
    tests:
      - name: written by hand
        series:
          queue_depth{{queue="a"}}: 20x60
          queue_depth{{queue="b"}}: 20x60
          queue_depth{{queue="c"}}: 1x60
        {expect}
"""


def _compiled(root: Path, expect: str) -> Compiled:
    (root / "specs" / "tenants").mkdir(parents=True)
    platform = (ROOT / "specs" / "platform.yaml").read_text()
    (root / "specs" / "platform.yaml").write_text(platform)
    (root / "specs" / "tenants" / "acme.yaml").write_text(SPEC.format(expect=expect))
    return compile_specs(root).tenants["acme"]


PASSING = {
    "labels": "expect: [{at: 4m, alerts: []}, "
    "{at: 10m, alerts: [{labels: {queue: a}}, {labels: {queue: b, severity: warning}}]}]",
    "texts": "expect: [{at: 10m, alerts: [{labels: {queue: a}, summary: a holds 20}, "
    "{labels: {queue: b}, summary: b holds 20, description: Too much.}]}]",
    "times": "{fires_at: [10m], silent_at: [4m]}".strip("{}").replace(
        ", silent", "\n        silent"
    ),
}
FAILING = {
    "one too few": "expect: [{at: 10m, alerts: [{labels: {queue: a}}]}]",
    "another label": "expect: [{at: 10m, alerts: [{labels: {queue: a}}, {labels: {queue: c}}]}]",
    "another text": "expect: [{at: 10m, alerts: [{labels: {queue: a}, summary: a holds 20}, "
    "{labels: {queue: b}, summary: b holds 21}]}]",
    "fires all the same": "expect: [{at: 10m, alerts: []}, {at: 11m, alerts: [{}, {}]}]",
}


@pytest.mark.tools
@pytest.mark.parametrize("expected", [True, False])
def test_promtool_judges(expected: bool, tools: Mapping[str, Tool], tmp_path: Path) -> None:
    cases = PASSING if expected else FAILING
    files = []
    for number, text in enumerate(cases.values()):
        compiled = _compiled(tmp_path / f"spec-{number}", text)
        assert compiled.build is not None, compiled.findings
        assert [f.code for f in compiled.findings] == []
        for artifact in written(compiled.build.tests, "a test"):
            path = tmp_path / f"case-{number}" / Path(artifact.path).name
            path.parent.mkdir(exist_ok=True)
            path.write_bytes(artifact.content)
        files.append(tmp_path / f"case-{number}" / "test.yml")
    findings, _ = run_tests(tools["promtool"], files, tmp_path, {}, None)
    assert len(findings) == (0 if expected else len(cases))


@pytest.mark.parametrize(
    ("expect", "code", "words"),
    [
        ("silent_at: [4m]", "silent-test", "only expects silence"),
        ("expect: [{at: 4m, alerts: []}]", "silent-test", "only expects silence"),
        ("interval: 1m", "bad-test", "expects nothing"),
        (
            "expect: [{at: 10m, alerts: [{labels: {severity: critical}}]}]",
            "bad-test",
            "never has severity=critical: it is always warning",
        ),
        (
            "expect: [{at: 10m, alerts: [{labels: {queue: a}, description: Too much.}]}]",
            "bad-test",
            "summary is missing",
        ),
    ],
)
def test_what_proves_nothing_is_told(expect: str, code: str, words: str, tmp_path: Path) -> None:
    found = _compiled(tmp_path, expect).findings
    assert [f.code for f in found] == [code]
    assert words in found[0].message
    assert found[0].place is not None and found[0].place.line >= 12


@pytest.mark.tools
def test_coverage_is_told_and_demanded(newest: Mapping[str, Tool], tmp_path: Path) -> None:
    expect = PASSING["labels"]
    unproven = "  Unproven: {expr: 'count_over_time(rows[10m]) < 5', severity: warning}\n"
    _compiled(tmp_path, expect)
    spec = tmp_path / "specs" / "tenants" / "acme.yaml"
    spec.write_text(spec.read_text() + unproven)
    (tmp_path / ".tools").symlink_to(Path(__file__).parents[2] / ".tools")
    args = ["test", "--root", str(tmp_path)]
    fine = CliRunner().invoke(cli, [*args, "--min-tested", "50%"])
    assert fine.exit_code == 0, fine.output
    assert "acme: 1 of 2 alerts have unit tests, all but Unproven" in fine.output
    assert "with series of rows" in fine.output
    short = CliRunner().invoke(cli, [*args, "--min-tested", "90%"])
    assert short.exit_code == 1
    assert "1 of 2 alerts of acme have unit tests: 50.0 % are fewer than 90 %" in short.output
    assert "[too-few-tests]" in short.output
    wrong = CliRunner().invoke(cli, [*args, "--min-tested", "lots"])
    assert wrong.exit_code == 2
