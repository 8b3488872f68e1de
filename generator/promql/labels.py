"""Which labels the series that come out of an expression can carry, derived through its tree.

Sound rather than sharp: a label is ruled out only when no series can have it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from generator.promql.regex import regex_matches_empty
from generator.promql.tree import (
    ARITHMETIC,
    SELECTING,
    SET,
    TRIM,
    Aggregate,
    Binary,
    Call,
    Expr,
    Matcher,
    Number,
    Paren,
    RangeSelector,
    String,
    Subquery,
    Unary,
    VectorSelector,
    unwrapped,
)
from generator.promql.types import type_of

_NAME = "__name__"
_KEEP_NAME = frozenset(
    {"last_over_time", "sort", "sort_desc", "sort_by_label", "sort_by_label_desc", "info"}
)
_HISTOGRAM = frozenset({"histogram_quantile", "histogram_fraction"})


@dataclass(frozen=True, slots=True)
class LabelSet:
    """`must`: on every series. `may`: possibly. When `open`, also any other label but `never`."""

    must: frozenset[str] = frozenset()
    may: frozenset[str] = frozenset()
    open: bool = False
    never: frozenset[str] = frozenset()

    def can_have(self, label: str) -> bool:
        """Whether a series can carry the label."""
        return label in self.must or label in self.may or (self.open and label not in self.never)

    @property
    def named(self) -> frozenset[str]:
        """Every label known by name that a series can carry."""
        return self.must | self.may

    def without(self, labels: Iterable[str]) -> LabelSet:
        """The same without these labels."""
        gone = frozenset(labels)
        never = self.never | gone if self.open else frozenset()
        return LabelSet(self.must - gone, self.may - gone, self.open, never)

    def only(self, labels: Iterable[str]) -> LabelSet:
        """The same with no label but these."""
        kept = frozenset(labels)
        may = frozenset(name for name in kept - self.must if self.can_have(name))
        return LabelSet(self.must & kept, may)

    def possibly(self, label: str) -> LabelSet:
        """The same, a label now being there or not."""
        return LabelSet(self.must - {label}, self.may | {label}, self.open, self.never - {label})

    def surely(self, label: str) -> LabelSet:
        """The same, a label now being on every series."""
        return LabelSet(self.must | {label}, self.may - {label}, self.open, self.never - {label})


NOTHING = LabelSet()
ANYTHING = LabelSet(open=True)


def output_labels(expr: Expr, known: Mapping[str, frozenset[str]] | None = None) -> LabelSet:
    """The labels of an expression's result.

    `known` maps a metric to every label its series may carry, target labels included; a metric
    that is not in it may carry any. Scalars and strings have none.
    """
    match expr:
        case VectorSelector():
            return _selected(expr, known)
        case RangeSelector():
            return _selected(expr.selector, known)
        case Paren() | Subquery():
            return output_labels(expr.expr, known)
        case Unary():
            return output_labels(expr.expr, known).without((_NAME,))
        case Number() | String():
            return NOTHING
        case Aggregate():
            return _aggregated(expr, known)
        case Call():
            return _called(expr, known)
        case Binary():
            return _combined(expr, known)
        case _:
            return ANYTHING


def _selected(node: VectorSelector, known: Mapping[str, frozenset[str]] | None) -> LabelSet:
    declared = known.get(node.name) if known is not None and node.name is not None else None
    must = {_NAME} if node.name is not None else set()
    never = set()
    for matcher in node.matchers:
        if matcher.op == "=" and matcher.value == "":
            never.add(matcher.name)
        elif not _allows_absence(matcher):
            must.add(matcher.name)
    if declared is None:
        return LabelSet(frozenset(must), open=True, never=frozenset(never - must))
    return LabelSet(frozenset(must), declared - must - never)


def _allows_absence(matcher: Matcher) -> bool:
    match matcher.op:
        case "=":
            return matcher.value == ""
        case "!=":
            return matcher.value != ""
        case op:
            return regex_matches_empty(matcher.value) == (op == "=~")


def _aggregated(node: Aggregate, known: Mapping[str, frozenset[str]] | None) -> LabelSet:
    inner = output_labels(node.args[-1], known) if node.args else NOTHING
    if node.op in SELECTING:
        return inner
    kept = (
        inner.without((*node.labels, _NAME))
        if node.grouping == "without"
        else inner.only(node.labels)
    )
    if node.op == "count_values" and node.args:
        label = unwrapped(node.args[0])
        return kept.surely(label.value) if isinstance(label, String) else ANYTHING
    return kept


def _called(node: Call, known: Mapping[str, frozenset[str]] | None) -> LabelSet:
    if node.function in ("absent", "absent_over_time"):
        return _absent(node)
    if node.function in ("label_replace", "label_join") and len(node.args) > 1:
        return _written(node, output_labels(node.args[0], known))
    series = [arg for arg in node.args if type_of(arg) not in ("scalar", "string")]
    if type_of(node) == "scalar" or not series or node.function == "vector":
        return NOTHING
    inner = output_labels(series[0], known)
    if node.function == "info":
        return LabelSet(inner.must, inner.may, open=True, never=frozenset())
    if node.function == "histogram_quantiles":
        label = unwrapped(node.args[1]) if len(node.args) > 1 else None
        kept = inner.without((_NAME, "le"))
        return kept.surely(label.value) if isinstance(label, String) else ANYTHING
    if node.function in _HISTOGRAM:
        return inner.without((_NAME, "le"))
    return inner if node.function in _KEEP_NAME else inner.without((_NAME,))


def _absent(node: Call) -> LabelSet:
    """absent() makes its labels from the selector's equality matchers, each label given once."""
    arg = unwrapped(node.args[0]) if node.args else None
    if isinstance(arg, RangeSelector):
        arg = arg.selector
    if not isinstance(arg, VectorSelector):
        return NOTHING
    names = [matcher.name for matcher in arg.matchers]
    return LabelSet(
        frozenset(
            m.name
            for m in arg.matchers
            if m.op == "=" and m.value and m.name != _NAME and names.count(m.name) == 1
        )
    )


