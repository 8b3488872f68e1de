"""In which places two expressions differ, and whether an alert then fires earlier or later."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from generator.promql.equality import grouping_of, length_of, matchers_of, modifiers_of, moved_of
from generator.promql.meaning import constant, form, same_meaning
from generator.promql.parser import parse
from generator.promql.problems import PromqlError
from generator.promql.tree import (
    COMPARISON,
    PARAMETRIC,
    SET,
    Aggregate,
    Binary,
    Call,
    Expr,
    RangeSelector,
    Span,
    Subquery,
    Unary,
    VectorSelector,
    unwrapped,
    walk,
)

_FLIPPED = {"<": ">", "<=": ">=", ">": "<", ">=": "<=", "==": "==", "!=": "!="}
_PRESENT = frozenset({"label_replace", "label_join", "sort", "sort_desc", "last_over_time"})
"""Functions that return something exactly when their argument does."""
_ABSENT = frozenset({"absent", "absent_over_time"})


@dataclass(frozen=True, slots=True)
class Edit:
    """One place in which two trees differ.

    `kind` is threshold, operator, number, range, offset, metric, selector, grouping, condition or
    shape. `effect` is 1 where the later expression returns more (an alert fires earlier), -1 where
    it returns less, 0 where that is not known. `subject` is the text that a threshold is for, `op`
    the comparison, read with the constant on its right.
    """

    kind: str
    before: str
    after: str
    effect: int = 0
    subject: str = ""
    op: str = ""
    later_op: str = ""
    whole: tuple[str, str] = field(default=("", ""), compare=False)
    """Both texts that it was found in."""


def edits(before: str, after: str) -> tuple[Edit, ...]:
    """Where two expressions differ, without repetition; none when they mean the same."""
    if same_meaning(before, after):
        return ()
    try:
        trees = parse(before, variables=True), parse(after, variables=True)
    except PromqlError:
        return (Edit("shape", before, after, whole=(before, after)),)
    found = dict.fromkeys(_Comparison(before, after).of(*trees, 1))
    return tuple(replace(edit, whole=(before, after)) for edit in found)


def first_subject(text: str) -> str:
    """What the first comparison with a constant is for, as `Edit.subject` has it; empty: none."""
    try:
        tree = parse(text, variables=True)
    except PromqlError:
        return ""
    found = (t for node in walk(tree) if isinstance(node, Binary) and (t := _threshold(node)))
    first = next(found, None)
    return " ".join(text[first.subject.start : first.subject.end].split()) if first else ""


class _Comparison:
    """Two texts whose trees are walked side by side."""

    def __init__(self, before: str, after: str) -> None:
        self.before = before
        self.after = after

    def of(self, one: Expr, other: Expr, presence: int) -> Iterator[Edit]:
        """The differences of two nodes; `presence` is 1 where more of them means that more comes
        out of the whole, -1 where less does, 0 where that is not known."""
        one, other = unwrapped(one), unwrapped(other)
        if form(one) == form(other):
            return
        values = constant(one), constant(other)
        if None not in values:
            yield self.edit("number", one, other)
        elif (found := self.condition(one, other, presence)) is not None:
            yield found
        elif type(one) is not type(other):
            yield self.edit("shape", one, other)
        else:
            yield from self.alike(one, other, presence)

    def alike(self, one: Expr, other: Expr, presence: int) -> Iterator[Edit]:
        match one, other:
            case Binary(), Binary():
                yield from self.binary(one, other, presence)
            case (Call(), Call()) if one.function == other.function:
                yield from self.arguments(one, other, _through(one.function, presence))
            case (Aggregate(), Aggregate()) if one.op == other.op:
                if grouping_of(one) != grouping_of(other):
                    yield Edit("grouping", _by(one), _by(other))
                yield from self.arguments(one, other, 0 if one.op in PARAMETRIC else presence)
            case VectorSelector(), VectorSelector():
                yield from self.selector(one, other)
            case RangeSelector(), RangeSelector():
                yield from self.lengths("range", one.range, other.range)
                yield from self.moved(one, other)
                yield from self.of(one.selector, other.selector, 0)
            case Subquery(), Subquery():
                yield from self.lengths("range", one.range, other.range)
                if (one.step and length_of(one.step)) != (other.step and length_of(other.step)):
                    yield self.edit("shape", one, other)
                yield from self.moved(one, other)
                yield from self.of(one.expr, other.expr, 0)
            case (Unary(), Unary()) if one.op == other.op:
                yield from self.of(one.expr, other.expr, 0)
            case _:
                yield self.edit("shape", one, other)

    def binary(self, one: Binary, other: Binary, presence: int) -> Iterator[Edit]:
        modifiers = [modifiers_of(b) for b in (one, other)]
        if modifiers[0] != modifiers[1]:
            yield self.edit("shape", one, other)
            return
        if one.op in COMPARISON and other.op in COMPARISON:
            yield from self.compared(one, other, 0 if one.bool else presence)
        elif one.op != other.op:
            yield self.edit("shape", one, other)
        else:
            through = presence if one.op in SET else 0
            shows = one.op == "or" and one.matching is not None
            yield from self.of(one.lhs, other.lhs, 0 if shows else through)
            yield from self.of(one.rhs, other.rhs, -through if one.op == "unless" else through)

    def compared(self, one: Binary, other: Binary, presence: int) -> Iterator[Edit]:
        """Two comparisons: with a constant on the same side they are thresholds."""
        left, right = _threshold(one), _threshold(other)
        if left is None or right is None or left.flipped != right.flipped:
            if one.op != other.op:
                yield self.edit("shape", one, other)
                return
            yield from self.of(one.lhs, other.lhs, 0)
            yield from self.of(one.rhs, other.rhs, 0)
            return
        subject = self.text(right.subject, self.after)
        if left.value != right.value or left.op != right.op:
            effect = presence * _effect(left, right)
            kind = "operator" if left.value == right.value else "threshold"
            yield Edit(
                kind, f"{left.value!r}", f"{right.value!r}", effect, subject, left.op, right.op
            )
        yield from self.of(left.subject, right.subject, 0)

    def condition(self, one: Expr, other: Expr, presence: int) -> Edit | None:
        """One side is the other with `and`, `or` or `unless` and something more."""
        if (more := _extra(one, other)) is not None:
            assert isinstance(other, Binary)
            effect = presence * (1 if other.op == "or" else -1)
            return Edit("condition", "", self.with_operator(other, more, self.after), effect)
        if (more := _extra(other, one)) is not None:
            assert isinstance(one, Binary)
            effect = presence * (-1 if one.op == "or" else 1)
            return Edit("condition", self.with_operator(one, more, self.before), "", effect)
        return None

    def with_operator(self, node: Binary, more: Expr, source: str) -> str:
        operator = " ".join(source[node.op_start : node.op_end].split())
        return f"{operator} {self.text(more, source)}"

    def arguments(self, one: Call | Aggregate, other: Call | Aggregate, way: int) -> Iterator[Edit]:
        if len(one.args) != len(other.args):
            yield self.edit("shape", one, other)
            return
        for left, right in zip(one.args, other.args, strict=True):
            yield from self.of(left, right, way)

    def selector(self, one: VectorSelector, other: VectorSelector) -> Iterator[Edit]:
        if one.name != other.name:
            yield Edit("metric", one.name or "", other.name or "")
        braces = [{m[:3] for m in matchers_of(node) if m[0] != "__name__"} for node in (one, other)]
        if braces[0] != braces[1]:
            gone, new = braces[0] - braces[1], braces[1] - braces[0]
            subject = other.name or ""
            yield Edit("selector", _written(gone), _written(new), subject=subject)
        yield from self.moved(one, other)

    def moved(self, one: VectorSelector | RangeSelector | Subquery, other: Expr) -> Iterator[Edit]:
        assert isinstance(other, VectorSelector | RangeSelector | Subquery)
        if moved_of(one) != moved_of(other):
            before, after = (n.offset.text if n.offset else "0s" for n in (one, other))
            if before != after:
                yield Edit("offset", before, after)
            else:
                yield self.edit("shape", one, other)

    def lengths(self, kind: str, one: Span, other: Span) -> Iterator[Edit]:
        if length_of(one) != length_of(other):
            yield Edit(kind, one.text, other.text)

    def edit(self, kind: str, one: Expr, other: Expr) -> Edit:
        return Edit(kind, self.text(one, self.before), self.text(other, self.after))

    def text(self, node: Expr, source: str) -> str:
        return " ".join(source[node.start : node.end].split())


@dataclass(frozen=True, slots=True)
class _Threshold:
    op: str
    value: float
    subject: Expr
    flipped: bool


def _threshold(node: Binary) -> _Threshold | None:
    """A comparison with a constant, read with the constant on its right."""
    if node.op not in COMPARISON:
        return None
    right, left = constant(node.rhs), constant(node.lhs)
    if right is not None and left is None:
        return _Threshold(node.op, right, node.lhs, False)
    if left is not None and right is None:
        return _Threshold(_FLIPPED[node.op], left, node.rhs, True)
    return None


def _effect(one: _Threshold, other: _Threshold) -> int:
    """1 when the later comparison holds more often, -1 when less often, 0 when neither."""
    if one.op[0] != other.op[0] or one.op[0] not in "<>":
        return 0
    sign = 1 if one.op[0] == "<" else -1
    if one.value != other.value:
        return sign if other.value > one.value else -sign
    return 1 if len(other.op) > len(one.op) else -1


def _extra(inner: Expr, outer: Expr) -> Expr | None:
    """What is added, where `outer` is `inner` with a set operator and something more."""
    if not isinstance(outer, Binary) or outer.op not in SET:
        return None
    if form(outer.lhs) == form(inner):
        return outer.rhs
    return outer.lhs if outer.op == "or" and form(outer.rhs) == form(inner) else None


def _through(function: str, presence: int) -> int:
    if function in _ABSENT:
        return -presence
    return presence if function in _PRESENT else 0


def _by(node: Aggregate) -> str:
    inside = ", ".join(sorted(node.labels))
    return f"{node.grouping} ({inside})" if node.grouping else "all together"


def _written(matchers: set[tuple[str, str, str]]) -> str:
    return ", ".join(f"{name}{op}{_quoted(value)}" for name, op, value in sorted(matchers))


def _quoted(value: str) -> str:
    escaped = value.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
