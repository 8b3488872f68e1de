"""The checks Prometheus makes when it parses, told in an SRE's words."""

from __future__ import annotations

import pytest

from generator.promql.functions import SIGNATURES, functions
from generator.promql.parser import parse
from generator.promql.types import check_types
from generator.values import Version


@pytest.mark.parametrize(
    ("text", "message", "hint"),
    [
        ("rate(x)", "rate() needs a range vector here, not an instant vector",
         "give it a range: [5m]"),
        ("rate(sum(x))", "rate() needs a range vector here, not an instant vector",
         "give it a range with a subquery: [5m:]"),
        ("sum(x[5m])", "sum needs an instant vector here, not a range vector",
         "drop the range, or reduce it with rate(), avg_over_time(), …"),
        ("abs(1)", "abs() needs an instant vector here, not a scalar", "wrap it in vector()"),
        ("topk(x, y)", "topk needs a scalar here, not an instant vector", "wrap it in scalar()"),
        ("topk(x)", "topk takes 2 arguments, here are 1", None),
        ("sum(x, job)", "sum takes 1 argument, here are 2", "labels to keep go into by (…)"),
        ("clamp(x, 1)", "clamp() takes 3 arguments, here are 2", None),
        ("round(x, 1, 2)", "round() takes 1 to 2 arguments, here are 3", None),
        ("label_join(x, 'a')", "label_join() takes 3 or more arguments, here are 2", None),
        ("ratee(x[5m])", "there is no function ratee()", "did you mean rate?"),
        ("histogram_quantle(0.9, x)", "there is no function histogram_quantle()",
         "did you mean histogram_quantile?"),
        ("frobnicate(x)", "there is no function frobnicate()", None),
        ("1 > 2", "two numbers can be compared with `bool` only", "write > bool"),
        ("x + bool y", "`bool` goes with comparisons only", None),
        ("x and 1", "and works between instant vectors, not numbers", "use vector(…)"),
        ("x and on(a) group_left b", "group_left cannot go with and", None),
        ("x * on(a) group_left(a) b", "a stands in on() and in group_left() at once", None),
        ("x * on(a) 2", "on() and ignoring() work between instant vectors only", None),
        ("'a' + 1", "+ needs numbers or instant vectors, not a string", None),
        ("{a=~'.*'}",
         "this selects every series: at least one matcher must not match the empty value",
         "name a metric"),
        ("{}", "this selects every series: at least one matcher must not match the empty value",
         "name a metric"),
        ("x[5m:] + 1", "+ needs numbers or instant vectors, not a range vector",
         "drop the range, or reduce it with rate(), avg_over_time(), …"),
        ("-'a'", "a sign needs a number or a vector, not a string", None),
    ],
)  # fmt: skip
def test_type_problems(text: str, message: str, hint: str | None) -> None:
    (problem,) = check_types(parse(text), Version(2, 42))
    assert (problem.message, problem.hint) == (message, hint)


@pytest.mark.parametrize(
    "regex",
    ["(", "a**", "a++", "a{1001}", "(?=a)", "(?<!a)", "[", "a{2,1}", r"\1", "*", r"\xZZ", "[b-a]"],
)
def test_bad_regexes(regex: str) -> None:
    problems = check_types(parse(f"x{{a=~`{regex}`}}"), Version(2, 42))
    assert [p.code for p in problems] == ["promql-regex"]


@pytest.mark.parametrize(
    "regex",
    ["", ".*", "a|b", "5..", "(?i)a", r"\d+", "[[:alpha:]]", r"\pL", "a{2,3}?", r"1|1\.0",
     "[^a-z]*", "(?P<n>a)", r"\Qa.b\E", "$job", "${job:regex}", "a{x}", "x{1,1000}", "[+*]+"],
)  # fmt: skip
def test_good_regexes(regex: str) -> None:
    assert check_types(parse(f"x{{a=~`{regex}`}}"), Version(2, 42)) == []


def test_functions_by_version() -> None:
    assert len(functions(Version(2, 42), experimental=True)) == 70
    assert len(functions(Version(2, 53), experimental=True)) == 76
    assert len(functions(Version(3, 5), experimental=True)) == 80
    assert "holt_winters" not in functions(Version(3, 0), experimental=True)
    assert "mad_over_time" not in functions(Version(3, 5))
    assert {"rate", "info"} <= set(SIGNATURES)


@pytest.mark.parametrize(
    ("text", "target", "message"),
    [
        ("histogram_avg(x)", "2.42",
         "histogram_avg() needs Prometheus 2.51, the platform runs 2.42"),
        ("holt_winters(x[5m], 0.1, 0.1)", "3.5", "holt_winters() is gone since Prometheus 3.0"),
        ("mad_over_time(x[5m])", "3.5",
         "mad_over_time() is experimental and Prometheus refuses it by default"),
        ("limitk(1, x)", "3.5", "limitk is experimental and Prometheus refuses it by default"),
        ("{'a.b'}", "2.42",
         "a quoted name in braces needs Prometheus 2.51, the platform runs 2.42"),
        ("x[300]", "2.53",
         "a duration without a unit needs Prometheus 2.54, the platform runs 2.53"),
        ("x[5m * 2]", "3.5",
         "arithmetic in a duration is experimental and Prometheus refuses it by default"),
    ],
)  # fmt: skip
def test_versions(text: str, target: str, message: str) -> None:
    (problem,) = check_types(parse(text), Version.parse(target))
    assert problem.message == message
