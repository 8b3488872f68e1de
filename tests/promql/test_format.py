"""Readable layout through the tree."""

from __future__ import annotations

import pytest

from generator.promql.format import wrap
from generator.promql.parser import parse
from generator.promql.tree import same

RATIO = (
    'sum by (job,instance)(rate(http_requests_total{code=~"5..",service="playlist-api"}[5m]))'
    "/on(job,instance) group_left( team )sum by (job,instance) "
    '(rate(http_requests_total{service="playlist-api"}[5m] offset 5m)) > 0.01'
)


def test_a_ratio() -> None:
    assert (
        wrap(RATIO, 80)
        == """\
sum by (job, instance) (
  rate(http_requests_total{code=~"5..",service="playlist-api"}[5m])
)
/ on (job, instance) group_left (team)
  sum by (job, instance) (
    rate(http_requests_total{service="playlist-api"}[5m] offset 5m)
  )
> 0.01"""
    )


def test_narrow() -> None:
    assert (
        wrap('histogram_quantile(0.99, sum by (le) (rate(x_bucket{a="b",c="d"}[5m])))', 30)
        == """\
histogram_quantile(
  0.99,
  sum by (le) (
    rate(
      x_bucket{
        a="b",
        c="d"
      }[5m]
    )
  )
)"""
    )


def test_chains_and_precedence() -> None:
    assert (
        wrap("aaaaaaaa + bbbbbbbb * cccccccc or dddddddd", 20)
        == """\
aaaaaaaa
+ bbbbbbbb
  * cccccccc
or dddddddd"""
    )


@pytest.mark.parametrize("text", ["up", "a+b", "a  +  b", "sum( x )by(y)", "1 # one"])
def test_short_text_stays(text: str) -> None:
    assert wrap(text) == text


def test_lines_that_fit_are_joined() -> None:
    assert wrap("a\n  +\n b") == "a + b"


def test_text_with_comments_stays() -> None:
    text = "aaaaaaaaaaaaaaa # why\n+ bbbbbbbbbbbbbbbbbbbb"
    assert wrap(text, 20) == text


@pytest.mark.parametrize("width", [1, 20, 40, 80])
@pytest.mark.parametrize(
    "text",
    [
        RATIO,
        "-(a{x=\"y\",z='w'}[5m:1m] offset -5m @ 5) ^ -b",
        "max_over_time((a + b)[1h:] @ end() offset 5m)",
        'label_replace(topk by (a) (5, x), "b", "$1 # ) (", "c", "(.*)") unless on () y',
        "x{} + {a='b'} > bool 5 == y",
        'sum without () (a) - ignoring (x) group_right () "s"',
        "rate(x[$__rate_interval]) / ${y} + $z{a='b'}",
        "a - (b - c) - d ^ e ^ f",
        "- - a",
    ],
)
def test_layout_means_the_same_and_is_stable(text: str, width: int) -> None:
    laid_out = wrap(text, width)
    assert same(parse(text, variables=True), parse(laid_out, variables=True))
    assert wrap(laid_out, width) == laid_out
