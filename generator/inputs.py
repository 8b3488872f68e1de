"""The files that a compilation is made of: which they are, and whether one has changed."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from pathlib import Path

from generator.render.alertmanager import TEMPLATES as MESSAGES
from generator.render.docs import TEMPLATES as DOCUMENTS
from generator.spec.controls import ADDED_CONTROLS, OWN_CONTROLS
from generator.spec.files import yaml_files
from generator.spec.load import PLATFORM_FILE, TENANTS_FOLDER
from generator.spec.packs import OWN_PACKS, SHIPPED, pack_files

Stamp = Mapping[Path, tuple[int, int, int]]
"""Of each file: time of writing in ns, size, inode (an editor that renames makes a new one)."""


def stamp(root: Path) -> Stamp:
    """How every input lies on the disk now; a file that vanishes meanwhile is not among them."""
    found = {}
    for path in _inputs(root):
        try:
            about = path.stat()
        except OSError:
            continue
        found[path] = (about.st_mtime_ns, about.st_size, about.st_ino)
    return found


def touched(before: Stamp, after: Stamp) -> tuple[Path, ...]:
    """Files that were added, written or deleted, sorted."""
    paths = before.keys() | after.keys()
    return tuple(sorted(p for p in paths if before.get(p) != after.get(p)))


def watched_folders(root: Path) -> tuple[Path, ...]:
    """Folders that hold the inputs, those that are there."""
    candidates = (root / "specs", root / "templates", MESSAGES, DOCUMENTS, SHIPPED / OWN_PACKS)
    there = [path for path in candidates if path.is_dir()]
    return tuple(p for p in there if not any(p != o and p.is_relative_to(o) for o in there))


def shared_digest(root: Path) -> str:
    """A hash of what every tenant is made of: the platform, controls, templates of texts."""
    files = (path for path in _inputs(root) if path.parent != root / TENANTS_FOLDER)
    packs = {path for _, path in pack_files(root)}
    return hashlib.sha256("".join(digest(p) for p in files if p not in packs).encode()).hexdigest()


def digest(path: Path) -> str:
    """A hash of a file's name and content; of the name alone when it cannot be read."""
    found = hashlib.sha256(f"{path.name}\0".encode("utf-8", "surrogateescape"))
    try:
        found.update(path.read_bytes())
    except OSError as problem:
        found.update(str(problem.errno).encode())
    return found.hexdigest()


def _inputs(root: Path) -> Iterator[Path]:
    yield root / PLATFORM_FILE
    yield from yaml_files(root / TENANTS_FOLDER)
    yield from (path for _, path in pack_files(root))
    for base, file in ((root, OWN_CONTROLS), (SHIPPED, OWN_CONTROLS), (root, ADDED_CONTROLS)):
        yield base / file
    for folder in (MESSAGES, DOCUMENTS):
        yield from sorted(p for p in folder.glob("*") if p.suffix in (".tmpl", ".j2"))
