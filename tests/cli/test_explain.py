"""`tocsin explain route|alert|slo` as a user meets it, and that it agrees with the documents."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from generator.api import compile_specs
from generator.cli.main import cli
from generator.verify.notify import moments
from tests.verify.told import repository

NIGHT = ("--at", "2026-12-25T03:00")


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return repository(tmp_path_factory.mktemp("explain"))


def explain(root: Path, *arguments: str) -> Result:
    result = CliRunner().invoke(cli, ["explain", *arguments, "--root", str(root)])
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    return result


def asked(root: Path, *arguments: str) -> Any:
    result = explain(root, "route", "acme", *arguments, "--format", "json")
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)


def test_a_night_is_told_step_by_step(root: Path) -> None:
    assert (
        explain(root, "route", "acme", "DiskFull", *NIGHT).stdout
        == """\
DiskFull of acme fires on Fri 2026-12-25 at 03:00 Europe/Paris, and nobody reacts.
labels: alertname="DiskFull", service="db", severity="critical", team="core", tenant="acme"

step 1, at once
  route    tenant="acme" (acme)
           > severity="critical" (critical: policy urgent)
           > step 1, at once
  told     chat (slack #core)
  not told ann, on call (text message +33600000001): only while ann is on call in primary
  told     bob, on call (mail bob@example.com)
  not told mail (mail ops@example.com): not while bob is on call in primary

step 2, after 15m
  route    tenant="acme" (acme)
           > severity="critical" (critical: policy urgent)
           > escalation_level="2" (step 2, after 15 minutes)
  told     bob (mail bob@example.com)

step 3, after 45m
  route    tenant="acme" (acme)
           > severity="critical" (critical: policy urgent)
           > escalation_level="3" (step 3, after 45 minutes)
  told     mail (mail ops@example.com)

timeline
  03:00:30  step 1: chat (slack #core), bob, on call (mail bob@example.com)
  03:15:30  step 2: bob (mail bob@example.com)
  03:45:30  step 3: mail (mail ops@example.com)
  repeated from Fri 07:45:30 on, if nobody has reacted by then
"""
    )


def test_what_mutes_is_named_and_so_is_its_end(root: Path) -> None:
    upgrade = ("DiskFull", "--at", "2026-12-05T23:00")
    answer = asked(root, *upgrade)
    assert answer["firing"] == [
        {
            "labels": {
                "alertname": "MaintenanceWindow",
                "kind": "marker",
                "service": "db",
                "severity": "info",
                "team": "core",
                "tenant": "acme",
            },
            "why": "follows",
        }
    ]
    assert [step["tells"] for step in answer["steps"]] == [[], [], []]
    assert answer["steps"][0]["muted_by"][0]["rule"] == "maintenance-mutes-service"
    first = answer["timeline"][0]
    assert first["at"] == "2026-12-06T02:00:30+01:00"
    told = {member["who"] for one in answer["timeline"] for member in one["tells"]}
    assert told == {"mail"}, "by then the last step mutes those before it"


def test_an_outage_upstream_mutes_by_its_marker(root: Path) -> None:
    noon = ("Slow", "--at", "2026-11-26T12:00")
    assert asked(root, *noon)["steps"][0]["tells"][0]["who"] == "chat"
    answer = asked(root, *noon, "--firing", "DbDown")
    fire = [one["labels"]["alertname"] for one in answer["firing"]]
    assert fire == ["DbDown", "ServiceOutage", "UpstreamDown"]
    assert answer["steps"][0]["muted_by"][0]["source"]["service"] == "api"
    assert answer["timeline"] == []
    itself = asked(root, *noon, "--firing", "UpstreamDown")
    assert itself["steps"][0]["muted_by"][0]["source"]["service"] == "api"
    elsewhere = asked(root, *noon, "--firing", 'UpstreamDown{service="db"}')
    assert elsewhere["steps"][0]["muted_by"] == []


def test_a_window_waits_for_the_morning(root: Path) -> None:
    answer = asked(root, "Slow", "--at", "2026-11-28T12:00")
    assert answer["steps"][0]["routes"][0]["closed_by"] == ["acme/window/office"]
    first = answer["timeline"][0]
    assert first["step"] == 2 and first["at"].startswith("2026-11-29T12:")
    text = explain(root, "route", "acme", "Slow", "--at", "2026-11-28T12:00").stdout
    assert "not told chat (slack #core): only while it is office" in text


def test_alerts_that_are_told_alike_are_one_answer(root: Path) -> None:
    answer = asked(root, "--label", "service=db", "--label", "severity=critical", *NIGHT)
    assert (answer["alert"], answer["alike"]) == ("DiskFull", ["DbDown"])
    extra = asked(root, "DiskFull", "--label", "disk=sda", *NIGHT)
    assert extra["labels"]["disk"] == "sda"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("DiskFul",), "there is no alert 'DiskFul'; did you mean DiskFull?"),
        (("Zzz",), "there is no alert 'Zzz'; there are:\n  Backlog\n"),
        (("SLOErrorBudgetBurn",), 'SLOErrorBudgetBurn{burn_rate_pair="1h5m", severity="critical"}'),
        (("DiskFull", "--label", "service=api"), 'no DiskFull has service="api"; there are:'),
        (("DiskFull", "--label", "shard=1"), "no alert has a label 'shard'; there are:"),
        (("--label", "servce=db"), "no alert has a label 'servce'"),
        (("DiskFull", "--label", "service"), "'service' is not NAME=VALUE"),
        (("DiskFull", "--at", "yesterday"), "'yesterday' is not a time; write 2026-12-25T03:00"),
        (("DiskFull", "--at", "2027-03-28T02:30"), "the clocks of Europe/Paris change"),
        (("DiskFull", "--firing", "Nothing"), "there is no alert 'Nothing'"),
        ((), "name an alert, or give its labels"),
    ],
)
def test_unclear_questions_end_with_2_and_what_there_is(
    root: Path, arguments: tuple[str, ...], said: str
) -> None:
    result = explain(root, "route", "acme", *arguments)
    assert result.exit_code == 2
    assert said in result.stderr


def test_an_unknown_tenant_is_suggested(root: Path) -> None:
    result = explain(root, "route", "acmee", "DiskFull")
    assert result.exit_code == 2
    assert "did you mean 'acme'?" in result.stderr


def test_mermaid_draws_every_step_and_whom_it_does_not_tell(root: Path) -> None:
    drawn = explain(root, "route", "acme", "DiskFull", *NIGHT, "--format", "mermaid").stdout
    assert drawn.startswith("flowchart LR\n")
    assert 'step1 --> step1_1["chat (slack #35;core)"]' in drawn
    assert '-.->|"only while ann is on call in primary"| step1_2' in drawn
    assert 'step2 -->|"after 45m"| step3["step 3"]' in drawn


def test_no_secret_and_no_file_of_one_is_printed(root: Path) -> None:
    for form in ("text", "json", "mermaid"):
        for alert in ("DiskFull", "Slow"):
            said = explain(root, "route", "acme", alert, *NIGHT, "--format", form).stdout
            assert "/s/" not in said


def test_the_document_and_the_command_agree(root: Path) -> None:
    """Each ladder of docs/escalation.md, at its moments, for an alert of it."""
    compiled = compile_specs(root).tenants["acme"]
    assert compiled.build is not None
    (doc,) = (a for a in compiled.artifacts if a.path == "docs/escalation.md")
    sections = re.split(r"^## \d+\. .*$", doc.content.decode(), flags=re.M)[1:]
    assert len(sections) >= 2
    for section in sections:
        called = re.search(r"^Alerts: ([\w]+)", section, re.M)
        assert called is not None
        incidents = section.split("Fires on ")[1:]
        starts = moments(compiled.build.alertmanager)
        for incident, start in zip(incidents, starts, strict=True):
            told = re.findall(r"^- (?:\w+ )?(\d\d:\d\d:\d\d), step (\d): (\S+)$", incident, re.M)
            answer = asked(root, called[1], "--at", start.isoformat())
            assert told == [
                (_utc_clock(one["at"]), str(one["step"]), one["receiver"].removeprefix("acme/"))
                for one in answer["timeline"]
                if not one["repeated"]
            ]
            assert told


def _utc_clock(text: str) -> str:
    return f"{datetime.fromisoformat(text).astimezone(UTC):%H:%M:%S}"


# --------------------------------------------------------------------------- alert, slo


def test_an_alert_is_shown_as_written_and_as_isolated(root: Path) -> None:
    said = explain(root, "alert", "acme", "DiskFull", *NIGHT).stdout
    assert "from      specs/tenants/acme.yaml:9:3" in said
    assert "max by (disk) (disk_used) > 9" in said
    assert 'disk_used{tenant="acme"}' in said
    assert "    takes another tenant's data for none" in said
    assert "runbook   acme/docs/runbooks.md#diskfull-db" in said
    assert "policy urgent" in said and "bob, on call" in said
    data = json.loads(explain(root, "alert", "acme", "DiskFull", "--format", "json").stdout)
    assert data["written"] == ["max by (disk) (disk_used) > 9"]
    assert data["labels"]["severity"] == "critical" and len(data["steps"]) == 3
    assert data["tests"] and data["hold"] == "0s"


def test_namesakes_must_be_told_apart(root: Path) -> None:
    result = explain(root, "alert", "acme", "SLOErrorBudgetBurn")
    assert result.exit_code == 2 and "4 alerts are named SLOErrorBudgetBurn" in result.stderr
    chosen = ("--label", "burn_rate_pair=1h5m")
    one = explain(root, "alert", "acme", "SLOErrorBudgetBurn", *chosen)
    assert one.exit_code == 0 and "kind      burn-rate" in one.stdout


def test_an_slo_is_told_in_words_and_numbers(root: Path) -> None:
    said = explain(root, "slo", "acme", "availability").stdout
    assert "objective  99.9 % over 30d" in said
    assert "43m12s of total failure in 30d, or 1000 bad events in a million" in said
    assert "critical: over 1.44 % of events fail in the last 1h and in the last 5m" in said
    assert (
        "14.4 times the even pace: 2 % of the budget is gone in 1h, all of it in 2d2h instead of "
        "30d" in said
    )
    data = json.loads(explain(root, "slo", "acme", "availability", "--format", "json").stdout)
    assert [(p["long"], p["short"], p["factor"]) for p in data["pairs"]] == [
        ("1h", "5m", "14.4"),
        ("6h", "30m", "6"),
        ("1d", "2h", "3"),
        ("3d", "6h", "1"),
    ]
    wrong = explain(root, "slo", "acme", "availabilty")
    assert wrong.exit_code == 2 and "did you mean 'availability'?" in wrong.stderr
