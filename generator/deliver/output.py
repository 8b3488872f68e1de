"""The output tree: all or nothing per tenant, with a manifest, surviving a kill at any moment.

Only files that a manifest lists are ever removed or overwritten.
"""

from __future__ import annotations

import contextlib
import os
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path

from generator.deliver.manifest import (
    MANIFEST,
    OutputError,
    WriteReport,
    check_paths,
    compared,
    is_ours,
    listed,
    ours,
    same_bytes,
    with_manifest,
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
from generator.ir.artifacts import Artifact

__all__ = [
    "MANIFEST",
    "STAGING",
    "OutputError",
    "Step",
    "WriteReport",
    "built_names",
    "compare_tree",
    "locked",
    "owned_names",
    "put_tree",
    "read_tree",
    "recover",
    "remove_tree",
    "write_tree",
]


def write_tree(
    output: Path,
    name: str,
    artifacts: Sequence[Artifact],
    about: Mapping[str, str],
    step: Step = lambda _name: None,
) -> WriteReport:
    """Make `output/name` hold exactly these artifacts, their manifest, and files that are not ours.

    Nothing is touched when nothing changed. Raises OutputError; then the old tree still stands.
    """
    return put_tree(output, name, with_manifest(artifacts, about), step)


def put_tree(
    output: Path, name: str, whole: Sequence[Artifact], step: Step = lambda _name: None
) -> WriteReport:
    """`write_tree` with a tree that has its manifest already, as `read_tree` gives it."""
    check_paths(whole)
    try:
        with locked(output, name):
            recover_one(output, name)
            return _replace(output, name, whole, step)
    except OSError as problem:
        where = problem.filename or output / name
        raise OutputError(f"{where} cannot be written: {problem.strerror}") from problem


def read_tree(output: Path, name: str) -> tuple[Artifact, ...]:
    """What the manifest of `output/name` lists and the manifest itself, as the bytes are now.

    Files that are missing are left out; nothing when there is no manifest. Raises OutputError.
    """
    folder = output / name
    try:
        there = [p for p in (*listed(folder), MANIFEST) if (folder / p).is_file()]
        return tuple(Artifact(path, (folder / path).read_bytes()) for path in sorted(there))
    except OSError as problem:
        raise OutputError(f"{problem.filename} cannot be read: {problem.strerror}") from problem


def compare_tree(output: Path, name: str, whole: Sequence[Artifact]) -> WriteReport:
    """What `put_tree` would change. Raises OutputError for a file that is in the way."""
    return compared(output / name, whole, same_bytes)[0]


def remove_tree(output: Path, name: str) -> tuple[str, ...]:
    """Remove what the manifest of `output/name` lists; files that are not ours stay.

    Returns the removed paths. Raises OutputError.
    """
    try:
        with locked(output, name):
            recover_one(output, name)
            folder = output / name
            there = [p for p in (*listed(folder), MANIFEST) if (folder / p).is_file()]
            for path in there:
                (folder / path).unlink()
            _remove_empty(folder)
            return tuple(sorted(there))
    except OSError as problem:
        raise OutputError(f"{output / name} cannot be removed: {problem.strerror}") from problem


def built_names(output: Path) -> tuple[str, ...]:
    """Folders of `output` that hold a manifest of ours, sorted."""
    if not output.is_dir():
        return ()
    return tuple(sorted(p.parent.name for p in output.glob(f"*/{MANIFEST}")))


def owned_names(output: Path) -> tuple[str, ...]:
    """`built_names` without folders whose manifest another program wrote."""
    return tuple(name for name in built_names(output) if is_ours(output / name / MANIFEST))


def recover(output: Path) -> None:
    """Finish or undo what a killed run left in the middle, for every tenant."""
    staging = output / STAGING
    for left in sorted(staging.glob("*.old")) if staging.is_dir() else ():
        name = left.name.removesuffix(".old")
        with locked(output, name):
            recover_one(output, name)


def _replace(output: Path, name: str, whole: Sequence[Artifact], step: Step) -> WriteReport:
    target, stage = output / name, output / STAGING / f"{name}.new"
    refuse_link(target)
    report, kept = compared(target, whole, same_bytes)
    if not report.touched:
        return report
    step("stage")
    shutil.rmtree(stage, ignore_errors=True)
    fill(stage, target, whole, kept, step)
    keep_foreign(target, stage, ours(target) | kept)
    step("foreign kept")
    sync_tree(stage)
    step("synced")
    exchange(stage, target, output / STAGING / f"{name}.old", step)
    sync(output)
    step("exchanged")
    shutil.rmtree(stage, ignore_errors=True)
    shutil.rmtree(output / STAGING / f"{name}.old", ignore_errors=True)
    step("cleaned")
    return report


def _remove_empty(folder: Path) -> None:
    for path, _, _ in sorted(os.walk(folder), reverse=True):
        with contextlib.suppress(OSError):
            Path(path).rmdir()
