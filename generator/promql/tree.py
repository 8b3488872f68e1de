"""The syntax tree of a PromQL expression; every node knows the span of its text.

`start` and `end` are character offsets into the parsed text, modifiers (`offset`, `@`) included.
Nothing here checks or prints.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

ARITHMETIC = frozenset({"+", "-", "*", "/", "%", "^", "atan2"})
COMPARISON = frozenset({"==", "!=", "<", "<=", ">", ">="})
SET = frozenset({"and", "or", "unless"})
TRIM = frozenset({"</", ">/"})
"""Cut native histograms above or below a value."""
PARAMETRIC = frozenset({"topk", "bottomk", "count_values", "quantile", "limitk", "limit_ratio"})
"""Aggregations whose first argument is a parameter."""
SELECTING = frozenset({"topk", "bottomk", "limitk", "limit_ratio"})
"""Aggregations that return some of the series as they are, whatever they are grouped by."""
AGGREGATIONS = PARAMETRIC | {"sum", "avg", "count", "min", "max", "group", "stddev", "stdvar"}


@dataclass(frozen=True, slots=True)
class Span:
    """A piece of the text that is a duration: a range, a step or an offset.

    `ms` is its length where it is a literal (negative offsets included); None for a Grafana
    variable (`variable`) and for arithmetic (`arithmetic`, Prometheus 3.4+, experimental).
    `number` tells a bare number of seconds, which Prometheus 3 reads as a duration.
    """

    start: int
    end: int
    text: str
    ms: float | None = None
    variable: bool = False
    arithmetic: bool = False
    number: bool = False


@dataclass(frozen=True, slots=True)
class At:
    """An `@` modifier; `time` is a number's text, `start()` or `end()`.

    `duration`: the time is written as a duration, which Prometheus reads from 2.54 on.
    """

    start: int
    end: int
    time: str
    duration: bool = False


@dataclass(frozen=True, slots=True)
class Matcher:
    """`name op "value"` in braces, unescaped; `bare` is a quoted metric name alone: `{"a.b"}`."""

    start: int
    end: int
    name: str
    op: str
    value: str
    quoted: bool = False
    bare: bool = False
    variable: bool = False
    """The name is a Grafana variable."""


@dataclass(frozen=True, slots=True)
class VectorSelector:
    """`metric{matchers}`; `metric` is the name before the braces or None.

    `brace` is the offset of `{`, or -1; `body_end` the offset after name and braces.
    """

    start: int
    end: int
    metric: str | None
    matchers: tuple[Matcher, ...]
    brace: int
    body_end: int
    offset: Span | None = None
    at: At | None = None
    variable: bool = False
    """The metric's name is a Grafana variable."""
    extended: Span | None = None
    """The word `anchored` or `smoothed`."""

    @property
    def name(self) -> str | None:
        """The one metric this selects, wherever its name is written; None when not one."""
        if self.metric is not None:
            return None if self.variable else self.metric
        for matcher in self.matchers:
            if matcher.name == "__name__" and matcher.op == "=":
                return matcher.value
        return None


@dataclass(frozen=True, slots=True)
class RangeSelector:
    """`selector[range]`."""

    start: int
    end: int
    selector: VectorSelector
    range: Span
    offset: Span | None = None
    at: At | None = None
    extended: Span | None = None
    """The word `anchored` or `smoothed`."""


@dataclass(frozen=True, slots=True)
class Subquery:
    """`expr[range:step]`."""

    start: int
    end: int
    expr: Expr
    range: Span
    step: Span | None
    offset: Span | None = None
    at: At | None = None


@dataclass(frozen=True, slots=True)
class Number:
    """A number, or a duration standing for its seconds."""

    start: int
    end: int
    text: str
    value: float
    duration: bool = False


@dataclass(frozen=True, slots=True)
class String:
    """A string literal, unescaped."""

    start: int
    end: int
    value: str


@dataclass(frozen=True, slots=True)
class Variable:
    """A Grafana variable (or `$window`) standing where an expression could."""

    start: int
    end: int
    text: str


@dataclass(frozen=True, slots=True)
class Paren:
    """`(expr)`."""

    start: int
    end: int
    expr: Expr


@dataclass(frozen=True, slots=True)
class Unary:
    """`-expr` or `+expr`."""

    start: int
    end: int
    op: str
    expr: Expr


@dataclass(frozen=True, slots=True)
class Matching:
    """`on|ignoring (labels) group_left|group_right (include)`; `group` is "", "left" or "right"."""

    on: bool
    labels: tuple[str, ...]
    group: str = ""
    include: tuple[str, ...] = ()
    quoted: bool = False
    """A label's name is quoted."""


