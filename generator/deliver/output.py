"""The output tree: all or nothing per tenant, with a manifest, surviving a kill at any moment.

A whole new tree is staged beside the old one and the two are exchanged in one system call; where
that call does not exist, two renames do it and the next run repairs what a kill left between them.
Only files that a manifest lists are ever removed or overwritten.
"""

from __future__ import annotations

import contextlib
import ctypes
import errno
import fcntl
import hashlib
import json
import os
import shutil
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from generator.ir.artifacts import Artifact

MANIFEST = "manifest.json"
STAGING = ".tocsin"
"""Folder inside the output folder for locks and staged trees; git ignores it by itself."""

Step = Callable[[str], None]
"""Called with a name before each change on disk: tests kill the process there."""


class OutputError(Exception):
    """The output folder cannot be written: no room, no permission, or a file that is not ours."""


@dataclass(frozen=True, slots=True)
class WriteReport:
    """What a build changed: paths relative to the tenant's folder, sorted."""

    added: tuple[str, ...]
    changed: tuple[str, ...]
    removed: tuple[str, ...]
    unchanged: int

    @property
    def touched(self) -> bool:
        """Whether anything was written."""
        return bool(self.added or self.changed or self.removed)


def manifest(artifacts: Sequence[Artifact], about: Mapping[str, str]) -> Artifact:
    """The manifest of a tree: `about` (spec hash, version) and every file with its SHA-256."""
    files = {a.path: hashlib.sha256(a.content).hexdigest() for a in artifacts}
    document = {**about, "files": files}
    text = json.dumps(document, indent=2, sort_keys=True, ensure_ascii=False) + "\n"
    return Artifact(MANIFEST, text.encode())


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
    return put_tree(output, name, (*artifacts, manifest(artifacts, about)), step)


def put_tree(
    output: Path, name: str, whole: Sequence[Artifact], step: Step = lambda _name: None
) -> WriteReport:
    """`write_tree` with a tree that has its manifest already, as `read_tree` gives it."""
    _check_paths(whole)
    try:
        with locked(output, name):
            _recover(output, name)
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
        listed = [p for p in (*_listed(folder), MANIFEST) if (folder / p).is_file()]
        return tuple(Artifact(path, (folder / path).read_bytes()) for path in sorted(listed))
    except OSError as problem:
        raise OutputError(f"{problem.filename} cannot be read: {problem.strerror}") from problem


def compare_tree(output: Path, name: str, whole: Sequence[Artifact]) -> WriteReport:
    """What `put_tree` would change. Raises OutputError for a file that is in the way."""
    folder = output / name
    listed = set(_listed(folder))
    return _compared(folder, _existing(folder), listed | ({MANIFEST} if listed else set()), whole)


def remove_tree(output: Path, name: str) -> tuple[str, ...]:
    """Remove what the manifest of `output/name` lists; files that are not ours stay.

    Returns the removed paths. Raises OutputError.
    """
    try:
        with locked(output, name):
            _recover(output, name)
            folder = output / name
            listed = [p for p in (*_listed(folder), MANIFEST) if (folder / p).is_file()]
            for path in listed:
                (folder / path).unlink()
            _remove_empty(folder)
            return tuple(sorted(listed))
    except OSError as problem:
        raise OutputError(f"{output / name} cannot be removed: {problem.strerror}") from problem


def built_names(output: Path) -> tuple[str, ...]:
    """Folders of `output` that hold a manifest of ours, sorted."""
    if not output.is_dir():
        return ()
    return tuple(sorted(p.parent.name for p in output.glob(f"*/{MANIFEST}")))


def owned_names(output: Path) -> tuple[str, ...]:
    """`built_names` without folders whose manifest another program wrote."""
    return tuple(name for name in built_names(output) if _is_ours(output / name / MANIFEST))


def recover(output: Path) -> None:
    """Finish or undo what a killed run left in the middle, for every tenant."""
    staging = output / STAGING
    for left in sorted(staging.glob("*.old")) if staging.is_dir() else ():
        name = left.name.removesuffix(".old")
        with locked(output, name):
            _recover(output, name)


# --------------------------------------------------------------------------- one tree


def _replace(output: Path, name: str, whole: Sequence[Artifact], step: Step) -> WriteReport:
    target, stage = output / name, output / STAGING / f"{name}.new"
    if target.is_symlink():
        raise OutputError(f"{target} is a symbolic link; output is only written to real folders")
    before = _existing(target)
    ours = set(_listed(target)) | ({MANIFEST} if _listed(target) else set())
    report = _compared(target, before, ours, whole)
    if not report.touched:
        return report
    step("stage")
    shutil.rmtree(stage, ignore_errors=True)
    stage.mkdir(parents=True)
    for artifact in whole:
        _write(stage / artifact.path, artifact.content)
        step(f"staged {artifact.path}")
    _keep_foreign(target, stage, set(before) - ours)
    step("foreign kept")
    _sync_folders(stage)
    step("synced")
    _exchange(stage, target, output / STAGING / f"{name}.old", step)
    _sync(output)
    step("exchanged")
    shutil.rmtree(stage, ignore_errors=True)
    shutil.rmtree(output / STAGING / f"{name}.old", ignore_errors=True)
    step("cleaned")
    return report


