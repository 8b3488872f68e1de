"""What a lint of an expression may ask, and where it is entered. No lint is known here."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field

from generator.findings import Level
from generator.lints import declare
from generator.promql.catalogue import Catalogue
from generator.promql.problems import Problem
from generator.promql.tree import Binary, Expr, Matcher, Number
from generator.values import Duration


@dataclass(frozen=True, slots=True)
class Asked:
    """An expression and what becomes of it.

    `fires`: every sample it returns fires an alert. `level`: the alert's kind compares it with
    (operator, number). `scrape_interval` None: ranges are not compared with it; `retention` None:
    how long samples are kept is not known.
    """

    expr: Expr
    text: str
    catalogue: Catalogue = field(default_factory=Catalogue)
    fires: bool = False
    level: tuple[str, float] | None = None
    scrape_interval: Duration | None = None
    retention: Duration | None = None

    @property
    def alert(self) -> bool:
        """Whether an alert hangs on the expression."""
        return self.fires or self.level is not None

    @property
    def condition(self) -> Expr:
        """What decides whether the alert fires: the expression, compared with the level if any."""
        if self.level is None:
            return self.expr
        op, number = self.level
        start, end = self.expr.start, self.expr.end
        level = Number(end, end, f"{number:g}", number)
        return Binary(start, end, op, self.expr, level, False, None, start, end)


Finder = Callable[[Asked], Iterator[Problem]]
FINDERS: list[Finder] = []


def lint(codes: Mapping[str, Level]) -> Callable[[Finder], Finder]:
    """Enters a lint with its codes and the worst level of each."""
    declare(codes)

    def register(finder: Finder) -> Finder:
        FINDERS.append(finder)
        return finder

    return register


def at(
    node: Expr | Matcher,
    code: str,
    message: str,
    hint: str | None = None,
    level: Level = Level.WARNING,
) -> Problem:
    """A problem of a whole node."""
    return Problem(code, message, node.start, node.end - node.start, hint, level)


def wrong(node: Expr | Matcher, code: str, message: str, hint: str | None = None) -> Problem:
    """An error of a whole node."""
    return at(node, code, message, hint, Level.ERROR)


def at_operator(node: Binary, code: str, message: str, hint: str | None = None) -> Problem:
    """A warning under an operator with its modifiers."""
    length = node.op_end - node.op_start
    return Problem(code, message, node.op_start, length, hint, Level.WARNING)
