"""What is compiled again, what is told, what is left alone when an edit is broken."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest

from generator.api import build
from generator.building import Manner, Run
from generator.deliver.inspect import inspect
from generator.inputs import stamp, touched
from generator.records import Records, kept_records
from generator.watching import Event, Watch
from tests.watch.conftest import Seen

TODAY = date(2026, 11, 25)
PACK = """\
version: 1
pack: depth
title: Depth
description: How deep a queue is.
category: system
alerts:
  DepthHigh:
    threshold: {expr: max(queue_depth), above: 5}
    severity: warning
"""


def rules(root: Path, name: str) -> str:
    found = sorted((root / "output" / name / "prometheus" / "rules").glob("*.yml"))
    return "".join(path.read_text() for path in found)


def use_pack(root: Path, name: str) -> None:
    path = root / "specs" / "tenants" / f"{name}.yaml"
    text = path.read_text().replace(
        "{selector: {job: api}}", "{selector: {job: api}, packs: {depth: {}}}"
    )
    path.write_text(text)


def anew(repository: Path, records: Records) -> tuple[str, ...]:
    """The tenants that a build makes now."""
    manner = Manner("off")
    return Run(repository, (), manner, records).build(repository / "output")[1].anew


def test_only_what_an_edit_touches_is_compiled(repository: Path) -> None:
    packs = repository / "specs" / "packs"
    packs.mkdir()
    (packs / "depth.yaml").write_text(PACK)
    use_pack(repository, "acme")
    with kept_records() as records:
        assert anew(repository, records) == ("acme", "globex")
        assert anew(repository, records) == ()
        tenants = repository / "specs" / "tenants"
        (tenants / "globex.yaml").write_text((tenants / "globex.yaml").read_text() + "# more\n")
        assert anew(repository, records) == ("globex",)
        (packs / "depth.yaml").write_text(PACK.replace("above: 5", "above: 6"))
        assert anew(repository, records) == ("acme",), "only acme uses the pack"
        platform = repository / "specs" / "platform.yaml"
        platform.write_text(platform.read_text() + "labels: {tenant: customer}\n")
        assert anew(repository, records) == ("acme", "globex")


def test_a_pack_named_by_an_escape_is_still_seen(repository: Path) -> None:
    packs = repository / "specs" / "packs"
    packs.mkdir()
    (packs / "depth.yaml").write_text(PACK)
    path = repository / "specs" / "tenants" / "acme.yaml"
    text = path.read_text()
    path.write_text(text.replace("{job: api}}", '{job: api}, packs: {"d\\x65pth": {}}}'))
    with kept_records() as records:
        anew(repository, records)
        (packs / "depth.yaml").write_text(PACK.replace("above: 5", "above: 6"))
        assert anew(repository, records) == ("acme",)


def test_what_is_compiled_bit_by_bit_is_what_a_build_writes(repository: Path) -> None:
    watch = Watch(repository, repository / "output", lambda _event: None, verify_mode="off")
    assert watch.once()
    path = repository / "specs" / "tenants" / "acme.yaml"
    path.write_text(path.read_text().replace("above: 100", "above: 250"))
    assert watch.once()
    (repository / "specs" / "tenants" / "globex.yaml").unlink()
    assert watch.once()
    build(repository, (), repository / "whole", verify_mode="off")
    for folder in ("acme", "fleet"):
        ours, theirs = (
            {
                p.relative_to(base / folder): p.read_bytes()
                for p in (base / folder).rglob("*")
                if p.is_file()
            }
            for base in (repository / "output", repository / "whole")
        )
        assert ours == theirs
    assert not (repository / "output" / "globex").exists()


def test_an_edit_is_built_a_broken_one_is_told_and_left(
    repository: Path, watched: Callable[..., Seen]
) -> None:
    seen = watched(verify_mode="required")
    first = seen.until("built")
    assert "2 of 2 tenants compiled" in first.message
    assert seen.until("watching").message == "watching specs/ and packs; Ctrl-C ends it"
    since = seen.edit("acme", "above: 100", "above: 200")
    edited = seen.until("edited", since)
    assert edited.files == ("specs/tenants/acme.yaml",)
    assert "1 of 2 tenants compiled" in seen.until("built", since).message
    assert "> 200" in rules(repository, "acme")
    before = rules(repository, "acme")
    since = seen.edit("acme", "max(queue_depth)", "max(queue depth)")
    held = seen.until("held", since)
    assert held.message == "acme has errors; output/ stays until this is mended"
    assert [f.code for f in held.findings] == ["promql-syntax"]
    assert rules(repository, "acme") == before
    since = seen.edit("globex", "above: 100", "above: 300")
    assert "written: globex: " in seen.until("held", since).message
    assert "> 300" in rules(repository, "globex")
    since = seen.edit("acme", "max(queue depth)", "max(queue_depth)")
    seen.until("built", since)
    assert inspect(repository / "output", ())[0] == ()


def test_edits_during_a_build_are_built_afterwards(
    repository: Path, watched: Callable[..., Seen]
) -> None:
    seen = watched(verify_mode="off")
    seen.until("watching")
    done: list[str] = []

    def edit_once(event: Event) -> None:
        if event.kind == "compiling" and not done:
            done.append(event.message)
            seen.edit("acme", "above: 200", "above: 201")

    seen.on_event = edit_once
    since = seen.edit("acme", "above: 100", "above: 200")
    first = seen.until("built", since)
    then = seen.after(first)
    assert seen.until("edited", then).files == ("specs/tenants/acme.yaml",)
    seen.until("built", then)
    assert "> 201" in rules(repository, "acme")
    builds = [kind for kind in seen.kinds(since) if kind in ("compiling", "built")]
    assert builds == ["compiling", "built"] * (len(builds) // 2), "never two at once"


def test_files_come_and_go(repository: Path, watched: Callable[..., Seen]) -> None:
    seen = watched(verify_mode="off")
    seen.until("watching")
    tenants = repository / "specs" / "tenants"
    text = (tenants / "globex.yaml").read_text()
    since = len(seen.events)
    (tenants / "globex.yaml").rename(tenants / "initech.yaml")
    (tenants / "initech.yaml").write_text(text.replace("globex", "initech"))
    told = seen.until("built", since).message
    assert "initech: " in told
    assert "globex: " in told
    assert "removed" in told
    assert not (repository / "output" / "globex").exists()
    assert "initech" in (repository / "output" / "fleet" / "prometheus.yml").read_text()
    since = len(seen.events)
    (tenants / "initech.yaml").unlink()
    (tenants / "acme.yaml").unlink()
    assert [f.code for f in seen.until("held", since).findings] == ["no-tenants"]
    assert (repository / "output" / "acme").is_dir()


def test_a_refused_write_is_told_and_made_up_for(
    repository: Path, watched: Callable[..., Seen]
) -> None:
    seen = watched(verify_mode="off")
    seen.until("watching")
    acme = repository / "output" / "acme"
    acme.rename(repository / "elsewhere")
    acme.symlink_to(repository / "elsewhere")
    since = seen.edit("acme", "above: 100", "above: 200")
    assert "symbolic link" in seen.until("failed", since).message
    acme.unlink()
    (repository / "elsewhere").rename(acme)
    since = seen.edit("globex", "above: 100", "above: 300")
    seen.until("built", since)
    assert "> 200" in rules(repository, "acme")


def test_one_tenant_is_watched(repository: Path) -> None:
    told: list[Event] = []
    watch = Watch(repository, repository / "output", told.append, ("acme",), "off")
    assert watch.once()
    assert "tenant-unbuilt" in [f.code for f in told[-1].findings]
    assert not (repository / "output" / "globex").exists()
    path = repository / "specs" / "tenants" / "globex.yaml"
    path.write_text(path.read_text().replace("max(", "max(("))
    assert watch.once(), "somebody else's fault is a warning"
    assert "fleet-held" in [f.code for f in told[-1].findings]


def test_new_findings_are_told_once(repository: Path) -> None:
    told: list[Event] = []
    watch = Watch(repository, repository / "output", told.append, ("acme",), "off")
    watch.once()
    path = repository / "specs" / "tenants" / "acme.yaml"
    path.write_text(path.read_text() + "# nothing new\n")
    watch.once()
    path.write_text(path.read_text().replace("max(", "max by (tenant) (up) + max("))
    watch.once()
    first, again, more = (set(e.findings) for e in told if e.kind == "built")
    assert "tenant-unbuilt" in {f.code for f in first}
    assert again == set()
    assert more and not more & first, "of an edit only what it brings"


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (lambda p: p.write_text("longer than before"), True),
        (lambda p: p.unlink(), True),
        (lambda p: p.with_name("new.yaml").write_text("x"), True),
        (lambda p: p.with_name(".acme.yaml.swp").write_text("x"), False),
        (lambda p: p.with_name("notes.txt").write_text("x"), False),
    ],
)
def test_what_counts_as_an_edit(
    repository: Path, change: Callable[[Path], object], expected: bool
) -> None:
    before = stamp(repository)
    change(repository / "specs" / "tenants" / "acme.yaml")
    assert bool(touched(before, stamp(repository))) is expected
