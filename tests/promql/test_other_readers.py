"""What other readers of PromQL say of the official corpus; where they differ, and why.

The real Prometheus decides (`test_official.py`). promql-parser reads every finished expression in
production too; lezer-promql is the grammar of Prometheus' own interface and tells positions, so it
judges the spans that isolation splices at. It checks no types, strings or numbers, so what it lets
pass says nothing.
"""

from __future__ import annotations

import json
import re
import subprocess
from collections import Counter
from collections.abc import Callable
from functools import partial
from typing import Any

import promql_parser

from generator.promql.lexer import comments
from generator.promql.parser import parse
from generator.promql.second_reader import reads_the_same
from generator.promql.tree import (
    Aggregate,
    Binary,
    Call,
    Expr,
    Matching,
    VectorSelector,
    vector_selectors,
    walk,
)
from generator.values import Version
from tests.conftest import ROOT
from tests.judges import lezer
from tests.promql.sentences import SEED
from tests.promql.syntax import NEWER, NEWER_STABLE
from tests.promql.test_official import NUMBER, corpus, ours

TARGET = Version(3, 5)

_Reason = Callable[[str, Expr | None], bool]


def said(pattern: str) -> _Reason:
    """The text contains this."""
    return lambda text, tree: re.search(pattern, text) is not None


def named(*names: str) -> _Reason:
    """A selector's metric has one of these names."""
    return lambda text, tree: (
        tree is not None and any(n.metric in names for n in vector_selectors(tree))
    )


def info_of_all(text: str, tree: Expr | None) -> bool:
    return tree is not None and any(
        isinstance(n, Call) and n.function == "info" and _bare(n.args[-1]) for n in walk(tree)
    )


def _bare(node: Expr) -> bool:
    return isinstance(node, VectorSelector) and not node.matchers


def colon_in_grouping(text: str, tree: Expr | None) -> bool:
    labels: list[str] = []
    for node in walk(tree) if tree is not None else ():
        match node:
            case Aggregate():
                labels += node.labels
            case Binary(matching=Matching() as matching):
                labels += [*matching.labels, *matching.include]
            case _:
                pass
    return any(":" in label for label in labels)


def commented_to_return(text: str, tree: Expr | None) -> bool:
    return any(text[comment.end : comment.end + 1] == "\r" for comment in comments(text))


PROMQL_PARSER_REFUSES: dict[str, _Reason] = {
    "`anchored` and `smoothed` are keywords of its, everywhere": said(r"anchored|smoothed"),
    "no arithmetic in an offset": said(r"(?i)offset\s*[-+]*\s*(#.*\s*)?[-+(]"),
    "no arithmetic or comment in brackets": said(r"\[[^\]\"'`]*[-+*/%^(#]"),
    "no underscores in numbers": said(r"[0-9x]_[0-9]"),
    "it unescapes raw strings": said(r"`[^`]*\\[^`]*`"),
    "no info() with empty braces": info_of_all,
    r"its regexes know no \Q": said(r"\\Q"),
    "no colon in a grouping label": colon_in_grouping,
    "no offset of zero": said(r"offset 0s"),
}
PROMQL_PARSER_ACCEPTS: dict[str, _Reason] = {
    "a broken character": said("\ufffd"),
    "a range of zero": said(r"\[0\s*\]"),
    "a duration out of range": said(r"300000?y|300y|[0-9]{9}[mhdwy]"),
    "a number out of range": said(r"[0-9][eE][0-9]{3}|[0-9]{19}"),
    "functions of the query's time": said(r"(?i)\b(start|end|step|range)\s*\("),
    "a sign before a range": said(r"(?s)\+.*\]"),
    "a sign before a string": said(r"[-+]\s*[\"'`]"),
    "any parameter of limitk and limit_ratio": said(r"limit(k|_ratio)"),
    "another regex syntax: a**, a++, a{1001}": said(r"a\*\*|a\+\+|a\{1001\}"),
    "an empty label name": said(r'by \(""\)'),
    "`or` in braces, of VictoriaMetrics": said(r"\{[^}]*\bor\b"),
    "info() with a metric as its selector": said(r"info\s*\("),
}
LEZER_REFUSES: dict[str, _Reason] = {
    "`offset` is a keyword of its, everywhere": named("offset"),
    "no point without digits after it": said(r"[0-9]\.(?![0-9])"),
    "no underscores in hexadecimal": said(r"0x_?[0-9]*_?"),
    "a comment ends at a newline only": commented_to_return,
    "no colon in a grouping label": colon_in_grouping,
}


