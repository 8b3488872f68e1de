"""Servers answer configurations with every default filled in: is what was written in there?"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

HIDDEN = "<secret>"
"""What servers answer in a secret's place."""


def holds(told: Any, written: Any) -> bool:
    """Whether a server's answer holds everything that was written, level by level.

    It leaves out what is false, zero or empty.
    """
    if told is None:
        return not written
    if told == HIDDEN:
        return True
    if isinstance(told, Mapping) and isinstance(written, Mapping):
        return all(holds(told.get(key), value) for key, value in written.items())
    if isinstance(told, list) and isinstance(written, list):
        return len(told) == len(written) and all(map(holds, told, written))
    return bool(told == written)
