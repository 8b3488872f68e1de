"""`Finding`, the one way to report something a user can mend, and the places it points at.

How findings are printed (text, JSON, GitHub, SARIF) is in `generator/report.py`.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum


class Level(StrEnum):
    """How bad a finding is; only `ERROR` stops a build."""

    ERROR = "error"
    WARNING = "warning"
    INFO = "info"


@dataclass(frozen=True, slots=True)
class Place:
    """A position in a file the user wrote. `line` and `column` count from 1."""

    file: str
    line: int
    column: int
    length: int = 1
    source: str = ""
    """The whole text of the line, without its newline: what the caret is printed under."""

    def over(self, length: int) -> Place:
        """The same place, `length` characters wide."""
        return replace(self, length=max(1, length))


@dataclass(frozen=True, slots=True)
class Text:
    """A scalar of a spec with the way back to its place.

    `starts` maps line k of `value` (split at newlines) to the place where that line's first
    character stands, so that `at` can point into literal blocks and quoted scalars.
    """

    value: str
    starts: tuple[Place, ...]

    def at(self, offset: int, length: int = 1) -> Place:
        """The place of the character at `offset` of `value`; clamps to the value's end."""
        before = self.value[:offset]
        line = min(before.count("\n"), len(self.starts) - 1)
        start = self.starts[line]
        column = start.column + offset - (before.rfind("\n") + 1)
        return Place(start.file, start.line, column, max(1, length), start.source)

    @property
    def place(self) -> Place:
        """Where the scalar begins."""
        return self.starts[0]

    def __str__(self) -> str:
        return self.value


@dataclass(frozen=True, slots=True)
class Finding:
    """Something wrong or doubtful in what the user wrote.

    `code` is stable and lower-case with dashes (`unknown-key`, `promql-syntax`); `message` says
    what is wrong in an SRE's words, `hint` what to write instead.
    """

    code: str
    level: Level
    message: str
    place: Place | None = None
    hint: str | None = None

    @property
    def order(self) -> tuple[str, int, int, str, str]:
        """Sort key: by file and position, then by code, so that reports are deterministic."""
        if self.place is None:
            return ("", 0, 0, self.code, self.message)
        return (self.place.file, self.place.line, self.place.column, self.code, self.message)


def error(code: str, message: str, place: Place | None = None, hint: str | None = None) -> Finding:
    """A finding that stops the build."""
    return Finding(code, Level.ERROR, message, place, hint)


def warning(
    code: str, message: str, place: Place | None = None, hint: str | None = None
) -> Finding:
    """A finding that a reviewer should see; the build goes on."""
    return Finding(code, Level.WARNING, message, place, hint)


def info(code: str, message: str, place: Place | None = None, hint: str | None = None) -> Finding:
    """Something worth knowing."""
    return Finding(code, Level.INFO, message, place, hint)


def in_order(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """The findings without repetition, sorted by place."""
    return tuple(sorted(set(findings), key=lambda f: f.order))


_LINES = re.compile(r"\blines? [0-9]+")


def fingerprints(findings: Sequence[Finding]) -> tuple[str, ...]:
    """A name for each finding, in the order given, that stays when its line moves.

    It is made of the code, the file, the message and the line's own text; equal ones are counted.
    """
    seen: dict[str, int] = {}
    names = []
    for finding in findings:
        place = finding.place
        about = (place.file, " ".join(place.source.split())) if place else ("", "")
        parts = (finding.code, *about, _LINES.sub("line", finding.message))
        digest = hashlib.sha256("\0".join(parts).encode("utf-8", "replace")).hexdigest()[:32]
        seen[digest] = seen.get(digest, 0) + 1
        names.append(f"{digest}:{seen[digest]}")
    return tuple(names)


def has_errors(findings: Iterable[Finding]) -> bool:
    """Whether any finding stops the build."""
    return any(f.level is Level.ERROR for f in findings)


class SpecError(Exception):
    """A spec cannot be used; carries every finding, errors and others."""

    def __init__(self, findings: Iterable[Finding]) -> None:
        self.findings = in_order(findings)
        super().__init__("\n".join(f.message for f in self.findings))
