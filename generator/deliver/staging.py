"""Trees staged beside the ones they replace, and the moment in which they take their place.

A whole new tree and the old one are exchanged in one system call; where that call does not exist,
two renames do it and the next run repairs what a kill left between them.
"""

from __future__ import annotations

import contextlib
import ctypes
import errno
import fcntl
import filecmp
import os
import shutil
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path

from generator.deliver.manifest import OutputError, existing, in_the_way
from generator.ir.artifacts import Artifact

STAGING = ".tocsin"
"""Folder inside the output folder for locks and staged trees; git ignores it by itself."""

Step = Callable[[str], None]
"""Called with a name before each change on disk: tests kill the process there."""


def fill(
    stage: Path, target: Path, whole: Sequence[Artifact], kept: frozenset[str], step: Step
) -> None:
    """Write a tree into a folder of its own; `kept` are the same files in `target`, and linked."""
    stage.mkdir(parents=True, exist_ok=True)
    folders: set[Path] = {stage}
    for artifact in whole:
        path = stage / artifact.path
        if path.parent not in folders:
            path.parent.mkdir(parents=True, exist_ok=True)
            folders.add(path.parent)
        if artifact.path not in kept or not _linked(target / artifact.path, path):
            path.write_bytes(artifact.content)
        step(f"staged {artifact.path}")


def _linked(source: Path, copy: Path) -> bool:
    """The same file under a second name; False where the file system has no such links."""
    if source.is_symlink():
        return False
    try:
        os.link(source, copy)
    except OSError:
        return False
    return True


def keep_foreign(target: Path, stage: Path, may: Iterable[str]) -> None:
    """Files that are not ours go with the new tree, as the same files; `may` be left behind.

    Raises OutputError when one is where the new tree has another.
    """
    for name in sorted(existing(target).keys() - frozenset(may)):
        source, copy = target / name, stage / name
        if os.path.lexists(copy):
            if copy.is_file() and source.is_file() and filecmp.cmp(copy, source, shallow=False):
                continue
            raise in_the_way(source)
        copy.parent.mkdir(parents=True, exist_ok=True)
        if source.is_symlink():
            copy.symlink_to(source.readlink())
        elif not _linked(source, copy):
            shutil.copy2(source, copy)


# --------------------------------------------------------------------------- to the disk


def sync_tree(folder: Path) -> None:
    """Every file and folder of a tree is on the disk when this returns."""
    if _synced_whole(folder):
        return
    for path, _, files in os.walk(folder):
        for name in files:
            if not (Path(path) / name).is_symlink():
                sync(Path(path) / name)
        sync(Path(path))


def sync(path: Path) -> None:
    """A file or folder is on the disk when this returns."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _synced_whole(folder: Path) -> bool:
    """syncfs(2): one call for a file system, however many files; False where there is none."""
    libc = ctypes.CDLL(None, use_errno=True)
    if not sys.platform.startswith("linux") or not hasattr(libc, "syncfs"):
        return False
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        if libc.syncfs(descriptor) == 0:
            return True
        code = ctypes.get_errno()
        if code == errno.ENOSYS:
            return False
        raise OSError(code, os.strerror(code), str(folder))
    finally:
        os.close(descriptor)


# --------------------------------------------------------------------------- exchange


def exchange(stage: Path, target: Path, old: Path, step: Step) -> None:
    """Put the staged tree in the target's place; one whole tree is always there to find."""
    if not target.exists():
        step("rename")
        stage.rename(target)
        return
    step("exchange")
    if _exchanged(stage, target):
        return
    shutil.rmtree(old, ignore_errors=True)
    target.rename(old)
    step("between")
    stage.rename(target)


def _exchanged(one: Path, other: Path) -> bool:
    """renameat2(RENAME_EXCHANGE); False where the system or file system has no such call."""
    if not sys.platform.startswith("linux"):
        return False
    libc = ctypes.CDLL(None, use_errno=True)
    if not hasattr(libc, "renameat2"):
        return False
    at_cwd, swap = -100, 2
    if libc.renameat2(at_cwd, os.fsencode(one), at_cwd, os.fsencode(other), swap) == 0:
        return True
    code = ctypes.get_errno()
    if code in (errno.ENOSYS, errno.EINVAL, errno.EPERM):
        return False
    raise OSError(code, os.strerror(code), str(other))


def refuse_link(target: Path) -> None:
    """Raises OutputError when the target is a symbolic link."""
    if target.is_symlink():
        raise OutputError(f"{target} is a symbolic link; output is only written to real folders")


def recover_one(output: Path, name: str) -> None:
    """After a kill between two renames the old tree waits aside: put it back."""
    target, old = output / name, output / STAGING / f"{name}.old"
    if old.is_dir() and not target.exists():
        old.rename(target)
    shutil.rmtree(output / STAGING / f"{name}.new", ignore_errors=True)
    if target.exists():
        shutil.rmtree(old, ignore_errors=True)


@contextlib.contextmanager
def locked(output: Path, name: str, what: Path | None = None) -> Iterator[None]:
    """One writer a tenant, or whatever else `name` stands for; another waits and says so.

    `what`: what it says is being written, in place of the folder of that name.
    """
    staging = output / STAGING
    staging.mkdir(parents=True, exist_ok=True)
    ignore = staging / ".gitignore"
    if not ignore.exists():
        ignore.write_text("*\n")
    with (staging / f"{name}.lock").open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            sys.stderr.write(f"tocsin: another run is writing {what or output / name}; waiting\n")
            fcntl.flock(file, fcntl.LOCK_EX)
        yield
