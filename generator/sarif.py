"""Findings as SARIF 2.1.0, for code scanning of GitHub, GitLab and editors.

The format: https://docs.oasis-open.org/sarif/sarif/v2.1.0/. A code is a rule; the page
docs/lints/<code>.md, where there is one, is its help.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import quote

from generator import __version__
from generator.findings import Finding, Level, Place, fingerprints

LIMIT = 25_000
"""GitHub refuses a run with more results."""
SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"
PAGES = Path(__file__).parent.parent / "docs" / "lints"
SITE = "https://tocsin.dev"
FINGERPRINT = "tocsinFinding/v1"
_LEVELS = {Level.ERROR: "error", Level.WARNING: "warning", Level.INFO: "note"}


def sarif(findings: Sequence[Finding]) -> str:
    """A log with one run, in the order given; results beyond `LIMIT` are counted, not listed."""
    shown = findings[:LIMIT]
    codes = sorted({f.code for f in shown})
    levels = {f.code: f.level for f in reversed(shown)}
    driver = {
        "name": "tocsin",
        "version": __version__,
        "informationUri": SITE,
        "rules": [_rule(code, levels[code]) for code in codes],
    }
    marks = fingerprints(shown)
    run: dict[str, Any] = {
        "tool": {"driver": driver},
        "columnKind": "unicodeCodePoints",
        "invocations": [_invocation(len(findings) - len(shown))],
        "results": [
            _result(f, codes.index(f.code), mark) for f, mark in zip(shown, marks, strict=True)
        ],
    }
    document = {"$schema": SCHEMA, "version": "2.1.0", "runs": [run]}
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"


def _invocation(left_out: int) -> dict[str, Any]:
    invocation: dict[str, Any] = {"executionSuccessful": True}
    if left_out:
        text = f"{left_out} more results were left out"
        note = {"level": "warning", "message": {"text": text}}
        invocation["toolExecutionNotifications"] = [note]
    return invocation


def _rule(code: str, level: Level) -> dict[str, Any]:
    words = code.replace("-", " ")
    rule: dict[str, Any] = {
        "id": code,
        "name": "".join(word.capitalize() for word in code.split("-")),
        "shortDescription": {"text": f"{words.capitalize()}."},
        "defaultConfiguration": {"level": _LEVELS[level]},
    }
    page = _page(code)
    if page:
        rule["shortDescription"] = {"text": _first_sentence(page) or f"{words.capitalize()}."}
        rule["helpUri"] = f"{SITE}/lints/{quote(code)}"
        rule["help"] = {"text": page, "markdown": page}
    return rule


@cache
def _page(code: str) -> str:
    try:
        return (PAGES / f"{code}.md").read_text(encoding="utf-8")
    except OSError:
        return ""


def _first_sentence(page: str) -> str:
    """The first words of a page up to their full stop, without the level before them."""
    for line in page.splitlines():
        if line.strip() and not line.startswith(("#", "<", "|", "```", "-", ">")):
            words = line.partition(" · ")[2] or line
            return words.split(". ")[0].rstrip(".") + "."
    return ""


def _result(finding: Finding, index: int, fingerprint: str) -> dict[str, Any]:
    text = finding.message + (f" {finding.hint}" if finding.hint else "")
    result: dict[str, Any] = {
        "ruleId": finding.code,
        "ruleIndex": index,
        "level": _LEVELS[finding.level],
        "message": {"text": text},
        "partialFingerprints": {FINGERPRINT: fingerprint},
    }
    if finding.place:
        result["locations"] = [{"physicalLocation": _physical(finding.place)}]
    return result


def _physical(place: Place) -> dict[str, Any]:
    region: dict[str, Any] = {
        "startLine": place.line,
        "startColumn": place.column,
        "endColumn": place.column + place.length,
    }
    if place.source:
        region["snippet"] = {"text": place.source}
    where = {"uri": quote(place.file), "uriBaseId": "%SRCROOT%"}
    return {"artifactLocation": where, "region": region}
