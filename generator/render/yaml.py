"""Plain data to YAML that people read: keys in the given order, block scalars, careful quoting.

Deterministic, and read the same by YAML 1.1 (Go's parsers) and 1.2. Nothing here knows a format.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache
from typing import Any

from generator.values import Duration, plain

_STEP = "  "
_PLAIN = re.compile(r"[A-Za-z0-9_(/.][\x20-\x7e]*")
_UNSAFE = re.compile(r":(?: |$)| #|\s$|^\s")
_DURATION = re.compile(r"(?:[0-9]+(?:ms|[smhdwy]))+")
_LIKE_A_NUMBER = re.compile(r"[-+.0-9][-+0-9a-fA-FxXoO_.:TZ ]*|[-+.]*(?:inf|nan)", re.IGNORECASE)
_WORDS = frozenset({"y", "n", "yes", "no", "on", "off", "true", "false", "null", "none"})
_PRINTABLE = re.compile(r"[\t\n\x20-\x7e\xa0-\u2027\u202a-\ud7ff\ue000-\ufefe\uff00-\ufffd]*")
_CONTROL = re.compile("[\x7f-\x9f\u2028\u2029\ud800-\udfff\ufeff\ufffe\uffff]")


@dataclass(frozen=True, slots=True)
class Commented:
    """An item of a list with one line of comment above it."""

    comment: str
    value: Any


def document(value: Mapping[str, Any], header: Sequence[str] = ()) -> str:
    """A whole file: the header as comments, then the mapping."""
    lines = [f"# {line}".rstrip() for line in header]
    _mapping(lines, value, "")
    lines.append("")
    return "\n".join(lines)


def items(values: Sequence[Any], indent: int) -> str:
    """The lines of a list's items, `indent` spaces in: a part of a document."""
    lines: list[str] = []
    _sequence(lines, values, " " * indent)
    return "".join(f"{line}\n" for line in lines)


def entries(value: Mapping[str, Any], indent: int = 0) -> str:
    """The lines of a mapping's entries, `indent` spaces in: a part of a document."""
    lines: list[str] = []
    _mapping(lines, value, " " * indent)
    return "".join(f"{line}\n" for line in lines)


def _mapping(lines: list[str], value: Mapping[str, Any], pad: str) -> None:
    for key, item in value.items():
        _entry(lines, f"{pad}{_text(str(key))}:", item, pad)


def _entry(lines: list[str], head: str, value: Any, pad: str) -> None:
    """`head` followed by a value, on the same line where it is a scalar."""
    if isinstance(value, str):
        if "\n" in value and _fits_block(value):
            lines.append(f"{head} {_block_mark(value)}")
            inner = pad + _STEP
            for line in value.removesuffix("\n").split("\n"):
                lines.append(f"{inner}{line}" if line else "")
        else:
            lines.append(f"{head} {_text(value)}")
    elif isinstance(value, Mapping) and value:
        lines.append(head)
        _mapping(lines, value, pad + _STEP)
    elif isinstance(value, Sequence) and not isinstance(value, bytes) and value:
        lines.append(head)
        _sequence(lines, value, pad + _STEP)
    else:
        lines.append(f"{head} {_scalar(value)}")


def _sequence(lines: list[str], values: Sequence[Any], pad: str) -> None:
    for item in values:
        value = item
        if isinstance(item, Commented):
            if item.comment:
                lines.append(f"{pad}# {' '.join(item.comment.split())}")
            value = item.value
        if isinstance(value, Mapping) and value:
            first = len(lines)
            _mapping(lines, value, pad + _STEP)
            lines[first] = f"{pad}- {lines[first].lstrip()}"
        else:
            _entry(lines, f"{pad}-", value, pad)


def _fits_block(text: str) -> bool:
    """Whether a literal block gives back exactly this text."""
    body = text.removesuffix("\n")
    first = next((line for line in body.split("\n") if line.strip()), "")
    odd = body.endswith("\n") or not body or body[0] in " \t\n" or first[:1] in (" ", "\t")
    return not odd and _PRINTABLE.fullmatch(text) is not None


def _block_mark(text: str) -> str:
    return "|" if text.endswith("\n") else "|-"


def _scalar(value: Any) -> str:
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Decimal):
        return plain(value)
    if isinstance(value, float):
        return _float(value)
    if isinstance(value, int | Duration):
        return str(value)
    return "{}" if isinstance(value, Mapping) else "[]"


def _float(value: float) -> str:
    if value != value or value in (float("inf"), float("-inf")):
        return {"inf": ".inf", "-inf": "-.inf"}.get(str(value), ".nan")
    return repr(int(value)) if value == int(value) and abs(value) < 1e15 else repr(value)


@lru_cache(maxsize=16384)
def _text(text: str) -> str:
    """A string on one line: plain where every parser reads a string, else double-quoted."""
    if _DURATION.fullmatch(text):
        return text
    plain_enough = _PLAIN.fullmatch(text) and not _UNSAFE.search(text)
    if plain_enough and not _LIKE_A_NUMBER.fullmatch(text) and text.lower() not in _WORDS:
        return text
    if '"' in text and "'" not in text and _PRINTABLE.fullmatch(text) and "\n" not in text:
        return f"'{text}'" if "\t" not in text else _quoted(text)
    return _quoted(text)


def _quoted(text: str) -> str:
    """JSON's strings are YAML's, but for the few characters that YAML cannot hold as they are."""
    return _CONTROL.sub(_escape, json.dumps(text, ensure_ascii=False))


def _escape(match: re.Match[str]) -> str:
    return f"\\u{ord(match[0]):04x}"
