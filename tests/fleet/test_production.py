"""What a build makes anew, what it finds again, and that both are the same."""

from __future__ import annotations

import contextlib
import os
import pty
import re
import sqlite3
import stat
import subprocess
import sys
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from generator import cache
from generator.building import Manner, Run
from generator.compile.oncall_findings import Term
from generator.deliver.manifest import OutputError
from generator.findings import Finding, Level, Place, warning
from generator.judgement import Outcome
from generator.production import Production
from generator.records import Record, Records, kept_records
from generator.spec.ignores import Ignore
from generator.tenants import Tenant
from tests.conftest import ROOT
from tests.fleet.repository import fleet, tenant, tocsin, tree, write

SIZE = 5


@pytest.fixture(autouse=True)
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "cache"
    monkeypatch.setenv("TOCSIN_CACHE", str(folder))
    return folder


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return fleet(tmp_path / "ops", SIZE)


def build(root: Path, *wanted: str, verify: str = "off") -> tuple[Outcome, Production]:
    with kept_records() as records:
        return Run(root, wanted, Manner(verify), records).build(root / "output")


def errors(outcome: Outcome) -> list[str]:
    return [f.code for f in outcome.findings if f.level is Level.ERROR]


def stamps(folder: Path) -> Mapping[str, tuple[int, int]]:
    return {
        path.relative_to(folder).as_posix(): (path.stat().st_ino, path.stat().st_mtime_ns)
        for path in folder.rglob("*")
        if path.is_file() and ".tocsin" not in path.parts
    }


def test_nothing_is_made_or_written_twice(root: Path) -> None:
    _, first = build(root)
    assert len(first.anew) == SIZE
    before = stamps(root / "output")
    outcome, second = build(root)
    assert second.anew == ()
    assert stamps(root / "output") == before
    assert [line for line in outcome.told if "unchanged" in line] == [
        *(f"{tenant(n)}: unchanged" for n in range(SIZE)),
        "fleet: unchanged",
    ]


def test_one_tenants_edit_makes_that_one(root: Path) -> None:
    build(root)
    before = stamps(root / "output")
    write(root, 2, limit=9)
    outcome, made = build(root)
    assert made.anew == (tenant(2),)
    after = stamps(root / "output")
    changed = {path for path in after if after[path] != before.get(path)}
    assert all(path.startswith(f"{tenant(2)}/") for path in changed) and changed
    assert f"{tenant(2)}/prometheus/rules/web.yml" in changed
    assert f"{tenant(2)}/prometheus/scrape.yml" not in changed, "what is the same is linked"
    assert not outcome.reports["fleet"].touched, "no line of it is the tenant's threshold"


def test_an_edit_of_routing_reaches_the_fleet(root: Path) -> None:
    build(root)
    path = write(root, 2)
    path.write_text(path.read_text().replace("#tenant-002", "#elsewhere"))
    outcome, made = build(root)
    assert made.anew == (tenant(2),)
    assert outcome.reports["fleet"].changed == ("alertmanager.yml", "manifest.json")
    assert "#elsewhere" in (root / "output" / "fleet" / "alertmanager.yml").read_text()


def edited(path: Path) -> None:
    path.write_text(path.read_text().replace("max(", "min("))


def touched(path: Path) -> None:
    os.utime(path, (1, 1))


@pytest.mark.parametrize(("spoil", "anew"), [(edited, 1), (Path.unlink, 1), (touched, 0)])
def test_files_that_were_edited_or_lost_are_put_back(
    root: Path, spoil: Callable[[Path], None], anew: int
) -> None:
    build(root)
    whole = tree(root / "output")
    spoil(root / "output" / tenant(1) / "prometheus" / "rules" / "web.yml")
    _, made = build(root)
    assert tree(root / "output") == whole
    assert len(made.anew) == anew
    assert build(root)[1].anew == ()


def test_the_fleets_own_files_are_put_back(root: Path) -> None:
    build(root)
    whole = tree(root / "output")
    (root / "output" / "fleet" / "alertmanager.yml").write_text("route: {}\n")
    outcome, made = build(root)
    assert tree(root / "output") == whole and made.anew == ()
    assert outcome.reports["fleet"].changed == ("alertmanager.yml",)


@pytest.mark.parametrize("state", ["off", "damaged", "a folder"])
def test_without_a_cache_the_same_is_made(
    root: Path, own_cache: Path, monkeypatch: pytest.MonkeyPatch, state: str
) -> None:
    build(root)
    whole = tree(root / "output")
    place = cache.place("tenants")
    assert place is not None and place.is_file()
    if state == "off":
        monkeypatch.setenv("TOCSIN_CACHE", "off")
    elif state == "damaged":
        place.write_bytes(b"SQLite format 3\0 and then nothing of the kind")
    else:
        place.unlink()
        place.mkdir()
    _, made = build(root)
    assert len(made.anew) == SIZE
    assert tree(root / "output") == whole


