"""Where a key belongs that stands in the wrong mapping: further out, or one mapping further in."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from generator.spec.source import Path

MOST = 3
"""Places further in that are named; of more, none is likelier than another."""

Schema = Mapping[str, Any]


def belongs(key: str, path: Path, root: Schema) -> str | None:
    """A hint for a key that the mapping at `path` cannot have: the mapping of `root` that can.

    The nearest mapping around it comes first; of the file itself only its sections count, since
    a `description` far inside is not the file's. None where no schema on the way knows the key.
    """
    way = list(_along(path, root))
    for depth in range(len(way) - 2, -1, -1):
        described = way[depth].get("properties", {}).get(key)
        if described is not None and (depth or _is_section(described, root)):
            step = path[depth]
            beside = f" beside {step!r}" if isinstance(step, str) else ""
            where = f"in {told(path[:depth])}" if depth else "at the left margin"
            return f"it belongs further out, {where}{beside}"
    if len(way) <= len(path):
        return None
    inner = [
        name
        for name, described in way[-1].get("properties", {}).items()
        if key in _resolved(described, root).get("properties", {})
    ]
    if not 0 < len(inner) <= MOST:
        return None
    listed = ", ".join(inner[:-1]) + " or " + inner[-1] if len(inner) > 1 else inner[0]
    return f"it belongs further in, under {listed}"


def _is_section(described: Schema, root: Schema) -> bool:
    return _resolved(described, root).get("type") in ("object", "array")


def told(path: Path) -> str:
    """`alerts.QueueBacklog.for`, or `the file` for the root."""
    parts = ""
    for step in path:
        parts += f"[{step + 1}]" if isinstance(step, int) else f".{step}"
    return parts.lstrip(".") or "the file"


def _along(path: Path, root: Schema) -> Iterator[Schema]:
    """The schema of the root and of each step, as far as they are known."""
    at = _resolved(root, root)
    yield at
    for step in path:
        if isinstance(step, int):
            following = at.get("items")
        else:
            following = at.get("properties", {}).get(step, at.get("additionalProperties"))
        if not isinstance(following, Mapping):
            return
        at = _resolved(following, root)
        yield at


def _resolved(described: Schema, root: Schema) -> Schema:
    while "$ref" in described:
        at: Any = root
        for step in described["$ref"].removeprefix("#/").split("/"):
            at = at[step]
        described = at
    return described
