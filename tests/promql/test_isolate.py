"""Isolation, adversarially: what is pinned and how, and what is refused and where."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

import generator
from generator.findings import Level, Place, Text
from generator.promql.isolate import (
    Scope,
    isolate,
    isolate_text,
    second_reader_agrees,
    wrap_isolated,
)
from generator.promql.parser import parse
from generator.promql.problems import PromqlError
from generator.promql.tree import vector_selectors
from generator.values import Version
from tests.promql.syntax import (
    ACCEPTED,
    ACCEPTED_SINCE,
    EXPERIMENTAL,
    GONE,
    NEWER,
    NEWER_STABLE,
)

OLD = Scope("tenant", "a")
NEW = Scope("tenant", "a", Version(3, 5), experimental=True)
NEWEST = Scope("tenant", "a", Version(3, 14), experimental=True)
SHARED = Scope("tenant", "a", shared=frozenset({"node_load1"}))

T = 'tenant="a"'

PINNED = [
    ("up", f"up{{{T}}}"),
    ("up{}", f"up{{{T}}}"),
    ("up{ }", f"up{{{T} }}"),
    ('up{job="x"}', f'up{{{T},job="x"}}'),
    ('up { job = "x" , }', f'up {{{T}, job = "x" , }}'),
    ('{__name__="up"}', f'{{{T},__name__="up"}}'),
    ('{__name__=~".+"}', f'{{{T},__name__=~".+"}}'),
    ('{job="x"}', f'{{{T},job="x"}}'),
    ("up # {x}", f"up{{{T}}} # {{x}}"),
    ("# up\nup", f"# up\nup{{{T}}}"),
    ('up{ # "}"\n job="x"}', f'up{{{T}, # "}}"\n job="x"}}'),
    ("# a\rup", f"# a\rup{{{T}}}"),
    ("rate(x[5m])", f"rate(x{{{T}}}[5m])"),
    ("rate(x [5m])", f"rate(x{{{T}}} [5m])"),
    ("x offset 5m", f"x{{{T}}} offset 5m"),
    ("x @ 1609746000", f"x{{{T}}} @ 1609746000"),
    ("x[5m] @ end() offset -1m", f"x{{{T}}}[5m] @ end() offset -1m"),
    ("max_over_time(rate(x[5m])[1h:1m])", f"max_over_time(rate(x{{{T}}}[5m])[1h:1m])"),
    ("topk(scalar(secret), up)", f"topk(scalar(secret{{{T}}}), up{{{T}}})"),
    ("quantile(scalar(s), x) by (a)", f"quantile(scalar(s{{{T}}}), x{{{T}}}) by (a)"),
    ("bottomk by (a) (scalar(s), x)", f"bottomk by (a) (scalar(s{{{T}}}), x{{{T}}})"),
    ('count_values("v", x)', f'count_values("v", x{{{T}}})'),
    ("clamp(x, scalar(a), scalar(b))", f"clamp(x{{{T}}}, scalar(a{{{T}}}), scalar(b{{{T}}}))"),
    ("histogram_quantile(scalar(q), x)", f"histogram_quantile(scalar(q{{{T}}}), x{{{T}}})"),
    ("a + b", f"a{{{T}}} + b{{{T}}}"),
    ("a+b", f"a{{{T}}}+b{{{T}}}"),
    ("a and b or c unless d", f"a{{{T}}} and b{{{T}}} or c{{{T}}} unless d{{{T}}}"),
    ("and and and", f"and{{{T}}} and and{{{T}}}"),
    ("or or or", f"or{{{T}}} or or{{{T}}}"),
    ("by", f"by{{{T}}}"),
    ("sum by (by) (by)", f"sum by (by) (by{{{T}}})"),
    ("sum(sum)", f"sum(sum{{{T}}})"),
    ("offset offset 5m", f"offset{{{T}}} offset 5m"),
    ("start @ start()", f"start{{{T}}} @ start()"),
    ("a:b:c", f"a:b:c{{{T}}}"),
    (":x", f":x{{{T}}}"),
    ("-x", f"-x{{{T}}}"),
    ("((x))", f"((x{{{T}}}))"),
    ("(x)[5m:]", f"(x{{{T}}})[5m:]"),
    ("ALERTS", f"ALERTS{{{T}}}"),
    ('ALERTS{alertstate="firing"}', f'ALERTS{{{T},alertstate="firing"}}'),
    ("absent(x)", f"absent(x{{{T}}})"),
    ("absent_over_time(x[5m])", f"absent_over_time(x{{{T}}}[5m])"),
    ('x{a="tenant"}', f'x{{{T},a="tenant"}}'),
    ('x{a="}"}', f'x{{{T},a="}}"}}'),
    ("x{a='\"}'}", f"x{{{T},a='\"}}'}}"),
    ("x{a=`\\`}", f"x{{{T},a=`\\`}}"),
    ('x{a="\\"} or secret{x=\\""}', f'x{{{T},a="\\"}} or secret{{x=\\""}}'),
    ("x{a='# no comment'}", f"x{{{T},a='# no comment'}}"),
    ('x{a="tenant=\\"b\\""}', f'x{{{T},a="tenant=\\"b\\""}}'),
    ('x{Tenant="b"}', f'x{{{T},Tenant="b"}}'),
    ('x{tenant_id="b"}', f'x{{{T},tenant_id="b"}}'),
    ("sum by (tenant) (x)", f"sum by (tenant) (x{{{T}}})"),
    ("sum without (tenant) (x)", f"sum without (tenant) (x{{{T}}})"),
    ("a * on (tenant) b", f"a{{{T}}} * on (tenant) b{{{T}}}"),
    ("a * ignoring (tenant) b", f"a{{{T}}} * ignoring (tenant) b{{{T}}}"),
    ("a * on (x) group_left (team) b", f"a{{{T}}} * on (x) group_left (team) b{{{T}}}"),
    ('label_replace(x, "b", "$1", "tenant", "(.*)")',
     f'label_replace(x{{{T}}}, "b", "$1", "tenant", "(.*)")'),
    ('label_join(x, "b", "-", "tenant")', f'label_join(x{{{T}}}, "b", "-", "tenant")'),
    ("tenant", f"tenant{{{T}}}"),
    ("X > BOOL y", f"X{{{T}}} > BOOL y{{{T}}}"),
    ("x\n/\ny", f"x{{{T}}}\n/\ny{{{T}}}"),
    ("x\t/\ty", f"x{{{T}}}\t/\ty{{{T}}}"),
    ('x{a="é", b="日本"}', f'x{{{T},a="é", b="日本"}}'),
    ('x{a="\u2028"}', f'x{{{T},a="\u2028"}}'),
    ('x{a="\\xff"}', f'x{{{T},a="\\xff"}}'),
    ("predict_linear(x[1h], scalar(y))", f"predict_linear(x{{{T}}}[1h], scalar(y{{{T}}}))"),
    ("vector(scalar(x))", f"vector(scalar(x{{{T}}}))"),
    ("day_of_week(x)", f"day_of_week(x{{{T}}})"),
    ("x > 5 and on () y", f"x{{{T}}} > 5 and on () y{{{T}}}"),
    ("1 + x", f"1 + x{{{T}}}"),
    ("x ^ y ^ z", f"x{{{T}}} ^ y{{{T}}} ^ z{{{T}}}"),
    ("x atan2 y", f"x{{{T}}} atan2 y{{{T}}}"),
]  # fmt: skip

PINNED_BY_NEW = [
    ('{"my.metric"}', f'{{{T},"my.metric"}}'),
    ('{"my.metric", "a.b"="c"}', f'{{{T},"my.metric", "a.b"="c"}}'),
    ('{"tenant"}', f'{{{T},"tenant"}}'),
    ('sum by ("a.b") (x)', f'sum by ("a.b") (x{{{T}}})'),
    ("limitk(scalar(s), x)", f"limitk(scalar(s{{{T}}}), x{{{T}}})"),
    ("limit_ratio(0.5, x)", f"limit_ratio(0.5, x{{{T}}})"),
    ('info(x, {a="b"})', f'info(x{{{T}}}, {{{T},a="b"}})'),
    ("info(x, {})", f"info(x{{{T}}}, {{{T}}})"),
    ("x[5m + 1m]", f"x{{{T}}}[5m + 1m]"),
    ("x offset (1h * 2)", f"x{{{T}}} offset (1h * 2)"),
    ("x[300]", f"x{{{T}}}[300]"),
    ("1_000 * x", f"1_000 * x{{{T}}}"),
    ("histogram_avg(x)", f"histogram_avg(x{{{T}}})"),
    ("histogram_count(rate(x[5m]))", f"histogram_count(rate(x{{{T}}}[5m]))"),
    ("histogram_sum(x) / histogram_count(y)",
     f"histogram_sum(x{{{T}}}) / histogram_count(y{{{T}}})"),
    ("histogram_fraction(0, scalar(s), x)", f"histogram_fraction(0, scalar(s{{{T}}}), x{{{T}}})"),
    ("histogram_stddev(x) + histogram_stdvar(y)",
     f"histogram_stddev(x{{{T}}}) + histogram_stdvar(y{{{T}}})"),
    ("mad_over_time(x[5m])", f"mad_over_time(x{{{T}}}[5m])"),
    ('sort_by_label(x, "tenant")', f'sort_by_label(x{{{T}}}, "tenant")'),
    ("double_exponential_smoothing(x[5m], scalar(a), 0.1)",
     f"double_exponential_smoothing(x{{{T}}}[5m], scalar(a{{{T}}}), 0.1)"),
    ("ts_of_max_over_time(x[5m])", f"ts_of_max_over_time(x{{{T}}}[5m])"),
    ("limitk by (a) (scalar(s), x) ", f"limitk by (a) (scalar(s{{{T}}}), x{{{T}}}) "),
    ("limit_ratio(scalar(s), x)", f"limit_ratio(scalar(s{{{T}}}), x{{{T}}})"),
    ("x @ 5m", f"x{{{T}}} @ 5m"),
    ("x[5m] offset --5m", f"x{{{T}}}[5m] offset --5m"),
    ("x offset -(5m)*2", f"x{{{T}}} offset -(5m)*2"),
    ("x[(5m)] @ start()", f"x{{{T}}}[(5m)] @ start()"),
    ("(x)[5m*2:30s+30s]", f"(x{{{T}}})[5m*2:30s+30s]"),
    ('{"é", "ü"=~`\\d`}', f'{{{T},"é", "ü"=~`\\d`}}'),
    ("{'my.metric', job=`raw\\`}", f"{{{T},'my.metric', job=`raw\\`}}"),
    ('{`my.metric`}', f'{{{T},`my.metric`}}'),
    ('{ # "}\n"x" # {\n}', f'{{{T}, # "}}\n"x" # {{\n}}'),
    ('sum by ("tenant") (x)', f'sum by ("tenant") (x{{{T}}})'),
    ('a * on ("a.b") group_left ("c.d") b', f'a{{{T}}} * on ("a.b") group_left ("c.d") b{{{T}}}'),
    ('absent({"my.metric"})', f'absent({{{T},"my.metric"}})'),
    ("absent_over_time(x[5m:1m])", f"absent_over_time(x{{{T}}}[5m:1m])"),
    ("absent(sum(x) or y)", f"absent(sum(x{{{T}}}) or y{{{T}}})"),
    ("a and on (x) b unless ignoring (y) c or d",
     f"a{{{T}}} and on (x) b{{{T}}} unless ignoring (y) c{{{T}}} or d{{{T}}}"),
    ("a * on () group_right () b", f"a{{{T}}} * on () group_right () b{{{T}}}"),
]  # fmt: skip

PINNED_BY_NEWEST = [
    ("rate(x[5m] anchored)", f"rate(x{{{T}}}[5m] anchored)"),
    ("rate(x[5m] smoothed offset 1h)", f"rate(x{{{T}}}[5m] smoothed offset 1h)"),
    ("x smoothed", f"x{{{T}}} smoothed"),
    ("smoothed smoothed", f"smoothed{{{T}}} smoothed"),
    ("anchored{} + smoothed", f"anchored{{{T}}} + smoothed{{{T}}}"),
    ("a + fill(0) b", f"a{{{T}}} + fill(0) b{{{T}}}"),
    ("fill + fill(0) fill", f"fill{{{T}}} + fill(0) fill{{{T}}}"),
    ("a / on (x) group_left (y) fill_right(1) b",
     f"a{{{T}}} / on (x) group_left (y) fill_right(1) b{{{T}}}"),
    ("x </ scalar(y)", f"x{{{T}}} </ scalar(y{{{T}}})"),
    ("x >/ 0.5", f"x{{{T}}} >/ 0.5"),
    ("x[step() * 5]", f"x{{{T}}}[step() * 5]"),
    ("step[step() * 5]", f"step{{{T}}}[step() * 5]"),
    ("x[min_of(5m, range())] offset -(5m * 2)", f"x{{{T}}}[min_of(5m, range())] offset -(5m * 2)"),
    ("(x)[1h:max_of(step(), 1m)]", f"(x{{{T}}})[1h:max_of(step(), 1m)]"),
    ("x and on () vector(time() > bool end())", f"x{{{T}}} and on () vector(time() > bool end())"),
    ('histogram_quantiles(x, "q", 0.5, scalar(s))',
     f'histogram_quantiles(x{{{T}}}, "q", 0.5, scalar(s{{{T}}}))'),
    ("max_of(scalar(a), scalar(b)) + x", f"max_of(scalar(a{{{T}}}), scalar(b{{{T}}})) + x{{{T}}}"),
    ("start_timestamp(x)", f"start_timestamp(x{{{T}}})"),
    ("first_over_time(x[5m])", f"first_over_time(x{{{T}}}[5m])"),
    ("ts_of_first_over_time(x[5m])", f"ts_of_first_over_time(x{{{T}}}[5m])"),
]  # fmt: skip

REFUSED_BY_NEWEST = [
    ('x{tenant="b"} smoothed', "isolation-label", 'tenant="b"'),
    ('a + fill(0) b{tenant=~".+"}', "isolation-label", 'tenant=~".+"'),
    ('x{tenant="b"} </ 5', "isolation-label", 'tenant="b"'),
    ("a + on (x) group_left (tenant) fill(0) b", "isolation-write",
     "+ on (x) group_left (tenant) fill(0)"),
    ('histogram_quantiles(x, "tenant", 0.5)', "isolation-write", '"tenant"'),
    ('histogram_quantiles(x, ("tenant"), 0.5)', "isolation-write", '("tenant")'),
    (r'histogram_quantiles(x, "te\x6eant", 0.5)', "isolation-write", r'"te\x6eant"'),
    ("start()", "isolation-constant", "start()"),
    ("end() - start()", "isolation-constant", "end() - start()"),
    ("info(x smoothed)", "isolation-info", "info(x smoothed)"),
]  # fmt: skip

REFUSED = [
    ('x{tenant="b"}', "isolation-label", 'tenant="b"'),
    ('x{tenant="a"}', "isolation-label", 'tenant="a"'),
    ('x{tenant=""}', "isolation-label", 'tenant=""'),
    ('x{tenant!="a"}', "isolation-label", 'tenant!="a"'),
    ('x{tenant=~".*"}', "isolation-label", 'tenant=~".*"'),
    ('x{tenant!~"a"}', "isolation-label", 'tenant!~"a"'),
    ('x{a="b",tenant="b"}', "isolation-label", 'tenant="b"'),
    ('x{a="b",tenant = "b",}', "isolation-label", 'tenant = "b"'),
    ("x{tenant='b'}", "isolation-label", "tenant='b'"),
    ("x{tenant=`b`}", "isolation-label", "tenant=`b`"),
    ('x{tenant # c\n="b"}', "isolation-label", 'tenant # c\n="b"'),
    ('x{tenant="a",tenant="b"}', "isolation-label", 'tenant="a"'),
    ('{tenant="b"}', "isolation-label", 'tenant="b"'),
    ('{__name__=~".+",tenant=~"b|c"}', "isolation-label", 'tenant=~"b|c"'),
    ('up + x{tenant="b"}', "isolation-label", 'tenant="b"'),
    ('topk(scalar(s{tenant="b"}), up)', "isolation-label", 'tenant="b"'),
    ('rate(x{tenant="b"}[5m])', "isolation-label", 'tenant="b"'),
    ('max_over_time(x{tenant="b"}[1h:])', "isolation-label", 'tenant="b"'),
    ('absent(x{tenant="b"})', "isolation-label", 'tenant="b"'),
    ('ALERTS{tenant="b"}', "isolation-label", 'tenant="b"'),
    ('x{tenant="b"} offset 5m', "isolation-label", 'tenant="b"'),
    ('x and y{tenant="b"}', "isolation-label", 'tenant="b"'),
    ('x unless y{tenant!=""}', "isolation-label", 'tenant!=""'),
    ('x{"tenant"="b"}', "isolation-label", '"tenant"="b"'),
    ("x{'tenant'=\"b\"}", "isolation-label", "'tenant'=\"b\""),
    ("x{`tenant`=\"b\"}", "isolation-label", "`tenant`=\"b\""),
    (r'x{"\x74enant"="b"}', "isolation-label", r'"\x74enant"="b"'),
    (r'x{"\164enant"="b"}', "isolation-label", r'"\164enant"="b"'),
    (r'x{"\u0074enant"="b"}', "isolation-label", r'"\u0074enant"="b"'),
    (r'x{"\U00000074enant"=~"b"}', "isolation-label", r'"\U00000074enant"=~"b"'),
    ('{"x","tenant"="b"}', "isolation-label", '"tenant"="b"'),
    ('label_replace(x, "tenant", "b", "", "")', "isolation-write", '"tenant"'),
    ('label_replace(x, ("tenant"), "b", "", "")', "isolation-write", '("tenant")'),
    (r'label_replace(x, "te\x6eant", "b", "", "")', "isolation-write", r'"te\x6eant"'),
    ("label_replace(x, `tenant`, 'b', '', '')", "isolation-write", "`tenant`"),
    ('label_join(x, "tenant", "-", "a")', "isolation-write", '"tenant"'),
    ('label_join(x, (("tenant")), "-", "a")', "isolation-write", '(("tenant"))'),
    ('count_values("tenant", x)', "isolation-write", '"tenant"'),
    ('count_values by (a) (("tenant"), x)', "isolation-write", '("tenant")'),
    ('COUNT_VALUES("tenant", x)', "isolation-write", '"tenant"'),
    ("a * on (x) group_left (tenant) b", "isolation-write", "* on (x) group_left (tenant)"),
    ("a * on (x) group_right (y, tenant) b", "isolation-write", "* on (x) group_right (y, tenant)"),
    ("a * ignoring (x) group_left (tenant) b", "isolation-write",
     "* ignoring (x) group_left (tenant)"),
    ("1", "isolation-constant", "1"),
    ("vector(1)", "isolation-constant", "vector(1)"),
    ("time() > 5", "isolation-constant", "time() > 5"),
    ("hour()", "isolation-constant", "hour()"),
    ("info(x)", "isolation-info", "info(x)"),
    ("info(sum(x))", "isolation-info", "info(sum(x))"),
    ('x{a="b" or tenant="b"}', "promql-syntax", "or"),
    ('x{a="b" OR c="d"}', "promql-syntax", "OR"),
    ('{a="b" or __name__="secret"}', "promql-syntax", "or"),
    ('x{a="b"}{tenant="b"}', "promql-syntax", "{"),
    ('x{a="b"} secret', "promql-syntax", "secret"),
    ("x; secret", "promql-syntax", ";"),
    ('x{a="b\n"}', "promql-syntax", '"b'),
    ("x{a=\"\\\n\"}", "promql-syntax", "\\\n"),
    ('x{tenant:="b"}', "promql-syntax", "tenant:"),
    ("x\u00a0+ secret", "promql-syntax", "\u00a0"),
    ("x\u2028secret", "promql-syntax", "\u2028"),
    ("x\u0085+ y", "promql-syntax", "\u0085"),
    ("\ufeffx", "promql-syntax", "\ufeff"),
    ("x\x00", "promql-syntax", "\x00"),
    ('x{a="\ufffd"}', "promql-syntax", '"\ufffd"'),
    ('x{a="\ud800"}', "promql-syntax", '"\ud800"'),
    ("$x", "promql-syntax", "$"),
    ("х", "promql-syntax", "х"),
]  # fmt: skip

PINNED_ON_DASHBOARDS = [
    ("rate(x[$__rate_interval])", f"rate(x{{{T}}}[$__rate_interval])"),
    ("rate(x[[[interval]]])", f"rate(x{{{T}}}[[[interval]]])"),
    ("increase(x[${__range}]) / $__range_s", f"increase(x{{{T}}}[${{__range}}]) / $__range_s"),
    ('x{job=~"$job"}', f'x{{{T},job=~"$job"}}'),
    ('{__name__="$metric"}', f'{{{T},__name__="$metric"}}'),
    ('sum by ($group) (x{a="${b:regex}"})', f'sum by ($group) (x{{{T},a="${{b:regex}}"}})'),
    ("x offset $shift", f"x{{{T}}} offset $shift"),
    ("sum_over_time(x[$window])", f"sum_over_time(x{{{T}}}[$window])"),
    ("max_over_time(x[$__range:$__interval])", f"max_over_time(x{{{T}}}[$__range:$__interval])"),
    ("x @ ${__to:date:seconds}", f"x{{{T}}} @ ${{__to:date:seconds}}"),
]

REFUSED_ON_DASHBOARDS = [
    ("$metric", "isolation-variable", "$metric"),
    ("${metric}{a='b'}", "isolation-variable", "${metric}"),
    ("rate($metric[5m])", "isolation-variable", "$metric"),
    ("x > $limit", "isolation-variable", "$limit"),
    ('x{$label="b"}', "isolation-variable", '$label="b"'),
    ('x{"$label"="b"}', "isolation-variable", '"$label"="b"'),
    ('x{[[label]]="b"}', "isolation-variable", '[[label]]="b"'),
    ('label_replace(x, "$label", "b", "", "")', "isolation-variable", '"$label"'),
    ('count_values("[[label]]", x)', "isolation-variable", '"[[label]]"'),
    ("a * on (x) group_left ($label) b", "isolation-variable", "* on (x) group_left ($label)"),
    ("x # $comment", "isolation-variable", "# $comment"),
    ('x{tenant="$tenant"}', "isolation-label", 'tenant="$tenant"'),
    ('x{tenant=~"${tenant:regex}"}', "isolation-label", 'tenant=~"${tenant:regex}"'),
]


EVERY_SYNTAX = [
    text
    for texts in (ACCEPTED, *ACCEPTED_SINCE.values(), EXPERIMENTAL, GONE, *NEWER.values(),
                  *NEWER_STABLE.values())
    for text in texts
]  # fmt: skip


@pytest.mark.parametrize(("text", "expected"), PINNED)
def test_pins_every_selector_and_keeps_every_other_byte(text: str, expected: str) -> None:
    result = isolate(text, OLD)
    assert result == expected
    assert second_reader_agrees(result, OLD) in (True, None)


@pytest.mark.parametrize(("text", "expected"), PINNED_BY_NEW)
def test_pins_newer_syntax(text: str, expected: str) -> None:
    result = isolate(text, NEW)
    assert result == expected
    assert second_reader_agrees(result, NEW) in (True, None)


@pytest.mark.parametrize(("text", "expected"), PINNED_BY_NEWEST)
def test_pins_the_newest_syntax(text: str, expected: str) -> None:
    result = isolate(text, NEWEST)
    assert result == expected
    assert second_reader_agrees(result, NEWEST) in (True, None)


@pytest.mark.parametrize(("text", "code", "at"), REFUSED_BY_NEWEST)
def test_refuses_in_the_newest_syntax(text: str, code: str, at: str) -> None:
    with pytest.raises(PromqlError) as caught:
        isolate(text, NEWEST)
    problem = next(p for p in caught.value.problems if p.code == code)
    assert text[problem.offset : problem.offset + problem.length] == at


@pytest.mark.parametrize("text", EVERY_SYNTAX)
def test_every_row_of_the_syntax_tables_is_pinned_or_refused_by_a_rule(text: str) -> None:
    """Whatever any version accepts: isolated, or refused by isolation, never passed through."""
    since = Version(2, 42) if text in GONE else Version(3, 14)
    since = Version(3, 12) if "[min(" in text or "max(step" in text or ":max(" in text else since
    scope = Scope("tenant", "a", since, experimental=True)
    result, findings = isolate_text(Text(text, (Place("t.yaml", 1, 1),)), scope)
    if result is None:
        assert {f.code for f in findings} <= {"isolation-constant", "isolation-info"}
        return
    nodes = vector_selectors(parse(result))
    assert nodes
    for node in nodes:
        assert [(m.op, m.value) for m in node.matchers if m.name == "tenant"] == [("=", "a")]


@pytest.mark.parametrize(("text", "expected"), PINNED_ON_DASHBOARDS)
def test_pins_around_variables(text: str, expected: str) -> None:
    result = isolate(text, OLD, variables=True)
    assert result == expected
    assert second_reader_agrees(result, OLD) in (True, None)


@pytest.mark.parametrize(("text", "code", "at"), REFUSED)
def test_refuses_at_the_offending_text(text: str, code: str, at: str) -> None:
    with pytest.raises(PromqlError) as caught:
        isolate(text, NEW)
    problem = next(p for p in caught.value.problems if p.code == code)
    assert text[problem.offset : problem.offset + problem.length].startswith(at)
    assert problem.level is Level.ERROR


@pytest.mark.parametrize(("text", "code", "at"), REFUSED_ON_DASHBOARDS)
def test_refuses_variables_that_could_leave(text: str, code: str, at: str) -> None:
    with pytest.raises(PromqlError) as caught:
        isolate(text, NEW, variables=True)
    problem = next(p for p in caught.value.problems if p.code == code)
    assert text[problem.offset : problem.offset + problem.length] == at


def test_the_adversarial_tables_are_large_enough() -> None:
    pinned = (PINNED, PINNED_BY_NEW, PINNED_BY_NEWEST, PINNED_ON_DASHBOARDS)
    refused = (REFUSED, REFUSED_BY_NEWEST, REFUSED_ON_DASHBOARDS)
    assert sum(map(len, pinned)) >= 142
    assert sum(map(len, refused)) >= 90


def test_twice_is_refused() -> None:
    with pytest.raises(PromqlError, match="may not match on the label tenant"):
        isolate(isolate("up", OLD), OLD)


def test_a_watchdog_may_be_constant() -> None:
    assert isolate("vector(1)", OLD, allow_constant=True) == "vector(1)"


def test_every_problem_is_told_at_once() -> None:
    with pytest.raises(PromqlError) as caught:
        isolate('rate(x{tenant="b"}) + ratee(y) * on(z) group_left(tenant) w', OLD)
    assert [p.code for p in caught.value.problems] == [
        "promql-type",
        "isolation-label",
        "promql-function",
        "isolation-write",
    ]


def test_shared_metrics_are_read_without_the_label_and_told() -> None:
    text = Text('node_load1{a="b"} / up', (Place("t.yaml", 3, 7, 1, ""),))
    expr, findings = isolate_text(text, SHARED)
    assert expr == f'node_load1{{a="b"}} / up{{{T}}}'
    assert [(f.code, f.level, f.place.column if f.place else 0) for f in findings] == [
        ("isolation-shared", Level.INFO, 7)
    ]
    assert second_reader_agrees(expr, SHARED)
    assert second_reader_agrees(expr, OLD) is False


@pytest.mark.parametrize("text", ['node_load1{tenant="b"}', '{__name__=~"node_load1",tenant="b"}'])
def test_shared_metrics_allow_no_matcher_on_the_label(text: str) -> None:
    with pytest.raises(PromqlError):
        isolate(text, SHARED)


def test_a_regex_on_the_name_is_never_shared() -> None:
    assert isolate('{__name__=~"node_load1"}', SHARED) == f'{{{T},__name__=~"node_load1"}}'


def test_info_with_a_selector_is_a_warning() -> None:
    _, findings = isolate_text(Text("info(x, {})", (Place("f", 1, 1),)), NEW)
    assert [(f.code, f.level) for f in findings] == [("isolation-info", Level.WARNING)]


def test_problems_point_into_the_spec() -> None:
    source = (
        'up\n+ x{tenant="b"}',
        (Place("t.yaml", 5, 9, 1, "up"), Place("t.yaml", 6, 9, 1, "+")),
    )
    expr, (finding,) = isolate_text(Text(*source), OLD)
    assert expr is None
    assert finding.place == Place("t.yaml", 6, 13, 10, "+")


@pytest.mark.parametrize(
    "expr",
    [
        "up",
        'up{tenant="b"}',
        'up{tenant="a",tenant="a"}',
        'up{tenant=~"a"}',
        'up{tenant="a"} + secret',
        'topk(scalar(secret), up{tenant="a"})',
    ],
)
def test_the_second_reader_does_not_believe_us(expr: str) -> None:
    assert second_reader_agrees(expr, OLD) is False


@pytest.mark.parametrize("tenant", ["", "A", "a_b", "a.b", "-a", "a-", "a" * 64, 'a"', "a\n", "é"])
def test_tenant_ids_outside_the_alphabet(tenant: str) -> None:
    with pytest.raises(ValueError, match="tenant id"):
        Scope("tenant", tenant)


@pytest.mark.parametrize("label", ["", "a b", "__name__", "alertname", "job", "__x", "a.b", "le"])
def test_labels_that_cannot_carry_the_tenant(label: str) -> None:
    with pytest.raises(ValueError, match="tenant label"):
        Scope(label, "a")


def test_layout_keeps_isolation() -> None:
    expr = isolate(" + ".join(f"sum by (job) (rate(metric_{i}_total[5m]))" for i in range(9)), OLD)
    laid_out = wrap_isolated(expr)
    assert max(map(len, laid_out.splitlines())) <= 100
    nodes = vector_selectors(parse(laid_out))
    assert [m.value for n in nodes for m in n.matchers if m.name == "tenant"] == ["a"] * 9


def test_nothing_else_makes_isolated_expressions() -> None:
    """`IsolatedExpr` is constructed in promql/isolate.py alone, by that or any other name."""
    root = Path(generator.__file__).parent
    makers = set()
    for path in sorted(root.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            named = isinstance(node, ast.Call) and "IsolatedExpr" in ast.unparse(node)
            renamed = isinstance(node, ast.alias) and node.name == "IsolatedExpr" and node.asname
            assigned = isinstance(node, ast.Assign) and "IsolatedExpr" in ast.unparse(node.value)
            if (named and _makes(node)) or renamed or (assigned and not _is_type(node)):
                makers.add(path.relative_to(root).as_posix())
    assert makers == {"promql/isolate.py", "values.py"}


def _makes(node: ast.AST) -> bool:
    """Whether a call's function, or `cast`'s or `NewType`'s argument, is IsolatedExpr itself."""
    assert isinstance(node, ast.Call)
    called = ast.unparse(node.func).rpartition(".")[2]
    if called in ("cast", "NewType"):
        return "IsolatedExpr" in ast.unparse(node.args[0])
    return called == "IsolatedExpr"


def _is_type(node: ast.AST) -> bool:
    """Whether an assignment only mentions the type inside a call that was looked at itself."""
    assert isinstance(node, ast.Assign)
    return not isinstance(node.value, ast.Name | ast.Attribute)
