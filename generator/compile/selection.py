"""What an expression reads in a simulation: its selectors, and the series and rules they select."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property, lru_cache

from generator.compile import steadiness
from generator.compile.history import LabelPairs, Series
from generator.compile.series import accepts
from generator.compile.steadiness import Clock, Read
from generator.compile.vectors import Labels
from generator.ir.rules import RecordingRule
from generator.promql.parser import parse
from generator.promql.tree import (
    Expr,
    RangeSelector,
    Subquery,
    VectorSelector,
    vector_selectors,
    walk,
)

LOOKBACK = 300.0
"""Seconds for which an instant selector sees the last sample."""

_MOVABLE = (VectorSelector, RangeSelector, Subquery)


@dataclass(frozen=True, slots=True)
class Selected:
    """What a selector selects of the series, and of the rules."""

    node: VectorSelector
    """Kept alive, as its identity is what this is known by."""
    series: tuple[tuple[Labels, Series], ...]
    rules: tuple[int, ...]
    accepted: dict[LabelPairs, Labels | None] = field(default_factory=dict)
    """The labels of series that rules record; None where the selector does not select them."""

    def labels(self, found: LabelPairs) -> Labels | None:
        """The labels of a recorded series, if it is selected."""
        if found not in self.accepted:
            labels = dict(found)
            self.accepted[found] = labels if accepts(self.node.matchers, labels) else None
        return self.accepted[found]


@dataclass(frozen=True)
class Parsed:
    """An expression, with what it reads."""

    tree: Expr

    @cached_property
    def reads(self) -> tuple[Read | Clock, ...] | None:
        """What it depends on: see `steadiness`."""
        return steadiness.reads(self.tree)

    @cached_property
    def selectors(self) -> tuple[VectorSelector, ...]:
        """Its selectors."""
        return tuple(vector_selectors(self.tree))

    @cached_property
    def ahead(self) -> bool:
        """Whether it may read samples of later times."""
        moved = (n.offset for n in walk(self.tree) if isinstance(n, _MOVABLE))
        return any(span is not None and (span.ms is None or span.ms < 0) for span in moved)


@lru_cache(1024)
def parsed(text: str) -> Parsed:
    """A rule's expression; rules are evaluated many times."""
    return Parsed(parse(text))


def may_select(node: VectorSelector, rule: RecordingRule) -> bool:
    """Whether a selector may select what a rule records, as far as static labels tell."""
    static = [m for m in node.matchers if m.name in rule.labels]
    return rule.record == node.name and accepts(static, rule.labels)
