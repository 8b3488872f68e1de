"""Small constructors of PromQL text, and splices into an author's expression at its syntax tree.

What comes out is plain text: it becomes an expression of a rule through `isolate` only.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from generator.promql.lexer import comments, tokens
from generator.promql.parser import parse
from generator.promql.problems import Problem, PromqlError
from generator.promql.tree import (
    Call,
    Expr,
    RangeSelector,
    Subquery,
    VectorSelector,
    vector_selectors,
    walk,
)
from generator.values import Duration

_METRIC = re.compile(r"[A-Za-z_:][A-Za-z0-9_:]*")
_LABEL = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_RESERVED = frozenset(
    {"bool", "on", "ignoring", "group_left", "group_right", "atan2", "inf", "nan"}
)
_CLOCKS = frozenset(
    {"time", "minute", "hour", "day_of_week", "day_of_month", "day_of_year", "month", "year"}
)
"""Functions that read the clock when they have no argument."""
_OPERATORS = frozenset({"=", "!=", "=~", "!~"})
_ESCAPES = {"\\": "\\\\", '"': '\\"', "\n": "\\n", "\r": "\\r", "\t": "\\t", "\ufffd": "\\ufffd"}


def quote(value: str) -> str:
    """A PromQL string literal of this value, escaped by Go's rules.

    Bytes that are no UTF-8 (surrogate escapes) become `\\xNN`. Raises ValueError for other lone
    surrogates, which no label value can hold.
    """
    return '"' + "".join(map(_escaped, value)) + '"'


def label_name(name: str) -> str:
    """A label's name as it is written in braces and groupings; quoted where it must be."""
    return name if _LABEL.fullmatch(name) else quote(name)


def selector(metric: str | None, matchers: Iterable[tuple[str, str, str]] = ()) -> str:
    """`metric{name op "value",…}`; a metric outside the classic alphabet moves into the braces.

    Raises ValueError for an operator that is none of =, !=, =~, !~.
    """
    inside = [_matcher(*matcher) for matcher in matchers]
    if metric is None:
        return "{" + ",".join(inside) + "}"
    if not _METRIC.fullmatch(metric) or metric.lower() in _RESERVED:
        return "{" + ",".join([quote(metric), *inside]) + "}"
    return metric + ("{" + ",".join(inside) + "}" if inside else "")


def sum_by(labels: Iterable[str], inner: str) -> str:
    """`sum by (labels) (inner)`; without labels `sum(inner)`."""
    names = ", ".join(map(label_name, labels))
    return f"sum by ({names}) ({_closed(inner)})" if names else f"sum({_closed(inner)})"


def rate(selector_text: str, window: Duration | str) -> str:
    """`rate(selector[window])`. Raises PromqlError unless the text is a plain selector."""
    return f"rate({with_range(selector_text, window)})"


def with_range(selector_text: str, window: Duration | str) -> str:
    """An event selector with a range: `x{a="b"} offset 5m` becomes `x{a="b"}[window] offset 5m`.

    Comments around the selector are dropped. Raises PromqlError unless the text is a plain
    selector (no function, no range, no operator).
    """
    expr = parse(selector_text, variables=True)
    if not isinstance(expr, VectorSelector):
        raise PromqlError(
            (
                Problem(
                    "promql-selector",
                    'a plain selector is needed here, like http_requests_total{code=~"5.."}',
                    expr.start,
                    expr.end - expr.start,
                    "the range, rate() and sums are added when it is compiled",
                ),
            )
        )
    start, middle, end = expr.start, expr.body_end, expr.end
    return f"{selector_text[start:middle]}[{window}]{selector_text[middle:end]}"


def matchers_added(expr: str, matchers: Iterable[tuple[str, str, str]]) -> str:
    """The author's expression with more matchers in every selector, all other text untouched.

    A selector that already has a matcher on a label keeps it and gets none of ours for it.
    Raises PromqlError when the text is not PromQL.
    """
    wanted = tuple(matchers)
    splices: list[tuple[int, str]] = []
    for node in vector_selectors(parse(expr, variables=True)):
        has = {matcher.name for matcher in node.matchers}
        added = ",".join(_matcher(*matcher) for matcher in wanted if matcher[0] not in has)
        if added:
            splices.append(splice(node, added))
    return spliced(expr, splices)


def shifted(expr: str, ago: Duration) -> str | None:
    """The expression as it was some time ago: every selector gets the offset.

    None where that cannot be written: a selector or a subquery is moved in time already, or a
    function reads the clock, which would stay now. Raises PromqlError when it is not PromQL.
    """
    tree = parse(expr, variables=True)
    ends = {node.end: node.end for node in vector_selectors(tree)}
    for node in walk(tree):
        match node:
            case Call(args=()) if node.function in _CLOCKS:
                return None
            case VectorSelector() | RangeSelector() | Subquery() if node.offset or node.at:
                return None
            case RangeSelector():
                ends[node.selector.end] = node.end
            case _:
                pass
    return spliced(expr, [(end, f" offset {ago}") for end in ends.values()])


def selectors(expr: str | Expr) -> list[str]:
    """The names of the metrics an expression reads, each once, in the order of the text.

    Raises PromqlError when the text is not PromQL.
    """
    tree = parse(expr, variables=True) if isinstance(expr, str) else expr
    return list(dict.fromkeys(n.name for n in vector_selectors(tree) if n.name is not None))


def replaced_ranges(expr: str, placeholder: str, duration: Duration | str) -> str:
    """The expression with a duration in place of every `$window`-like token outside strings.

    `placeholder` is the variable's name with or without the `$`. Raises PromqlError when the
    text cannot be read.
    """
    name = placeholder.lstrip("$")
    spellings = {f"${name}", f"${{{name}}}", f"[[{name}]]"}
    out, last = [], 0
    for kind, text, start in tokens(expr, variables=True):
        if kind == "variable" and text in spellings:
            out += [expr[last:start], str(duration)]
            last = start + len(text)
    return "".join([*out, expr[last:]])


def splice(node: VectorSelector, matchers: str) -> tuple[int, str]:
    """Where to insert which text so that a selector carries `matchers` first in its braces."""
    if node.brace < 0:
        return node.body_end, "{" + matchers + "}"
    return node.brace + 1, matchers + ("," if node.matchers else "")


def spliced(text: str, splices: Iterable[tuple[int, str]]) -> str:
    """The text with every insertion made at its offset."""
    out, last = [], 0
    for offset, inserted in sorted(splices):
        out += [text[last:offset], inserted]
        last = offset
    return "".join([*out, text[last:]])


def _matcher(name: str, op: str, value: str) -> str:
    if op not in _OPERATORS:
        raise ValueError(f"{op!r} is no matching operator")
    return f"{label_name(name)}{op}{quote(value)}"


def _escaped(char: str) -> str:
    if char in _ESCAPES:
        return _ESCAPES[char]
    code = ord(char)
    if code < 0x20 or code == 0x7F:
        return f"\\x{code:02x}"
    if 0xDC80 <= code <= 0xDCFF:
        return f"\\x{code - 0xDC00:02x}"
    if 0xD800 <= code < 0xE000:
        raise ValueError("a label value cannot hold a lone surrogate")
    return char


def _closed(inner: str) -> str:
    """The text such that what is written after it does not fall into a comment."""
    if "#" not in inner:
        return inner
    found = comments(inner, variables=True)
    return inner + "\n" if found and found[-1].end == len(inner) else inner
