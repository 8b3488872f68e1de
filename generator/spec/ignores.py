"""`# tocsin: ignore CODE reason [until 2027-01-01]`: comments by which an author accepts a doubt.

Read from the text, because values have no comments. A comment stands behind the line it is about
or alone above it. Errors cannot be ignored: what they stop would be wrong or leave the tenant.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import yaml

from generator.findings import Finding, Level, Place, error, in_order, warning

_MARK = re.compile(r"(?:^|(?<=\s))#\s*tocsin\s*:\s*ignore\b(?P<rest>.*)$")
_PARTS = re.compile(r"\s+(?P<code>[a-z0-9]+(?:-[a-z0-9]+)*)(?:\s+(?P<reason>.*))?$")
_UNTIL = re.compile(r"(?:^|\s+)until\s+(?P<day>\S+)\s*$")
_SHAPE = "# tocsin: ignore CODE reason, with `until 2027-01-01` behind it if it should end"


@dataclass(frozen=True, slots=True)
class Ignore:
    """One accepted doubt: findings of `code` on `line` are left out, until a day if one is given.

    `place` is the comment's own.
    """

    code: str
    reason: str
    until: date | None
    line: int
    place: Place


def read_ignores(file: str, content: bytes) -> tuple[tuple[Ignore, ...], tuple[Finding, ...]]:
    """The ignore comments of a spec, and what is wrong with the way they are written.

    `content` is a file that `source.read` could read.
    """
    text = content.decode("utf-8-sig")
    if "tocsin" not in text:
        return (), ()
    lines = re.split(r"\r\n|\r|\n", text)
    quoted = _quoted(text)
    ignores, findings = [], []
    for number, line in enumerate(lines, 1):
        mark = _MARK.search(line)
        if mark is None or any(_inside(span, number, mark.start()) for span in quoted):
            continue
        place = Place(file, number, mark.start() + 1, len(line) - mark.start(), line)
        above = not line[: mark.start()].strip()
        found = _read(mark["rest"], _next(lines, number) if above else number, place)
        if isinstance(found, Ignore):
            ignores.append(found)
        else:
            findings.append(found)
    return tuple(ignores), tuple(findings)


def _read(rest: str, line: int, place: Place) -> Ignore | Finding:
    parts = _PARTS.match(rest)
    if parts is None:
        return error("ignore-syntax", "this names no code to ignore", place, f"write {_SHAPE}")
    reason, until = parts["reason"] or "", None
    ends = _UNTIL.search(reason)
    if ends is not None:
        reason = reason[: ends.start()]
        try:
            until = date.fromisoformat(ends["day"])
        except ValueError:
            message = f"{ends['day']!r} is no day"
            return error("ignore-syntax", message, place, "write until 2027-01-01")
    if not re.search(r"\w", reason):
        message = f"no reason is given for ignoring {parts['code']}"
        return error("ignore-reason", message, place, f"write {_SHAPE}")
    return Ignore(parts["code"], reason.strip(), until, line, place)


def _next(lines: Sequence[str], number: int) -> int:
    """The line that a comment above is about: the first one that is no comment and not empty."""
    for index in range(number, len(lines)):
        line = lines[index].strip()
        if line and not line.startswith("#"):
            return index + 1
    return number


def _quoted(text: str) -> list[Any]:
    """Quoted and folded scalars: a # inside them is a character, not a comment.

    In a literal block an expression has comments of its own, which count.
    """
    tokens = yaml.scan(text, Loader=yaml.CSafeLoader)
    return [t for t in tokens if isinstance(t, yaml.ScalarToken) and t.style in ("'", '"', ">")]


def _inside(token: Any, line: int, column: int) -> bool:
    start, end = token.start_mark, token.end_mark
    here = (line - 1, column)
    return bool((start.line, start.column) < here < (end.line, end.column))


def heeded(
    findings: Iterable[Finding],
    ignores: Sequence[Ignore],
    today: date | None = None,
    *,
    judged: bool = True,
) -> tuple[Finding, ...]:
    """The findings without those that are ignored, and what is wrong with the ignores themselves.

    `today` None: none has ended. `judged` False: the findings are not all there are, so that none
    is told to be unused.
    """
    kept, used = [], set[Ignore]()
    told: list[Finding] = []
    by_place = {(i.place.file, i.line, i.code): i for i in ignores}
    for finding in findings:
        place = finding.place
        ignore = by_place.get((place.file, place.line, finding.code)) if place else None
        if ignore is not None:
            used.add(ignore)
        if ignore is None or finding.level is Level.ERROR or _over(ignore, today):
            kept.append(finding)
        if ignore is not None and finding.level is Level.ERROR:
            message = f"{finding.code} is an error: it cannot be ignored"
            told.append(error("ignore-refused", message, ignore.place, "mend it"))
    for ignore in ignores:
        if _over(ignore, today):
            message = f"ignoring {ignore.code} ended on {ignore.until}"
            hint = "mend what it hides, or give the reason and a new day"
            told.append(warning("ignore-expired", message, ignore.place, hint))
        elif judged and ignore not in used:
            told.append(_unused(ignore, kept))
    return in_order((*kept, *told))


def _over(ignore: Ignore, today: date | None) -> bool:
    """`until` is the first day on which the finding is told again."""
    return ignore.until is not None and today is not None and today >= ignore.until


def _unused(ignore: Ignore, findings: Sequence[Finding]) -> Finding:
    here = {f.code for f in findings if f.place and f.place.line == ignore.line}
    near = difflib.get_close_matches(ignore.code, sorted(here), 1, 0.6)
    message = f"nothing on line {ignore.line} is found as {ignore.code}"
    hint = f"did you mean {near[0]}?" if near else "remove the comment"
    return warning("ignore-unused", message, ignore.place, hint)
