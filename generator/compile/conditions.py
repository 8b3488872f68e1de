"""The sides of `and`, `or` and `unless` in an expression: what each of them alone decides."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from generator.promql.tree import (
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
    walk,
)


@dataclass(frozen=True, slots=True)
class Side:
    """One side of a set operation: `within` is the operation, `rest` the whole without the side."""

    within: Binary
    expr: Expr
    other: Expr
    rest: Expr


def sides(expr: Expr) -> Iterator[Side]:
    """Every side that can be left out, outermost first. The left of `unless` cannot."""
    for node in walk(expr):
        if isinstance(node, Binary) and node.op in SET:
            yield Side(node, node.rhs, node.lhs, replaced(expr, node, node.lhs))
            if node.op != "unless":
                yield Side(node, node.lhs, node.rhs, replaced(expr, node, node.rhs))


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
