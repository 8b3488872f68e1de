"""What was derived for alerts before, kept from run to run in the user's cache."""

from __future__ import annotations

import contextlib
import sqlite3
import zlib
from collections.abc import Iterator, MutableMapping
from pathlib import Path

from generator.cache import opened, place
from generator.compile.derived import Derived
from generator.encoding import decoded, encoded

KIND = "derived"
_SCHEMA = "create table if not exists derived (key text primary key, value blob)"
_WAITING = 200
"""How many are written at once."""
_REMEMBERED = 4000
"""How many are held in memory, about 20 kB each."""


@contextlib.contextmanager
def kept_derivations() -> Iterator[MutableMapping[str, Derived]]:
    """What earlier runs of this very code derived; what is new is written at the end."""
    found = Derivations(place(KIND))
    try:
        yield found
    finally:
        found.close()


class Derivations(MutableMapping[str, Derived]):
    """A mapping in memory before a table on disk; without a path in memory alone."""

    def __init__(self, path: Path | None) -> None:
        self._memory: dict[str, Derived] = {}
        self._new: list[tuple[str, bytes]] = []
        self._table: sqlite3.Connection | None = None
        if path is not None:
            self._table = opened(path, _SCHEMA)

    def __getitem__(self, key: str) -> Derived:
        if key not in self._memory:
            self._remember(key, self._read(key))
        return self._memory[key]

    def __setitem__(self, key: str, value: Derived) -> None:
        self._remember(key, value)
        if self._table is not None:
            self._new.append((key, packed(value)))
            if len(self._new) >= _WAITING:
                self.flush()

    def __delitem__(self, key: str) -> None:
        """Forget it in memory."""
        del self._memory[key]

    def __iter__(self) -> Iterator[str]:
        return iter(self._memory)

    def __len__(self) -> int:
        return len(self._memory)

    def flush(self) -> None:
        """Write what is new."""
        rows, self._new = self._new, []
        if self._table is None or not rows:
            return
        with contextlib.suppress(sqlite3.Error), self._table:
            self._table.executemany("insert or replace into derived values (?, ?)", rows)

    def close(self) -> None:
        """Write what is new, and let go of the file."""
        self.flush()
        if self._table is not None:
            self._table.close()
            self._table = None

    def _remember(self, key: str, value: Derived) -> None:
        if len(self._memory) >= _REMEMBERED:
            del self._memory[next(iter(self._memory))]
        self._memory[key] = value

    def _read(self, key: str) -> Derived:
        """Raises KeyError when it is not there, or not to be read."""
        if self._table is None:
            raise KeyError(key)
        try:
            row = self._table.execute("select value from derived where key = ?", (key,)).fetchone()
            if row is None:
                raise KeyError(key)
            return unpacked(row[0])
        except (sqlite3.Error, zlib.error, ValueError, TypeError, LookupError):
            raise KeyError(key) from None


def packed(derived: Derived) -> bytes:
    """As bytes for the disk."""
    return zlib.compress(encoded(derived, Derived).encode(), 1)


def unpacked(content: bytes) -> Derived:
    """From bytes of the disk. Raises zlib.error, ValueError, TypeError or LookupError."""
    return decoded(Derived, zlib.decompress(content))
