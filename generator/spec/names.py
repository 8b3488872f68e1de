"""The names that a tenant's spec uses, read without checking it: for completion."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from generator.spec.files import content
from generator.spec.load import PLATFORM_FILE, SHARED_KEYS, TENANTS_FOLDER
from generator.spec.packs import pack_files
from generator.spec.source import Node, read


def section_names(root: Path, tenant: str, key: str) -> tuple[str, ...]:
    """The keys of a top-level map, the platform's among them where tenants may use these.

    Raises SpecError when a file cannot be read.
    """
    nodes = [_read(root, f"{TENANTS_FOLDER}/{tenant}.yaml")] if tenant else []
    if key in SHARED_KEYS:
        nodes.append(_read(root, PLATFORM_FILE))
    return tuple(dict.fromkeys(name for node in nodes for name in _keys(node.get(key))))


def alert_names(root: Path, tenant: str) -> tuple[str, ...]:
    """A tenant's own alerts, then those of the packs that it uses. Raises SpecError."""
    node = _read(root, f"{TENANTS_FOLDER}/{tenant}.yaml")
    services = node.get("services")
    used = {
        pack
        for _, _, service in (services.values() if services else ())
        for pack in _keys(service.get("packs"))
    }
    names = list(_keys(node.get("alerts")))
    for base, path in pack_files(root):
        if path.stem in used:
            pack = _read(base, path.relative_to(base).as_posix())
            names += (name for name in _keys(pack.get("alerts")) if "[[" not in name)
    return tuple(dict.fromkeys(names))


def _keys(node: Node | None) -> Iterable[str]:
    return node.entries if node is not None else ()


def _read(root: Path, file: str) -> Node:
    return read(file, content(root, file))
