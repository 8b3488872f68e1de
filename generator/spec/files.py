"""Files of a repository, read only where they belong: regular, inside it, of a bearable size.

A spec comes from people who do not trust each other, so that a name or a link must not lead
to what lies outside. What is in the files is read in `source`.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable
from pathlib import Path

from generator.findings import Place, SpecError, error
from generator.spec.source import MAX_BYTES, too_large
from generator.spec.validate import did_you_mean

RESERVED = frozenset({"con", "prn", "aux", "nul"}) | {
    f"{port}{number}" for port in ("com", "lpt") for number in range(1, 10)
}
"""Names that are devices on Windows, with any ending: no file there can have them."""


def content(root: Path, file: str) -> bytes:
    """The bytes of `root/file`. Raises SpecError with what is wrong and what there is instead."""
    start, path = Place(file, 1, 1), root / file
    try:
        if not path.resolve(strict=True).is_relative_to(root.resolve()):
            message = f"{file} leads out of the repository"
            hint = "put the file itself there, not a link or a path that leaves it"
            raise SpecError([error("outside-repository", message, start, hint)])
        return _regular(path, file)
    except FileNotFoundError:
        names = sorted(found.stem for found in yaml_files(path.parent))
        listed = f"there are: {', '.join(names)}" if names else "there is none in that folder"
        hint = did_you_mean(path.stem, names) or listed
        message = f"there is no file {file}"
        raise SpecError([error("file-missing", message, start, hint)]) from None
    except (OSError, RuntimeError, ValueError) as problem:
        told = getattr(problem, "strerror", None) or "the path leads in a circle"
        message = f"{file} cannot be read: {told}"
        raise SpecError([error("file-unreadable", message, start)]) from None


def _regular(path: Path, file: str) -> bytes:
    """Opened without waiting: a pipe would never end, a device never stop."""
    descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0))
    with os.fdopen(descriptor, "rb") as opened:
        about = os.fstat(opened.fileno())
        if not stat.S_ISREG(about.st_mode):
            message = f"{file} is not a regular file"
            raise SpecError([error("file-unreadable", message, Place(file, 1, 1))])
        if about.st_size > MAX_BYTES:
            raise SpecError([too_large(file, about.st_size)])
        return opened.read(MAX_BYTES + 1)


def yaml_files(folder: Path) -> tuple[Path, ...]:
    """The *.yaml of a folder, sorted; what an editor leaves beside them is not among them."""
    if not folder.is_dir():
        return ()
    return tuple(sorted(p for p in folder.glob("*.yaml") if not p.name.startswith(".")))


def reserved_name(name: str) -> bool:
    """Whether no file of Windows can have this name, so that no checkout there could hold it."""
    return name.split(".")[0].casefold() in RESERVED or name.endswith((".", " "))


def same_file(names: Iterable[str]) -> tuple[tuple[str, str], ...]:
    """Pairs of names that are one file where case does not matter: (first, the later one)."""
    seen: dict[str, str] = {}
    pairs = []
    for name in names:
        first = seen.setdefault(name.casefold(), name)
        if first != name:
            pairs.append((first, name))
    return tuple(pairs)
