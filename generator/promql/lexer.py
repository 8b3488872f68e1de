"""PromQL text to tokens with offsets; reads the letters as Prometheus' own lexer does.

Whitespace is space, tab, newline and return only; a comment ends at a newline or a return.
Comments are kept apart. Words are not sorted into keywords here: that depends on where they stand.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from generator.promql.problems import PromqlSyntaxError

VARIABLE = r"\$\{[A-Za-z_]\w*(?:[.:][^{}\"'`\s]*)?\}|\$[A-Za-z_]\w*|\[\[\w+(?::[^\[\]\"'`\s]*)?\]\]"
_END = r"(?![A-Za-z0-9_])"
_COMMON = rf"""
    (?P<duration>[0-9]+(?:ms|[smhdwy])(?:[0-9]+(?:ms|[smhdw]))*{_END})
  | (?P<number>(?:0[xX][0-9a-fA-F_]+
      |(?:[0-9][0-9_]*(?:\.[0-9_]*)?|\.[0-9][0-9_]*)(?:[eE][+-]?[0-9][0-9_]*)?){_END})
  | (?P<string>"[^"\\\n]*(?:\\.[^"\\\n]*)*"|'[^'\\\n]*(?:\\.[^'\\\n]*)*'|`[^`]*`)
"""
_SYMBOL = r"(?P<symbol>==|=~|!=|!~|<=|>=|</|>/|[-+*/%^(){}\[\],=<>@:])"
_LETTERS = r"(?P<word>[A-Za-z_:][A-Za-z0-9_:]*)"
_BRACKET_LETTERS = r"(?P<word>[A-Za-z_]+)"
_SPACE = r"(?P<space>[ \t\r\n]+)|(?P<comment>\#[^\r\n]*)"
_BAD = r"(?P<bad>.)"


def _pattern(*parts: str) -> re.Pattern[str]:
    return re.compile("|".join(parts), re.ASCII | re.DOTALL | re.VERBOSE)


_NAMED = rf"(?P<variable>{VARIABLE})"
_OUTSIDE = {
    False: _pattern(_SPACE, _LETTERS, _COMMON, _SYMBOL, _BAD).match,
    True: _pattern(_SPACE, _LETTERS, _NAMED, _COMMON, _SYMBOL, _BAD).match,
}
_INSIDE_BRACKETS = {
    False: _pattern(_SPACE, _BRACKET_LETTERS, _COMMON, _SYMBOL, _BAD).match,
    True: _pattern(_SPACE, _BRACKET_LETTERS, _NAMED, _COMMON, _SYMBOL, _BAD).match,
}

Token = tuple[str, str, int]
"""(kind, text, offset): kind is `word`, `number`, `duration`, `string`, `variable`, `end`, or the
symbol itself."""


@dataclass(frozen=True, slots=True)
class Comment:
    """`# …`, without the line's end."""

    start: int
    end: int


def tokens(text: str, *, variables: bool = False) -> list[Token]:
    """The tokens of an expression, an `end` token last. Raises PromqlSyntaxError."""
    return _lex(text, variables, [])


def comments(text: str, *, variables: bool = False) -> tuple[Comment, ...]:
    """The comments of an expression, in order. Raises PromqlSyntaxError."""
    found: list[Comment] = []
    _lex(text, variables, found)
    return tuple(found)


def _lex(text: str, variables: bool, found: list[Comment]) -> list[Token]:
    out: list[Token] = []
    add = out.append
    outside, inside = _OUTSIDE[variables], _INSIDE_BRACKETS[variables]
    match = outside
    position, size = 0, len(text)
    while position < size:
        token = match(text, position)
        assert token is not None
        kind = token.lastgroup
        begin, position = position, token.end()
        if kind == "space":
            continue
        if kind == "symbol":
            symbol = token[0]
            if symbol == "[":
                match = inside
            elif symbol == "]":
                match = outside
            add((symbol, symbol, begin))
        elif kind == "comment":
            if out and out[-1][0] == "[":
                raise PromqlSyntaxError("a comment cannot stand right after `[`", begin, 1)
            found.append(Comment(begin, position))
        elif kind == "bad":
            raise _bad(text, begin)
        else:
            assert kind is not None
            add((kind, token[0], begin))
    add(("end", "", size))
    return out


def _bad(text: str, at: int) -> PromqlSyntaxError:
    """Say what is wrong with a character that begins no token."""
    char = text[at]
    if char in "\"'`":
        return PromqlSyntaxError(
            "this string is not closed",
            at,
            len(text) - at if char == "`" else len(text[at:].split("\n", 1)[0]),
            f"end it with {char}" if char != "`" else "end it with a backquote",
        )
    if char == "$":
        return PromqlSyntaxError(
            "a variable cannot stand here",
            at,
            1,
            "variables are for dashboards and SLI ratios; write `\\$` inside a string for a dollar",
        )
    if char.isdigit() and char.isascii():
        bad = re.match(r"[0-9A-Za-z_.]+", text[at:])
        word = bad[0] if bad else char
        return PromqlSyntaxError(
            f"{word} is neither a number nor a duration",
            at,
            len(word),
            "durations are like 5m, 1h30m",
        )
    if char in "!~&|":
        return PromqlSyntaxError(
            f"unexpected character {char!r}", at, 1, "PromQL's logic is `and`, `or`, `unless`"
        )
    return PromqlSyntaxError(f"unexpected character {char!r}", at, 1)


_SIMPLE = {
    "a": 7, "b": 8, "f": 12, "n": 10, "r": 13, "t": 9, "v": 11, "\\": 92, '"': 34, "'": 39,
}  # fmt: skip
_SURROGATE = re.compile("[\ud800-\udfff]")
_ESCAPE = re.compile(
    r"\\(?:([abfnrtv\\'\"])|([0-7]{3})|x([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|(.?))",
    re.DOTALL,
)


def unquote(literal: str, offset: int = 0) -> str:
    """The value of a string literal, by Go's rules; bytes that are no UTF-8 become surrogates.

    `offset` is where the literal stands, for the PromqlSyntaxError of a bad escape.
    """
    quote, body = literal[0], literal[1:-1]
    if "\ufffd" in body or (not body.isascii() and _SURROGATE.search(body)):
        raise PromqlSyntaxError("this string is not valid UTF-8", offset, len(literal))
    if quote == "`" or "\\" not in body:
        return body
    value = bytearray()
    last = 0
    for match in _ESCAPE.finditer(body):
        value += body[last : match.start()].encode()
        value += _unescape(match, quote, offset + 1 + match.start())
        last = match.end()
    value += body[last:].encode()
    return value.decode("utf-8", "surrogateescape")


def _unescape(match: re.Match[str], quote: str, offset: int) -> bytes:
    simple, octal, byte, short, long, _ = match.groups()
    if simple is not None and (simple not in "'\"" or simple == quote):
        return bytes((_SIMPLE[simple],))
    number = next((int(t, b) for t, b in ((octal, 8), (byte, 16)) if t is not None), None)
    if number is not None and number < 256:
        return bytes((number,))
    point = next((int(t, 16) for t in (short, long) if t is not None), None)
    if point is not None and point <= 0x10FFFF and not 0xD800 <= point < 0xE000:
        return chr(point).encode()
    raise PromqlSyntaxError(
        f"`{match[0]}` is no escape in a {quote}-quoted string",
        offset,
        len(match[0]),
        "double the backslash, or quote with backquotes",
    )
