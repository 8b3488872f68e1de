"""Broken versions of an alert rule, one fault each: what its unit test must not let pass."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from generator.ir.rules import AlertRule
from generator.promql.build import selector
from generator.promql.parser import parse
from generator.promql.tree import (
    COMPARISON,
    SET,
    Aggregate,
    Binary,
    Expr,
    Number,
    RangeSelector,
    Subquery,
    VectorSelector,
    unwrapped,
    walk,
)
from generator.values import Duration, IsolatedExpr

_FLIPPED = {">": "<", "<": ">", ">=": "<=", "<=": ">=", "==": "!=", "!=": "=="}
_SWAPPED = {"sum": "max", "max": "min", "min": "max", "avg": "sum", "count": "sum"}

Mutant = tuple[str, AlertRule]


def mutants(rule: AlertRule, tenant_label: str, severity_label: str) -> Iterator[Mutant]:
    """Every broken version of a rule with what was done to it, the text before and after."""
    for what, text in _of_expression(rule.expr, tenant_label):
        yield f"{what}: {' '.join(text.split())}", replace(rule, expr=IsolatedExpr(text))
    for name in (tenant_label, severity_label):
        if name in rule.labels:
            kept = {k: v for k, v in rule.labels.items() if k != name}
            yield f"label {name} dropped", replace(rule, labels=kept)
            renamed = {**kept, f"{name}_": rule.labels[name]}
            yield f"label {name} renamed", replace(rule, labels=renamed)
    for field in ("for_", "keep_firing_for"):
        length: Duration = getattr(rule, field)
        if length.ms:
            for what, ms in (("doubled", 2 * length.ms), ("halved", length.ms // 2), ("zero", 0)):
                changed = Duration(ms)
                if field == "for_":
                    yield f"for {what}", replace(rule, for_=changed)
                else:
                    yield f"keep_firing_for {what}", replace(rule, keep_firing_for=changed)


def _of_expression(text: str, tenant_label: str) -> Iterator[tuple[str, str]]:
    tree = parse(text)
    for node in walk(tree):
        for what, new in _of_node(node, text, tenant_label):
            yield what, text[: node.start] + new + text[node.end :]


def _of_node(node: Expr, text: str, tenant_label: str) -> Iterator[tuple[str, str]]:
    match node:
        case Binary() if node.op in SET:
            lhs, rhs = _of(node.lhs, text), _of(node.rhs, text)
            yield f"right of {node.op} dropped", f"({lhs})"
            yield f"left of {node.op} dropped", f"({rhs})"
        case Binary() if node.op in COMPARISON:
            op = text[node.op_start : node.op_end].replace(node.op, _FLIPPED[node.op], 1)
            yield f"{node.op} flipped", f"{_of(node.lhs, text)} {op} {_of(node.rhs, text)}"
            limit = unwrapped(node.rhs)
            factor = (
                unwrapped(limit.lhs) if isinstance(limit, Binary) and limit.op == "*" else limit
            )
            if isinstance(factor, Number) and factor.value:
                start, end = text[node.start : factor.start], text[factor.end : node.end]
                for share in (0.8, 1.2):
                    yield f"limit times {share}", f"{start}{factor.value * share:.9g}{end}"
        case Aggregate() if node.op in _SWAPPED:
            whole = _of(node, text)
            yield f"{node.op} swapped", _SWAPPED[node.op] + whole[len(node.op) :]
        case VectorSelector():
            yield from _of_selector(node, text, tenant_label)
        case RangeSelector() | Subquery() if node.range.ms:
            for what, ms in (("widened", node.range.ms * 2), ("shortened", node.range.ms / 2)):
                before = text[node.start : node.range.start]
                after = text[node.range.end : node.end]
                yield f"range {what}", f"{before}{Duration(round(ms))}{after}"
        case _:
            pass


def _of_selector(node: VectorSelector, text: str, tenant_label: str) -> Iterator[tuple[str, str]]:
    rest = text[node.body_end : node.end]
    given = [(m.name, m.op, m.value) for m in node.matchers]
    for number, (name, op, value) in enumerate(given):
        others = given[:number] + given[number + 1 :]
        yield f"matcher {name} dropped", selector(node.metric or "", others) + rest
        if name != tenant_label:
            changed = (name, op, f"{value}x")
            yield f"matcher {name} changed", selector(node.metric or "", [*others, changed]) + rest


def _of(node: Expr, text: str) -> str:
    return text[node.start : node.end]
