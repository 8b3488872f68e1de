"""What can be wrong with an expression, in offsets of its own text.

Nothing here reads PromQL or knows a spec; `Problem.finding` leads back to the spec's place.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from generator.findings import Finding, Level, Text


@dataclass(frozen=True, slots=True)
class Problem:
    """Something wrong with the `length` characters at `offset` of an expression.

    `code` is stable (`promql-syntax`, `promql-type`, `isolation-label`, …).
    """

    code: str
    message: str
    offset: int
    length: int
    hint: str | None = None
    level: Level = Level.ERROR

    def finding(self, text: Text) -> Finding:
        """The same, pointing into the spec that `text` came from."""
        return Finding(
            self.code, self.level, self.message, text.at(self.offset, self.length), self.hint
        )


class PromqlError(Exception):
    """An expression cannot be used; carries every problem found in it, in the order of the text."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = in_order(problems)
        super().__init__("; ".join(p.message for p in self.problems))


class PromqlSyntaxError(PromqlError):
    """The text is not PromQL. `offset` and `length` count characters of the text."""

    def __init__(self, message: str, offset: int, length: int, hint: str | None = None) -> None:
        super().__init__((Problem("promql-syntax", message, offset, length, hint),))
        self.message = message
        self.offset = offset
        self.length = length
        self.hint = hint


def in_order(problems: Iterable[Problem]) -> tuple[Problem, ...]:
    """The problems without repetition, in the order of the text."""
    return tuple(sorted(set(problems), key=lambda p: (p.offset, p.code, p.message)))
