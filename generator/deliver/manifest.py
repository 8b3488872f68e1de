"""What a folder of output/ holds, what its manifest says of it, and how a new tree differs."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from generator.ir.artifacts import Artifact, Streamed

MANIFEST = "manifest.json"
File = Artifact | Streamed


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


def manifest(digests: Mapping[str, str], about: Mapping[str, str]) -> Artifact:
    """The manifest of a tree: `about` (spec hash, version) and every file with its SHA-256."""
    document = {**about, "files": dict(digests)}
    text = json.dumps(document, indent=2, sort_keys=True, ensure_ascii=False) + "\n"
    return Artifact(MANIFEST, text.encode())


def with_manifest(artifacts: Sequence[Artifact], about: Mapping[str, str]) -> tuple[Artifact, ...]:
    """A tree in memory with its manifest."""
    digests = {a.path: hashlib.sha256(a.content).hexdigest() for a in artifacts}
    return (*artifacts, manifest(digests, about))


def listed(folder: Path) -> Mapping[str, str]:
    """The files that a folder's manifest lists, with their hashes; none without a readable one."""
    try:
        document = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
        files = document["files"]
    except (OSError, ValueError, KeyError, TypeError):
        return {}
    return {p: str(h) for p, h in files.items() if _safe(p)} if isinstance(files, dict) else {}


def ours(folder: Path) -> frozenset[str]:
    """The paths that may be overwritten and removed: what the manifest lists, and itself."""
    found = listed(folder)
    return frozenset((*found, MANIFEST)) if found else frozenset()


def is_ours(path: Path) -> bool:
    """Whether a manifest was written by us."""
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return False
    return isinstance(document, dict) and str(document.get("generator")).startswith("tocsin ")


def existing(folder: Path) -> Mapping[str, os.DirEntry[str]]:
    """Every file below a folder by its relative path; links are files of their own."""
    if not folder.is_dir():
        return {}
    return dict(_walked(str(folder), ""))


def _walked(folder: str, before: str) -> Iterator[tuple[str, os.DirEntry[str]]]:
    with os.scandir(folder) as entries:
        for entry in entries:
            if entry.is_dir(follow_symlinks=False):
                yield from _walked(entry.path, f"{before}{entry.name}/")
            else:
                yield before + entry.name, entry


def stamp(folder: Path) -> str:
    """A hash of how every file lies on the disk: another one once any was written or replaced."""
    found, base, stack = [], len(str(folder)), [str(folder)]
    while stack:
        try:
            entries = os.scandir(stack.pop())
        except FileNotFoundError:
            continue
        with entries:
            for entry in entries:
                if entry.is_dir(follow_symlinks=False):
                    stack.append(entry.path)
                    continue
                about = entry.stat(follow_symlinks=False)
                times = about.st_mtime_ns, about.st_ctime_ns
                found.append((entry.path[base:], *times, about.st_size, about.st_ino))
    return hashlib.sha256(repr(sorted(found)).encode("utf-8", "surrogateescape")).hexdigest()


def is_whole(folder: Path, digest: str) -> bool:
    """Whether a folder has the manifest with this SHA-256, and every file as that says."""
    try:
        if hashlib.sha256((folder / MANIFEST).read_bytes()).hexdigest() != digest:
            return False
        return all(_hash(folder / path) == known for path, known in listed(folder).items())
    except OSError:
        return False


def _hash(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def compared(
    target: Path, whole: Sequence[File], same: Callable[[File, Path], bool]
) -> tuple[WriteReport, frozenset[str]]:
    """What would change if `target` held `whole`, and the files that are the same already.

    `same` compares a file with one on disk. Raises OutputError for a file that is in the way.
    """
    before, may = existing(target), ours(target)
    added, changed, kept = [], [], set[str]()
    for file in whole:
        found = before.get(file.path)
        if found is None:
            added.append(file.path)
        elif same(file, target / file.path):
            kept.add(file.path)
        elif file.path in may:
            changed.append(file.path)
        else:
            raise in_the_way(target / file.path)
    paths = {file.path for file in whole}
    removed = sorted(p for p in may if p in before and p not in paths)
    report = WriteReport(tuple(sorted(added)), tuple(sorted(changed)), tuple(removed), len(kept))
    return report, frozenset(kept)


def in_the_way(path: Path) -> OutputError:
    """The error for a file that is not ours where one of ours should be."""
    return OutputError(
        f"{path} is in the way: no manifest says that it is generated; move it elsewhere"
    )


def same_bytes(file: File, path: Path) -> bool:
    """Whether a file in memory is the one on disk."""
    return isinstance(file, Artifact) and path.read_bytes() == file.content


def check_paths(files: Sequence[File]) -> None:
    """Raises OutputError for paths that lead elsewhere, or are one where case does not matter."""
    seen: dict[str, str] = {}
    for file in files:
        folded = file.path.casefold()
        if not _safe(file.path):
            raise OutputError(f"{file.path!r} would lie outside its folder")
        if folded in seen:
            raise OutputError(
                f"{file.path!r} and {seen[folded]!r} are one file where case does not matter"
            )
        seen[folded] = file.path


def _safe(path: str) -> bool:
    pure = PurePosixPath(path)
    return not pure.is_absolute() and ".." not in pure.parts and path == pure.as_posix()
