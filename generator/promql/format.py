"""Readable multi-line layout of an expression, made through its syntax tree.

The meaning never changes: the laid-out text reads back as the same tree.
"""

from __future__ import annotations

from functools import lru_cache

from generator.promql.lexer import comments, tokens
from generator.promql.parser import parse
from generator.promql.tree import (
    Aggregate,
    Binary,
    Call,
    Expr,
    Paren,
    RangeSelector,
    Subquery,
    Unary,
    VectorSelector,
)

_STEP = 2


def wrap(expr: str, width: int = 100) -> str:
    """The expression laid out in lines of at most `width` characters where it can be broken.

    One line that fits stays as it is, and so does text with comments: its author laid it out.
    Wrapping twice changes nothing. Raises PromqlSyntaxError when the text is not PromQL.
    """
    if "\n" not in expr and "\r" not in expr and len(expr) <= width:
        return expr
    tree = parse(expr, variables=True)
    if "#" in expr and comments(expr, variables=True):
        return expr
    return _Layout(expr, width).of(tree, 0, 0)


def one_line(node: Expr, source: str) -> str:
    """A part of an expression on one line, however its author or `wrap` laid it out."""
    return _Layout(source, len(source)).flat(node)


class _Layout:
    def __init__(self, source: str, width: int) -> None:
        self.source = source
        self.width = width
        self.flats: dict[int, str] = {}

    def of(self, node: Expr, indent: int, used: int) -> str:
        """The node from column `indent + used` on; its further lines begin at `indent`."""
        flat = self.flat(node)
        if indent + used + len(flat) <= self.width:
            return flat
        match node:
            case Binary():
                return self.binary(node, indent, used)
            case Call() | Aggregate():
                head, tail = self.head(node)
                inner = [self.of(arg, indent + _STEP, 0) for arg in node.args]
                return self.block(head, inner, tail, indent) if inner else flat
            case Paren():
                return self.block("(", [self.of(node.expr, indent + _STEP, 0)], ")", indent)
            case Unary():
                return node.op + self.of(node.expr, indent, used + 1)
            case VectorSelector():
                return self.selector(node, indent) + _modifiers(node)
            case RangeSelector():
                inside = self.selector(node.selector, indent)
                return f"{inside}[{_plain(node.range.text)}]{_modifiers(node)}"
            case Subquery():
                return self.of(node.expr, indent, used) + _brackets(node) + _modifiers(node)
            case _:
                return flat

    def block(self, head: str, inner: list[str], tail: str, indent: int) -> str:
        pad = "\n" + " " * (indent + _STEP)
        return head + pad + f",{pad}".join(inner) + "\n" + " " * indent + tail

    def binary(self, node: Binary, indent: int, used: int) -> str:
        operator = self.words(node.op_start, node.op_end)
        left = self.of(node.lhs, indent, used)
        room = self.width - indent - len(operator) - 1
        if node.matching is not None and len(self.flat(node.rhs)) > room:
            right = self.of(node.rhs, indent + _STEP, 0)
            return f"{left}\n{' ' * indent}{operator}\n{' ' * (indent + _STEP)}{right}"
        deeper = indent + _STEP if isinstance(node.rhs, Binary) else indent
        right = self.of(node.rhs, deeper, len(operator) + 1 - (deeper - indent))
        return f"{left}\n{' ' * indent}{operator} {right}"

    def selector(self, node: VectorSelector, indent: int) -> str:
        if not node.matchers:
            return self.bare(node)
        head = (node.metric or "") + "{"
        return self.block(head, self.matchers(node), "}", indent)

    def head(self, node: Call | Aggregate) -> tuple[str, str]:
        if isinstance(node, Call):
            return node.function + "(", ")"
        name = self.source[node.start : node.start + len(node.op)]
        if not node.grouping:
            return name + "(", ")"
        grouping = self.words(node.grouping_start, node.grouping_end)
        return f"{name} {grouping} (", ")"

    def flat(self, node: Expr) -> str:
        """The node on one line."""
        known = self.flats.get(id(node))
        if known is None:
            known = self.flats[id(node)] = self.one_line(node)
        return known

    def one_line(self, node: Expr) -> str:
        match node:
            case Binary():
                operator = self.words(node.op_start, node.op_end)
                return f"{self.flat(node.lhs)} {operator} {self.flat(node.rhs)}"
            case Call() | Aggregate():
                head, tail = self.head(node)
                return head + ", ".join(map(self.flat, node.args)) + tail
            case Paren():
                return f"({self.flat(node.expr)})"
            case Unary():
                return node.op + self.flat(node.expr)
            case VectorSelector():
                return self.bare(node) + _modifiers(node)
            case RangeSelector():
                return f"{self.bare(node.selector)}[{_plain(node.range.text)}]{_modifiers(node)}"
            case Subquery():
                return self.flat(node.expr) + _brackets(node) + _modifiers(node)
            case _:
                return self.source[node.start : node.end]

    def bare(self, node: VectorSelector) -> str:
        braces = "{" + ",".join(self.matchers(node)) + "}" if node.brace >= 0 else ""
        return (node.metric or "") + braces

    def matchers(self, node: VectorSelector) -> list[str]:
        return [_matcher(self.source[m.start : m.end]) for m in node.matchers]

    def words(self, start: int, end: int) -> str:
        """Keywords and label lists with one canonical spacing."""
        return _words(self.source[start:end])


@lru_cache(maxsize=4096)
def _matcher(text: str) -> str:
    return "".join(token[1] for token in tokens(text, variables=True))


@lru_cache(maxsize=4096)
def _words(text: str) -> str:
    out = ""
    for kind, word, _ in tokens(text, variables=True):
        close = not out or out[-1] == "(" or kind in (")", ",", "end")
        out += word if close else " " + word
    return out


def _plain(duration: str) -> str:
    return " ".join(duration.split())


def _brackets(node: Subquery) -> str:
    step = _plain(node.step.text) if node.step else ""
    return f"[{_plain(node.range.text)}:{step}]"


def _modifiers(node: VectorSelector | RangeSelector | Subquery) -> str:
    """` offset …` and ` @ …` in the order they were written."""
    found = []
    if node.offset:
        found.append((node.offset.start, f" offset {_plain(node.offset.text)}"))
    if node.at:
        found.append((node.at.start, f" @ {_plain(node.at.time)}"))
    if not isinstance(node, Subquery) and node.extended:
        found.append((node.extended.start, f" {node.extended.text}"))
    return "".join(text for _, text in sorted(found))
