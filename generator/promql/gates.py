"""Syntax by version and feature flag: what a target Prometheus does not read yet, or by default.

Functions have their versions in `functions.py`; what fits together is `types.py`.
"""

from __future__ import annotations

import re

from generator.promql.problems import Problem
from generator.promql.tree import TRIM, At, Binary, Number, Span
from generator.values import Version

NUMBER_IS_DURATION = Version(2, 54)
QUOTED_NAMES = Version(2, 51)
QUOTED_GROUPING = Version(2, 55)
DURATION_ARITHMETIC = Version(3, 4)
DURATION_FUNCTIONS = Version(3, 6)
EXTENDED_RANGES = Version(3, 7)
FILL = Version(3, 10)
TRIMMING = Version(3, 11)
RANGE_DURATION = Version(3, 12)
MIN_OF = Version(3, 13)
DURATIONS_ARE_STABLE = Version(3, 14)
_SIGNED = re.compile(r"[-+\s]*[0-9A-Za-z_.]+")
"""A literal with signs, which needs no feature flag."""
LIMITS = Version(2, 54)


class Gate:
    """Adds to `problems` whatever `target` refuses; `experimental`: its feature flags are set."""

    def __init__(self, target: Version, experimental: bool, problems: list[Problem]) -> None:
        self.target = target
        self.experimental = experimental
        self.problems = problems

    def report(self, message: str, start: int, end: int, hint: str | None, code: str) -> None:
        """Add a problem with the text from `start` to `end`."""
        self.problems.append(Problem(code, message, start, max(1, end - start), hint))

    def newer(self, what: str, since: Version, start: int, end: int) -> None:
        """Something is read from version `since` on only."""
        self.report(
            f"{what} needs Prometheus {since}, the platform runs {self.target}",
            start,
            end,
            None,
            "promql-version",
        )

    def flag(self, what: str, start: int, end: int, feature: str) -> None:
        """Something needs `--enable-feature`; `functions` stands for the experimental functions."""
        self.report(
            f"{what} and Prometheus refuses it by default",
            start,
            end,
            f"it would need --enable-feature=promql-experimental-{feature}"
            if feature == "functions"
            else f"it would need --enable-feature={feature}",
            "promql-experimental",
        )

    def span(self, span: Span) -> None:
        """A range, a step, or what follows `offset`."""
        if span.arithmetic:
            if self.target < DURATION_ARITHMETIC:
                self.newer("arithmetic in a duration", DURATION_ARITHMETIC, span.start, span.end)
                return
            self.duration_functions(span)
            if self.target >= DURATIONS_ARE_STABLE or self.experimental:
                return
            if not _SIGNED.fullmatch(span.text):
                self.flag(
                    "arithmetic in a duration is experimental",
                    span.start,
                    span.end,
                    "promql-duration-expr",
                )
        elif span.number and self.target < NUMBER_IS_DURATION:
            self.newer("a duration without a unit", NUMBER_IS_DURATION, span.start, span.end)

    def offset(self, span: Span) -> None:
        """What follows `offset`."""
        self.span(span)
        if self.target >= DURATION_ARITHMETIC:
            return
        if span.ms == 0:
            self.newer("an offset of zero", DURATION_ARITHMETIC, span.start, span.end)
        elif span.text[0] == "+":
            self.newer("a plus after `offset`", DURATION_ARITHMETIC, span.start, span.end)

    def duration_functions(self, span: Span) -> None:
        """`step()` and its like inside a duration."""
        for word in sorted({*re.findall(r"[a-z_]+(?=\s*\()", span.text.lower())}):
            since = {"range": RANGE_DURATION, "min_of": MIN_OF, "max_of": MIN_OF}.get(
                word, DURATION_FUNCTIONS
            )
            if self.target < since:
                self.newer(f"{word}() in a duration", since, span.start, span.end)
            elif word in ("min", "max") and self.target >= MIN_OF:
                self.report(
                    f"{word}() in a duration is gone since Prometheus {MIN_OF}",
                    span.start, span.end, f"write {word}_of()", "promql-version",
                )  # fmt: skip

    def extended(self, span: Span) -> None:
        """`anchored` or `smoothed`."""
        if self.target < EXTENDED_RANGES:
            self.newer(f"`{span.text}`", EXTENDED_RANGES, span.start, span.end)
        elif not self.experimental:
            feature = "promql-extended-range-selectors"
            self.flag(f"`{span.text}` is experimental", span.start, span.end, feature)

    def at(self, at: At) -> None:
        """What follows `@`."""
        if self.target >= NUMBER_IS_DURATION:
            return
        if at.duration:
            self.newer("a duration after `@`", NUMBER_IS_DURATION, at.start, at.end)
        elif "_" in at.time and at.time[0] not in "$[":
            self.newer("an underscore in a number", NUMBER_IS_DURATION, at.start, at.end)

    def number(self, node: Number) -> None:
        """A number, or a duration in its place."""
        if node.duration and self.target < NUMBER_IS_DURATION:
            self.newer("a duration as a number", NUMBER_IS_DURATION, node.start, node.end)
        elif "_" in node.text and self.target < NUMBER_IS_DURATION:
            self.newer("an underscore in a number", NUMBER_IS_DURATION, node.start, node.end)

    def grouping(self, labels: tuple[str, ...], quoted: bool, start: int, end: int) -> None:
        """Label names of `by`, `on` and their like."""
        if self.target >= QUOTED_GROUPING:
            return
        if quoted:
            self.newer("a quoted label name", QUOTED_GROUPING, start, end)
        elif odd := [name for name in labels if ":" in name and name[0] not in "$["]:
            self.newer(f"the label name {odd[0]}", QUOTED_GROUPING, start, end)

    def operator(self, node: Binary) -> None:
        """An operator and the numbers it fills gaps with."""
        start, end = node.op_start, node.op_end
        if node.op in TRIM and self.target < TRIMMING:
            self.newer(node.op, TRIMMING, start, end)
        if not node.fill:
            return
        if self.target < FILL:
            self.newer(f"{node.fill[0][0]}()", FILL, start, end)
        elif not self.experimental:
            feature = "promql-binop-fill-modifiers"
            self.flag(f"{node.fill[0][0]}() is experimental", start, end, feature)
