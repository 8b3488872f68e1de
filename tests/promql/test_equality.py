"""Expressions that are one question, and such that are not."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

from generator.promql.equality import same
from generator.tools import Tool
from tests.promql.server import serving
from tests.promql.test_official import FEATURES, NUMBER, corpus, ours
from tests.promql.test_other_readers import said, unexplained

SAME = (
    ('up{job="a",tenant="t"}', "up{tenant='t', job=`a`}"),
    ('{__name__="up"}', "up"),
    ("up{}", " up # all"),
    ("rate(x[300s])", "rate(x[5m])"),
    ("x offset 0s", "x"),
    ("x offset -1h", "x offset -60m"),
    ("x @ 1609746000", "x @ 1609746000.000"),
    ("((x)) > (1e3)", "x > 1000"),
    ("-(1)", "-1"),
    ("--1", "1"),
    ("x offset -(5m)", "x offset -5m"),
    ("+Inf", "inf"),
    ("300", "5m"),
    ("sum by (b, a) (x)", "sum(x) by (a,b)"),
    ("sum by () (x)", "sum(x)"),
    ("a / ignoring () b", "a / b"),
    ("a * on (y, x) group_left (w, v) b", "a * on(x,y) group_left(v,w) b"),
    ("a AND on (x) b", "a and on(x) b"),
    ("(x)[1h:60s]", "x[60m:1m]"),
    ("$x + 1", "($x)+1"),
    ("x[", "x["),
)
MISPRINTS = {
    "`ignoring ()` is left out with what stands after it": said(
        r"(?i)ignoring\s*(#.*\s*)?\(\)\s*(#.*\s*)?group"
    ),
    "empty braces are left out": said(r"info\("),
    "an offset's parentheses are left out": said(r"(?i)offset\s*[-+]*\s*\("),
}
"""What the printed text of 3.5 leaves out, so that it is another expression or none."""
OTHER = (
    ('up{job="a"}', 'up{job=~"a"}'),
    ("x", "+x"),
    ("a + b + c", "a + (b + c)"),
    ("-1 ^ 2", "(-1) ^ 2"),
    ("a - b", "b - a"),
    ("sum without () (x)", "sum(x)"),
    ("sum(x)", "avg(x)"),
    ("a * on () b", "a * b"),
    ("a > b", "a > bool b"),
    ("x[1h:]", "x[1h:1m]"),
    ("x offset 1h", "x"),
    ("a * on (x) group_left () b", "a * on (x) b"),
    ("topk(1, x)", "topk(2, x)"),
    ("x[", "x"),
    ("0", "-0"),
)


@pytest.mark.parametrize(("a", "b"), SAME)
def test_spellings_of_one_expression_are_the_same(a: str, b: str) -> None:
    assert same(a, b) and same(b, a)


@pytest.mark.parametrize(("a", "b"), OTHER)
def test_other_expressions_are_not(a: str, b: str) -> None:
    assert not same(a, b) and not same(b, a)


@pytest.mark.tools
@pytest.mark.live
def test_what_the_newest_prometheus_prints_is_what_it_was_given(
    newest: Mapping[str, Tool], tmp_path: Path
) -> None:
    texts = [
        t for t in corpus("equality") if ours(t, newest["prometheus"].version, experimental=True)
    ]
    with serving(newest["prometheus"], tmp_path, f"--enable-feature={FEATURES}") as server:
        answers = server.answers("/api/v1/format_query", [{"query": text} for text in texts])
    printed = {t: a["data"] for t, a in zip(texts, answers, strict=True) if "data" in a}
    wrong = [(text, other) for text, other in printed.items() if not same(text, other)]
    assert unexplained(MISPRINTS, {text: None for text, _ in wrong}) == ([], set())
    assert len(printed) > NUMBER // 3
