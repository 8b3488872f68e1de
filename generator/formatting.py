"""Files of specs in canonical layout: what `tocsin fmt` does.

A layout is only taken when the file means the same before and after.
"""

from __future__ import annotations

import difflib
import json
import os
import tempfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import yaml

from generator.deliver.output import OutputError
from generator.findings import Finding, Place, SpecError, error, in_order
from generator.spec.controls import ADDED_CONTROLS
from generator.spec.files import content, yaml_files
from generator.spec.layout import laid_out
from generator.spec.load import PLATFORM_FILE, TENANTS_FOLDER
from generator.spec.source import Node, read

_ROOTS = {"pack": "pack", "tenant": "tenant", "frameworks": "controls"}


@dataclass(frozen=True, slots=True)
class Formatted:
    """A file before and after; `file` is relative to the repository where it lies in it."""

    file: str
    before: str
    after: str

    @property
    def changed(self) -> bool:
        """Whether its layout is another one."""
        return self.before != self.after

    def diff(self) -> str:
        """A unified diff; empty when nothing changes."""
        lines = difflib.unified_diff(
            self.before.splitlines(keepends=True),
            self.after.splitlines(keepends=True),
            self.file,
            f"{self.file} (formatted)",
        )
        return "".join(line if line.endswith("\n") else f"{line}\n" for line in lines)


def spec_files(root: Path) -> tuple[str, ...]:
    """The files of a repository that authors write: platform, controls, packs, tenants."""
    single = [file for file in (PLATFORM_FILE, ADDED_CONTROLS) if (root / file).is_file()]
    folders = ("specs/packs", TENANTS_FOLDER)
    listed = [p.relative_to(root).as_posix() for f in folders for p in yaml_files(root / f)]
    return (*single, *listed)


def format_text(written: bytes, file: str) -> str:
    """A spec in canonical layout. Raises SpecError when it cannot be read."""
    node = read(file, written)
    try:
        after = laid_out(written.decode("utf-8-sig"), _kind(node))
        same = _meaning(read(file, after.encode())) == _meaning(node)
    except (yaml.YAMLError, SpecError):
        same = False
    if not same:
        message = "laying this file out would change what it means; it is left as it is"
        hint = "please report it, with the file"
        raise SpecError([error("fmt-refused", message, Place(file, 1, 1), hint)])
    return after


def format_files(
    root: Path, files: Iterable[str]
) -> tuple[Sequence[Formatted], tuple[Finding, ...]]:
    """Each file before and after, and why some could not be read. Nothing is written."""
    done: list[Formatted] = []
    findings: list[Finding] = []
    for file in files:
        try:
            written = content(root, file)
            after = format_text(written, file)
        except SpecError as problem:
            findings += problem.findings
            continue
        done.append(Formatted(file, written.decode("utf-8"), after))
    return done, in_order(findings)


def write_formatted(root: Path, one: Formatted) -> None:
    """Put the new layout in the file's place, whole. Raises OutputError."""
    path = (root / one.file).resolve()
    try:
        mode = path.stat().st_mode & 0o7777
        with tempfile.NamedTemporaryFile(dir=path.parent, prefix=".tocsin-", delete=False) as new:
            new.write(one.after.encode())
        Path(new.name).chmod(mode)
        os.replace(new.name, path)  # noqa: PTH105
    except OSError as problem:
        raise OutputError(f"{path} cannot be written: {problem.strerror}") from problem


def _kind(node: Node) -> str:
    return next((kind for key, kind in _ROOTS.items() if key in node.entries), "platform")


def _meaning(node: Node) -> str:
    """The values as text in which the order of keys does not count, and types do."""
    return json.dumps(node.data(), sort_keys=True)
