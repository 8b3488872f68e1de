"""Constructors of PromQL text and splices into an author's expression."""

from __future__ import annotations

import pytest

from generator.promql.build import (
    matchers_added,
    quote,
    rate,
    replaced_ranges,
    selector,
    selectors,
    sum_by,
    with_range,
)
from generator.promql.lexer import unquote
from generator.promql.parser import parse
from generator.promql.problems import PromqlError
from generator.values import Duration

FIVE = Duration.of(minutes=5)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("a", '"a"'),
        ('a"b\\c', r'"a\"b\\c"'),
        ("a\nb\r\t", r'"a\nb\r\t"'),
        ("\x00\x1f\x7f", r'"\x00\x1f\x7f"'),
        ("é日\u2028", '"é日\u2028"'),
        ("\ufffd", r'"\ufffd"'),
        ("\udcff", r'"\xff"'),
    ],
)
def test_quote_is_read_back(value: str, text: str) -> None:
    assert quote(value) == text
    assert unquote(text) == value


def test_quote_refuses_what_no_label_can_hold() -> None:
    with pytest.raises(ValueError, match="surrogate"):
        quote("\ud800")


@pytest.mark.parametrize(
    ("metric", "matchers", "text"),
    [
        ("up", [], "up"),
        ("up", [("job", "=", "a"), ("b", "=~", 'c"d')], 'up{job="a",b=~"c\\"d"}'),
        (None, [("job", "!=", "")], '{job!=""}'),
        ("my.metric", [("a.b", "!~", "c")], '{"my.metric","a.b"!~"c"}'),
        ("on", [], '{"on"}'),
        ("a:b", [], "a:b"),
    ],
)
def test_selector(metric: str | None, matchers: list[tuple[str, str, str]], text: str) -> None:
    assert selector(metric, matchers) == text
    assert selectors(text) == ([metric] if metric else [])


def test_selector_refuses_unknown_operators() -> None:
    with pytest.raises(ValueError, match="no matching operator"):
        selector("up", [("a", "==", "b")])


def test_sum_by() -> None:
    assert sum_by(["service", "a.b"], "x") == 'sum by (service, "a.b") (x)'
    assert sum_by([], "x") == "sum(x)"
    assert parse(sum_by(["a"], "x # the end"))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("x", "x[5m]"),
        ('x{a="b"}', 'x{a="b"}[5m]'),
        ("x offset 1h", "x[5m] offset 1h"),
        (" x @ end() # c", "x[5m] @ end()"),
        ('{"a.b"}', '{"a.b"}[5m]'),
    ],
)
def test_with_range(text: str, expected: str) -> None:
    assert with_range(text, FIVE) == expected
    assert rate(text, "5m") == f"rate({expected})"


@pytest.mark.parametrize("text", ["x[5m]", "sum(x)", "x + y", "(x)", "1", "-x", "x[5m:]", "x{", ""])
def test_with_range_wants_a_plain_selector(text: str) -> None:
    with pytest.raises(PromqlError):
        with_range(text, FIVE)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("x", 'x{s="p"}'),
        ('x{a="b"} / y', 'x{s="p",a="b"} / y{s="p"}'),
        ('x{s="q"} / y{s=~".*"}', 'x{s="q"} / y{s=~".*"}'),
        ('x{s="p"}', 'x{s="p"}'),
        ("rate(x[$window]) # c", 'rate(x{s="p"}[$window]) # c'),
        ("1", "1"),
    ],
)
def test_matchers_added(text: str, expected: str) -> None:
    assert matchers_added(text, [("s", "=", "p")]) == expected


def test_matchers_added_one_by_one() -> None:
    added = matchers_added('x{a="1"}', [("a", "=", "2"), ("b", "=~", "3|4")])
    assert added == 'x{b=~"3|4",a="1"}'


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("rate(x[$window])", "rate(x[5m])"),
        ("rate(x[${window}]) / rate(y[[[window]]])", "rate(x[5m]) / rate(y[5m])"),
        ('x{a="$window"}[$windows]', 'x{a="$window"}[$windows]'),
        ("x[$window] # $window", "x[5m] # $window"),
        ("max_over_time(x[$window:$window])", "max_over_time(x[5m:5m])"),
    ],
)
def test_replaced_ranges(text: str, expected: str) -> None:
    assert replaced_ranges(text, "$window", FIVE) == expected
    assert replaced_ranges(text, "window", "5m") == expected


def test_selectors_in_order_and_once() -> None:
    assert selectors('b / a + {__name__="c"} - b + {x="y"} + {"d"}') == ["b", "a", "c", "d"]
