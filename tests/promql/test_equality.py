"""Expressions that are one question, and such that are not."""

from __future__ import annotations

import pytest

from generator.promql.equality import same

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
