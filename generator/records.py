"""What compiling a tenant came to, kept from run to run under the hash of all it is made of."""

from __future__ import annotations

import contextlib
import sqlite3
import tempfile
import time
import zlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

from generator.cache import UNUSED, opened, place
from generator.compile.oncall_findings import Term, horizon_findings
from generator.coverage import Counts
from generator.deliver.manifest import OutputError
from generator.encoding import decoded, encoded
from generator.findings import Finding, has_errors, in_order
from generator.ir.cost import TenantCost
from generator.ir.share import PARTS, Lines, Part, Share
from generator.spec.ignores import Ignore, heeded

KIND = "tenants"
_TEXTS = ("record", "cost", *PARTS)
_FINDINGS = tuple[Finding, ...]
_AT_ONCE = 400
"""Rows that a query asks for."""
_DAY = 86_400
_SCHEMA = """
create table if not exists records (
    key text primary key, used integer, head blob, cost blob,
    routes blob, receivers blob, intervals blob, jobs blob);
create table if not exists verdicts (
    key text, tools text, findings text, primary key (key, tools));
create table if not exists trees (
    output text, name text, key text, stamp text, primary key (output, name));
"""


@dataclass(frozen=True, slots=True)
class Record:
    """One tenant as far as it came; without its files, which lie in output/."""

    tenant: str
    whole: bool
    """Made with files; else for the fleet's alone."""
    proven: bool
    """Made with unit tests, written or not."""
    findings: tuple[Finding, ...]
    """Before ignores are heeded, and without what depends on the day."""
    expected: tuple[Finding, ...] = ()
    """Expectations that are not met."""
    ignores: tuple[Ignore, ...] = ()
    terms: tuple[Term, ...] = ()
    packs: Mapping[str, str] = field(default_factory=dict)
    """The packs it is made of, each with its hash."""
    share: Share | None = None
    """None when it has errors."""
    lines: str = ""
    """A hash of its share and its lines in the fleet's files."""
    spec_hash: str = ""
    manifest: str = ""
    """The SHA-256 of the manifest of its files."""
    counts: Counts | None = None

    def told(self, today: date | None) -> tuple[Finding, ...]:
        """Its findings on a day (None: any), without those that are ignored."""
        horizon = horizon_findings(self.terms, today) if today else ()
        if not horizon and not self.ignores:
            return self.findings
        found = in_order((*self.findings, *horizon))
        return heeded(found, self.ignores, today, judged=not has_errors(found))


@dataclass(frozen=True, slots=True)
class Known:
    """A record that was found, and the tools that its files have passed."""

    record: Record
    verdicts: Mapping[str, tuple[Finding, ...]]
    """By the names of the tools: what they said besides."""


@dataclass(frozen=True, slots=True)
class Tree:
    """How a folder of output/ was left: what it holds, and how its files lay on the disk."""

    key: str
    stamp: str