@dataclass(frozen=True, slots=True)
class Binary:
    """`lhs op rhs`; the operator with its modifiers stands at `op_start`..`op_end`."""

    start: int
    end: int
    op: str
    lhs: Expr
    rhs: Expr
    bool: bool
    matching: Matching | None
    op_start: int
    op_end: int
    fill: tuple[tuple[str, str], ...] = ()
    """`fill`, `fill_left`, `fill_right` and their numbers' text."""


@dataclass(frozen=True, slots=True)
class Call:
    """`function(args)`; `paren` is the offset of `(`."""

    start: int
    end: int
    function: str
    args: tuple[Expr, ...]
    paren: int


@dataclass(frozen=True, slots=True)
class Aggregate:
    """`op by|without (labels) (args)`; `grouping` is "", "by" or "without", `op` is lower-case.

    `paren`..`close` are the offsets of the arguments' parentheses; `grouping_start`..`grouping_end`
    span the modifier, which may stand before or after them.
    """

    start: int
    end: int
    op: str
    args: tuple[Expr, ...]
    grouping: str
    labels: tuple[str, ...]
    paren: int
    close: int
    grouping_start: int = -1
    grouping_end: int = -1
    quoted: bool = False
    """A label's name is quoted."""


Expr = (
    VectorSelector
    | RangeSelector
    | Subquery
    | Number
    | String
    | Variable
    | Paren
    | Unary
    | Binary
    | Call
    | Aggregate
)


def children(node: Expr) -> tuple[Expr, ...]:
    """The expressions directly inside a node, in the order of the text."""
    inside = _INSIDE.get(type(node))
    return inside(node) if inside else ()


_INSIDE: Mapping[type[Any], Callable[[Any], tuple[Expr, ...]]] = {
    Call: lambda node: node.args,
    Aggregate: lambda node: node.args,
    Binary: lambda node: (node.lhs, node.rhs),
    Paren: lambda node: (node.expr,),
    Unary: lambda node: (node.expr,),
    Subquery: lambda node: (node.expr,),
    RangeSelector: lambda node: (node.selector,),
}


def walk(expr: Expr) -> Iterator[Expr]:
    """Every node of the tree, parents first, otherwise in the order of the text."""
    stack = [expr]
    while stack:
        node = stack.pop()
        yield node
        stack.extend(reversed(children(node)))


def vector_selectors(expr: Expr) -> tuple[VectorSelector, ...]:
    """Every vector selector, wherever it stands, in the order of the text."""
    found, stack = [], [expr]
    while stack:
        node = stack.pop()
        if type(node) is VectorSelector:
            found.append(node)
        elif inside := children(node):
            stack.extend(inside[::-1])
    return tuple(found)


def unwrapped(expr: Expr) -> Expr:
    """The expression without the parentheses around it."""
    while isinstance(expr, Paren):
        expr = expr.expr
    return expr


def same(one: Expr, other: Expr) -> bool:
    """Whether two trees mean the same text apart from spacing, comments and spelling of strings."""
    left, right = list(walk(one)), list(walk(other))
    return len(left) == len(right) and all(
        _essence(a) == _essence(b) for a, b in zip(left, right, strict=True)
    )


def _essence(node: Expr) -> tuple[object, ...]:
    """What a node says itself, without its children's content and without offsets."""
    kind: tuple[object, ...] = (type(node), len(children(node)))
    match node:
        case VectorSelector():
            matchers = [(m.name, m.op, m.value) for m in node.matchers]
            return (*kind, node.metric, node.brace >= 0, matchers, *_moved(node))
        case RangeSelector():
            return (*kind, node.range.text.split(), *_moved(node))
        case Subquery():
            step = node.step.text.split() if node.step else None
            return (*kind, node.range.text.split(), step, *_moved(node))
        case Number() | Variable():
            return (*kind, node.text)
        case String():
            return (*kind, node.value)
        case Unary():
            return (*kind, node.op)
        case Binary():
            return (*kind, node.op, node.bool, node.matching, node.fill)
        case Call():
            return (*kind, node.function)
        case Aggregate():
            return (*kind, node.op, node.grouping, node.labels)
        case _:
            return kind


def _moved(node: VectorSelector | RangeSelector | Subquery) -> tuple[object, ...]:
    offset = node.offset.text.split() if node.offset else None
    extended = None if isinstance(node, Subquery) or not node.extended else node.extended.text
    return (offset, node.at.time.split() if node.at else None, extended)
