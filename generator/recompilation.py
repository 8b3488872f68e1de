"""Compile again only what an edit touches; the other tenants' results stay in memory.

A result is kept under a hash of all that it is made of, so that no edit can be missed and none
that changes nothing costs anything.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

from generator.compilation import (
    Compilation,
    Compiled,
    compile_one,
    names_of,
    progress_bar,
    with_fleet,
)
from generator.derivations import kept_derivations
from generator.findings import SpecError
from generator.inputs import digest, shared_digest
from generator.spec.load import PLATFORM_FILE, TENANTS_FOLDER, PlatformSpec, load_platform
from generator.spec.packs import pack_files
from generator.spec.source import Node, read


@dataclass(slots=True)
class Recompiler:
    """A repository whose compiled tenants are remembered; `wanted` as in `compile_specs`."""

    root: Path
    wanted: tuple[str, ...] = ()
    _kept: dict[str, tuple[str, Compiled]] = field(default_factory=dict)
    _words: dict[str, frozenset[str]] = field(default_factory=dict)
    """What a file mentions, by the hash of the file."""

    def compile(
        self,
        today: date | None = None,
        begin: Callable[[tuple[str, ...]], None] = lambda _names: None,
        progress: bool = False,
    ) -> tuple[Compilation, tuple[str, ...]]:
        """The repository as it is now, and the tenants that were compiled anew for it.

        `begin` is told these beforehand. Raises SpecError as `compile_specs`.
        """
        spec = load_platform(self.root)
        names = names_of(self.root, self.wanted, spec)
        made = _Ingredients(self, spec, today)
        keys = {name: made.key(name) for name in names}
        for gone in self._kept.keys() - keys.keys():
            del self._kept[gone]
        results = {n: c for n, (key, c) in self._kept.items() if keys[n] == key}
        anew = tuple(name for name in names if name not in results)
        if anew:
            begin(anew)
        with (
            progress_bar(len(anew), "compiling", progress) as advance,
            kept_derivations() as known,
        ):
            for name in anew:
                proven = not self.wanted or name in self.wanted
                results[name] = compile_one(self.root, name, spec, proven, today, known)
                if made.key(name) == keys[name]:  # else edited meanwhile: whose result is it?
                    self._kept[name] = (keys[name], results[name])
                advance()
        ordered = {name: results[name] for name in names}
        return with_fleet(spec, ordered, self.wanted or names, today), anew

    def words(self, path: Path) -> frozenset[str]:
        """Every key and text of a YAML file; nothing when it cannot be read."""
        known = digest(path)
        if known not in self._words:
            try:
                self._words[known] = frozenset(_words(read(path.name, path.read_bytes())))
            except (SpecError, OSError):
                return frozenset()
        return self._words[known]


class _Ingredients:
    """What results are made of, for one run over the tenants."""

    def __init__(self, recompiler: Recompiler, spec: PlatformSpec, today: date | None) -> None:
        root = recompiler.root
        self.recompiler = recompiler
        self.packs = {path.stem: digest(path) for _, path in pack_files(root)}
        platform = root / PLATFORM_FILE
        self.everybodys = recompiler.words(platform)
        about = (shared_digest(root), repr(spec.platform.frameworks), today, sorted(self.packs))
        self.shared = repr(about)

    def key(self, name: str) -> str:
        """A hash that is another one when any file changes that the tenant is made of."""
        path = self.recompiler.root / TENANTS_FOLDER / f"{name}.yaml"
        words = self.recompiler.words(path) | self.everybodys
        used = [f"{pack} {made}" for pack, made in self.packs.items() if pack in words]
        return hashlib.sha256("\n".join([self.shared, digest(path), *used]).encode()).hexdigest()


def _words(node: Node) -> list[str]:
    found = [node.text.value] if node.text is not None else []
    for item in node.items:
        found += _words(item)
    for key, (_, value) in node.entries.items():
        found += [key, *_words(value)]
    return found
