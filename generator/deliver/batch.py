"""Many trees written together: staged one by one, on the disk at once, then put in their places.

Until `commit` nothing in output/ changes. A kill while they are staged leaves output/ as it was;
one while they are put in place leaves some new and some old, each of them whole.
"""

from __future__ import annotations

import contextlib
import filecmp
import hashlib
import shutil
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from generator.deliver.manifest import (
    File,
    OutputError,
    WriteReport,
    check_paths,
    compared,
    manifest,
    ours,
    same_bytes,
)
from generator.deliver.staging import (
    STAGING,
    Step,
    exchange,
    fill,
    keep_foreign,
    locked,
    recover_one,
    refuse_link,
    sync,
    sync_tree,
)
from generator.ir.artifacts import Artifact, Streamed

BATCH = "batch"


@contextlib.contextmanager
def batch(output: Path) -> Iterator[Batch]:
    """A batch for an output folder, one at a time; what is not committed is thrown away.

    Raises OutputError when the disk refuses.
    """
    made, there = Batch(output), output.exists()
    try:
        with _told(output), locked(output, BATCH, output):
            shutil.rmtree(made.folder, ignore_errors=True)
            yield made
    finally:
        shutil.rmtree(made.folder, ignore_errors=True)
        if not there and not made.committed:
            shutil.rmtree(output / STAGING, ignore_errors=True)
            with contextlib.suppress(OSError):
                output.rmdir()


@dataclass(slots=True)
class Batch:
    """Trees of one output folder. Staging needs no more than the folder: processes may share it."""

    output: Path
    committed: bool = False

    @property
    def folder(self) -> Path:
        """Where trees are staged."""
        return self.output / STAGING / BATCH

    def stage(self, name: str, files: Sequence[File], about: Mapping[str, str]) -> WriteReport:
        """Stage a tree with its manifest; nothing is staged when it is there already.

        Raises OutputError.
        """
        check_paths(files)
        with _told(self.output / name):
            return self._stage(name, files, about)

    def _stage(self, name: str, files: Sequence[File], about: Mapping[str, str]) -> WriteReport:
        target, stage = self.output / name, self.folder / name
        refuse_link(target)
        shutil.rmtree(stage, ignore_errors=True)
        digests = {
            file.path: hashlib.sha256(file.content).hexdigest()
            if isinstance(file, Artifact)
            else _written(stage / file.path, file)
            for file in files
        }
        whole = (*files, manifest(digests, about))

        def same(file: File, path: Path) -> bool:
            if isinstance(file, Artifact):
                return same_bytes(file, path)
            return filecmp.cmp(stage / file.path, path, shallow=False)

        report, kept = compared(target, whole, same)
        if report.touched:
            rest = [file for file in whole if isinstance(file, Artifact)]
            fill(stage, target, rest, kept, lambda _name: None)
        else:
            shutil.rmtree(stage, ignore_errors=True)
        return report

    def commit(self, names: Sequence[str], step: Step = lambda _name: None) -> None:
        """Put the staged trees in their places. Raises OutputError."""
        if not names:
            return
        with _told(self.output):
            for name in names:
                target = self.output / name
                keep_foreign(target, self.folder / name, ours(target))
            step("foreign kept")
            sync_tree(self.folder)
            step("synced")
            for name in names:
                with locked(self.output, name):
                    recover_one(self.output, name)
                    old = self.output / STAGING / f"{name}.old"
                    exchange(self.folder / name, self.output / name, old, step)
                    shutil.rmtree(old, ignore_errors=True)
            sync(self.output)
            self.committed = True
            step("exchanged")


def _written(path: Path, file: Streamed) -> str:
    """Write a file by its chunks; its SHA-256."""
    path.parent.mkdir(parents=True, exist_ok=True)
    digest = hashlib.sha256()
    with path.open("wb") as out:
        for chunk in file.chunks():
            digest.update(chunk)
            out.write(chunk)
    return digest.hexdigest()


@contextlib.contextmanager
def _told(where: Path) -> Iterator[None]:
    """What the disk refuses, as our error."""
    try:
        yield
    except OSError as problem:
        place = problem.filename or where
        raise OutputError(f"{place} cannot be written: {problem.strerror}") from problem
