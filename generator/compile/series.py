"""Synthetic series for unit tests: labels that satisfy matchers, values in promtool's notation."""

from __future__ import annotations

import re
import re._constants as regex_ops  # type: ignore[import-not-found]
import re._parser as regex_parser  # type: ignore[import-not-found]
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from generator.promql.tree import Matcher


def notation(values: Sequence[float | None]) -> str:
    """Samples as promtool writes them: runs of equal steps as `a+bxn`, no sample as `_`."""
    parts: list[str] = []
    index = 0
    while index < len(values):
        end = _run_end(values, index)
        parts.append(_run(values[index], values[index + 1 : index + 2], end - index))
        index = end
    return " ".join(parts)


def _run_end(values: Sequence[float | None], start: int) -> int:
    """Where the run of samples with one step that begins at `start` ends."""
    first = values[start]
    end = start + 1
    if first is None:
        while end < len(values) and values[end] is None:
            end += 1
        return end
    if end >= len(values) or values[end] is None:
        return end
    step = _difference(values[end], first)
    while end < len(values):
        wanted, value = first + step * (end - start), values[end]
        if value != wanted and (value is None or _apart(value, wanted)):
            break
        end += 1
    return end if end - start > 2 or step == 0 else start + 1


def _apart(one: float, other: float) -> bool:
    return abs(_difference(one, other)) > 1e-9 * max(1.0, abs(other))


def _difference(one: float | None, other: float) -> float:
    assert one is not None
    step = one - other
    return step if (step * 2.0**40).is_integer() else float(f"{step:.12g}")


def _run(first: float | None, following: Sequence[float | None], count: int) -> str:
    """`count` samples: promtool's `axn` makes n + 1, `_xn` makes n."""
    if first is None:
        return f"_x{count}"
    if count == 1:
        return number(first)
    step = _difference(following[0], first)
    if step == 0:
        return f"{number(first)}x{count - 1}"
    sign = "-" if step < 0 else "+"
    return f"{number(first)}{sign}{number(abs(step))}x{count - 1}"


def number(value: float) -> str:
    """A number as exactly as need be, never in exponent form: promtool reads no other."""
    text = f"{value:.0f}" if value == int(value) else repr(value)
    if "e" in text:
        text = f"{value:.18f}".rstrip("0").rstrip(".")
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


class _Unmatched(Exception):
    """A part of a regular expression for which no text is made up."""


def sample(pattern: str) -> str:
    """A text that a regular expression matches; the pattern itself when none was found."""
    try:
        text = "".join(_pieces(regex_parser.parse(pattern)))
    except (re.error, RecursionError, _Unmatched, OverflowError):
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
            raise _Unmatched(str(op))


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
    raise _Unmatched(str(op))
