"""A built output folder, read as its manifests list it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

from generator.deliver.output import MANIFEST, built_names


def trees(output: Path) -> Mapping[str, Mapping[str, bytes]]:
    """name -> path -> content of what the manifests list and is there; nothing unbuilt."""
    return {name: _tree(output / name) for name in built_names(output)}


def split(files: Mapping[str, bytes]) -> Mapping[str, Mapping[str, bytes]]:
    """The same from all files of an output folder, by their path below it."""
    found: dict[str, dict[str, bytes]] = {}
    for path, content in files.items():
        name, _, rest = path.partition("/")
        found.setdefault(name, {})[rest] = content
    return {
        name: {path: content for path, content in tree.items() if path in _listed(tree[MANIFEST])}
        for name, tree in sorted(found.items())
        if MANIFEST in tree
    }


def _tree(folder: Path) -> Mapping[str, bytes]:
    listed = _listed((folder / MANIFEST).read_bytes())
    there = ((path, folder / path) for path in listed)
    return {name: path.read_bytes() for name, path in there if path.is_file()}


def _listed(manifest: bytes) -> frozenset[str]:
    try:
        files = json.loads(manifest)["files"]
    except (ValueError, KeyError, TypeError):
        return frozenset()
    inside = (p for p in files if not p.startswith("/") and ".." not in p.split("/"))
    return frozenset(inside) if isinstance(files, dict) else frozenset()
