"""How many series an expression returns and how many samples it reads, at most.

The samples are what Prometheus itself counts as `totalQueryableSamples` (`/api/v1/query?stats=all`)
for one instant query; a test compares the two:

- an instant selector reads one sample of each series, whatever its offset;
- a range reads range / interval samples of each: the scrape interval of a raw metric, the group's
  interval of a recorded series and of ALERTS;
- a subquery counts the points it hands on, series · range / step, not what is read to make them;
- operands, arguments and parameters add up; aggregations and functions read nothing themselves.

How many series a selector finds is not in its text. A recorded series is as many as its rule
returns, a raw metric what the spec states (`metrics: {x: {series: 40}}`), else the platform's
`limits.series_per_metric`. Matchers do not lower the number, except `le` on a histogram whose
buckets are declared. From there:

- an aggregation returns at most what goes in, and one series when all labels it keeps are pinned
  by `=` in every selector inside;
- vectors are matched one to one, so the smaller side counts, or the many side with group_left;
- `and` and `unless` keep the left side; `or` adds the sides up, but between sides with the same
  labels or of the same metrics they are taken for the same series, and the larger counts.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from generator.compile.series import accepts
from generator.promql.labels import output_labels
from generator.promql.tree import (
    SET,
    Aggregate,
    Binary,
    Call,
    Expr,
    Matcher,
    Number,
    Paren,
    RangeSelector,
    Subquery,
    Unary,
    VectorSelector,
    children,
    unwrapped,
    vector_selectors,
)
from generator.promql.types import type_of

_LIMITING = frozenset({"topk", "bottomk", "limitk"})
_ONE = frozenset({"absent", "absent_over_time", "vector"})
_QUANTILES = frozenset({"histogram_quantile", "histogram_fraction"})


@dataclass(frozen=True, slots=True)
class Count:
    """Series: label combinations, each in so many buckets of a classic histogram."""

    combinations: int
    buckets: int = 1

    @property
    def series(self) -> int:
        """Their number."""
        return self.combinations * self.buckets


ONE = Count(1)


@dataclass(frozen=True, slots=True)
class Stored:
    """Series that a selector finds: how many, how often they get a sample, labels all share."""

    count: Count
    interval: int
    """Milliseconds between two samples."""
    labels: Mapping[str, str]


@dataclass(frozen=True)
class Estimate:
    """Counts series and samples with the answers of `find`, what a selector finds in the store.

    `step` is the default step of a subquery in milliseconds: the evaluation interval.
    """

    find: Callable[[VectorSelector], Sequence[Stored]]
    step: int

    def series(self, expr: Expr) -> Count:
        """How many series an expression returns, at most; one for a scalar."""
        match expr:
            case VectorSelector():
                return self._found(expr)
            case RangeSelector():
                return self._found(expr.selector)
            case Paren() | Unary() | Subquery():
                return self.series(expr.expr)
            case Aggregate():
                return self._aggregated(expr)
            case Binary():
                return self._combined(expr)
            case Call():
                return self._called(expr)
            case _:
                return ONE

    def samples(self, expr: Expr) -> int:
        """How many samples one evaluation reads, at most."""
        match expr:
            case VectorSelector():
                return self._found(expr).series
            case RangeSelector():
                return sum(
                    found.count.series * _points(expr.range.ms, found.interval)
                    for found in self.find(expr.selector)
                )
            case Subquery():
                step = expr.step.ms if expr.step and expr.step.ms else self.step
                return self.series(expr.expr).series * _points(expr.range.ms, step)
            case _:
                return sum(self.samples(child) for child in children(expr))

    def _found(self, node: VectorSelector) -> Count:
        return _together(found.count for found in self.find(node))

    def _aggregated(self, node: Aggregate) -> Count:
        if not node.args:
            return ONE
        inner = self.series(node.args[-1])
        if node.op in _LIMITING:
            return self._limited(node, inner)
        if node.op in ("limit_ratio", "count_values"):
            return inner
        kept = self._kept(node)
        return Count(
            inner.combinations if kept is None or kept - {"le"} else 1,
            inner.buckets if kept is None or "le" in kept else 1,
        )

    def _limited(self, node: Aggregate, inner: Count) -> Count:
        """`topk(5, …)`: five of each group."""
        most = unwrapped(node.args[0])
        if not isinstance(most, Number):
            return inner
        kept = self._kept(node)
        groups = 1 if kept is not None and not kept else inner.series
        return Count(min(inner.series, max(0, int(most.value)) * groups))

    def _kept(self, node: Aggregate) -> frozenset[str] | None:
        """Labels that may differ between the groups; None for all but a few."""
        if node.grouping == "without":
            return None
        inner = node.args[-1]
        can, pinned = output_labels(inner), self._pinned(inner)
        return frozenset(n for n in node.labels if n not in pinned and can.can_have(n))

    def _pinned(self, expr: Expr) -> frozenset[str]:
        """Labels that have one and the same value on every series that is read."""
        fixed = [self._fixed(node) for node in vector_selectors(expr)]
        common = set(fixed[0].items()).intersection(*(f.items() for f in fixed)) if fixed else set()
        return frozenset(name for name, _ in common)

    def _fixed(self, node: VectorSelector) -> dict[str, str]:
        """Labels of one selector's series that its text or the rules that record them fix."""
        stored = [found.labels.items() for found in self.find(node)]
        shared = set(stored[0]).intersection(*stored) if stored else set()
        return dict(shared) | {m.name: m.value for m in node.matchers if m.op == "="}

    def _called(self, node: Call) -> Count:
        if node.function in _ONE or type_of(node) == "scalar":
            return ONE
        vectors = [a for a in node.args if type_of(a) not in ("scalar", "string")]
        if not vectors:
            return ONE
        inner = self.series(vectors[0])
        return Count(inner.combinations) if node.function in _QUANTILES else inner

    def _combined(self, node: Binary) -> Count:
        scalar = [type_of(side) == "scalar" for side in (node.lhs, node.rhs)]
        if any(scalar):
            return self.series(node.rhs if scalar[0] else node.lhs)
        left, right = self.series(node.lhs), self.series(node.rhs)
        if node.op == "or":
            alike = _same_series(node)
            return _larger(left, right) if alike else _together((left, right))
        if node.op in SET:
            return left
        group = node.matching.group if node.matching is not None else ""
        if group:
            return left if group == "left" else right
        return min(left, right, key=lambda count: count.series)


