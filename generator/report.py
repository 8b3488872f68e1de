"""Findings in the forms people and machines read: text, JSON, GitHub annotations, SARIF.

What a finding is stands in `findings`; this file only prints. SARIF has a file of its own.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from generator.findings import Finding, Level, Place, fingerprints, in_order
from generator.sarif import sarif

ALIKE = 4
"""From so many findings of one shape on, text tells the first and where the others are."""
SHOWN_PLACES = 8
SHOWN_FINDINGS = 100
"""Findings, or groups of them, that text tells unless everything is asked for."""

_COLORS = {Level.ERROR: "31;1", Level.WARNING: "33;1", Level.INFO: "36;1"}
_VARYING = re.compile(r"'[^']*'|\"[^\"]*\"|\b[0-9][0-9.,]*\b")


def render(findings: Sequence[Finding], form: str, *, color: bool = False) -> str:
    """The findings in one of `FORMATS`, sorted by place; ends with a newline unless empty.

    `color` only matters for text. Raises KeyError for an unknown format.
    """
    return FORMATS[form](in_order(findings), color)


def render_short(findings: Sequence[Finding], *, color: bool = False) -> str:
    """Text in which findings that say the same of many places are told once, with the places.

    Errors come before what may wait; what is left out is counted at the end.
    """
    groups: dict[tuple[str, str, str], list[Finding]] = {}
    for finding in in_order(findings):
        shape = _VARYING.sub("…", finding.message)
        groups.setdefault((finding.code, finding.level.value, shape), []).append(finding)
    told: list[tuple[Finding, list[Finding]]] = []
    for group in groups.values():
        if len(group) >= ALIKE:
            told.append((group[0], group[1:]))
        else:
            told += [(finding, []) for finding in group]
    levels = list(Level)
    told.sort(key=lambda one: one[0].order)
    if len(told) > SHOWN_FINDINGS:
        told.sort(key=lambda one: levels.index(one[0].level))
    parts = [_text_one(first, color) + _others(rest) for first, rest in told[:SHOWN_FINDINGS]]
    left = sum(1 + len(rest) for _, rest in told[SHOWN_FINDINGS:])
    if left:
        parts.append(f"and {left} more findings; --all shows them\n")
    return "\n".join(parts)


def _others(rest: Sequence[Finding]) -> str:
    """Where else it was found: `and 12 more like it: a.yaml:3:1, …`."""
    if not rest:
        return ""
    places = [_location(f.place) for f in rest if f.place is not None]
    shown = ", ".join(dict.fromkeys(places[:SHOWN_PLACES]))
    more = ", …" if len(places) > SHOWN_PLACES else ""
    where = f": {shown}{more}" if shown else ""
    return f"  and {len(rest)} more like it{where} (--all shows them)\n"


def summary(findings: Sequence[Finding]) -> str:
    """`2 errors, 1 warning`; `no findings` when there are none."""
    parts = []
    for level in Level:
        count = sum(f.level is level for f in findings)
        if count:
            name = "note" if level is Level.INFO else level.value
            parts.append(f"{count} {name}{'s' if count > 1 else ''}")
    return ", ".join(parts) or "no findings"


def _text(findings: Sequence[Finding], color: bool) -> str:
    return "\n".join(_text_one(f, color) for f in findings)


def _text_one(finding: Finding, color: bool) -> str:
    level = _paint(finding.level.value, _COLORS[finding.level], color)
    where = f"{_location(finding.place)}: " if finding.place else ""
    lines = [f"{where}{level}: {finding.message} [{finding.code}]"]
    if finding.place and finding.place.source.strip():
        lines += _excerpt(finding.place, color)
    if finding.hint:
        lines.append(f"  {_paint('hint:', '32', color)} {finding.hint}")
    return "\n".join(lines) + "\n"


def _excerpt(place: Place, color: bool) -> list[str]:
    """The offending line with carets under the fault; long lines are cut around it."""
    source, column = place.source.replace("\t", " "), place.column
    start = max(0, column - 60) if len(source) > 100 else 0
    shown = source[start : start + 100]
    gutter = f"{place.line:>5} | "
    pad = " " * (column - 1 - start)
    carets = "^" * max(1, min(place.length, len(shown) - len(pad)))
    return [f"{gutter}{shown}", f"{' ' * 5} | {pad}{_paint(carets, '31;1', color)}"]


def _json(findings: Sequence[Finding], _color: bool) -> str:
    return json.dumps(plain(findings), indent=2, ensure_ascii=False) + "\n"


def plain(findings: Sequence[Finding]) -> list[dict[str, Any]]:
    """The findings as JSON has them, sorted by place."""
    ordered = in_order(findings)
    marks = fingerprints(ordered)
    return [_plain(f, mark) for f, mark in zip(ordered, marks, strict=True)]


def _plain(finding: Finding, fingerprint: str) -> dict[str, Any]:
    place = finding.place
    return {
        "code": finding.code,
        "level": finding.level.value,
        "message": finding.message,
        "hint": finding.hint,
        "file": place.file if place else None,
        "line": place.line if place else None,
        "column": place.column if place else None,
        "length": place.length if place else None,
        "fingerprint": fingerprint,
    }


def _github(findings: Sequence[Finding], _color: bool) -> str:
    """Workflow commands that GitHub shows at the line of a pull request."""
    return "".join(_github_one(f) + "\n" for f in findings)


def _github_one(finding: Finding) -> str:
    command = "notice" if finding.level is Level.INFO else finding.level.value
    place, fields = finding.place, [f"title={_escape_property(finding.code)}"]
    if place:
        end = place.column + place.length - 1
        fields = [
            f"file={_escape_property(place.file)}",
            f"line={place.line}",
            f"col={place.column}",
            f"endColumn={end}",
            *fields,
        ]
    text = finding.message + (f"\n{finding.hint}" if finding.hint else "")
    return f"::{command} {','.join(fields)}::{_escape_data(text)}"


def _escape_data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _escape_property(text: str) -> str:
    return _escape_data(text).replace(":", "%3A").replace(",", "%2C")


def _location(place: Place) -> str:
    return f"{place.file}:{place.line}:{place.column}"


def _paint(text: str, code: str, color: bool) -> str:
    return f"\x1b[{code}m{text}\x1b[0m" if color else text


FORMATS: Mapping[str, Callable[[Sequence[Finding], bool], str]] = {
    "text": _text,
    "json": _json,
    "github": _github,
    "sarif": lambda findings, _color: sarif(findings),
}
