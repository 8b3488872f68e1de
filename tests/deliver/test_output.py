"""The writer of output/: nothing half, nothing foreign lost, nothing touched without need."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from generator.deliver.output import (
    MANIFEST,
    OutputError,
    recover,
    remove_tree,
    write_tree,
)
from generator.ir.artifacts import Artifact

OLD = (Artifact("rules/a.yml", b"old a\n"), Artifact("rules/b.yml", b"old b\n"))
NEW = (Artifact("rules/a.yml", b"new a\n"), Artifact("docs/c.md", b"new c\n"))


def tree(folder: Path) -> dict[str, bytes]:
    return {
        p.relative_to(folder).as_posix(): p.read_bytes() for p in folder.rglob("*") if p.is_file()
    }


def without_manifest(folder: Path) -> dict[str, bytes]:
    return {name: content for name, content in tree(folder).items() if name != MANIFEST}


def content(artifacts: Sequence[Artifact]) -> dict[str, bytes]:
    return {a.path: a.content for a in artifacts}


def test_writes_a_tree_and_its_manifest(tmp_path: Path) -> None:
    report = write_tree(tmp_path, "acme", OLD, {"spec_sha256": "x"})
    assert report.added == (MANIFEST, "rules/a.yml", "rules/b.yml")
    assert without_manifest(tmp_path / "acme") == content(OLD)
    document = json.loads((tmp_path / "acme" / MANIFEST).read_text())
    assert document["spec_sha256"] == "x"
    assert sorted(document["files"]) == ["rules/a.yml", "rules/b.yml"]
    assert document["files"]["rules/a.yml"].startswith("c8518d7e")


def test_an_unchanged_tree_is_not_touched(tmp_path: Path) -> None:
    write_tree(tmp_path, "acme", OLD, {})
    before = {p: p.stat().st_mtime_ns for p in (tmp_path / "acme").rglob("*")}
    report = write_tree(tmp_path, "acme", OLD, {})
    assert not report.touched
    assert {p: p.stat().st_mtime_ns for p in (tmp_path / "acme").rglob("*")} == before


def test_files_no_spec_makes_any_more_are_removed(tmp_path: Path) -> None:
    write_tree(tmp_path, "acme", OLD, {})
    report = write_tree(tmp_path, "acme", NEW, {})
    assert report.removed == ("rules/b.yml",)
    assert report.changed == (MANIFEST, "rules/a.yml")
    assert without_manifest(tmp_path / "acme") == content(NEW)


def test_foreign_files_survive_and_edited_ones_of_ours_do_not(tmp_path: Path) -> None:
    write_tree(tmp_path, "acme", OLD, {})
    (tmp_path / "acme" / "NOTES.md").write_bytes(b"mine\n")
    (tmp_path / "acme" / "rules" / "a.yml").write_bytes(b"edited by hand\n")
    write_tree(tmp_path, "acme", OLD, {})
    assert without_manifest(tmp_path / "acme") == {**content(OLD), "NOTES.md": b"mine\n"}


def test_a_foreign_file_is_never_overwritten(tmp_path: Path) -> None:
    (tmp_path / "acme" / "rules").mkdir(parents=True)
    (tmp_path / "acme" / "rules" / "a.yml").write_bytes(b"mine\n")
    with pytest.raises(OutputError, match=r"rules/a\.yml is in the way"):
        write_tree(tmp_path, "acme", OLD, {})
    assert tree(tmp_path / "acme") == {"rules/a.yml": b"mine\n"}


def test_removing_a_tenant_leaves_what_is_not_ours(tmp_path: Path) -> None:
    write_tree(tmp_path, "acme", OLD, {})
    (tmp_path / "acme" / "rules" / "mine.yml").write_bytes(b"mine\n")
    assert remove_tree(tmp_path, "acme") == (MANIFEST, "rules/a.yml", "rules/b.yml")
    assert tree(tmp_path / "acme") == {"rules/mine.yml": b"mine\n"}


def test_a_manifest_cannot_make_us_remove_files_elsewhere(tmp_path: Path) -> None:
    outside = tmp_path / "precious"
    outside.write_bytes(b"keep\n")
    write_tree(tmp_path, "acme", OLD, {})
    manifest = tmp_path / "acme" / MANIFEST
    manifest.write_text(json.dumps({"files": {"../precious": "0", str(outside): "0"}}))
    remove_tree(tmp_path, "acme")
    assert outside.read_bytes() == b"keep\n"


@pytest.mark.parametrize(
    ("paths", "said"),
    [
        (["../x"], "outside its folder"),
        (["/etc/passwd"], "outside its folder"),
        (["a/../../x"], "outside its folder"),
        (["Rules.yml", "rules.yml"], "one file where case does not matter"),
    ],
)
def test_paths_that_would_lead_astray_are_refused(
    tmp_path: Path, paths: list[str], said: str
) -> None:
    with pytest.raises(OutputError, match=said):
        write_tree(tmp_path, "acme", [Artifact(p, b"x") for p in paths], {})
    assert tree(tmp_path) == {}


def test_a_link_in_place_of_the_folder_is_refused(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "acme").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(OutputError, match="symbolic link"):
        write_tree(tmp_path, "acme", OLD, {})
    assert tree(tmp_path / "elsewhere") == {}


KILLED = """
import os, signal, sys
from pathlib import Path
from generator.deliver import staging
from generator.deliver.output import write_tree
from tests.deliver.test_output import NEW

