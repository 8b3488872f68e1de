"""The grammar of braces: a selector's label matchers and quoted metric names."""

from __future__ import annotations

from generator.promql.cursor import Cursor
from generator.promql.lexer import unquote
from generator.promql.problems import PromqlSyntaxError
from generator.promql.tree import Matcher, VectorSelector

_OPERATORS = ("=", "!=", "=~", "!~")


def selector(c: Cursor, metric: str | None, start: int, end: int, variable: bool) -> VectorSelector:
    """`metric{matchers}`; the metric's name, at `start`..`end`, is read already or None."""
    brace = -1
    matchers: tuple[Matcher, ...] = ()
    if c.kind == "{":
        brace = c.at
        matchers, end = _matchers(c)
        if metric is not None and not variable:
            for matcher in matchers:
                if matcher.name == "__name__":
                    raise PromqlSyntaxError(
                        f"the metric's name is set twice: {metric} and {matcher.value}",
                        matcher.start,
                        matcher.end - matcher.start,
                    )
    return VectorSelector(start, end, metric, matchers, brace, end, None, None, variable)


def _matchers(c: Cursor) -> tuple[tuple[Matcher, ...], int]:
    c.advance()
    found: list[Matcher] = []
    while c.kind != "}":
        found.append(_matcher(c))
        if c.kind == "}":
            break
        if c.kind == "word" and c.text.lower() == "or":
            raise c.unexpected(
                "`or` inside braces is not PromQL (VictoriaMetrics only)",
                "write two selectors with `or` between them, or one regex matcher",
            )
        c.take(",", "`,` or `}` after a matcher")
    return tuple(found), c.take("}", "`}`")


def _matcher(c: Cursor) -> Matcher:
    kind, text, start = c.kind, c.text, c.at
    if kind == "string":
        name = unquote(text, start)
    elif (kind == "word" and ":" not in text) or kind == "variable":
        name = text
    else:
        raise c.unexpected("expected a label name or `}`")
    end = start + len(text)
    c.advance()
    if kind == "string" and c.kind in (",", "}"):
        return Matcher(start, end, "__name__", "=", name, True, True)
    op = c.kind
    if op not in _OPERATORS:
        raise c.unexpected(
            "expected =, !=, =~ or !~ after the label name",
            "one `=` compares labels" if op == "==" else None,
        )
    c.advance()
    if c.kind != "string":
        raise c.unexpected("expected the label's value in quotes")
    value, end = unquote(c.text, c.at), c.at + len(c.text)
    c.advance()
    return Matcher(start, end, name, op, value, kind == "string", False, kind == "variable")
