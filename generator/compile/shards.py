"""Which series of a test are two: one more label, which an aggregation takes away."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from generator.compile.stimulus import COUNTER, GAUGE, LINE, Source, is_flag, recorded_by
from generator.ir.rules import RecordingRule
from generator.promql.parser import parse
from generator.promql.tree import (
    Aggregate,
    Binary,
    Call,
    Expr,
    Matching,
    VectorSelector,
    children,
    walk,
)

_COPIES = "abcd"
_DROPPING = frozenset({"sum", "avg", "min", "max", "stddev", "stdvar", "quantile"})
_SHARDED = (GAUGE, COUNTER, LINE)
_LABELS = ("instance", "pod", "replica")


def sharded(
    expr: Expr, rules: Sequence[RecordingRule], all_: tuple[Source, ...]
) -> tuple[Source, ...]:
    """The sources with a label that aggregations take away: a sum is then no maximum.

    Sources that are read without an aggregation stay whole.
    """
    bare: set[str] = set()
    named: set[str] = set()
    without: list[set[str]] = []
    _survey(expr, rules, False, bare, named, without)
    names = sorted(set.intersection(*without)) if without else _LABELS
    label = next((name for name in names if name not in named), "")
    return tuple(
        replace(source, shard=label)
        if source.kind in _SHARDED and source.metric not in bare and not is_flag(source.metric)
        else source
        for source in all_
    )


def _survey(
    expr: Expr,
    rules: Sequence[RecordingRule],
    inside: bool,
    bare: set[str],
    named: set[str],
    without: list[set[str]],
) -> None:
    """Which metrics are read bare, and which labels the expression names."""
    match expr:
        case VectorSelector():
            named |= {m.name for m in expr.matchers}
            made = recorded_by(expr, rules)
            for rule in made:
                _survey(parse(rule.expr), rules, inside, bare, named, without)
            if not made and not inside and expr.name is not None:
                bare.add(expr.name)
            return
        case Aggregate():
            inside = inside or expr.op in _DROPPING
            if expr.grouping == "without":
                without.append(set(expr.labels))
            else:
                named |= set(expr.labels)
        case Binary(matching=Matching() as matching):
            named |= {*matching.labels, *matching.include} if matching.on else set()
        case Call(function="label_replace" | "label_join" | "scalar"):
            inside = False
        case _:
            pass
    for child in children(expr):
        _survey(child, rules, inside, bare, named, without)


def copied(expr: Expr, all_: tuple[Source, ...]) -> list[tuple[Source, ...]]:
    """The sources four times each, in a label: for conditions on how many series there are.

    The label is one that no grouping keeps, or, where counts are counted, one that an inner one
    keeps. Nothing when nothing is counted.
    """
    grouped = [node for node in walk(expr) if isinstance(node, Aggregate)]
    if not any(node.op in ("count", "sum", "group") for node in grouped):
        return []
    kept = dict.fromkeys(name for node in grouped for name in node.labels)
    fresh = next(name for name in (*_LABELS, "copy") if name not in kept)
    return [tuple(_copies(all_, label)) for label in (fresh, *list(kept)[:2])]


def _copies(all_: tuple[Source, ...], label: str) -> Iterator[Source]:
    for source in all_:
        if label in dict(source.labels):
            yield source
            continue
        for name in _COPIES:
            labels = tuple(sorted((*source.labels, (label, name))))
            yield replace(source, labels=labels, copy=True)