count = 0
def step(name):
    global count
    count += 1
    if count == int(sys.argv[2]):
        os.kill(os.getpid(), signal.SIGKILL)

if sys.argv[3] == "renames":
    staging._exchanged = lambda one, other: False
write_tree(Path(sys.argv[1]), "acme", NEW, {}, step)
print("done", count)
"""


@pytest.mark.parametrize("way", ["exchange", "renames"])
def test_a_kill_at_any_step_leaves_a_whole_tree(tmp_path: Path, way: str) -> None:
    """SIGKILL at each step in turn until a run gets through; then old or new stands, entire."""
    outcomes = set()
    for moment in range(1, 40):
        output = tmp_path / f"at-{moment}"
        write_tree(output, "acme", OLD, {})
        (output / "acme" / "NOTES.md").write_bytes(b"mine\n")
        ran = subprocess.run(
            [sys.executable, "-c", KILLED, str(output), str(moment), way],
            cwd=Path(__file__).parent.parent.parent,
            capture_output=True,
            text=True,
            check=False,
        )
        recover(output)
        found = without_manifest(output / "acme")
        assert found.pop("NOTES.md") == b"mine\n"
        assert found in (content(OLD), content(NEW)), f"half a tree after a kill at {moment}"
        listed = json.loads((output / "acme" / MANIFEST).read_text())["files"]
        assert sorted(listed) == sorted(found)
        outcomes.add("old" if found == content(OLD) else "new")
        write_tree(output, "acme", NEW, {})
        assert without_manifest(output / "acme") == {**content(NEW), "NOTES.md": b"mine\n"}
        if ran.returncode == 0:
            break
        assert ran.returncode == -signal.SIGKILL, ran.stderr
    else:
        pytest.fail("no run got through")
    assert outcomes == {"old", "new"}


WRITER = """
import sys
from pathlib import Path
from generator.deliver.output import write_tree
from generator.ir.artifacts import Artifact
for turn in range(10):
    files = [Artifact(f"f{i}", f"{sys.argv[2]} {turn}".encode()) for i in range(20)]
    write_tree(Path(sys.argv[1]), "acme", files, {"writer": sys.argv[2]})
"""


def test_concurrent_builds_never_mix(tmp_path: Path) -> None:
    command = [sys.executable, "-c", WRITER, str(tmp_path)]
    root = Path(__file__).parent.parent.parent
    running = [
        subprocess.Popen([*command, str(n)], cwd=root, stderr=subprocess.DEVNULL) for n in range(3)
    ]
    assert [process.wait() for process in running] == [0, 0, 0]
    found = without_manifest(tmp_path / "acme")
    assert len(found) == 20
    assert len(set(found.values())) == 1
    manifest = json.loads((tmp_path / "acme" / MANIFEST).read_text())
    assert next(iter(found.values())).decode().split()[0] == manifest["writer"]


def test_a_disk_that_refuses_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_tree(tmp_path, "acme", OLD, {})

    def full(path: Path, content: bytes) -> int:
        raise OSError(28, "No space left on device", str(path))

    monkeypatch.setattr(Path, "write_bytes", full)
    with pytest.raises(OutputError, match="No space left on device"):
        write_tree(tmp_path, "acme", NEW, {})
    assert without_manifest(tmp_path / "acme") == content(OLD)