def test_a_broken_tenant_holds_itself_and_the_fleet(root: Path) -> None:
    build(root)
    before = tree(root / "output")
    path = write(root, 1, limit=9)
    path.write_text(path.read_text().replace("max(seconds)", "max(seconds"))
    write(root, 2, limit=9)
    for _ in ("made", "known"):
        outcome, made = build(root)
        assert made.broken == (tenant(1),)
        assert errors(outcome) == ["promql-syntax"]
        assert f"{tenant(1)}: errors, left as it was" in outcome.told
        after = tree(root / "output")
        changed = {path.split("/")[0] for path in after if after[path] != before.get(path)}
        assert changed == {tenant(2)}
    outcome, made = build(root, tenant(0))
    assert [f.code for f in outcome.findings if f.level is Level.WARNING] == ["fleet-held"]


def test_of_tenants_that_nobody_asked_for_only_lines_are_made(root: Path) -> None:
    outcome, made = build(root, tenant(0))
    assert set(made.anew) == {tenant(n) for n in range(SIZE)}
    assert [p.name for p in sorted((root / "output").iterdir()) if p.name != ".tocsin"] == [
        "fleet",
        tenant(0),
    ]
    doubts = [f.code for f in outcome.findings if f.level is Level.WARNING]
    assert doubts == ["tenant-unbuilt"] * (SIZE - 1)
    assert build(root, tenant(0))[1].anew == ()
    assert set(build(root)[1].anew) == {tenant(n) for n in range(1, SIZE)}


def test_many_alike_are_told_together(tmp_path: Path) -> None:
    root = fleet(tmp_path / "many", 30)
    answer = tocsin("build", "--verify=off", cwd=root)
    assert answer.stdout.splitlines()[1:] == [
        "31 folders: 703 added",
        "30 tenants: all 30 alerts have unit tests",
    ], answer.stdout
    write(root, 3, limit=8)
    lines = tocsin("build", "--verify=off", cwd=root).stdout.splitlines()
    assert lines[1:3] == [f"{tenant(3)}: 6 changed", "30 folders: unchanged"]


def test_unit_tests_may_stay_out_of_output(tmp_path: Path) -> None:
    root = fleet(tmp_path / "lean", 2, "output: {unit_tests: false}\n")
    answer = tocsin("build", "--verify=off", cwd=root)
    assert answer.returncode == 0 and "unit tests" not in answer.stdout
    assert not list((root / "output").glob("*/prometheus/tests"))
    (fewer,) = (root / "output").glob(f"{tenant(0)}/prometheus/rules/*.yml")
    assert fewer.is_file()


@pytest.mark.tools
def test_unit_tests_that_are_not_written_are_run_all_the_same(tmp_path: Path) -> None:
    root = fleet(tmp_path / "lean", 2, "output: {unit_tests: false}\n")
    (root / ".tools").symlink_to(Path(__file__).parents[2] / ".tools")
    ran = tocsin("test", cwd=root)
    assert ran.returncode == 0, ran.stderr
    assert f"{tenant(1)}: 1 of 1 alerts have unit tests" in ran.stdout
    checked = tocsin("check", "--min-tested", "100%", cwd=root)
    assert checked.returncode == 0, checked.stderr
    assert f"{tenant(1)}: 1 of 1 alerts have unit tests" in checked.stdout
    assert not (root / "output").exists()


# --------------------------------------------------------------------------- verdicts


TOOL = """\
#!/bin/sh
case "$*" in *--version*) echo "{name}, version {version}"; exit 0 ;; esac
echo "$PWD: $*" >> {log}
{then}
exit 0
"""


def tools(folder: Path, monkeypatch: pytest.MonkeyPatch, then: str = "") -> Path:
    """Tools that note what they are asked; what they answer is not what is tested here."""
    folder.mkdir(exist_ok=True)
    for name, version in (("promtool", "2.53.0"), ("amtool", "0.28.0")):
        path = folder / name
        log = folder / "log"
        path.write_text(TOOL.format(name=name, version=version, log=log, then=then))
        path.chmod(path.stat().st_mode | stat.S_IXUSR)
    monkeypatch.setenv("TOCSIN_TOOLS", str(folder))
    return folder / "log"


