"""Durations, times and numbers inside an expression: literals, variables, arithmetic."""

from __future__ import annotations

import math
import re
from dataclasses import replace

from generator.promql.cursor import Cursor
from generator.promql.problems import PromqlSyntaxError
from generator.promql.tree import At, Span
from generator.values import Duration

_MAX_MS = 2**63 // 1_000_000
_PRECEDENCE = {"+": 4, "-": 4, "*": 5, "/": 5, "%": 5, "^": 6}
_UNARY = 6
_INTEGER = re.compile(r"0[xX]_?[0-9a-fA-F]+(?:_[0-9a-fA-F]+)*|[0-9]+(?:_[0-9]+)*")
_PAIRED = frozenset({"min", "max", "min_of", "max_of"})
_QUERY = frozenset({"step", "range"})
_DIGITS = "[0-9]+(?:_[0-9]+)*"
_FLOAT = re.compile(rf"(?:{_DIGITS}(?:\.(?:{_DIGITS})?)?|\.{_DIGITS})(?:[eE][+-]?{_DIGITS})?")


def positive(c: Cursor) -> Span:
    """A range or a step: a literal, a variable or arithmetic."""
    start, index = c.at, c.index
    if c.kind in ("number", "duration", "variable"):
        span = _literal(c)
        if c.kind in (":", "]"):
            if span.ms is not None and span.ms <= 0:
                raise PromqlSyntaxError(
                    "this duration must be greater than 0", start, span.end - start
                )
            return span
        c.index = index - 1
        c.advance()
    end = _duration_expr(c, 1)
    text = c.source[start:end]
    if text[0] == "-" and text[1:2].isdigit() and c.index == index + 2:
        raise PromqlSyntaxError("this duration must be greater than 0", start, end - start)
    return Span(start, end, text, arithmetic=True)


def offset_span(c: Cursor) -> Span:
    """What follows `offset`: a signed literal, a variable or arithmetic in parentheses."""
    start, sign = c.at, ""
    if c.kind in ("+", "-"):
        sign = c.kind
        c.advance()
    if c.kind in ("number", "duration", "variable"):
        span = _literal(c)
        ms = -span.ms if sign == "-" and span.ms is not None else span.ms
        return replace(span, start=start, text=c.source[start : span.end], ms=ms)
    if c.kind not in ("(", "+", "-") and c.text.lower() not in _QUERY | _PAIRED:
        raise c.unexpected("expected a duration after `offset`")
    end = _duration_expr(c, 1)
    return Span(start, end, c.source[start:end], arithmetic=True)


def timestamp(c: Cursor, start: int) -> At:
    """What follows the `@` at `start`: a Unix time in seconds, start() or end()."""
    if c.kind == "word" and c.text.lower() in ("start", "end"):
        word = c.text.lower()
        c.advance()
        c.take("(", f"`()` after {word}")
        return At(start, c.take(")", "`)`"), f"{word}()")
    begin = c.at
    if c.kind in ("+", "-"):
        c.advance()
    infinite = c.kind == "word" and c.text.lower() in ("inf", "nan")
    if infinite or c.kind not in ("number", "duration", "variable"):
        raise c.unexpected("expected a Unix time, start() or end() after `@`")
    if c.kind != "variable" and seconds(c.kind, c.text, c.at) >= 2**63:
        raise c.unexpected("this time is out of range")
    end, duration = c.at + len(c.text), c.kind == "duration"
    c.advance()
    return At(start, end, c.source[begin:end], duration)


def seconds(kind: str, text: str, at: int) -> float:
    """The value of a number or a duration literal that stands at `at`."""
    try:
        if kind == "duration":
            value = float(Duration.parse(text).seconds)
            if value * 1000 > _MAX_MS:
                raise ValueError
            return value
        if _INTEGER.fullmatch(text):
            digits = text.replace("_", "").lower()
            if digits.startswith("0x"):
                return float(int(digits, 16))
            octal = len(digits) > 1 and digits[0] == "0" and not set(digits) & {"8", "9"}
            return float(int(digits, 8 if octal else 10))
        if _FLOAT.fullmatch(text) and not math.isinf(value := float(text)):
            return value
    except (ValueError, OverflowError):
        pass
    raise PromqlSyntaxError(
        f"{text} is no valid {kind}",
        at,
        len(text),
        "units from the largest to the smallest, each once: 1d12h, 1h30m"
        if kind == "duration"
        else None,
    )


def _literal(c: Cursor) -> Span:
    kind, text, start = c.kind, c.text, c.at
    ms = None if kind == "variable" else seconds(kind, text, start) * 1000
    if ms is not None and ms > _MAX_MS:
        raise c.unexpected("this duration is out of range")
    c.advance()
    return Span(start, start + len(text), text, ms, kind == "variable", False, kind == "number")


def _duration_expr(c: Cursor, minimum: int) -> int:
    """Skip duration arithmetic; returns the offset after it."""
    c.deeper()
    if c.kind in ("+", "-"):
        c.advance()
        end = _duration_expr(c, _UNARY)
    elif c.kind == "(":
        c.advance()
        _duration_expr(c, 1)
        end = c.take(")", "`)`")
    elif c.kind in ("number", "duration", "variable"):
        end = _literal(c).end
    elif c.kind == "word" and c.text.lower() in _QUERY | _PAIRED:
        end = _of_the_query(c)
    else:
        raise c.unexpected("expected a duration", "durations are like 5m, 1h30m")
    while c.kind in ("+", "-", "*", "/", "%", "^"):
        op, level = c.kind, _PRECEDENCE[c.kind]
        if level < minimum:
            break
        c.advance()
        if op in "/%" and c.kind in ("number", "duration") and not _literal_value(c):
            raise c.unexpected("division by zero")
        end = _duration_expr(c, level if op == "^" else level + 1)
    c.depth -= 1
    return end


def _of_the_query(c: Cursor) -> int:
    """`step()`, `range()`, `min_of(a, b)`, `max_of(a, b)`; returns the offset after it."""
    word = c.text.lower()
    c.advance()
    c.take("(", f"`(` after {word}")
    if word in _PAIRED:
        _duration_expr(c, 1)
        c.take(",", "`,` between two durations")
        _duration_expr(c, 1)
    return c.take(")", "`)`")


def _literal_value(c: Cursor) -> float:
    return seconds(c.kind, c.text, c.at)
