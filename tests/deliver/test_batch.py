"""Many trees written at once: all staged before any takes its place, whatever kills the writer."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from generator.deliver.batch import batch
from generator.deliver.output import MANIFEST, OutputError, recover, write_tree
from generator.ir.artifacts import Artifact, Streamed
from tests.deliver.test_output import NEW, OLD, content, tree, without_manifest

NAMES = ("acme", "globex", "initech")

KILLED = """
import os, signal, sys
from pathlib import Path
from generator.deliver import staging
from generator.deliver.batch import batch
from tests.deliver.test_batch import NAMES
from tests.deliver.test_output import NEW

count = 0
def step(name):
    global count
    count += 1
    if count == int(sys.argv[2]):
        os.kill(os.getpid(), signal.SIGKILL)

if sys.argv[3] == "renames":
    staging._exchanged = lambda one, other: False
with batch(Path(sys.argv[1])) as made:
    for name in NAMES:
        made.stage(name, NEW, {})
    step("staged")
    made.commit(NAMES, step)
"""


@pytest.mark.parametrize("way", ["exchange", "renames"])
def test_a_kill_at_any_step_leaves_whole_trees(tmp_path: Path, way: str) -> None:
    outcomes = set()
    for moment in range(1, 30):
        output = tmp_path / f"at-{moment}"
        for name in NAMES[:2]:
            write_tree(output, name, OLD, {})
            (output / name / "NOTES.md").write_bytes(b"mine\n")
        ran = subprocess.run(
            [sys.executable, "-c", KILLED, str(output), str(moment), way],
            cwd=Path(__file__).parent.parent.parent,
            capture_output=True,
            text=True,
            check=False,
        )
        recover(output)
        for name in NAMES[:2]:
            found = without_manifest(output / name)
            assert found.pop("NOTES.md") == b"mine\n"
            assert found in (content(OLD), content(NEW)), f"half a tree after {moment}"
            listed = json.loads((output / name / MANIFEST).read_text())["files"]
            assert sorted(listed) == sorted(found)
            outcomes.add("old" if found == content(OLD) else "new")
        assert without_manifest(output / NAMES[2]) in ({}, content(NEW))
        with batch(output) as made:
            reports = [made.stage(name, NEW, {}) for name in NAMES]
            made.commit([n for n, r in zip(NAMES, reports, strict=True) if r.touched])
        for name in NAMES:
            assert without_manifest(output / name).items() >= content(NEW).items()
        assert not (output / ".tocsin" / "batch").exists()
        if ran.returncode == 0:
            break
        assert ran.returncode == -signal.SIGKILL, ran.stderr
    else:
        pytest.fail("no run got through")
    assert outcomes == {"old", "new"}


def test_nothing_is_changed_before_the_commit(tmp_path: Path) -> None:
    write_tree(tmp_path, "acme", OLD, {})
    before = tree(tmp_path / "acme")
    with batch(tmp_path) as made:
        assert made.stage("acme", NEW, {}).touched
        assert made.stage("globex", NEW, {}).touched
        assert tree(tmp_path / "acme") == before
        assert not (tmp_path / "globex").exists()
    assert tree(tmp_path / "acme") == before, "and what is not committed is thrown away"
    assert not (tmp_path / ".tocsin" / "batch").exists()


def test_a_folder_that_was_not_there_is_not_left(tmp_path: Path) -> None:
    output = tmp_path / "output"
    with batch(output) as made:
        made.stage("acme", NEW, {})
    assert not output.exists()


def test_what_is_the_same_is_linked_and_what_is_there_is_left(tmp_path: Path) -> None:
    write_tree(tmp_path, "acme", OLD, {})
    kept, changed = (tmp_path / "acme" / path for path in ("rules/a.yml", "rules/b.yml"))
    before = kept.stat(), changed.stat()
    with batch(tmp_path) as made:
        assert not made.stage("acme", OLD, {}).touched
        report = made.stage("acme", (OLD[0], Artifact("rules/b.yml", b"new b\n")), {})
        assert report.changed == (MANIFEST, "rules/b.yml")
        made.commit(["acme"])
    assert kept.stat().st_ino == before[0].st_ino
    assert kept.stat().st_mtime_ns == before[0].st_mtime_ns
    assert changed.stat().st_ino != before[1].st_ino


def test_a_foreign_file_that_comes_in_the_meantime_survives(tmp_path: Path) -> None:
    write_tree(tmp_path, "acme", OLD, {})
    with batch(tmp_path) as made:
        made.stage("acme", NEW, {})
        (tmp_path / "acme" / "NOTES.md").write_bytes(b"mine\n")
        made.commit(["acme"])
    assert without_manifest(tmp_path / "acme") == {**content(NEW), "NOTES.md": b"mine\n"}


def test_a_foreign_file_is_never_overwritten(tmp_path: Path) -> None:
    write_tree(tmp_path, "acme", OLD, {})
    with batch(tmp_path) as made:
        made.stage("acme", NEW, {})
        (tmp_path / "acme" / "docs").mkdir()
        (tmp_path / "acme" / "docs" / "c.md").write_bytes(b"mine\n")
        with pytest.raises(OutputError, match=r"docs/c\.md is in the way"):
            made.commit(["acme"])
    assert without_manifest(tmp_path / "acme") == {**content(OLD), "docs/c.md": b"mine\n"}


def streamed(parts: tuple[bytes, ...]) -> Streamed:
    def chunks() -> Iterator[bytes]:
        yield from parts

    return Streamed("large.yml", chunks)


def test_a_file_too_large_for_memory_is_written_by_its_chunks(tmp_path: Path) -> None:
    with batch(tmp_path) as made:
        assert made.stage("fleet", (streamed((b"a\n", b"b\n")), *OLD), {}).touched
        made.commit(["fleet"])
    whole = (Artifact("large.yml", b"a\nb\n"), *OLD)
    assert without_manifest(tmp_path / "fleet") == content(whole)
    write_tree(tmp_path / "other", "fleet", whole, {})
    assert tree(tmp_path / "fleet") == tree(tmp_path / "other" / "fleet"), "the same manifest"
    with batch(tmp_path) as made:
        assert not made.stage("fleet", (streamed((b"a\nb", b"\n")), *OLD), {}).touched
        report = made.stage("fleet", (streamed((b"a\n", b"c\n")), *OLD), {})
        assert report.changed == ("large.yml", MANIFEST)


def test_a_second_writer_waits(tmp_path: Path) -> None:
    code = (
        "from pathlib import Path; import sys\n"
        "from generator.deliver.batch import batch\n"
        "with batch(Path(sys.argv[1])): print('in', flush=True)\n"
    )
    with batch(tmp_path):
        other = subprocess.Popen(
            [sys.executable, "-c", code, str(tmp_path)],
            cwd=Path(__file__).parent.parent.parent,
            env=dict(os.environ),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        assert other.stderr is not None
        assert "another run is writing" in other.stderr.readline()
        assert other.poll() is None
    out, _ = other.communicate(timeout=30)
    assert (out, other.returncode) == ("in\n", 0)
