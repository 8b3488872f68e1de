"""Whether output/ is what its manifests say: every edited, missing or added file."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from pathlib import Path, PurePosixPath

from generator.deliver.output import MANIFEST, STAGING, built_names
from generator.findings import Finding, Place, error


def inspect(output: Path, names: Sequence[str] = ()) -> tuple[tuple[Finding, ...], int]:
    """Findings about the named folders (none: all of output), and how many files were read.

    A folder that is asked for and holds no manifest is a finding; so is, when all are asked for,
    a folder or file that no manifest vouches for.
    """
    wanted = list(names) or list(built_names(output))
    findings: list[Finding] = []
    count = 0
    for name in wanted:
        found, files = _folder(output, name)
        findings += found
        count += files
    if not names:
        findings += _strangers(output, wanted)
    return tuple(findings), count


def _folder(output: Path, name: str) -> tuple[list[Finding], int]:
    folder = output / name
    where = folder / MANIFEST
    try:
        files = json.loads(where.read_text(encoding="utf-8"))["files"]
        listed = {str(path): str(digest) for path, digest in files.items()}
    except FileNotFoundError:
        hint = f"build it: tocsin build {name}"
        return [error("output-missing", f"{_shown(where)} is not there", None, hint)], 0
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        message = f"{_shown(where)} cannot be read as a manifest"
        return [error("output-edited", message, _place(where), "build it anew")], 0
    findings = []
    there = {path.relative_to(folder).as_posix(): path for path in _files(folder)}
    for path, digest in sorted(listed.items()):
        findings += _compared(folder, path, digest, there.pop(path, None))
    there.pop(MANIFEST, None)
    for path in sorted(there):
        message = f"{_shown(folder / path)} is in no manifest"
        hint = "remove it, or keep it outside output/: servers load what lies here"
        findings.append(error("output-added", message, _place(folder / path), hint))
    return findings, len(listed)


def _compared(folder: Path, path: str, digest: str, found: Path | None) -> list[Finding]:
    whole = folder / path
    pure = PurePosixPath(path)
    if pure.is_absolute() or ".." in pure.parts:
        message = f"the manifest of {_shown(folder)} names {path!r}, outside its folder"
        return [error("output-edited", message, _place(folder / MANIFEST), "build it anew")]
    if found is None:
        hint = "build it anew"
        return [error("output-missing", f"{_shown(whole)} is missing", None, hint)]
    if found.is_symlink():
        message = f"{_shown(whole)} is a symbolic link"
        return [error("output-edited", message, _place(whole), "build it anew")]
    if hashlib.sha256(found.read_bytes()).hexdigest() != digest:
        hint = "change the spec, not the output, and build it anew"
        return [error("output-edited", f"{_shown(whole)} was edited", _place(whole), hint)]
    return []


def _strangers(output: Path, known: Sequence[str]) -> list[Finding]:
    """Folders without a manifest: a server that globs output/*/ would load them all the same."""
    findings = []
    for path in sorted(output.iterdir()) if output.is_dir() else ():
        if path.is_dir() and path.name not in known and path.name != STAGING:
            message = f"{_shown(path)} has no manifest: it is not of Tocsin's making"
            findings.append(error("output-added", message, None, "move it elsewhere"))
    return findings


def _files(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_symlink() or path.is_file()]


def _place(path: Path) -> Place:
    return Place(_shown(path), 1, 1)


def _shown(path: Path) -> str:
    """A path as people and annotations of pull requests name it: from here, where it is below."""
    here = Path.cwd()
    return (path.relative_to(here) if path.is_relative_to(here) else path).as_posix()
