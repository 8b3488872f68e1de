"""Where what was worked out is kept from run to run: files of SQLite in the user's own folder.

`TOCSIN_CACHE` names another folder, or is `off`. A cache that cannot be read or written is none:
nothing that a command makes depends on it. Its files bear the hash of the code that wrote them.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import sqlite3
import sys
import time
from functools import lru_cache
from pathlib import Path

HERE = Path(__file__).parent
LIBRARIES = ("grafanalib", "jinja2", "jsonschema", "promql-parser", "pyyaml", "tzdata")
UNUSED = 30 * 86_400
"""Seconds after which what another version of the code has kept is removed."""


def place(kind: str) -> Path | None:
    """The file of a kind for this code; None when nothing is to be kept."""
    asked = os.environ.get("TOCSIN_CACHE", "")
    if asked == "off":
        return None
    home = os.environ.get("XDG_CACHE_HOME", "")
    try:
        base = Path(home) if home else Path.home() / ".cache"
    except RuntimeError:
        return None
    folder = Path(asked) if asked else base / "tocsin"
    return folder / f"{kind}-{code()[:16]}.sqlite"


@lru_cache(maxsize=1)
def code() -> str:
    """The hash of all our code, of Python and of the libraries that decide what is made."""
    from importlib.metadata import version

    versions = [f"{sys.version_info[:3]}", *(f"{name} {version(name)}" for name in LIBRARIES)]
    digest = hashlib.sha256("\n".join(versions).encode())
    for path in sorted(HERE.rglob("*.py")):
        digest.update(path.read_bytes())
    return digest.hexdigest()


def opened(path: Path, schema: str) -> sqlite3.Connection | None:
    """The tables in a file, made when they are not there; None when that cannot be."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        if path.parent.stat().st_uid != os.getuid():
            return None
        _remove_old(path)
        table = sqlite3.connect(path, timeout=30)
        table.execute("pragma synchronous = off")  # a file that a crash spoils is made anew
        with table:
            table.executescript(schema)
        os.utime(path)
        return table
    except sqlite3.OperationalError:
        return None  # busy, or on a disk that is full: it may be good
    except sqlite3.DatabaseError:
        with contextlib.suppress(OSError):
            path.unlink()
        return None
    except OSError:
        return None


def _remove_old(path: Path) -> None:
    """Files that other code has left and that nobody has opened for long."""
    kind = path.name.partition("-")[0]
    for other in path.parent.glob(f"{kind}-*.sqlite"):
        with contextlib.suppress(OSError):
            if other != path and other.stat().st_mtime < time.time() - UNUSED:
                other.unlink()
