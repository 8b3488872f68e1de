"""What was derived for alerts before, kept from run to run in the user's own cache folder.

`TOCSIN_CACHE` names another folder, or is `off`. A cache that cannot be read or written is none:
nothing that a command makes depends on it.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import sqlite3
import time
import zlib
from collections.abc import Iterator, MutableMapping
from pathlib import Path
from typing import Any

from generator.compile.derived import Derived
from generator.ir.checks import Expectation, InputSeries, Scenario, TestFile
from generator.values import Duration

HERE = Path(__file__).parent
_UNUSED = 30 * 86_400
"""Seconds after which what another version of the code has kept is removed."""
_WAITING = 200
"""How many are written at once."""
_REMEMBERED = 4000
"""How many are held in memory, about 20 kB each."""


@contextlib.contextmanager
def kept_derivations() -> Iterator[MutableMapping[str, Derived]]:
    """What earlier runs of this very code derived; what is new is written at the end."""
    found = Derivations(place())
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
            self._table = _opened(path)

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


# --------------------------------------------------------------------------- as bytes


def packed(derived: Derived) -> bytes:
    """As bytes for the disk."""
    content = [
        derived.evaluation.ms,
        [_scenario(one) for one in derived.scenarios],
        [
            [file.name, file.evaluation.ms, [_scenario(one) for one in file.scenarios]]
            for file in derived.further
        ],
    ]
    return zlib.compress(json.dumps(content, separators=(",", ":")).encode(), 1)


def unpacked(content: bytes) -> Derived:
    """From bytes of the disk. Raises zlib.error, ValueError, TypeError or LookupError."""
    evaluation, scenarios, further = json.loads(zlib.decompress(content))
    return Derived(
        tuple(map(_read_scenario, scenarios)),
        Duration(evaluation),
        tuple(
            TestFile(name, Duration(ms), tuple(map(_read_scenario, inner)))
            for name, ms, inner in further
        ),
    )


def _scenario(one: Scenario) -> list[Any]:
    expectations = [[e.at.ms, e.expr, dict(e.samples)] for e in one.expectations]
    return [one.name, one.interval.ms, [[s.series, s.values] for s in one.series], expectations]


def _read_scenario(content: list[Any]) -> Scenario:
    name, interval, series, expectations = content
    return Scenario(
        name,
        Duration(interval),
        tuple(InputSeries(text, values) for text, values in series),
        tuple(Expectation(Duration(ms), expr, samples) for ms, expr, samples in expectations),
    )


# --------------------------------------------------------------------------- the file


def place() -> Path | None:
    """The file for this code; None when nothing is to be kept."""
    asked = os.environ.get("TOCSIN_CACHE", "")
    if asked == "off":
        return None
    home = os.environ.get("XDG_CACHE_HOME", "")
    try:
        base = Path(home) if home else Path.home() / ".cache"
    except RuntimeError:
        return None
    folder = Path(asked) if asked else base / "tocsin"
    return folder / f"derived-{_code()[:16]}.sqlite"


def _code() -> str:
    """The hash of all our code and of the libraries that read expressions: it decides too."""
    from importlib.metadata import version

    digest = hashlib.sha256(version("promql-parser").encode())
    for path in sorted(HERE.rglob("*.py")):
        digest.update(path.read_bytes())
    return digest.hexdigest()


def _opened(path: Path) -> sqlite3.Connection | None:
    """The table in its file, made when it is not there; None when that cannot be."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        if path.parent.stat().st_uid != os.getuid():
            return None
        _remove_old(path)
        table = sqlite3.connect(path, timeout=5)
        with table:
            table.execute("create table if not exists derived (key text primary key, value blob)")
        os.utime(path)
        return table
    except sqlite3.DatabaseError:
        with contextlib.suppress(OSError):
            path.unlink()
        return None
    except OSError:
        return None


def _remove_old(path: Path) -> None:
    """Files that other code has left and that nobody has opened for long."""
    for other in path.parent.glob("derived-*.sqlite"):
        with contextlib.suppress(OSError):
            if other != path and other.stat().st_mtime < time.time() - _UNUSED:
                other.unlink()