def test_what_has_passed_is_not_judged_again(
    root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    log = tools(tmp_path / "tools", monkeypatch)
    outcome, _ = build(root, verify="required")
    assert "verified with promtool 2.53 and amtool 0.28" in outcome.told
    assert log.read_text().count("check rules") == 1, "a chunk at once"
    log.unlink()
    outcome, _ = build(root, verify="required")
    assert "verified with promtool 2.53 and amtool 0.28" in outcome.told
    assert not log.exists()
    write(root, 1, limit=9)
    build(root, verify="required")
    asked = log.read_text()
    assert tenant(1) in asked and tenant(0) not in asked, "what did not change is not judged"


def test_a_verdict_holds_everything_back_and_names_the_tenant(
    root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    then = f'case "$*" in *rules*{tenant(3)}*) echo "{tenant(3)}: bad"; exit 1 ;; esac'
    tools(tmp_path / "tools", monkeypatch, then)
    for _ in ("first", "again"):
        outcome, _ = build(root, verify="required")
        assert errors(outcome) == ["promtool-rules"]
        assert outcome.told[-1] == "nothing was written"
        assert not (root / "output").exists()
    tools(tmp_path / "tools", monkeypatch)
    outcome, _ = build(root, verify="required")
    assert errors(outcome) == [] and set(outcome.reports) == {
        "fleet",
        *(tenant(n) for n in range(SIZE)),
    }


# --------------------------------------------------------------------------- the day


PLACE = Place("specs/tenants/acme.yaml", 3, 1)


def record(*findings: Finding, ignores: tuple[Ignore, ...] = ()) -> Record:
    starts, until = datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 12, 1, tzinfo=UTC)
    term = Term("primary", "UTC", starts, until, PLACE)
    return Record("acme", True, True, findings, ignores=ignores, terms=(term,))


@pytest.mark.parametrize(
    ("day", "codes"),
    [
        (None, ["doubt"]),
        (date(2026, 6, 1), ["doubt"]),
        (date(2026, 11, 20), ["doubt", "oncall-ends"]),
        (date(2026, 12, 2), ["doubt", "oncall-ended"]),
    ],
)
def test_a_record_speaks_of_the_day_it_is_read(day: date | None, codes: list[str]) -> None:
    assert [f.code for f in record(warning("doubt", "a doubt", PLACE)).told(day)] == codes


def test_an_ignore_ends_without_anything_being_made(tmp_path: Path) -> None:
    ignore = Ignore("doubt", "known", date(2026, 7, 1), 3, PLACE)
    one = record(warning("doubt", "a doubt", PLACE), ignores=(ignore,))
    assert one.told(date(2026, 6, 1)) == ()
    assert [f.code for f in one.told(date(2026, 7, 1))] == ["doubt", "ignore-expired"]


def test_records_that_nobody_uses_are_forgotten(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "tenants-x.sqlite"
    day = [20_000]
    monkeypatch.setattr("generator.records._now", lambda: day[0])
    for key in ("used", "unused"):
        found = Records(path)
        found.keep(key, record(), None, None)
        found.passed(key, "tools", ())
        found.close()
    day[0] += 20
    found = Records(path)
    assert set(found.known(["used"])) == {"used"}
    found.close()
    day[0] += 20
    found = Records(path)
    assert set(found.known(["used", "unused"])) == {"used"}
    assert found.verdict("unused", "tools") is None
    found.close()


def test_a_cache_that_fails_in_the_middle_is_told(
    root: Path, own_cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    build(root)
    before = tree(root / "output")
    write(root, 1, limit=9)
    with kept_records() as records:
        table = sqlite3.connect(records.path, isolation_level=None)
        table.execute("drop table verdicts")
        with pytest.raises(OutputError, match="no such table: verdicts; free some room"):
            Run(root, (), Manner("off"), records).build(root / "output")
        table.close()
    assert tree(root / "output") == before


def test_a_terminal_is_told_the_rate_and_what_is_left(tmp_path: Path) -> None:
    root = fleet(tmp_path / "seen", 12)
    ours, theirs = pty.openpty()
    told = b""
    with subprocess.Popen(
        [sys.executable, "-m", "generator", "build", "--verify=off"],
        cwd=root,
        env={**os.environ, "PYTHONPATH": str(ROOT), "TERM": "xterm", "COLUMNS": "100"},
        stdout=subprocess.DEVNULL,
        stderr=theirs,
    ) as process:
        os.close(theirs)
        with contextlib.suppress(OSError):  # the other end is closed
            while some := os.read(ours, 4096):
                told += some
    os.close(ours)
    assert process.returncode == 0
    assert b"compiling" in told and b"12/12" in told
    assert re.search(rb"[0-9.]+/s", told), told


def test_a_program_is_told_of_tenants_that_were_never_built(root: Path) -> None:
    built = Tenant.from_config(root / "specs" / "tenants" / f"{tenant(0)}.yaml").build()
    outcome = built.write(root / "output")
    doubts = [f.code for f in outcome.findings if f.level is Level.WARNING]
    assert doubts.count("tenant-unbuilt") == SIZE - 1
    assert set(outcome.reports) == {tenant(0), "fleet"}
    assert build(root, tenant(0))[0].reports[tenant(0)].touched is False, "the same bytes"
