"""Synthetic series for unit tests: labels that satisfy matchers, values in promtool's notation."""

from __future__ import annotations

import re
import re._constants as regex_ops  # type: ignore[import-not-found]
import re._parser as regex_parser  # type: ignore[import-not-found]
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from generator.ir.checks import InputSeries
from generator.promql.build import selector
from generator.promql.tree import Matcher
from generator.values import Duration


@dataclass(frozen=True, slots=True)
class Spec:
    """One series with one behaviour.

    `kind`: gauge holds `value`; counter rises by `value` a second; line is `value` at the start
    and changes by `slope` a second.
    """

    metric: str
    labels: tuple[tuple[str, str], ...]
    kind: str
    value: float
    slope: float = 0.0

    @property
    def key(self) -> tuple[str, tuple[tuple[str, str], ...]]:
        """What makes it a series of its own."""
        return (self.metric, self.labels)


@dataclass(frozen=True, slots=True)
class Segment:
    """What the series do for a while."""

    length: Duration
    specs: tuple[Spec, ...]


def input_series(
    segments: Sequence[Segment], interval: Duration, more: Mapping[str, str]
) -> tuple[InputSeries, ...]:
    """The segments, one after the other, as promtool's input series with labels added."""
    keys = sorted({spec.key for segment in segments for spec in segment.specs})
    return tuple(
        InputSeries(_name(metric, {**dict(labels), **more}), _values(key, segments, interval))
        for key in keys
        for metric, labels in [key]
    )


def _name(metric: str, labels: Mapping[str, str]) -> str:
    return selector(metric, [(name, "=", labels[name]) for name in sorted(labels)])


def _values(key: tuple[str, Any], segments: Sequence[Segment], interval: Duration) -> str:
    step = float(interval.seconds)
    parts: list[str] = []
    total, elapsed = 0.0, 0
    for segment in segments:
        count = segment.length.ms // interval.ms
        spec = next((s for s in segment.specs if s.key == key), None)
        if count == 0:
            continue
        if spec is None:
            parts.append(f"_x{count}")
        elif spec.kind == "counter":
            parts.append(_run(total, spec.value * step, count))
            total += spec.value * step * count
        elif spec.kind == "line":
            parts.append(_run(spec.value + spec.slope * step * elapsed, spec.slope * step, count))
        else:
            parts.append(_run(spec.value, 0.0, count))
        elapsed += count
    return " ".join(parts)


def _run(start: float, step: float, count: int) -> str:
    """`count` samples from `start` on: promtool's `axn` makes n + 1."""
    if count == 1:
        return number(start)
    if step == 0:
        return f"{number(start)}x{count - 1}"
    sign = "-" if step < 0 else "+"
    return f"{number(start)}{sign}{number(abs(step))}x{count - 1}"


def number(value: float) -> str:
    """A number with twelve digits, never in exponent form: promtool reads no other."""
    text = f"{value:.12g}"
    if "e" in text or "E" in text:
        text = f"{value:.15f}".rstrip("0").rstrip(".") if abs(value) < 1 else f"{value:.0f}"
    return "0" if text in ("-0", "") else text


# --------------------------------------------------------------------------- labels


def accepts(matchers: Iterable[Matcher], labels: Mapping[str, str]) -> bool:
    """Whether a series with these labels is selected."""
    return all(_holds(m, labels.get(m.name, "")) for m in matchers if m.name != "__name__")


def satisfying(matchers: Iterable[Matcher]) -> dict[str, str] | None:
    """Labels that satisfy all matchers, None when none were found."""
    wanted = [m for m in matchers if m.name != "__name__"]
    labels: dict[str, str] = {}
    for matcher in wanted:
        same = [m for m in wanted if m.name == matcher.name]
        if matcher.name in labels:
            continue
        value = next((v for v in _candidates(same) if all(_holds(m, v) for m in same)), None)
        if value is None:
            return None
        if value:
            labels[matcher.name] = value
    return labels


def violating(extra: Iterable[Matcher], labels: Mapping[str, str]) -> dict[str, str] | None:
    """The labels changed so that one of the extra matchers fails, None when none can."""
    for matcher in extra:
        for value in ("200", "other", "GET", "1", "", "0", _opposite(matcher)):
            if not _holds(matcher, value):
                changed = dict(labels)
                changed[matcher.name] = value
                return {k: v for k, v in changed.items() if v}
    return None


def _holds(matcher: Matcher, value: str) -> bool:
    if matcher.op in ("=", "!="):
        return (value == matcher.value) == (matcher.op == "=")
    try:
        found = re.fullmatch(matcher.value, value) is not None
    except re.error:
        return False
    return found == (matcher.op == "=~")


def _opposite(matcher: Matcher) -> str:
    return matcher.value if matcher.op == "!=" else sample(matcher.value)


def _candidates(matchers: Sequence[Matcher]) -> list[str]:
    values = [m.value for m in matchers if m.op == "="]
    values += [sample(m.value) for m in matchers if m.op == "=~"]
    return [*values, "", "x", "a", "1", "200", "other"]


def sample(pattern: str) -> str:
    """A text that a regular expression matches; the pattern itself when none was found."""
    try:
        text = "".join(_pieces(regex_parser.parse(pattern)))
    except (re.error, RecursionError, NotImplementedError, OverflowError):
        return pattern
    return text if re.fullmatch(pattern, text) else pattern


def _pieces(tree: Any) -> Iterable[str]:
    for op, argument in tree:
        if op is regex_ops.LITERAL:
            yield chr(argument)
        elif op in (regex_ops.ANY, regex_ops.NOT_LITERAL):
            yield "0" if op is regex_ops.ANY or argument != ord("0") else "1"
        elif op is regex_ops.IN:
            yield _member(argument)
        elif op in (regex_ops.MAX_REPEAT, regex_ops.MIN_REPEAT):
            least, most, inner = argument
            yield "".join(_pieces(inner)) * max(least, min(1, most))
        elif op is regex_ops.SUBPATTERN:
            yield "".join(_pieces(argument[3]))
        elif op is regex_ops.BRANCH:
            yield "".join(_pieces(argument[1][0]))
        elif op is not regex_ops.AT:
            raise NotImplementedError(str(op))


def _member(items: Any) -> str:
    op, argument = items[0]
    if op is regex_ops.LITERAL:
        return chr(argument)
    if op is regex_ops.RANGE:
        return chr(argument[0])
    if op is regex_ops.CATEGORY:
        return {"CATEGORY_DIGIT": "0", "CATEGORY_WORD": "a", "CATEGORY_SPACE": " "}.get(
            str(argument), "-"
        )
    raise NotImplementedError(str(op))
