"""Lines, sections, and the small words that sentences are made of."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from generator.ir.change import Sort

MARKS = {Sort.ADDED: "+", Sort.REMOVED: "-", Sort.CHANGED: "~"}
_NAMED = 6
"""Alerts that a line names before it counts the rest."""
_LONG = 160
"""Characters of a text that is shown within a line."""


@dataclass(frozen=True, slots=True)
class Line:
    """One sentence; `mark` is +, - or ~ or empty, `code` are expressions to show below it."""

    mark: str
    text: str
    code: tuple[tuple[str, str], ...] = ()
    """(caption, PromQL)."""


@dataclass(frozen=True, slots=True)
class Section:
    """Lines under a title; what matters most comes first."""

    title: str
    lines: tuple[Line, ...]


def short(text: str) -> str:
    """A text on one line, cut where it is long."""
    text = " ".join(text.split())
    return text if len(text) <= _LONG else f"{text[: _LONG - 1]}…"


def named(names: Sequence[str]) -> str:
    """Up to `_NAMED` names, the rest counted."""
    if len(names) <= _NAMED + 1:
        return ", ".join(names)
    return f"{', '.join(names[:_NAMED])} and {len(names) - _NAMED} more"


def count(number: int, what: str) -> str:
    """`1 alert`, `2 alerts`."""
    return f"{number} {what}{'' if number == 1 else 's'}"


def one_or(number: int, one: str, several: str) -> str:
    """The word for one, or that for several."""
    return one if number == 1 else several


def plural(number: int, one: str, several: str) -> str:
    """A number with the word for one or several; empty for none."""
    return f"{number} {one_or(number, one, several)}" if number else ""