class Records:
    """Tables on disk, which processes share; in a temporary file when nothing is to be kept.

    Methods raise OutputError when the disk refuses.
    """

    def __init__(self, path: Path) -> None:
        table = opened(path, _SCHEMA)
        if table is None:
            raise OSError(f"{path} cannot be used")
        self.path, self._table = path, _Told(path, table)
        self._forget()

    def close(self) -> None:
        """Let go of the file."""
        self._table.close()

    def known(self, keys: Sequence[str]) -> Mapping[str, Known]:
        """The records under some keys, as far as there are any."""
        heads = dict(self._rows("key, head", "records", keys))
        verdicts: dict[str, dict[str, tuple[Finding, ...]]] = {}
        for key, tools, said in self._rows("key, tools, findings", "verdicts", list(heads)):
            verdicts.setdefault(key, {})[tools] = decoded(_FINDINGS, said)
        found = {}
        for key, head in heads.items():
            with contextlib.suppress(ValueError, TypeError, LookupError, zlib.error):
                record = decoded(Record, zlib.decompress(head))
                found[key] = Known(record, verdicts.get(key, {}))
        self._use(list(found))
        return found

    def keep(self, key: str, record: Record, cost: TenantCost | None, lines: Lines | None) -> None:
        """Remember a record; what was known under its key is forgotten with its verdicts."""
        head = _packed(encoded(record, Record))
        priced = _packed(encoded(cost, TenantCost)) if cost else None
        parts = [_packed(getattr(lines, part)) if lines else None for part in PARTS]
        row = (key, _now(), head, priced, *parts)
        with self._table:
            self._table.execute("delete from verdicts where key = ?", (key,))
            marks = ", ".join("?" * len(row))
            self._table.execute(f"insert or replace into records values ({marks})", row)

    def exported(self, keys: Mapping[str, str]) -> Iterator[tuple[str, dict[str, Any]]]:
        """What is kept of some tenants, by name, as texts for another machine."""
        for name, key in keys.items():
            query = f"select head, cost, {', '.join(PARTS)} from records where key = ?"
            row = self._table.execute(query, (key,)).fetchone()
            texts = [zlib.decompress(one).decode() if one is not None else None for one in row]
            verdicts = {
                tools: said
                for _, tools, said in self._rows("key, tools, findings", "verdicts", [key])
            }
            yield name, {**dict(zip(_TEXTS, texts, strict=True)), "verdicts": verdicts}

    def take(self, key: str, row: Mapping[str, Any]) -> None:
        """Remember what another machine has `exported`. Raises ValueError for what it has not."""
        texts = [row.get(name) for name in _TEXTS]
        try:
            decoded(Record, str(texts[0]))
        except (TypeError, LookupError) as problem:
            raise ValueError(f"no record: {problem}") from None
        packed = [_packed(str(text)) if text is not None else None for text in texts]
        with self._table:
            marks = ", ".join("?" * (2 + len(packed)))
            self._table.execute(
                f"insert or replace into records values ({marks})", (key, _now(), *packed)
            )
            for tools, said in row.get("verdicts", {}).items():
                self._table.execute(
                    "insert or replace into verdicts values (?, ?, ?)", (key, tools, said)
                )

    def passed(self, key: str, tools: str, said: tuple[Finding, ...]) -> None:
        """Remember that what is under a key has passed these tools, and what they said besides."""
        row = (key, tools, encoded(said, _FINDINGS))
        with self._table:
            self._table.execute("insert or replace into verdicts values (?, ?, ?)", row)

    def verdict(self, key: str, tools: str) -> tuple[Finding, ...] | None:
        """What these tools said of what is under a key; None when it has not passed them."""
        query = "select findings from verdicts where key = ? and tools = ?"
        found = self._table.execute(query, (key, tools)).fetchone()
        return decoded(_FINDINGS, found[0]) if found else None

    def costs(self, keys: Sequence[str]) -> Iterator[TenantCost]:
        """What the rules of each cost, in this order."""
        for text in self._column("cost", keys):
            yield decoded(TenantCost, text)

    def texts(self, part: Part, keys: Sequence[str]) -> Iterator[str]:
        """Lines of the fleet's files, in this order."""
        return self._column(part, keys)

    def trees(self, output: Path, only: str = "") -> Mapping[str, Tree]:
        """How the folders of an output folder were left, by name; `only` one of them."""
        query = "select name, key, stamp from trees where output = ?1 and ?2 in ('', name)"
        rows = self._table.execute(query, (str(output.resolve()), only))
        return {name: Tree(key, stamp) for name, key, stamp in rows}

    def left(self, output: Path, trees: Mapping[str, Tree]) -> None:
        """Remember how folders of an output folder are left."""
        base = str(output.resolve())
        rows = [(base, name, tree.key, tree.stamp) for name, tree in trees.items()]
        with self._table:
            self._table.executemany("insert or replace into trees values (?, ?, ?, ?)", rows)

    def _column(self, column: str, keys: Sequence[str]) -> Iterator[str]:
        for start in range(0, len(keys), _AT_ONCE):
            some = keys[start : start + _AT_ONCE]
            found = dict(self._rows(f"key, {column}", "records", some))
            for key in some:
                yield zlib.decompress(found[key]).decode()

    def _rows(self, columns: str, table: str, keys: Sequence[str]) -> Iterator[Any]:
        for start in range(0, len(keys), _AT_ONCE):
            some = keys[start : start + _AT_ONCE]
            marks = ", ".join("?" * len(some))
            query = f"select {columns} from {table} where key in ({marks})"
            yield from self._table.execute(query, some)

    def _use(self, keys: Sequence[str]) -> None:
        """Records that are used stay; told once a day."""
        with contextlib.suppress(OutputError), self._table:
            today = _now()
            self._table.executemany(
                "update records set used = ? where key = ? and used < ?",
                ((today, key, today) for key in keys),
            )

    def _forget(self) -> None:
        """Records that nobody has used for long, and their verdicts."""
        with contextlib.suppress(OutputError), self._table:
            old = (_now() - UNUSED // _DAY,)
            gone = "select key from records where used < ?"
            self._table.execute(f"delete from verdicts where key in ({gone})", old)
            self._table.execute("delete from records where used < ?", old)


class _Told:
    """A connection whose errors are ours."""

    def __init__(self, path: Path, table: sqlite3.Connection) -> None:
        self._path, self._table = path, table

    def execute(self, query: str, values: Sequence[Any] = ()) -> sqlite3.Cursor:
        with self._telling():
            return self._table.execute(query, values)

    def executemany(self, query: str, rows: Iterable[Sequence[Any]]) -> None:
        with self._telling():
            self._table.executemany(query, rows)

    def __enter__(self) -> None:
        self._table.__enter__()

    def __exit__(self, kind: Any, problem: Any, trace: Any) -> None:
        with self._telling():
            self._table.__exit__(kind, problem, trace)

    def close(self) -> None:
        self._table.close()

    @contextlib.contextmanager
    def _telling(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.Error as problem:
            hint = "free some room, or name another folder in TOCSIN_CACHE, or off"
            raise OutputError(f"{self._path} cannot be used: {problem}; {hint}") from None


@dataclass(frozen=True, slots=True)
class Kept:
    """The library of the fleet's lines in some records; `keys` by tenant."""

    records: Records
    keys: Mapping[str, str]

    def texts(self, part: Part, tenants: Sequence[str]) -> Iterator[str]:
        """A part of each of these tenants, in this order."""
        return self.records.texts(part, [self.keys[name] for name in tenants])


@contextlib.contextmanager
def kept_records() -> Iterator[Records]:
    """The records of earlier runs of this very code, and those that this run adds."""
    path = place(KIND)
    with contextlib.ExitStack() as stack:
        found = None
        if path is not None:
            with contextlib.suppress(OSError, sqlite3.Error):
                found = Records(path)
        if found is None:
            folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="tocsin-"))
            found = Records(Path(folder) / f"{KIND}.sqlite")
        try:
            yield found
        finally:
            found.close()


def _packed(text: str) -> bytes:
    return zlib.compress(text.encode(), 1)


def _now() -> int:
    """The day, counted from 1970."""
    return int(time.time()) // _DAY
