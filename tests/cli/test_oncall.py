"""`tocsin oncall` as people call it, and the calendar files read back strictly."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest

from generator.ir.calendar import Duty
from generator.render.ics import calendar_ics
from tests.conftest import ROOT

PLATFORM = """\
version: 1
fallback: mail
channels: {mail: {email: {to: platform@example.com}}}
smtp: {smarthost: "smtp.example.com:25", from: tocsin@example.com}
holidays:
  france: ["2026-12-25"]
"""
TENANT = """\
version: 1
tenant: acme
owner: {team: core}
timezone: Europe/Paris
people:
  ann: {email: ann@example.com}
  bob: {email: bob@example.com}
channels: {mail: {email: {to: acme@example.com}}}
oncall:
  primary:
    starts: "2026-12-21T09:00"
    until: "2027-01-04T09:00"
    layers:
      - {name: weekdays, during: {weekdays: ["monday:friday"]},
         rotation: {every: 1w, members: [ann, bob]}}
    holidays:
      - {days: france, member: bob}
    overrides:
      - {from: "2026-12-26T09:00", until: "2026-12-26T21:00", member: ann}
  backup: {shift_from: primary}
escalation:
  urgent: [{notify: [mail, "oncall:primary", "oncall:backup"]}]
routing: {critical: urgent, warning: urgent, info: urgent}
"""


@pytest.fixture(scope="module")
def repository(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("oncall")
    (folder / "specs" / "tenants").mkdir(parents=True)
    (folder / "specs" / "platform.yaml").write_text(PLATFORM)
    (folder / "specs" / "tenants" / "acme.yaml").write_text(TENANT)
    return folder


def oncall(*arguments: str, cwd: Path, code: int = 0) -> str:
    command = [sys.executable, "-m", "generator", "oncall", *arguments]
    answer = subprocess.run(command, cwd=cwd, capture_output=True, check=False)
    assert answer.returncode == code, answer.stderr.decode()
    return (answer.stderr if code else answer.stdout).decode()


def test_the_calendar_shows_gaps_holidays_and_overrides(repository: Path) -> None:
    period = ("--from", "2026-12-21", "--until", "2027-01-05T00:00+00:00")
    told = oncall("acme", "--schedule", "primary", *period, cwd=repository)
    assert (
        told
        == """\
schedule  on call  from                  until                 zone          why
primary   nobody                         Mon 2026-12-21 09:00  Europe/Paris  not begun
primary   ann      Mon 2026-12-21 09:00  Fri 2026-12-25 00:00  Europe/Paris  weekdays
primary   bob      Fri 2026-12-25 00:00  Sat 2026-12-26 00:00  Europe/Paris  holiday france
primary   nobody   Sat 2026-12-26 00:00  Sat 2026-12-26 09:00  Europe/Paris  gap
primary   ann      Sat 2026-12-26 09:00  Sat 2026-12-26 21:00  Europe/Paris  override
primary   nobody   Sat 2026-12-26 21:00  Mon 2026-12-28 00:00  Europe/Paris  gap
primary   ann      Mon 2026-12-28 00:00  Mon 2026-12-28 09:00  Europe/Paris  weekdays
primary   bob      Mon 2026-12-28 09:00  Sat 2027-01-02 00:00  Europe/Paris  weekdays
primary   nobody   Sat 2027-01-02 00:00  Mon 2027-01-04 00:00  Europe/Paris  gap
primary   bob      Mon 2027-01-04 00:00  Mon 2027-01-04 09:00  Europe/Paris  weekdays
primary   nobody   Mon 2027-01-04 09:00                        Europe/Paris  ended

