"""Our parser against the official syntax: what is accepted, what is refused, and where."""

from __future__ import annotations

import pytest

from generator.promql.format import wrap
from generator.promql.lexer import unquote
from generator.promql.parser import parse
from generator.promql.problems import PromqlError, PromqlSyntaxError
from generator.promql.tree import Aggregate, Binary, Expr, Paren, Subquery, Unary, same, walk
from generator.promql.types import check_types
from generator.values import Version
from tests.promql.syntax import (
    ACCEPTED,
    ACCEPTED_SINCE,
    EXPERIMENTAL,
    GONE,
    NEVER,
    NEWER,
    NEWER_STABLE,
    REJECTED,
)

OLD, NEW = Version(2, 42), Version(3, 5)
SINCE = [(expr, since) for since, exprs in ACCEPTED_SINCE.items() for expr in exprs]


def accepts(text: str, target: Version, *, experimental: bool = False) -> bool:
    try:
        return not check_types(parse(text), target, experimental=experimental)
    except PromqlError:
        return False


@pytest.mark.parametrize("text", ACCEPTED)
def test_accepts(text: str) -> None:
    assert accepts(text, OLD)
    assert accepts(text, NEW)


@pytest.mark.parametrize(("text", "since"), SINCE)
def test_accepts_from_a_version_on(text: str, since: str) -> None:
    assert not accepts(text, OLD)
    assert accepts(text, Version.parse(since))
    assert accepts(text, NEW)


@pytest.mark.parametrize("text", EXPERIMENTAL)
def test_accepts_what_is_experimental_only_when_it_is_switched_on(text: str) -> None:
    assert not accepts(text, NEW)
    assert accepts(text, NEW, experimental=True)


LATEST = Version(3, 14)
TO_COME = [(text, since) for since, texts in NEWER.items() for text in texts]
TO_STAY = [(text, since) for since, texts in NEWER_STABLE.items() for text in texts]


@pytest.mark.parametrize(("text", "since"), TO_COME)
def test_accepts_the_newest_syntax_from_its_version_on(text: str, since: str) -> None:
    version = Version.parse(since)
    assert accepts(text, version, experimental=True)
    assert not accepts(text, version)
    assert not accepts(text, Version(version.major, version.minor - 1), experimental=True)


@pytest.mark.parametrize(("text", "since"), TO_STAY)
def test_accepts_without_a_flag_from_a_version_on(text: str, since: str) -> None:
    version = Version.parse(since)
    assert accepts(text, version)
    assert not accepts(text, Version(version.major, version.minor - 1))


@pytest.mark.parametrize("text", NEVER)
def test_refuses_what_only_resembles_the_newest_syntax(text: str) -> None:
    assert not accepts(text, LATEST, experimental=True)


@pytest.mark.parametrize("text", [text for text, _ in TO_COME + TO_STAY])
def test_lays_the_newest_syntax_out(text: str) -> None:
    assert same(parse(text), parse(wrap(text, 3)))


@pytest.mark.parametrize("text", GONE)
def test_knows_what_is_gone(text: str) -> None:
    assert accepts(text, OLD)
    assert not accepts(text, NEW)


@pytest.mark.parametrize("text", REJECTED)
def test_refuses(text: str) -> None:
    assert not accepts(text, OLD)
    assert not accepts(text, NEW, experimental=True)


def test_the_tables_are_large_enough_to_mean_something() -> None:
    assert len(ACCEPTED) + len(SINCE) + len(REJECTED) >= 250


def shown(expr: Expr, text: str) -> str:
    """The tree with a parenthesis around every operation."""
    match expr:
        case Binary():
            return f"({shown(expr.lhs, text)} {expr.op} {shown(expr.rhs, text)})"
        case Unary():
            return f"({expr.op}{shown(expr.expr, text)})"
        case Subquery():
            return f"{shown(expr.expr, text)}[:]"
        case Paren():
            return shown(expr.expr, text)
        case _:
            return text[expr.start : expr.end]


@pytest.mark.parametrize(
    ("text", "tree"),
    [
        ("a + b * c", "(a + (b * c))"),
        ("a * b + c", "((a * b) + c)"),
        ("a - b - c", "((a - b) - c)"),
        ("a ^ b ^ c", "(a ^ (b ^ c))"),
        ("-a ^ b", "(-(a ^ b))"),
        ("-a * b", "((-a) * b)"),
        ("a ^ -b * c", "((a ^ (-b)) * c)"),
        ("2 ^ -1 ^ 2", "(2 ^ (-(1 ^ 2)))"),
        ("a or b and c", "(a or (b and c))"),
        ("a and b unless c", "((a and b) unless c)"),
        ("a > b == c", "((a > b) == c)"),
        ("a + b > c + d", "((a + b) > (c + d))"),
        ("a or b > c", "(a or (b > c))"),
        ("a atan2 b * c", "((a atan2 b) * c)"),
        ("-a offset 5m", "(-a offset 5m)"),
        ("-a[5m:]", "(-a[:])"),
        ("a + b offset 5m", "(a + b offset 5m)"),
        ("(a + b) * c", "((a + b) * c)"),
        ("A OR b AND c", "(A or (b and c))"),
    ],
)
def test_precedence(text: str, tree: str) -> None:
    assert shown(parse(text), text) == tree


