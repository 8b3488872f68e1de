"""What a simulation reads its samples from: input series, and what recording rules have recorded.

Both answer for a range with slices, for a simulation asks for long ranges at every step.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from generator.compile.steadiness import Runs
from generator.compile.vectors import Points

LabelPairs = tuple[tuple[str, str], ...]
_CHUNK = 256
"""How many samples are compared at once."""

Row = tuple[tuple[LabelPairs, float], ...]
"""What a rule records at one evaluation."""


@dataclass(frozen=True)
class Series:
    """One input series: a value, or None for no sample, at every multiple of the interval."""

    metric: str
    labels: LabelPairs
    values: Sequence[float | None]

    @cached_property
    def runs(self) -> Runs:
        """Where its values rise by equal steps."""
        return Runs(self.values)

    @cached_property
    def gapless(self) -> bool:
        """Whether there is a sample at every interval."""
        return None not in self.values


def cut(
    times: Sequence[float], values: Sequence[float | None], first: int, last: int, gapless: bool
) -> Points:
    """The samples from the first to the last, those that there are."""
    first = max(0, first)
    some, when = values[first : max(first, last + 1)], times[first : max(first, last + 1)]
    if gapless:
        return Points(when, some)  # type: ignore[arg-type]
    kept = [(time, value) for time, value in zip(when, some, strict=False) if value is not None]
    return Points([time for time, _ in kept], [value for _, value in kept])


def common(one: Series, other: Series) -> int:
    """How many samples two series have in common, from the beginning."""
    if one is other:
        return len(one.values)
    ours, theirs = one.values, other.values
    count = min(len(ours), len(theirs))
    for start in range(0, count, _CHUNK):
        if ours[start : start + _CHUNK] != theirs[start : start + _CHUNK]:
            return next((n for n in range(start, count) if ours[n] != theirs[n]), count)
    return count


@dataclass(slots=True)
class _Column:
    """One series of a rule: its value at each evaluation. There is one at all of a stretch."""

    values: list[float | None]
    since: int
    last: int


@dataclass(slots=True)
class History:
    """The rows of one rule by the number of their evaluation, in whatever order they are asked.

    Equal rows must be one object.
    """

    rows: list[Row | None] = field(default_factory=list)
    starts: list[int] = field(default_factory=list)
    """Where the stretch of equal rows begins that ends here, as far as they are known."""
    columns: dict[LabelPairs, _Column] = field(default_factory=dict)

    def row(self, index: int) -> Row | None:
        """What was recorded; None where that is not known yet."""
        return self.rows[index] if index < len(self.rows) else None

    def missing(self, first: int, last: int) -> Iterator[int]:
        """The evaluations of a range that are not known yet."""
        known = self.rows[first : max(first, last + 1)]
        if None in known:
            yield from (index for index, row in enumerate(known, first) if row is None)
        yield from range(max(first, first + len(known)), last + 1)

    def put(self, first: int, last: int, row: Row) -> None:
        """Keep what was recorded at all evaluations of a range, up to one that is known already."""
        known = self.rows[first : last + 1]
        if known.count(None) < len(known):
            last = first + next(n for n, one in enumerate(known) if one is not None) - 1
        if last < first:
            return
        more, count = last + 1 - len(self.rows), last + 1 - first
        if more > 0:
            self.rows += [None] * more
            self.starts += [0] * more
            for column in self.columns.values():
                column.values += [None] * more
        same = first > 0 and self.rows[first - 1] is row
        self.rows[first : last + 1] = [row] * count
        self.starts[first : last + 1] = [self.starts[first - 1] if same else first] * count
        for labels, value in row:
            if labels not in self.columns:
                self.columns[labels] = _Column([None] * len(self.rows), first, first - 1)
            column = self.columns[labels]
            column.values[first : last + 1] = [value] * count
            if column.last != first - 1:
                column.since = first
            column.last = last

    def until(self, index: int, last: int) -> int:
        """The last evaluation, up to a known one, that recorded the same as one before it."""
        row = self.rows[index]
        if self.rows[last] is row and self.starts[last] <= index:
            return last
        while index < last and self.rows[index + 1] is row:
            index += 1
        return index

    def beginning(self, count: int) -> History:
        """What is known of the first evaluations, to be continued otherwise."""
        columns = {
            labels: _Column(column.values[:count], column.since, min(column.last, count - 1))
            for labels, column in self.columns.items()
        }
        return History(self.rows[:count], self.starts[:count], columns)

    def even(self, first: int, last: int) -> Row | None:
        """The row that was recorded at all evaluations of a range, None where they differ."""
        return self.rows[last] if first >= 0 and self.starts[last] <= first else None

    def series(
        self, times: Sequence[float], first: int, last: int
    ) -> Iterator[tuple[LabelPairs, Points]]:
        """Every series with samples in a range of known rows, in the order of their beginning."""
        first = max(0, first)
        found = []
        for labels, column in self.columns.items():
            gapless = column.since <= first and last <= column.last
            points = cut(times, column.values, first, last, gapless)
            if points.values:
                found.append((labels, points))
        if len(found) > 1:
            found.sort(key=lambda one: self._begun(times, *one))
        yield from found

    def _begun(
        self, times: Sequence[float], labels: LabelPairs, points: Points
    ) -> tuple[float, int]:
        """When a series begins in a range, and its place in the row there."""
        index = times.index(points.times[0])
        row = self.rows[index] or ()
        return points.times[0], next(n for n, (one, _) in enumerate(row) if one == labels)
