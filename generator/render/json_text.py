"""Plain data to JSON that people read: the bytes of `json.dumps`, sooner.

With an indent Python's encoder runs without its part in C; here strings and numbers still do.
"""

from __future__ import annotations

import json
from json.encoder import encode_basestring
from typing import Any

_STEP = "  "


def dumped(value: Any) -> str:
    """`json.dumps(value, indent=2, sort_keys=True, ensure_ascii=False)` of plain data.

    Keys must be strings, as they are in what JSON was read from.
    """
    parts: list[str] = []
    _value(parts, value, "\n")
    return "".join(parts)


def _value(parts: list[str], value: Any, line: str) -> None:
    if isinstance(value, str):
        parts.append(encode_basestring(value))
    elif isinstance(value, dict) and value:
        inner, before = line + _STEP, "{"
        for key in sorted(value):
            parts.append(f"{before}{inner}{encode_basestring(key)}: ")
            _value(parts, value[key], inner)
            before = ","
        parts.append(line + "}")
    elif isinstance(value, list) and value:
        inner, before = line + _STEP, "["
        for item in value:
            parts.append(before + inner)
            _value(parts, item, inner)
            before = ","
        parts.append(line + "]")
    else:
        parts.append(json.dumps(value))
