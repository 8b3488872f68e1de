"""The conditions in an expression: sides of `and`, `or` and `unless`, and comparisons that filter
inside arithmetic. What does each of them alone decide?
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from generator.promql.tree import (
    COMPARISON,
    SET,
    Aggregate,
    Binary,
    Call,
    Expr,
    Paren,
    RangeSelector,
    Subquery,
    Unary,
    children,
    unwrapped,
    walk,
)


@dataclass(frozen=True, slots=True)
class Side:
    """One condition: `op` joins it to the whole, `rest` is the whole without it.

    `expr`, unlike `other`, is the condition. A comparison that filters is joined by `and`.
    """

    op: str
    expr: Expr
    other: Expr
    rest: Expr


def sides(expr: Expr) -> Iterator[Side]:
    """Every condition that can be left out, outermost first. The left of `unless` cannot."""
    top = unwrapped(expr)
    for node in walk(expr):
        if not isinstance(node, Binary):
            continue
        if node.op in SET:
            yield Side(node.op, node.rhs, node.lhs, replaced(expr, node, node.lhs))
            if node.op != "unless":
                yield Side(node.op, node.lhs, node.rhs, replaced(expr, node, node.rhs))
        elif node is not top and node.op in COMPARISON and not node.bool and _filters(expr, node):
            yield Side("and", node, node.lhs, replaced(expr, node, node.lhs))


def _filters(expr: Expr, node: Binary) -> bool:
    """Whether a comparison stands inside arithmetic, a function or another comparison."""
    parent: Expr = expr
    found: Expr = expr
    while found is not node:
        inner = next(c for c in children(found) if any(n is node for n in walk(c)))
        if not isinstance(found, Paren):
            parent = found
        found = inner
    return not (isinstance(parent, Binary) and parent.op in SET)


def replaced(expr: Expr, node: Expr, by: Expr) -> Expr:
    """The tree with one of its nodes exchanged; spans stay those of the old text."""
    if expr is node:
        return by
    if not children(expr):
        return expr
    match expr:
        case Call() | Aggregate():
            return replace(expr, args=tuple(replaced(arg, node, by) for arg in expr.args))
        case Binary():
            lhs, rhs = replaced(expr.lhs, node, by), replaced(expr.rhs, node, by)
            return replace(expr, lhs=lhs, rhs=rhs)
        case Paren() | Unary() | Subquery():
            return replace(expr, expr=replaced(expr.expr, node, by))
        case RangeSelector():
            return expr
        case _:
            return expr
