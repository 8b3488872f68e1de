"""A built output folder, read as its manifests list it."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path

from generator.deliver.output import MANIFEST, built_names


def trees(output: Path, keep: Callable[[str], bool]) -> Mapping[str, Mapping[str, bytes]]:
    """name -> path -> content of what the manifests list and is there; nothing unbuilt.

    Only files are read of which `keep` says so, by their paths below the output folder.
    """
    names = [name for name in built_names(output) if keep(f"{name}/{MANIFEST}")]
    return {name: _tree(output / name, keep) for name in names}


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


def _tree(folder: Path, keep: Callable[[str], bool]) -> Mapping[str, bytes]:
    listed = _listed((folder / MANIFEST).read_bytes())
    there = ((path, folder / path) for path in sorted(listed) if keep(f"{folder.name}/{path}"))
    regular = ((name, path) for name, path in there if path.is_file() and not path.is_symlink())
    return {name: path.read_bytes() for name, path in regular}


def _listed(manifest: bytes) -> frozenset[str]:
    try:
        files = json.loads(manifest)["files"]
    except (ValueError, KeyError, TypeError):
        return frozenset()
    inside = (p for p in files if not p.startswith("/") and ".." not in p.split("/"))
    return frozenset(inside) if isinstance(files, dict) else frozenset()