def _compared(
    target: Path, before: Mapping[str, Path], ours: set[str], whole: Sequence[Artifact]
) -> WriteReport:
    added, changed, same = [], [], 0
    for artifact in whole:
        path = before.get(artifact.path)
        if path is None:
            added.append(artifact.path)
        elif path.read_bytes() == artifact.content:
            same += 1
        elif artifact.path in ours:
            changed.append(artifact.path)
        else:
            raise OutputError(
                f"{target / artifact.path} is in the way: no manifest says that it is generated; "
                "move it elsewhere"
            )
    kept = {a.path for a in whole}
    removed = sorted(p for p in ours if p in before and p not in kept)
    return WriteReport(tuple(sorted(added)), tuple(sorted(changed)), tuple(removed), same)


def _existing(folder: Path) -> dict[str, Path]:
    """Every file below a folder by its relative path; links are files of their own."""
    if not folder.is_dir():
        return {}
    found = {}
    for path in folder.rglob("*"):
        if path.is_symlink() or path.is_file():
            found[path.relative_to(folder).as_posix()] = path
    return found


def _listed(folder: Path) -> tuple[str, ...]:
    """The files that a folder's manifest lists; none when there is no readable manifest."""
    try:
        document = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
        files = document["files"]
    except (OSError, ValueError, KeyError, TypeError):
        return ()
    return tuple(p for p in files if _safe(p)) if isinstance(files, dict) else ()


def _is_ours(path: Path) -> bool:
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return False
    return isinstance(document, dict) and str(document.get("generator")).startswith("tocsin ")


def _safe(path: str) -> bool:
    pure = PurePosixPath(path)
    return not pure.is_absolute() and ".." not in pure.parts and path == pure.as_posix()


def _check_paths(artifacts: Sequence[Artifact]) -> None:
    seen: dict[str, str] = {}
    for artifact in artifacts:
        folded = artifact.path.casefold()
        if not _safe(artifact.path):
            raise OutputError(f"{artifact.path!r} would lie outside its folder")
        if folded in seen:
            raise OutputError(
                f"{artifact.path!r} and {seen[folded]!r} are one file where case does not matter"
            )
        seen[folded] = artifact.path


def _write(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def _keep_foreign(target: Path, stage: Path, foreign: set[str]) -> None:
    """Files that are not ours go with the new tree, as the same files."""
    for name in sorted(foreign):
        source, copy = target / name, stage / name
        copy.parent.mkdir(parents=True, exist_ok=True)
        if source.is_symlink():
            copy.symlink_to(source.readlink())
            continue
        try:
            os.link(source, copy)
        except OSError:
            shutil.copy2(source, copy)


def _sync_folders(folder: Path) -> None:
    for path, _, _ in os.walk(folder):
        _sync(Path(path))


def _sync(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _remove_empty(folder: Path) -> None:
    for path, _, _ in sorted(os.walk(folder), reverse=True):
        with contextlib.suppress(OSError):
            Path(path).rmdir()


# --------------------------------------------------------------------------- exchange


def _exchange(stage: Path, target: Path, old: Path, step: Step) -> None:
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
    at_cwd, exchange = -100, 2
    if libc.renameat2(at_cwd, os.fsencode(one), at_cwd, os.fsencode(other), exchange) == 0:
        return True
    code = ctypes.get_errno()
    if code in (errno.ENOSYS, errno.EINVAL, errno.EPERM):
        return False
    raise OSError(code, os.strerror(code), str(other))


def _recover(output: Path, name: str) -> None:
    """After a kill between two renames the old tree waits aside: put it back."""
    target, old = output / name, output / STAGING / f"{name}.old"
    if old.is_dir() and not target.exists():
        old.rename(target)
    shutil.rmtree(output / STAGING / f"{name}.new", ignore_errors=True)
    if target.exists():
        shutil.rmtree(old, ignore_errors=True)


@contextlib.contextmanager
def locked(output: Path, name: str) -> Iterator[None]:
    """One writer a tenant, or whatever else `name` stands for; another waits and says so."""
    staging = output / STAGING
    staging.mkdir(parents=True, exist_ok=True)
    ignore = staging / ".gitignore"
    if not ignore.exists():
        ignore.write_text("*\n")
    with (staging / f"{name}.lock").open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            sys.stderr.write(f"tocsin: another run is writing {output / name}; waiting\n")
            fcntl.flock(file, fcntl.LOCK_EX)
        yield