def _points(length: float | None, interval: float) -> int:
    """Samples of one series in a range; one where its length is not a literal."""
    return max(1, round((length or 0) / interval))


def _together(counts: Iterable[Count]) -> Count:
    """The sum; buckets are kept where all sides have them alike."""
    found = [count for count in counts if count.series]
    if not found:
        return Count(0)
    if len({count.buckets for count in found}) == 1:
        return Count(sum(count.combinations for count in found), found[0].buckets)
    return Count(sum(count.series for count in found))


def _larger(left: Count, right: Count) -> Count:
    return max(left, right, key=lambda count: count.series)


def _same_series(node: Binary) -> bool:
    """Whether both sides of `or` speak of the same things: the same labels, or the same metrics."""
    left, right = output_labels(node.lhs), output_labels(node.rhs)
    if not left.open and not right.open:
        return left.named == right.named
    return _metrics(node.lhs) == _metrics(node.rhs) != frozenset()


def _metrics(expr: Expr) -> frozenset[str | None]:
    return frozenset(n.name for n in vector_selectors(expr) if n.name not in ("ALERTS", None))


def compatible(matchers: Iterable[Matcher], labels: Mapping[str, str]) -> bool:
    """Whether static labels do not contradict the matchers; other labels may hold anything."""
    return accepts([m for m in matchers if m.name in labels], labels)