primary: ann 108 h, bob 144 h, nobody 109 h
"""
    )


def test_one_persons_calendar_in_the_viewers_zone(repository: Path) -> None:
    period = ("--from", "2026-12-24", "--until", "2026-12-29", "--timezone", "America/New_York")
    told = oncall("acme", "--person", "bob", *period, cwd=repository)
    assert [line.split("  ")[0] for line in told.splitlines()[1:3]] == ["primary", "primary"]
    assert "primary   bob      Thu 2026-12-24 18:00  Fri 2026-12-25 18:00  America/New_York" in told
    assert "nobody" not in told and " ann " not in told


def test_a_moment(repository: Path) -> None:
    told = oncall("acme", "--at", "2026-12-24T12:00", cwd=repository)
    assert told.splitlines() == [
        "primary: ann until Fri 2026-12-25 00:00 Europe/Paris (weekdays), then bob",
        "backup: bob until Sat 2026-12-26 00:00 Europe/Paris (weekdays), then nobody",
    ]
    told = oncall("acme", "--at", "2026-12-24T12:00", "--person", "bob", cwd=repository)
    assert told.splitlines() == [
        "primary: bob from Fri 2026-12-25 00:00 until Sat 2026-12-26 00:00 Europe/Paris "
        "(holiday france)",
        "backup: bob now until Sat 2026-12-26 00:00 Europe/Paris (weekdays)",
    ]
    told = oncall("acme", "--at", "2028-01-01", "--person", "bob", cwd=repository)
    assert "primary: bob is not on call any more" in told
    assert "ended on Mon 2027-01-04 09:00" in oncall("acme", "--at", "2028-01-01", cwd=repository)


def test_json_says_the_same(repository: Path) -> None:
    period = ("--from", "2026-12-24", "--until", "2026-12-27", "--schedule", "primary")
    found = json.loads(oncall("acme", *period, "--format", "json", cwd=repository))
    assert [(s["person"], s["cause"], s["layer"]) for s in found["shifts"]] == [
        ("ann", "rotation", "weekdays"),
        ("bob", "holiday", "france"),
        (None, "gap", None),
        ("ann", "override", None),
        (None, "gap", None),
    ]
    assert found["shifts"][1]["from"] == "2026-12-25T00:00+01:00"
    assert found["hours"] == {"primary": {"ann": 36.0, "bob": 24.0, "nobody": 12.0}}
    at = ("--at", "2026-12-24T12:00", "--timezone", "UTC", "--schedule", "primary")
    now = json.loads(oncall("acme", *at, "--format", "json", cwd=repository))
    assert now["at"] == "2026-12-24T12:00+00:00"
    assert now["on_call"][0]["person"] == "ann"
    assert now["on_call"][0]["next"]["person"] == "bob"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--timezone", "Mars"), "there is no timezone 'Mars'"),
        (("--person", "eve"), "eve is never on call there; these are: ann, bob"),
        (("--schedule", "x"), "acme has no such schedule; it has: primary, backup"),
        (("--at", "monday"), "'monday' is not a time"),
        (("--at", "0001-01-01"), "'0001-01-01' is too far away"),
        (("--at", "2026-12-24", "--from", "2026-12-24"), "not both"),
        (("--from", "2026-12-24", "--until", "2026-12-23"), "--until is not after --from"),
    ],
)
def test_wrong_use_is_two(repository: Path, arguments: tuple[str, ...], said: str) -> None:
    assert said in oncall("acme", *arguments, cwd=repository, code=2)


def test_the_example_has_a_calendar_and_its_file_is_valid() -> None:
    period = ("--from", "2026-12-20T00:00+00:00", "--until", "2027-01-05T00:00+00:00")
    table = oncall("spotify-tenant-1", *period, cwd=ROOT).splitlines()
    assert [line.split()[1] for line in table[1:-2]] == (
        ["reco-a", "reco-b", "reco-b", "reco-b", "reco-a", "reco-a", "reco-a", "reco-b"]
    )
    ics = oncall("spotify-tenant-1", *period, "--format", "ics", cwd=ROOT)
    assert ics == oncall("spotify-tenant-1", *period, "--format", "ics", cwd=ROOT)
    assert len(events(ics)) == len(table) - 3


def test_a_calendar_file_holds_all_that_is_planned(repository: Path) -> None:
    """It depends on no clock, so that a pipeline can publish it."""
    whole = oncall("acme", "--person", "bob", "--format", "ics", cwd=repository)
    assert [(e["DTSTART"], e["SUMMARY"]) for e in events(whole)] == [
        ("20261224T230000Z", "On call: bob (acme, primary)"),
        ("20261228T080000Z", "On call: bob (acme, primary)"),
        ("20270103T230000Z", "On call: bob (acme, primary)"),
        ("20261221T080000Z", "On call: bob (acme, backup)"),
        ("20261227T230000Z", "On call: bob (acme, backup)"),
    ]


# --------------------------------------------------------------------------- RFC 5545

STAMP = re.compile(r"\d{8}T\d{6}Z")
LINE = re.compile(r"[A-Z-]+(;[A-Z-]+=[^:;,]+)*:[^\x00-\x08\x0a-\x1f\x7f]*")
EVENT = {"UID": 1, "DTSTAMP": 1, "DTSTART": 1, "DTEND": 1, "SUMMARY": 1, "TRANSP": 1}


def events(text: str) -> list[dict[str, str]]:
    """The events of a calendar, read as strictly as RFC 5545 says; texts unescaped."""
    assert text.endswith("\r\n")
    raw = text.encode().split(b"\r\n")[:-1]
    assert all(len(line) <= 75 and b"\n" not in line and b"\r" not in line for line in raw)
    for line in raw:
        line.decode()  # folded between characters, never inside one
    lines: list[str] = []
    for part in raw:
        if part[:1] in (b" ", b"\t"):
            lines[-1] += part[1:].decode()
        else:
            lines.append(part.decode())
    assert all(LINE.fullmatch(line) for line in lines), lines
    assert lines[0] == "BEGIN:VCALENDAR" and lines[-1] == "END:VCALENDAR"
    head = dict(line.split(":", 1) for line in lines[1 : lines.index("BEGIN:VEVENT")])
    assert head["VERSION"] == "2.0" and head["PRODID"] and head["METHOD"] == "PUBLISH"
    found: list[dict[str, str]] = []
    inside: dict[str, str] | None = None
    for line in lines[lines.index("BEGIN:VEVENT") : -1]:
        name, _, value = line.partition(":")
        if line == "BEGIN:VEVENT":
            assert inside is None
            inside = {}
        elif line == "END:VEVENT":
            assert inside is not None and EVENT.keys() <= inside.keys()
            found.append(inside)
            inside = None
        else:
            assert inside is not None and name not in inside, line
            inside[name] = value if STAMP.fullmatch(value) else unescaped(value)
    assert inside is None
    assert len({event["UID"] for event in found}) == len(found)
    for event in found:
        times = [event[key] for key in ("DTSTAMP", "DTSTART", "DTEND")]
        assert all(STAMP.fullmatch(stamp) for stamp in times)
        assert event["DTSTART"] < event["DTEND"]
    return found


def unescaped(value: str) -> str:
    assert re.fullmatch(r"(?:[^\\;,]|\\[\\;,nN])*", value), value
    return re.sub(r"\\(.)", lambda m: "\n" if m[1] in "nN" else m[1], value)


def test_texts_are_escaped_folded_and_come_back() -> None:
    start, end = datetime(2026, 11, 2, 8, tzinfo=UTC), datetime(2026, 11, 9, 8, tzinfo=UTC)
    layer = 'Ünïcödé, with; signs\\ and\nlines: "' + "日本語" * 40
    hand_over = datetime(2026, 11, 10, tzinfo=UTC)
    duties = [
        Duty("primary", "UTC", "", None, start, "before", ""),
        Duty("primary", "UTC", "änn", start, end, "rotation", layer),
        Duty("primary", "UTC", "", end, hand_over, "gap", ""),
        Duty("primary", "UTC", "", hand_over, None, "after", ""),
    ]
    text = calendar_ics("acme", "On call; acme, all", duties)
    first, gap = events(text)
    assert first["DESCRIPTION"] == layer
    assert first["SUMMARY"] == "On call: änn (acme, primary)"
    assert gap["SUMMARY"] == "Nobody on call (acme, primary)"
    assert (first["DTSTART"], first["DTEND"]) == ("20261102T080000Z", "20261109T080000Z")
    assert calendar_ics("acme", "On call; acme, all", duties) == text
    moved = [duties[1], Duty("primary", "UTC", "", end, end.replace(hour=9), "gap", "")]
    assert [event["UID"] for event in events(calendar_ics("acme", "", moved))] != [
        first["UID"],
        gap["UID"],
    ]
