"""The command line as a shell sees it: exit codes, streams, and no traceback."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from generator.cli.common import EXIT_CODES
from generator.cli.main import cli
from tests.conftest import ROOT

PLATFORM = """\
version: 1
fallback: mail
channels: {mail: {email: {to: ops@example.com}}}
smtp: {smarthost: "mail:25", from: tocsin@example.com}
escalation: {mail-only: [{notify: [mail]}]}
defaults: {routing: {critical: mail-only, warning: mail-only, info: mail-only}}
"""
TENANT = """\
version: 1
tenant: {name}
owner: {{team: core}}
services: {{api: {{selector: {{job: api}}}}}}
alerts:
  QueueBacklog:
    service: api
    threshold: {{expr: max(queue_depth), above: {level}}}
    severity: warning
"""


def tocsin(*arguments: str, cwd: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    known = {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": str(ROOT),
        "HOME": str(cwd),
        "TOCSIN_CACHE": os.environ["TOCSIN_CACHE"],
    }
    answer = subprocess.run(
        [sys.executable, "-m", "generator", *arguments],
        cwd=cwd,
        env={**known, **environment},
        capture_output=True,
        text=True,
        check=False,
    )
    assert "Traceback" not in answer.stderr, answer.stderr
    return answer


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    (tmp_path / "specs" / "tenants").mkdir(parents=True)
    (tmp_path / "specs" / "platform.yaml").write_text(PLATFORM)
    for name in ("acme", "globex"):
        tenant = TENANT.format(name=name, level=100)
        (tmp_path / "specs" / "tenants" / f"{name}.yaml").write_text(tenant)
    return tmp_path


def tree(folder: Path) -> dict[str, bytes]:
    return {
        p.relative_to(folder).as_posix(): p.read_bytes()
        for p in folder.rglob("*")
        if p.is_file() and ".tocsin" not in p.parts
    }


def test_a_build_writes_and_a_second_changes_nothing(repository: Path) -> None:
    first = tocsin("build", "--verify=off", cwd=repository)
    assert first.returncode == 0, first.stderr
    assert "acme: " in first.stdout and "fleet: " in first.stdout
    before = tree(repository / "output")
    second = tocsin("build", "--verify=off", cwd=repository / "specs")
    assert second.stdout.count("unchanged") == 3
    assert tree(repository / "output") == before


def test_a_bad_spec_changes_no_byte(repository: Path) -> None:
    assert tocsin("build", "--verify=off", cwd=repository).returncode == 0
    before = tree(repository / "output")
    path = repository / "specs" / "tenants" / "acme.yaml"
    path.write_text(path.read_text().replace("max(queue_depth)", "max(queue_depth"))
    for arguments in (("build", "acme", "--verify=off"), ("build", "--verify=off")):
        answer = tocsin(*arguments, cwd=repository)
        assert answer.returncode == 1
        assert "specs/tenants/acme.yaml:8:38: error" in answer.stderr
        assert tree(repository / "output") == before


@pytest.mark.tools
def test_a_bad_spec_stops_every_command_with_its_place(repository: Path) -> None:
    (repository / ".tools").symlink_to(ROOT / ".tools")
    path = repository / "specs" / "tenants" / "acme.yaml"
    path.write_text(path.read_text().replace("max(queue_depth)", "max(queue_depth"))
    for command in ("check", "test", "build"):
        for tenants in ((), ("acme",)):
            answer = tocsin(command, *tenants, cwd=repository)
            assert answer.returncode == 1, (command, answer.stderr)
            assert "specs/tenants/acme.yaml:8:38: error" in answer.stderr


@pytest.mark.tools
def test_a_failing_unit_test_is_told_at_its_alert(repository: Path) -> None:
    (repository / ".tools").symlink_to(ROOT / ".tools")
    path = repository / "specs" / "tenants" / "acme.yaml"
    tests = "{name: wrong, series: {'queue_depth': '1x20'}, fires_at: [10m]}"
    path.write_text(path.read_text() + f"    tests: [{tests}]\n")
    answer = tocsin("test", "acme", cwd=repository)
    assert answer.returncode == 1
    assert "specs/tenants/acme.yaml:6:3: error: the unit test" in answer.stderr
    assert "0 of 1 files of tests pass" in answer.stdout


@pytest.mark.tools
def test_an_expectation_that_fails_is_told_at_its_place(repository: Path) -> None:
    (repository / ".tools").symlink_to(ROOT / ".tools")
    path = repository / "specs" / "tenants" / "acme.yaml"
    right = '{alert: QueueBacklog, at: "2026-12-25T03:00", tells: [mail]}'
    wrong = right.replace("[mail]", "[nobody]")
    path.write_text(f"{path.read_text()}expect:\n  - {right}\n  - {wrong}\n")
    for command in ("check", "test"):
        answer = tocsin(command, "acme", cwd=repository)
        assert answer.returncode == 1
        place = "specs/tenants/acme.yaml:12:58: error: QueueBacklog would tell mail (mail"
        assert place in answer.stderr and "[expect-failed]" in answer.stderr
    assert "1 of 2 expectations of who is told are met" in answer.stdout
    path.write_text(path.read_text().replace("[nobody]", "[mail]"))
    assert tocsin("test", "acme", cwd=repository).returncode == 0


def test_a_neighbours_mistake_holds_the_fleet_alone(repository: Path) -> None:
    assert tocsin("build", "--verify=off", cwd=repository).returncode == 0
    fleet = tree(repository / "output" / "fleet")
    (repository / "specs" / "tenants" / "globex.yaml").write_text("version: 2\n")
    acme = repository / "specs" / "tenants" / "acme.yaml"
    acme.write_text(acme.read_text().replace("above: 100", "above: 200"))
    answer = tocsin("build", "acme", "--verify=off", cwd=repository)
    assert answer.returncode == 0, answer.stderr
    assert "globex has errors: output/fleet is left as it is" in answer.stderr
    assert tree(repository / "output" / "fleet") == fleet
    rules = (repository / "output/acme/prometheus/rules/api.yml").read_text()
    assert "> 200" in rules


def test_a_removed_tenant_is_removed(repository: Path) -> None:
    assert tocsin("build", "--verify=off", cwd=repository).returncode == 0
    (repository / "specs" / "tenants" / "globex.yaml").unlink()
    answer = tocsin("build", "--verify=off", cwd=repository)
    assert answer.returncode == 0
    assert "globex: no spec any more" in answer.stdout
    assert not (repository / "output" / "globex").exists()
    assert "globex" not in (repository / "output/fleet/prometheus.yml").read_text()


def test_without_tools_it_says_so_and_ci_refuses(repository: Path) -> None:
    bare = {"PATH": "/nowhere"}
    plain = tocsin("build", cwd=repository, **bare)
    assert plain.returncode == 0
    assert "the output was not verified" in plain.stderr
    in_ci = tocsin("build", cwd=repository, CI="true", **bare)
    assert in_ci.returncode == 1
    assert "error: promtool and amtool not found" in in_ci.stderr
    check = tocsin("check", cwd=repository, **bare)
    assert check.returncode == 1
    test = tocsin("test", cwd=repository, **bare)
    assert test.returncode == 3
    assert "promtool was not found" in test.stderr


def test_findings_for_machines(repository: Path) -> None:
    path = repository / "specs" / "tenants" / "acme.yaml"
    path.write_text(path.read_text().replace("severity: warning", "severity: wanring"))
    arguments = ("build", "acme", "--verify=off", "--format")
    found = json.loads(tocsin(*arguments, "json", cwd=repository).stdout)
    entries = found if isinstance(found, list) else found["findings"]
    assert any("wanring" in json.dumps(entry) for entry in entries)
    sarif = json.loads(tocsin(*arguments, "sarif", cwd=repository).stdout)
    assert sarif["version"] == "2.1.0"
    assert sarif["runs"][0]["results"]
    github = tocsin(*arguments, "github", cwd=repository).stdout
    assert github.startswith("::")
    assert "file=specs/tenants/acme.yaml,line=9" in github


def test_stats_say_what_rules_cost(repository: Path) -> None:
    text = tocsin("build", "--verify=off", "--stats", cwd=repository)
    assert text.returncode == 0, text.stderr
    assert text.stdout.startswith("tenant ")
    assert "\nacme " in text.stdout and "\ntotal " in text.stdout
    assert "alert QueueBacklog of api" in text.stdout
    assert "fleet: " in text.stdout, "what was written is told as well"
    plain = tocsin("build", "--verify=off", "--format=json", cwd=repository)
    both = tocsin("build", "acme", "--verify=off", "--stats", "--format=json", cwd=repository)
    document = json.loads(both.stdout)
    assert isinstance(json.loads(plain.stdout), list)
    assert sorted(document) == ["findings", "stats"]
    (acme,) = document["stats"]["tenants"]
    assert (acme["tenant"], acme["alerts"], acme["groups"]) == ("acme", 1, 1)
    assert acme["assumed"] == ["queue_depth"]
    sarif = tocsin("build", "--verify=off", "--stats", "--format=sarif", cwd=repository)
    assert json.loads(sarif.stdout)["version"] == "2.1.0"
    assert "acme " in sarif.stderr


def test_a_limit_of_the_platform_is_a_finding(repository: Path) -> None:
    platform = repository / "specs" / "platform.yaml"
    tight = "limits: {samples_per_second: 1, series_per_metric: 100}\n"
    platform.write_text(PLATFORM + tight)
    arguments = ("build", "acme", "--verify=off")
    told = tocsin(*arguments, cwd=repository)
    assert told.returncode == 0, told.stderr
    assert "specs/tenants/acme.yaml:1:1: warning: acme compiles to 3.3 samples" in told.stderr
    assert "most by the alert QueueBacklog of api: 3.3 [cost-limit]" in told.stderr
    assert tocsin(*arguments, "--fail-on=warning", cwd=repository).returncode == 1
    platform.write_text(PLATFORM + tight.replace("}", ", level: error}"))
    assert tocsin(*arguments, cwd=repository).returncode == 1
    for bad in ("level: fatal", "rules: -1", "rules_per_groups: 20", "series_per_metric: 0"):
        platform.write_text(PLATFORM + f"limits: {{{bad}}}\n")
        refused = tocsin(*arguments, cwd=repository)
        assert refused.returncode == 1
        assert "specs/platform.yaml:7:" in refused.stderr, refused.stderr


@pytest.mark.parametrize(
    "arguments",
    [
        ("build", "nobody"),
        ("check", "nobody"),
        ("explain", "value", "nobody", "slo"),
        ("oncall", "nobody"),
        ("test", "nobody"),
        ("preview", "nobody"),
        ("diff", "nobody"),
        ("fmt", "nobody"),
        ("watch", "nobody", "--once"),
        ("report", "nobody", "--prometheus", "http://127.0.0.1:1"),
    ],
)
def test_an_unknown_tenant_is_wrong_use_and_those_that_are_there_are_named(
    repository: Path, arguments: tuple[str, ...]
) -> None:
    answer = tocsin(*arguments, cwd=repository)
    assert answer.returncode == 2
    assert "nobody" in answer.stderr
    assert "there are: acme" in answer.stderr
    assert not (repository / "output").exists()


def helps(command: click.Command, path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """Every command and what is below it."""
    yield path
    if isinstance(command, click.Group):
        context = click.Context(command)
        for name in command.list_commands(context):
            below = command.get_command(context, name)
            assert below is not None
            yield from helps(below, (*path, name))


@pytest.mark.parametrize("path", list(helps(cli)), ids=" ".join)
def test_every_help_ends_with_the_same_exit_codes(path: tuple[str, ...]) -> None:
    answer = CliRunner().invoke(cli, [*path, "--help"], terminal_width=200)
    assert answer.exit_code == 0
    assert answer.output.count("Exit codes:") == 1
    assert answer.output.rstrip().endswith(EXIT_CODES)


@pytest.mark.parametrize(
    "arguments", [("biuld",), ("build", "--verify=maybe"), ("schema", "nothing"), ("build", "-x")]
)
def test_wrong_use_is_two(repository: Path, arguments: tuple[str, ...]) -> None:
    answer = tocsin(*arguments, cwd=repository)
    assert answer.returncode == 2
    assert "Error" in answer.stderr or "Usage" in answer.stderr


def test_outside_a_repository(tmp_path: Path) -> None:
    answer = tocsin("build", cwd=tmp_path)
    assert answer.returncode == 2
    assert "no specs/platform.yaml here" in answer.stderr


@pytest.mark.parametrize(
    "command", ["build", "check", "diff", "test", "oncall", "explain", "catalog", "schema"]
)
def test_help_teaches(repository: Path, command: str) -> None:
    answer = tocsin(command, "--help", cwd=repository)
    assert answer.returncode == 0
    assert len(answer.stdout.splitlines()) > 6


def test_on_call_and_where_a_value_comes_from() -> None:
    at = "2026-12-25T12:00+01:00"
    answer = tocsin("oncall", "spotify-tenant-1", "--at", at, cwd=ROOT)
    assert answer.returncode == 0, answer.stderr
    assert "reco-b" in answer.stdout
    answer = tocsin("explain", "value", "spotify-tenant-1", "slo.min_events", cwd=ROOT)
    assert answer.returncode == 0, answer.stderr
    assert "10" in answer.stdout and "gold" in answer.stdout
    answer = tocsin("catalog", "latency", cwd=ROOT)
    assert "http-api" in answer.stdout


@pytest.mark.tools
def test_check_and_test_pass(repository: Path) -> None:
    link = repository / ".tools"
    link.symlink_to(ROOT / ".tools")
    check = tocsin("check", cwd=repository)
    assert check.returncode == 0, check.stderr
    assert "verified with promtool" in check.stdout
    assert not (repository / "output").exists()
    test = tocsin("test", cwd=repository)
    assert test.returncode == 0, test.stderr
    assert "2 of 2 files of tests pass" in test.stdout


def test_a_rotation_that_ends_is_warned_about(repository: Path) -> None:
    path = repository / "specs" / "tenants" / "acme.yaml"
    rotation = "{every: 1w, starts: '2020-01-06T09:00', until: '2020-02-03T09:00', members: [ann]}"
    path.write_text(
        path.read_text()
        + "people: {ann: {email: ann@example.com}}\n"
        + f"oncall: {{primary: {{rotation: {rotation}}}}}\n"
        + "escalation: {duty: [{notify: ['oncall:primary', mail]}]}\n"
        + "routing: {warning: duty}\n"
    )
    answer = tocsin("build", "acme", "--verify=off", cwd=repository)
    assert answer.returncode == 0, answer.stderr
    assert "warning: nobody is on call in primary: it ended on 2020-02-03 09:00" in answer.stderr
