"""Drift of the folder that servers read: files edited, left over, or not deployed yet."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from pathlib import Path

from generator.deliver.drift.prometheus import drift
from generator.deliver.inspect import inspect
from generator.deliver.output import MANIFEST, owned_names, read_tree
from generator.findings import Finding, Level

_CODES = {
    "output-edited": "drift-changed",
    "output-missing": "drift-missing",
    "output-added": "drift-extra",
}


def folder_drift(folder: Path, output: Path, names: Collection[str]) -> Iterator[Finding]:
    """Where the deployed files are not output/'s; of the named tenants alone.

    A folder of ours is compared with output/ by its manifest, and with its own manifest for edits
    by hand. Raises OutputError.
    """
    built, there = set(owned_names(output)), set(owned_names(folder))
    wanted = set(names) if names else built | there
    for name in sorted(wanted & there - built):
        message = f"{folder / name} is deployed, and output/ has no {name} any more"
        yield drift("drift-extra", message, folder / name / MANIFEST)
    for name in sorted(wanted & built - there):
        message = f"{name} is built, and not deployed in {folder}"
        yield drift("drift-missing", message, output / name / MANIFEST)
    for name in sorted(wanted & built & there):
        for finding in inspect(folder, [name])[0]:
            where = Path(finding.place.file) if finding.place is not None else None
            if finding.level is Level.ERROR and finding.code in _CODES:
                yield drift(_CODES[finding.code], finding.message, where)
        if _manifest(folder, name) != _manifest(output, name):
            message = f"{folder / name} is another version than output/{name}"
            yield drift("drift-changed", message, folder / name / MANIFEST)


def _manifest(folder: Path, name: str) -> bytes:
    return next((a.content for a in read_tree(folder, name) if a.path == MANIFEST), b"")
