"""A second, independent reader of finished expressions: promql-parser, sharing no code with us.

It only reads: what it prints is never used (it does not keep text, comments or escapes).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from functools import lru_cache
from typing import Any

import promql_parser

from generator.promql.lexer import tokens
from generator.promql.tree import VectorSelector

_INNER = ("expr", "param", "lhs", "rhs", "vector_selector")
_OPS = {"Equal": "=", "NotEqual": "!=", "Re": "=~", "NotRe": "!~"}
_SCALAR = re.compile(r".*__(?:range_s|range_ms|interval_ms|rate_interval_ms|from|to).*")

_BYTE = re.compile(r"\\x[89a-fA-F]|\\[23][0-7]{2}")

_Seen = tuple[tuple[str, str, str], ...]


def reads_the_same(expr: str, nodes: Iterable[VectorSelector]) -> bool | None:
    """Whether the second reader finds exactly these selectors with these matchers.

    None when it cannot read the text: newer syntax, raw strings with backslashes, escapes of
    single bytes, which it takes for code points.
    """
    theirs = _found(expr)
    return None if theirs is None else theirs == sorted(map(_our_matchers, nodes))


@lru_cache(maxsize=2048)
def _found(expr: str) -> list[_Seen] | None:
    """The matchers of every selector that the second reader finds in a text, sorted.

    A text is read once: expressions are read when they are isolated, and again in finished files.
    """
    if _BYTE.search(expr):
        return None
    tree = _read(_without_variables(expr))
    return None if tree is None else sorted(map(_their_matchers, _selectors(tree)))


def _read(text: str) -> Any | None:
    """Its tree, None when it cannot read the text or fails at it.

    A panic of its Rust code comes as pyo3's PanicException, which is no Exception and no module
    exports: it is told by its name, and whatever else is caught goes on.
    """
    try:
        return promql_parser.parse(text)
    except ValueError:
        return None
    except BaseException as failure:
        if type(failure).__name__ != "PanicException":
            raise
        return None


def _selectors(tree: Any) -> Iterator[Any]:
    stack = [tree]
    while stack:
        node = stack.pop()
        if isinstance(node, promql_parser.VectorSelector):
            yield node
            continue
        stack += [child for name in _INNER if (child := getattr(node, name, None)) is not None]
        stack += getattr(node, "args", None) or ()


def _their_matchers(node: Any) -> _Seen:
    found = [(m.name, _operator(m.op), m.value) for m in node.matchers.matchers]
    found += [("or", "or", str(m)) for m in node.matchers.or_matchers]
    if node.name is not None:
        found.append(("__name__", "=", node.name))
    return tuple(sorted(set(found)))


def _our_matchers(node: VectorSelector) -> _Seen:
    found = [(m.name, m.op, m.value) for m in node.matchers]
    if node.metric is not None:
        found.append(("__name__", "=", "v" if node.variable else node.metric))
    return tuple(sorted(set(found)))


def _operator(op: Any) -> str:
    return _OPS[str(op).rpartition(".")[2]]


def _without_variables(expr: str) -> str:
    """The text with something plain in place of each variable token, as the second reader needs."""
    if "$" not in expr and "[[" not in expr:
        return expr
    out, last, before = [], 0, ""
    for kind, text, start in tokens(expr, variables=True):
        if kind == "variable":
            plain = "5m" if before in ("[", ":", "offset") else "1" if _SCALAR.match(text) else "v"
            out += [expr[last:start], plain]
            last = start + len(text)
        if not (before == "offset" and kind in ("+", "-")):
            before = text.lower()
    return "".join([*out, expr[last:]])