def unexplained(
    reasons: dict[str, _Reason], differing: dict[str, Expr | None]
) -> tuple[list[str], set[str]]:
    """The texts that no reason of a table explains, shortest first, and the reasons not used."""
    used: Counter[str] = Counter()
    left = []
    for text, tree in differing.items():
        why = [reason for reason, holds in reasons.items() if holds(text, tree)]
        used.update(why)
        left += [text] if not why else []
    return sorted(left, key=len), reasons.keys() - used.keys()


def test_promql_parser_reads_the_same_selectors() -> None:
    refuses: dict[str, Expr | None] = {}
    accepts: dict[str, Expr | None] = {}
    agreed = 0
    for text in corpus("others"):
        tree = ours(text, TARGET, experimental=True)
        reads = _promql_parser_reads(text)
        if tree is not None and reads:
            same = reads_the_same(text, vector_selectors(tree))
            assert same is True or (same is None and r"\x" in text), text
            agreed += 1
        elif tree is not None:
            refuses[text] = tree
        elif reads:
            accepts[text] = None
    assert unexplained(PROMQL_PARSER_REFUSES, refuses) == ([], set()), f"seed {SEED}"
    assert unexplained(PROMQL_PARSER_ACCEPTS, accepts) == ([], set()), f"seed {SEED}"
    assert agreed >= NUMBER // 3


def _promql_parser_reads(text: str) -> bool:
    try:
        promql_parser.parse(text)
    except ValueError:
        return False
    except BaseException as failure:
        if type(failure).__name__ != "PanicException":
            raise
        return False
    return True


def test_a_panic_of_the_second_reader_is_no_answer() -> None:
    assert reads_the_same("x[1e30]", ()) is None


def test_lezer_finds_the_selectors_at_the_same_places() -> None:
    texts = corpus("others")
    refuses: dict[str, Expr | None] = {}
    agreed = 0
    for text, theirs in zip(texts, lezer_reads(texts), strict=True):
        tree = ours(text, TARGET, experimental=True)
        if tree is None:
            continue
        at = partial(_utf16, text)
        spans = [[at(node.start), at(node.body_end)] for node in vector_selectors(tree)]
        if theirs["error"] or sorted(spans) != sorted(theirs["selectors"]):
            refuses[text] = tree
        else:
            agreed += 1
    assert unexplained(LEZER_REFUSES, refuses) == ([], set()), f"seed {SEED}"
    assert agreed >= NUMBER // 3


LEZER_LACKS = ("min(", "max(", "min_of(1", "max_of(scalar")
"""Renamed in 3.13, and functions that its list does not have."""


def test_lezer_reads_the_newest_syntax() -> None:
    newer = [text for table in (NEWER, NEWER_STABLE) for texts in table.values() for text in texts]
    for text, theirs in zip(newer, lezer_reads(newer), strict=True):
        assert theirs["error"] is any(word in text for word in LEZER_LACKS), text
        spans = [[node.start, node.body_end] for node in vector_selectors(parse(text))]
        assert theirs["error"] or theirs["selectors"] == spans, text


def lezer_reads(texts: list[str]) -> list[Any]:
    """For each text whether lezer-promql finds an error, and where the selectors stand."""
    answer = subprocess.run(
        ["node", str(ROOT / "tests" / "promql" / "lezer.mjs"), str(lezer(ROOT))],
        input=json.dumps(texts), capture_output=True, text=True, timeout=300, check=True,
    )  # fmt: skip
    found: list[Any] = json.loads(answer.stdout)
    return found


def _utf16(text: str, offset: int) -> int:
    """An offset as JavaScript counts."""
    return len(text[:offset].encode("utf-16-le", "surrogatepass")) // 2
