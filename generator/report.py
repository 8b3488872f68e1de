"""Findings in the forms people and machines read: text, JSON, GitHub annotations, SARIF.

What a finding is stands in `findings`; this file only prints.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from generator.findings import Finding, Level, Place, in_order

SARIF_LIMIT = 25_000
"""GitHub refuses a SARIF run with more results."""

_COLORS = {Level.ERROR: "31;1", Level.WARNING: "33;1", Level.INFO: "36;1"}
_SARIF_LEVELS = {Level.ERROR: "error", Level.WARNING: "warning", Level.INFO: "note"}


def render(findings: Sequence[Finding], form: str, *, color: bool = False) -> str:
    """The findings in one of `FORMATS`, sorted by place; ends with a newline unless empty.

    `color` only matters for text. Raises KeyError for an unknown format.
    """
    return FORMATS[form](in_order(findings), color)


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
    return [_plain(f) for f in in_order(findings)]


def _plain(finding: Finding) -> dict[str, Any]:
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


def _sarif(findings: Sequence[Finding], _color: bool) -> str:
    shown = findings[:SARIF_LIMIT]
    codes = sorted({f.code for f in shown})
    run = {
        "tool": {"driver": {"name": "tocsin", "rules": [{"id": code} for code in codes]}},
        "columnKind": "unicodeCodePoints",
        "results": [_sarif_result(f) for f in shown],
    }
    document = {
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [run],
    }
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"


def _sarif_result(finding: Finding) -> dict[str, Any]:
    text = finding.message + (f" {finding.hint}" if finding.hint else "")
    result: dict[str, Any] = {
        "ruleId": finding.code,
        "level": _SARIF_LEVELS[finding.level],
        "message": {"text": text},
    }
    if finding.place:
        place = finding.place
        region = {
            "startLine": place.line,
            "startColumn": place.column,
            "endColumn": place.column + place.length,
        }
        physical = {"artifactLocation": {"uri": place.file}, "region": region}
        result["locations"] = [{"physicalLocation": physical}]
    return result


def _location(place: Place) -> str:
    return f"{place.file}:{place.line}:{place.column}"


def _paint(text: str, code: str, color: bool) -> str:
    return f"\x1b[{code}m{text}\x1b[0m" if color else text


FORMATS: Mapping[str, Callable[[Sequence[Finding], bool], str]] = {
    "text": _text,
    "json": _json,
    "github": _github,
    "sarif": _sarif,
}
