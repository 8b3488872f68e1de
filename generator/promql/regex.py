"""Whether the regex of a matcher is one: RE2, as Prometheus compiles it."""

from __future__ import annotations

import re
from functools import lru_cache

import promql_parser

from generator.promql.lexer import VARIABLE


@lru_cache(4096)
def regex_matches_empty(pattern: str) -> bool:
    """Whether the regex matches the empty value, and so series without the label."""
    try:
        return re.fullmatch(pattern, "") is not None
    except (re.error, RecursionError, OverflowError):
        return False


@lru_cache(4096)
def full_match(pattern: str, value: str) -> bool | None:
    """Whether the regex matches the whole value; None when it uses what only RE2 knows."""
    try:
        return re.fullmatch(pattern, value) is not None
    except (re.error, RecursionError, OverflowError):
        return None


@lru_cache(4096)
def regex_error(pattern: str) -> str | None:
    """Why a regex is not valid, None when it is; judged by the second reader's RE2-like dialect."""
    plain = re.sub(VARIABLE, "x", pattern)
    plain = re.sub(r"\\Q.*?(?:\\E|$)", "x", plain, flags=re.DOTALL)
    if not plain or plain.isalnum():
        return None
    bare = re.sub(r"\\.|\[\^?\]?(?:\\.|[^\]\\])*\]", "x", plain, flags=re.DOTALL)
    if _NESTED.search(bare):
        return "a repetition of a repetition"
    if any(int(n) > 1000 for n in re.findall(r"\{(?:\d+,)?(\d{1,9})\d*,?\}", bare)):
        return "a repetition of more than 1000"
    if any("\ud800" <= c <= "\udfff" for c in plain):
        return "it is not valid UTF-8"
    quoted = "".join(_QUOTED.get(c, c) for c in plain)
    try:
        promql_parser.parse(f'x{{a=~"{quoted}"}}')
    except ValueError as failure:
        return _reason(str(failure))
    return None


_REPEAT = r"(?:[*+?]|\{\d+(?:,\d*)?\})"
_NESTED = re.compile(rf"{_REPEAT}\??+{_REPEAT}")
_QUOTED = {"\\": "\\\\", '"': '\\"', "\n": "\\n"}


def _reason(failure: str) -> str:
    lines = [line.strip() for line in failure.splitlines() if line.strip()]
    said = next((line for line in reversed(lines) if line.startswith("error:")), lines[-1])
    return said.removeprefix("error:").strip()