@pytest.mark.parametrize(
    ("text", "spans"),
    [
        ("sum by (a) (b)", ["sum by (a) (b)", "b"]),
        (" x{a='b'} offset 5m ", ["x{a='b'} offset 5m"]),
        ("rate(x[5m] @ 1)", ["rate(x[5m] @ 1)", "x[5m] @ 1", "x"]),
        ("x # c\n+ y", ["x # c\n+ y", "x", "y"]),
        ('{a="é"} > x', ['{a="é"} > x', '{a="é"}', "x"]),
        ("sum(x) by (a) / y", ["sum(x) by (a) / y", "sum(x) by (a)", "x", "y"]),
        ("max(x)[5m:1m] offset 1h", ["max(x)[5m:1m] offset 1h", "max(x)", "x"]),
    ],
)
def test_every_node_knows_its_span(text: str, spans: list[str]) -> None:
    assert [text[n.start : n.end] for n in walk(parse(text))] == spans


@pytest.mark.parametrize(
    ("text", "at", "message"),
    [
        ("sum(rate(x[5m])", 15, "the expression ends too early: expected `,` or `)`"),
        ("x{a=b}", 4, "unexpected b: expected the label's value in quotes"),
        ("x{a==1}", 3, "unexpected ==: expected =, !=, =~ or !~ after the label name"),
        ("foo bar", 4, "unexpected bar: the expression is complete before it"),
        ('x{a="b', 4, "this string is not closed"),
        ("x[5 minutes]", 4, "unexpected minutes: expected `:` or `]`"),
        ("x && y", 2, "unexpected character '&'"),
        ("x[1m1h]", 2, "1m1h is no valid duration"),
        ('"\\q"', 1, '`\\q` is no escape in a "-quoted string'),
        ("sum(x)[5m]", 6, "a range can follow a selector only"),
        ("sum(x) offset 5m", 7, "`offset` can follow a selector, a range or a subquery only"),
        ("x offset 5m[5m]", 11, "the range must stand before `offset` and `@`"),
        ('a{__name__="b"}', 2, "the metric's name is set twice: a and b"),
        ("abs(x,)", 6, "unexpected ): an argument is missing after the comma"),
        ("", 0, "there is no expression here"),
        ("# nothing", 0, "there is no expression here"),
        ("rate(x[$__rate_interval])", 7, "a variable cannot stand here"),
    ],
)
def test_errors_say_what_and_where(text: str, at: int, message: str) -> None:
    with pytest.raises(PromqlSyntaxError) as caught:
        parse(text)
    assert caught.value.offset == at
    assert caught.value.message.startswith(message)


@pytest.mark.parametrize(
    "text",
    [
        "(" * 5000,
        "-" * 5000 + "x",
        "+".join(["x"] * 5000),
        "^".join(["x"] * 5000),
        "abs(" * 5000,
        "sum by (a) (" * 3000,
        "x" + "[5m:]" * 5000,
        "x[" + "(" * 5000,
        "x[" + "-" * 5000,
        "x[" + "1^" * 5000,
        "x offset " + "(" * 5000,
        "x or " * 5000,
    ],
)
def test_depth_is_a_syntax_error(text: str) -> None:
    with pytest.raises(PromqlSyntaxError, match=r"deeper than|chains or nests"):
        parse(text)


def test_seventy_levels_and_a_chain_of_150_are_fine() -> None:
    parse("(" * 70 + "x" + ")" * 70)
    parse(" or ".join(f"m{i}" for i in range(150)))


@pytest.mark.parametrize(
    ("literal", "value"),
    [
        (r'"a\"b"', 'a"b'),
        (r"'a\'b'", "a'b"),
        (r"`a\nb`", r"a\nb"),
        (r'"\x74\145\u006e\U00000061nt"', "tenant"),
        (r'"\xc3\xa9"', "é"),
        (r'"\xff"', "\udcff"),
        (r'"\a\b\f\n\r\t\v\\"', "\a\b\f\n\r\t\v\\"),
    ],
)
def test_strings_are_unescaped_by_gos_rules(literal: str, value: str) -> None:
    assert unquote(literal) == value


@pytest.mark.parametrize(
    "text",
    [
        "rate(x[$__rate_interval])",
        "rate(x[${__rate_interval}])",
        "rate(x[[[interval]]])",
        "increase(x[$__range:$__interval] offset $shift)",
        'sum by ($group, ${other:csv}) (x{a=~"$a", b=~"${b:regex}"})',
        "$metric{a='b'}",
        "$metric[5m]",
        "x > $limit",
        "sum_over_time(x[$window]) / $__range_s",
        "label_replace(x, '$a', '$1', 'b', '(.*)')",
    ],
)
def test_grafana_variables_are_tokens_where_they_are_allowed(text: str) -> None:
    parse(text, variables=True)


@pytest.mark.parametrize("text", ["node_${x}_total", "$", "${", "x[$]", "x{a=$b}", "$a$b"])
def test_variables_stand_alone(text: str) -> None:
    with pytest.raises(PromqlSyntaxError):
        parse(text, variables=True)


def test_keywords_name_metrics_and_labels() -> None:
    tree = parse("sum by (on, by, sum) (by / offset)")
    assert isinstance(tree, Aggregate)
    assert tree.labels == ("on", "by", "sum")
