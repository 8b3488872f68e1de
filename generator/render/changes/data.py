"""A difference for programs; the shape is described in docs/diff.md."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import fields, is_dataclass
from datetime import datetime
from enum import Enum
from typing import Any

from generator.findings import Finding
from generator.ir.change import AlertChange, Changes
from generator.report import plain
from generator.values import Duration

FORMAT = 1
"""Raised when a key changes its meaning or is gone; keys may be added."""


def changes_data(changes: Changes) -> dict[str, Any]:
    """Plain data with stable keys: those of `ir.change`, durations and times as text."""
    data = _plain(changes)
    assert isinstance(data, dict)
    return data


def changes_json(changes: Changes | None, findings: Sequence[Finding]) -> str:
    """The same with the findings, as text; without changes where nothing could be compared."""
    document = {
        "format": FORMAT,
        "changed": None if changes is None else not changes.silent,
        "findings": plain(findings),
        **(changes_data(changes) if changes is not None else {}),
    }
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"


def _plain(value: Any) -> Any:
    if isinstance(value, Duration):
        return str(value)
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, datetime):
        return value.isoformat()
    if is_dataclass(value) and not isinstance(value, type):
        data = {field.name: _plain(getattr(value, field.name)) for field in fields(value)}
        if isinstance(value, AlertChange):
            data["effect"] = value.effect.value
        if "labels" in data:
            data["labels"] = dict(data["labels"])
        return data
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    return value