def _written(node: Call, inner: LabelSet) -> LabelSet:
    target = unwrapped(node.args[1])
    if not isinstance(target, String):
        return ANYTHING
    if node.function == "label_join":
        sources = [unwrapped(arg) for arg in node.args[3:]]
        sure = any(isinstance(s, String) and s.value in inner.must for s in sources)
    else:
        texts = [a.value for arg in node.args[2:] if isinstance(a := unwrapped(arg), String)]
        literal = len(texts) == 3 and texts[0] != "" and "$" not in texts[0]
        always = len(texts) == 3 and texts[2] in (".*", "(.*)")
        sure = literal and (always or target.value in inner.must)
    return inner.surely(target.value) if sure else inner.possibly(target.value)


def _combined(node: Binary, known: Mapping[str, frozenset[str]] | None) -> LabelSet:
    scalars = [type_of(side) == "scalar" for side in (node.lhs, node.rhs)]
    if all(scalars):
        return NOTHING
    nameless = (_NAME,) if node.bool or node.op in ARITHMETIC | TRIM else ()
    if any(scalars):
        side = node.rhs if scalars[0] else node.lhs
        return output_labels(side, known).without(nameless)
    left, right = output_labels(node.lhs, known), output_labels(node.rhs, known)
    if node.op in SET:
        return _either(left, right) if node.op == "or" else left
    return _joined(node, left, right).without(nameless)


def _either(left: LabelSet, right: LabelSet) -> LabelSet:
    must = left.must & right.must
    never = frozenset(
        name
        for name in left.never | right.never
        if not left.can_have(name) and not right.can_have(name)
    )
    return LabelSet(must, (left.named | right.named) - must, left.open or right.open, never)


def _joined(node: Binary, left: LabelSet, right: LabelSet) -> LabelSet:
    """Labels of `left op right` between vectors: the many side's, or the ones matched on."""
    matching = node.matching
    if matching is not None and matching.group:
        many, one = (left, right) if matching.group == "left" else (right, left)
        for label in matching.include:
            if label in one.must:
                many = many.surely(label)
            else:
                many = many.possibly(label) if one.can_have(label) else many.without((label,))
        return many
    if matching is not None and matching.on:
        return _agreed(left, right).only(matching.labels)
    ignored = matching.labels if matching is not None else ()
    return _agreed(left.without(ignored), right.without(ignored), keep=frozenset((_NAME,)))


def _agreed(left: LabelSet, right: LabelSet, keep: frozenset[str] = frozenset()) -> LabelSet:
    """What both sides can carry alike: their matched labels are equal, absent ones included."""
    names = left.named | right.named
    possible = {n for n in names if left.can_have(n) and (n in keep or right.can_have(n))}
    must = frozenset((left.must | (right.must - keep)) & possible)
    open_ = left.open and right.open
    never = (left.never | right.never | (names - possible)) - possible if open_ else frozenset()
    return LabelSet(must, frozenset(possible) - must, open_, frozenset(never))
