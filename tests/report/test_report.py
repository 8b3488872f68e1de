"""Findings as text, JSON, GitHub annotations and SARIF."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from click.testing import CliRunner
from hypothesis import given, settings
from hypothesis import strategies as st

from generator import sarif as sarif_module
from generator.cli.common import failing
from generator.cli.main import cli
from generator.findings import Finding, Level, Place, error, fingerprints, info, warning
from generator.report import FORMATS, render, render_short
from tests.cli.test_hostile_specs import PLATFORM
from tests.conftest import ROOT
from tests.spec.hostile import cases

SCHEMA = Path(__file__).parent / "sarif-2.1.0-rtm.5.json"
LINE = "    expt: up"
FINDINGS = (
    error(
        "unknown-key", "there is no key 'expt'", Place("a b.yaml", 3, 5, 4, "    expt: up"), "no"
    ),
    warning("plain-http", "in\nplain: 100%, really", Place("ü,:.yaml", 1, 1)),
    info("not-verified", "nothing was verified"),
)


@cache
def validator() -> jsonschema.Draft4Validator:
    return jsonschema.Draft4Validator(
        json.loads(SCHEMA.read_text()), format_checker=jsonschema.FormatChecker()
    )


def sarif(findings: tuple[Finding, ...]) -> Any:
    document = json.loads(render(findings, "sarif"))
    problems = [p.message for p in validator().iter_errors(document)]
    assert not problems, problems
    return document["runs"][0]


PLACES = st.builds(
    Place,
    st.text(min_size=1, max_size=12),
    st.integers(1, 10**6),
    st.integers(1, 500),
    st.integers(1, 80),
    st.text(max_size=30),
)
ANY = st.builds(
    Finding,
    st.from_regex(r"[a-z]{1,8}(-[a-z]{1,8}){0,2}", fullmatch=True),
    st.sampled_from(Level),
    st.text(min_size=1, max_size=40),
    st.none() | PLACES,
    st.none() | st.text(min_size=1, max_size=20),
)


@settings(max_examples=cases(40), deadline=None)
@given(st.lists(ANY, max_size=6))
def test_any_findings_are_valid_in_every_form(findings: list[Finding]) -> None:
    run = sarif(tuple(findings))
    assert len(run["results"]) == len(set(findings))
    for result in run["results"]:
        assert run["tool"]["driver"]["rules"][result["ruleIndex"]]["id"] == result["ruleId"]
    assert len(json.loads(render(findings, "json"))) == len(set(findings))
    lines = render(findings, "github").splitlines()
    assert all(line.startswith("::") for line in render(findings, "github").split("\n") if line)
    assert not findings or lines
    for form in FORMATS:
        render(findings, form, color=True)
    render_short(findings)


def test_sarif_of_three_findings() -> None:
    run = sarif(FINDINGS)
    assert [r["level"] for r in run["results"]] == ["note", "error", "warning"]
    located = run["results"][1]["locations"][0]["physicalLocation"]
    assert located["artifactLocation"] == {"uri": "a%20b.yaml", "uriBaseId": "%SRCROOT%"}
    assert located["region"] == {
        "startLine": 3,
        "startColumn": 5,
        "endColumn": 9,
        "snippet": {"text": "    expt: up"},
    }
    assert "locations" not in run["results"][0]
    assert {r["shortDescription"]["text"] for r in run["tool"]["driver"]["rules"]} == {
        "Not verified.",
        "Plain http.",
        "Unknown key.",
    }


def test_a_page_of_the_docs_is_the_rules_help(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "plain-page.md").write_text(
        "# plain-page\n\n**warning** · Alerts travel. More of it.\n"
    )
    monkeypatch.setattr(sarif_module, "PAGES", tmp_path)
    (rule,) = sarif((warning("plain-page", "x"),))["tool"]["driver"]["rules"]
    assert rule["shortDescription"]["text"] == "Alerts travel."
    assert rule["helpUri"] == "https://tocsin.dev/lints/plain-page"
    assert rule["help"]["markdown"].startswith("# plain-page")


def test_no_more_results_than_code_scanning_takes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sarif_module, "LIMIT", 2)
    run = sarif(tuple(info("a", f"m{n}") for n in range(5)))
    assert len(run["results"]) == 2
    (note,) = run["invocations"][0]["toolExecutionNotifications"]
    assert note["message"]["text"] == "3 more results were left out"


def test_fingerprints_stay_when_lines_move() -> None:
    def found(line: int, source: str = "  expr: up") -> Finding:
        place = Place("a.yaml", line, 3, 4, source)
        return error("duplicate-key", f"it stands in line {line - 1} already", place)

    before = fingerprints([found(4), found(9)])
    after = fingerprints([found(14), found(19, "    expr:  up")])
    assert before == after, "moved and indented: the same findings"
    assert len(set(before)) == 2, "two alike are told apart by their order"
    assert fingerprints([found(4, "  expr: down")])[0] != before[0]


def test_text_points_at_the_fault_with_and_without_colour() -> None:
    (plain,) = [render(FINDINGS[:1], "text")]
    assert plain == (
        "a b.yaml:3:5: error: there is no key 'expt' [unknown-key]\n"
        "    3 |     expt: up\n"
        "      |     ^^^^\n"
        "  hint: no\n"
    )
    assert "\x1b[31;1m^^^^\x1b[0m" in render(FINDINGS[:1], "text", color=True)


def test_what_many_tenants_share_is_told_once() -> None:
    many = [
        warning("cost-limit", f"'t{n}' compiles to {n} samples", Place(f"t{n:02}.yaml", 1, 1))
        for n in range(30)
    ]
    other = error("unknown-key", "no key 'x'", Place("z.yaml", 2, 1))
    text = render_short([*many, other])
    assert text.count("[cost-limit]") == 1
    assert "and 29 more like it: t01.yaml:1:1, t02.yaml:1:1" in text
    assert "--all" in text
    assert text.count("[unknown-key]") == 1
    assert render([*many, other], "text").count("[cost-limit]") == 30
    three = render_short(many[:3])
    assert three.count("[cost-limit]") == 3, "a few are told one by one"


def test_a_limit_keeps_errors_and_counts_the_rest() -> None:
    many = [info(f"code-{chr(97 + n // 26)}{chr(97 + n % 26)}", "x") for n in range(150)]
    text = render_short([*many, error("zz-last", "broken", Place("z.yaml", 1, 1))])
    assert "[zz-last]" in text
    assert text.endswith("and 51 more findings; --all shows them\n")


@pytest.mark.parametrize(
    ("floor", "fails"), [("error", False), ("warning", True), ("info", True), ("never", False)]
)
def test_what_fails(floor: str, fails: bool) -> None:
    assert failing([FINDINGS[1]], floor) is fails
    assert failing([], floor) is False


def specs(root: Path) -> Path:
    (root / "specs" / "tenants").mkdir(parents=True)
    (root / "specs" / "platform.yaml").write_text(PLATFORM)
    for number in range(6):
        text = f"version: 1\ntenant: t{number}\nowner: {{team: x}}\nlables: {{}}\n"
        (root / "specs" / "tenants" / f"t{number}.yaml").write_text(text)
    (root / ".tools").symlink_to(ROOT / ".tools")
    (root / "output" / "t0").mkdir(parents=True)
    (root / "output" / "audit.jsonl").write_text("{}\n")
    return root


@pytest.mark.parametrize(
    "command", [("check",), ("build",), ("test",), ("verify-output",), ("audit", "verify")]
)
def test_every_command_that_reports_has_all_forms(tmp_path: Path, command: tuple[str, ...]) -> None:
    root = str(specs(tmp_path))
    for form in FORMATS:
        arguments = [*command, "--root", root, "--format", form]
        answer = CliRunner().invoke(cli, [*arguments, "--fail-on", "never"])
        assert answer.exit_code == 0, answer.output
        if form == "sarif":
            assert not list(validator().iter_errors(json.loads(answer.stdout)))
        if form == "json":
            assert all("fingerprint" in one for one in json.loads(answer.stdout))
    short = CliRunner().invoke(cli, [*command, "--root", root])
    whole = CliRunner().invoke(cli, [*command, "--root", root, "--all"])
    assert len(whole.stderr) >= len(short.stderr)
    if command == ("check",):
        assert short.exit_code == whole.exit_code == 1
        assert short.stderr.count("[unknown-key]") == 1 and "5 more like it" in short.stderr
        assert whole.stderr.count("[unknown-key]") == 6


def test_no_color_is_respected(monkeypatch: pytest.MonkeyPatch) -> None:
    from generator.cli import common

    monkeypatch.setattr("sys.stderr.isatty", lambda: True, raising=False)
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.delenv("NO_COLOR", raising=False)
    assert common.colored()
    monkeypatch.setenv("NO_COLOR", "1")
    assert not common.colored()
    monkeypatch.delenv("NO_COLOR")
    monkeypatch.setenv("TERM", "dumb")
    assert not common.colored()
