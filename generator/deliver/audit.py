"""The audit log: who built what from which spec, each entry chained to the one before.

One JSON object a line. `hash` is the SHA-256 of the entry without it, which includes the previous
entry's: a line that is edited, removed or put in breaks the chain there. The end of the log can
be cut off unseen unless its last hash is kept elsewhere; `verify` takes it as `head`.
"""

from __future__ import annotations

import fcntl
import getpass
import hashlib
import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from generator.deliver.inspect import inspect
from generator.deliver.output import MANIFEST, OutputError, WriteReport, built_names
from generator.findings import Finding, Place, error, warning

LOG = "audit.jsonl"
FIRST = "0" * 64
"""What the first entry is chained to."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One change of one tenant's output (or of the fleet's)."""

    time: datetime
    """Aware, UTC, to the second."""
    who: str
    name: str
    spec: str
    """The spec's file; of the fleet: the folder."""
    spec_sha256: str
    generator: str
    manifest_sha256: str
    report: WriteReport


def who() -> str:
    """Who runs this: TOCSIN_ACTOR, else the actor that CI names, else the user's login name."""
    for name in ("TOCSIN_ACTOR", "GITHUB_ACTOR", "GITLAB_USER_LOGIN"):
        if os.environ.get(name):
            return os.environ[name]
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return f"uid {os.getuid()}"


def manifest_hash(output: Path, name: str) -> str:
    """SHA-256 of a folder's manifest; empty when there is none (any more)."""
    path = output / name / MANIFEST
    return hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else ""


def append(log: Path, entries: Sequence[Entry]) -> str:
    """Add entries to the log, on disk when this returns; returns the last hash.

    Raises OutputError when the log cannot be written or its last line is not one of ours.
    """
    try:
        log.parent.mkdir(parents=True, exist_ok=True)
        with log.open("a+", encoding="utf-8") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            previous, number = _last(log)
            for entry in entries:
                number += 1
                document = _document(entry, number, previous)
                previous = document["hash"]
                file.write(_line(document) + "\n")
            file.flush()
            os.fsync(file.fileno())
    except OSError as problem:
        raise OutputError(f"{log} cannot be written: {problem.strerror}") from problem
    return previous


def verify(log: Path, output: Path, head: str = "") -> tuple[tuple[Finding, ...], int]:
    """What is wrong with the log, and its number of entries. Raises OutputError without a log.

    The chain must hold, end at `head` where one is given, the last entry of each name must be of
    the manifest that lies in `output`, and the files must be what that manifest says.
    """
    try:
        lines = log.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as problem:
        raise OutputError(f"{log} cannot be read: {problem}") from problem
    findings: list[Finding] = []
    previous = FIRST
    latest: dict[str, tuple[str, int]] = {}
    for number, line in enumerate(lines, 1):
        place = Place(log.as_posix(), number, 1, len(line) or 1)
        document = _read(line)
        if document is None:
            findings.append(_broken("this line is no entry", place))
            continue
        if _hash(document) != document.get("hash"):
            findings.append(_broken(f"entry {number} was edited", place))
        elif document.get("previous") != previous or document.get("number") != number:
            findings.append(_broken(f"entries before number {number} are missing or moved", place))
        previous = str(document.get("hash"))
        latest[str(document.get("name"))] = (str(document.get("manifest_sha256")), number)
    if head and previous != head:
        place = Place(log.as_posix(), max(1, len(lines)), 1)
        findings.append(_broken(f"the log ends at {previous[:12]}, not at {head[:12]}", place))
    findings += _unlogged(log, output, latest)
    built = [name for name in latest if manifest_hash(output, name)]
    findings += inspect(output, built)[0] if built else ()
    return tuple(findings), len(lines)


def entries(log: Path) -> tuple[Mapping[str, Any], ...]:
    """The log's entries as they are written; lines that are none are left out."""
    lines = log.read_text(encoding="utf-8").splitlines() if log.is_file() else []
    return tuple(document for line in lines if (document := _read(line)) is not None)


def _unlogged(log: Path, output: Path, latest: Mapping[str, tuple[str, int]]) -> list[Finding]:
    findings = []
    for name, (digest, number) in sorted(latest.items()):
        if manifest_hash(output, name) != digest:
            message = f"{output / name} is not what entry {number} says was built last"
            place = Place(log.as_posix(), number, 1)
            hint = "it was built without --audit, or edited; see: tocsin verify-output"
            findings.append(error("audit-unlogged", message, place, hint))
    for name in sorted(set(built_names(output)) - set(latest)):
        message = f"{output / name} was never built with --audit"
        hint = "build it: tocsin build --audit" + (f" {name}" if name != "fleet" else "")
        findings.append(warning("audit-unlogged", message, Place(log.as_posix(), 1, 1), hint))
    return findings


def _broken(message: str, place: Place) -> Finding:
    hint = "compare with a copy of the log: what comes before this line is as it was written"
    return error("audit-broken", message, place, hint)


def _document(entry: Entry, number: int, previous: str) -> dict[str, Any]:
    document = {
        "number": number,
        "time": entry.time.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "who": entry.who,
        "name": entry.name,
        "spec": entry.spec,
        "spec_sha256": entry.spec_sha256,
        "generator": entry.generator,
        "manifest_sha256": entry.manifest_sha256,
        "added": list(entry.report.added),
        "changed": list(entry.report.changed),
        "removed": list(entry.report.removed),
        "previous": previous,
    }
    return {**document, "hash": _hash(document)}


def _hash(document: Mapping[str, Any]) -> str:
    rest = {key: value for key, value in document.items() if key != "hash"}
    return hashlib.sha256(_line(rest).encode()).hexdigest()


def _line(document: Mapping[str, Any]) -> str:
    return json.dumps(document, ensure_ascii=False, sort_keys=True, separators=(",", ":"))


def _read(line: str) -> dict[str, Any] | None:
    try:
        document = json.loads(line)
    except ValueError:
        return None
    return document if isinstance(document, dict) and "hash" in document else None


def _last(log: Path) -> tuple[str, int]:
    lines = log.read_text(encoding="utf-8").splitlines()
    if not lines:
        return FIRST, 0
    document = _read(lines[-1])
    if document is None:
        raise OutputError(f"{log} does not end with an entry; see: tocsin audit verify")
    return str(document["hash"]), len(lines)
