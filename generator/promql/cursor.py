"""Where a parser stands in the tokens of one expression, and how deep.

No grammar here: what may follow what is `parser.py`, durations and numbers `durations.py`.
"""

from __future__ import annotations

from generator.promql.lexer import Token, tokens
from generator.promql.problems import PromqlSyntaxError

MAX_DEPTH = 80
"""How deep parentheses, calls and braces may nest."""
MAX_HEIGHT = 200
"""How high the tree may grow, chains of operators included."""
_SPLIT = "split it with recording rules"


class Cursor:
    """One pass over the tokens of `source`; `kind`, `text` and `at` are the current token.

    `depth` is how deep the parser is, `height` the height of the tree it made last.
    """

    __slots__ = ("at", "depth", "height", "index", "kind", "source", "text", "tokens")

    def __init__(self, source: str, variables: bool) -> None:
        self.source = source
        self.tokens: list[Token] = tokens(source, variables=variables)
        self.index = 0
        self.depth = 0
        self.height = 0
        self.kind, self.text, self.at = self.tokens[0]

    def advance(self) -> None:
        """Go to the next token."""
        self.index += 1
        self.kind, self.text, self.at = self.tokens[self.index]

    def take(self, kind: str, what: str) -> int:
        """Consume a token of this kind and return the offset after it."""
        if self.kind != kind:
            raise self.unexpected(f"expected {what}")
        end = self.at + len(self.text)
        self.advance()
        return end

    @property
    def following(self) -> Token:
        """The token after the current one."""
        return self.tokens[min(self.index + 1, len(self.tokens) - 1)]

    def unexpected(self, why: str, hint: str | None = None) -> PromqlSyntaxError:
        """The error that the current token may not stand here."""
        if self.kind == "end":
            return PromqlSyntaxError(f"the expression ends too early: {why}", self.at, 1, hint)
        shown = self.text if len(self.text) <= 40 else self.text[:37] + "..."
        return PromqlSyntaxError(f"unexpected {shown}: {why}", self.at, len(self.text), hint)

    def grown(self, height: int, at: int) -> int:
        """The height of a node over one of this height. Raises PromqlSyntaxError past the limit."""
        if height >= MAX_HEIGHT:
            raise PromqlSyntaxError(
                f"this expression chains or nests more than {MAX_HEIGHT} operations",
                at,
                1,
                _SPLIT,
            )
        return height + 1

    def deeper(self) -> None:
        """Go one level down; the caller goes up again by `depth -= 1`."""
        self.depth += 1
        if self.depth > MAX_DEPTH:
            raise PromqlSyntaxError(
                f"this expression nests deeper than {MAX_DEPTH} levels",
                self.at,
                max(1, len(self.text)),
                _SPLIT,
            )
