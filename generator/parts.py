"""A fleet built in parts, each on its own machine: what a part says of its tenants, and reading it.

A part is an output folder with the tenants of one shard and a file of their records, a line each.
Which tenant is in which shard follows from its name alone.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from generator.deliver.manifest import OutputError
from generator.records import Records

_FILE = "_shard-{number}-of-{count}.json"
_NAMED = re.compile(r"_shard-([0-9]+)-of-([0-9]+)\.json")


class PartError(Exception):
    """Parts that do not make a whole; the message says why and what to do."""


@dataclass(frozen=True, slots=True)
class Shard:
    """One part of a fleet: number 1 to `count`."""

    number: int
    count: int

    def __contains__(self, tenant: str) -> bool:
        digest = hashlib.sha256(tenant.encode()).digest()
        return int.from_bytes(digest[:8], "big") % self.count == self.number - 1

    def __str__(self) -> str:
        return f"{self.number}/{self.count}"

    @property
    def file(self) -> str:
        """The name of the file of its records."""
        return _FILE.format(number=self.number, count=self.count)


def read_shard(text: str) -> Shard:
    """`2/8`. Raises ValueError."""
    match = re.fullmatch(r"([0-9]{1,5})/([0-9]{1,5})", text)
    if match is None or not 1 <= int(match[1]) <= int(match[2]):
        raise ValueError(f"{text!r} is no shard; write 2/8 for the second of eight")
    return Shard(int(match[1]), int(match[2]))


def write_part(
    output: Path, shard: Shard, recipe: str, keys: Mapping[str, str], records: Records
) -> None:
    """Write the records of a shard's tenants; `recipe`: the hash of what all are made of.

    Raises OutputError.
    """
    path = output / shard.file
    try:
        output.mkdir(parents=True, exist_ok=True)
        for old in output.glob("_shard-*-of-*.json"):
            old.unlink()
        with path.open("w", encoding="utf-8") as file:
            file.write(_line({"shard": str(shard), "recipe": recipe, "tenants": len(keys)}))
            for name, row in records.exported(keys):
                file.write(_line({"tenant": name, "key": keys[name], **row}))
    except OSError as problem:
        raise OutputError(f"{path} cannot be written: {problem.strerror}") from problem


def read_parts(
    folders: Sequence[Path], recipe: str, keys: Mapping[str, str], records: Records
) -> Mapping[str, Path]:
    """Take the records of all parts; the folder that holds each tenant's files.

    `keys` are the tenants that there should be, with what they are made of now. Raises PartError.
    """
    found = {folder: _part(folder) for folder in folders}
    _check_whole(found)
    places: dict[str, Path] = {}
    for folder, (shard, path) in sorted(found.items()):
        lines = _lines(path)
        head = next(lines, {})
        if head.get("recipe") != recipe:
            raise PartError(
                f"{path} was made by other code, or from another platform, packs or templates; "
                f"build it again: tocsin build --shard {shard}"
            )
        for line in lines:
            name, key = str(line.pop("tenant", "")), str(line.pop("key", ""))
            if keys.get(name) != key:
                raise PartError(
                    f"{path} is about another {name or 'tenant'} than the specs are now; "
                    f"build it again: tocsin build --shard {shard}"
                )
            records.take(key, line)
            places[name] = folder
        _check_complete(shard, path, head, places, keys)
    return places


def _check_whole(found: Mapping[Path, tuple[Shard, Path]]) -> None:
    """Raises PartError unless the shards are all of one whole, each once."""
    shards = [shard for shard, _ in found.values()]
    counts = sorted({shard.count for shard in shards})
    if len(counts) > 1:
        raise PartError(f"these are parts of different wholes: of {counts[0]} and of {counts[1]}")
    numbers = sorted(shard.number for shard in shards)
    twice = [n for n in sorted(set(numbers)) if numbers.count(n) > 1]
    if twice:
        raise PartError(f"shard {twice[0]}/{counts[0]} is there twice")
    missing = [str(n) for n in range(1, counts[0] + 1) if n not in numbers]
    if missing:
        raise PartError(f"shards are missing of {counts[0]}: {', '.join(missing)}")


def _check_complete(
    shard: Shard,
    path: Path,
    head: Mapping[str, Any],
    places: Mapping[str, Path],
    keys: Mapping[str, str],
) -> None:
    """Raises PartError unless a part has every tenant of its shard."""
    missing = [name for name in keys if name in shard and name not in places]
    if missing or len([n for n in places if n in shard]) != head.get("tenants"):
        lost = missing[0] if missing else "the end of the file"
        raise PartError(f"{path} lacks {lost}; build it again: tocsin build --shard {shard}")


def _part(folder: Path) -> tuple[Shard, Path]:
    """The shard in a folder. Raises PartError."""
    files = sorted(folder.glob("_shard-*-of-*.json")) if folder.is_dir() else []
    named = [(match, path) for path in files if (match := _NAMED.fullmatch(path.name))]
    if len(named) != 1:
        raise PartError(
            f"{folder} is no part of a fleet: it should hold one file _shard-1-of-8.json, as "
            "tocsin build --shard 1/8 writes it"
        )
    match, path = named[0]
    try:
        return read_shard(f"{match[1]}/{match[2]}"), path
    except ValueError as problem:
        raise PartError(f"{path}: {problem}") from None


def _lines(path: Path) -> Iterator[dict[str, Any]]:
    """Raises PartError."""
    try:
        with path.open(encoding="utf-8") as file:
            for line in file:
                document = json.loads(line)
                if not isinstance(document, dict):
                    raise ValueError("no mapping")
                yield document
    except OSError as problem:
        raise PartError(f"{path} cannot be read: {problem.strerror}") from None
    except ValueError:
        raise PartError(f"{path} is damaged; copy it again, or build it again") from None


def _line(document: Mapping[str, Any]) -> str:
    return json.dumps(document, ensure_ascii=False, sort_keys=True) + "\n"
