"""What is said of two expressions holds on data: nothing said, nothing differs; tightened, more."""

from __future__ import annotations

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from generator.compile.simulation import Evaluation, Series
from generator.compile.vectors import Unsupported
from generator.promql.edits import edits
from generator.promql.meaning import same_meaning, without_label
from generator.promql.parser import parse
from generator.promql.problems import PromqlError
from generator.promql.tree import COMPARISON, Binary, Number, walk

NUMBERS = st.integers(-1, 6).map(str)
METRICS = st.sampled_from(["a", "b", 'a{l="1"}', 'b{k!="2"}'])
VECTORS = st.one_of(
    METRICS,
    st.builds("{} {} {}".format, METRICS, st.sampled_from("+-*"), NUMBERS),
    st.builds("sum by ({}) ({})".format, st.sampled_from(["l", "k", "l, k", ""]), METRICS),
)
OPERATORS = st.sampled_from(sorted(COMPARISON))


def deeper(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    matching = st.sampled_from(["", "on (l) ", "on () ", "ignoring (k) "])
    sets = st.sampled_from(["and", "or", "unless"])
    return st.one_of(
        st.builds("({}) {} {}({})".format, inner, sets, matching, inner),
        st.builds("max by (l) ({})".format, inner),
        st.builds("count({})".format, inner),
        st.builds("absent({})".format, inner),
        st.builds("topk(1, {})".format, inner),
        st.builds("bottomk by (l) (1, {})".format, inner),
        st.builds("-({})".format, inner),
        st.builds("({}) {} {}".format, inner, OPERATORS, NUMBERS),
        st.builds("({}) > bool {}".format, inner, NUMBERS),
    )


CONDITIONS = st.recursive(
    st.one_of(
        st.builds("{} {} {}".format, VECTORS, OPERATORS, NUMBERS),
        st.builds("{} {} {}".format, NUMBERS, OPERATORS, VECTORS),
    ),
    deeper,
    max_leaves=4,
)
DATA = st.lists(st.one_of(st.none(), st.integers(-1, 6).map(float)), min_size=8, max_size=8)


@st.composite
def changed(draw: st.DrawFn) -> tuple[str, str]:
    """An expression, and the same with another number, another comparison or more around it."""
    text = draw(CONDITIONS)
    kind = draw(st.sampled_from(["number", "operator", "around"]))
    if kind == "around":
        more = draw(
            st.builds("{} ({})".format, st.sampled_from(["and", "or", "unless"]), CONDITIONS)
        )
        return text, f"({text}) {more}"
    nodes = list(walk(parse(text)))
    if kind == "number":
        places = [(n.start, n.end) for n in nodes if isinstance(n, Number)]
        new = draw(NUMBERS)
    else:
        found = [n for n in nodes if isinstance(n, Binary) and n.op in COMPARISON and not n.bool]
        places = [(n.op_start, n.op_end) for n in found]
        new = draw(OPERATORS)
    assume(places)
    start, end = draw(st.sampled_from(places))
    return text, f"{text[:start]}{new}{text[end:]}"


@settings(max_examples=400, deadline=None)
@given(changed(), DATA)
def test_what_is_said_holds(pair: tuple[str, str], data: list[float | None]) -> None:
    before, after = pair
    said = edits(before, after)
    assert bool(said) is not same_meaning(before, after)
    try:
        left, right = results(before, data), results(after, data)
    except (Unsupported, PromqlError, ZeroDivisionError, OverflowError):
        assume(False)
        return
    if not said:
        assert left == right
    effects = {edit.effect for edit in said}
    if effects == {1}:
        assert set(left) <= set(right), said
    if effects == {-1}:
        assert set(right) <= set(left), said


def results(text: str, data: list[float | None]) -> dict[tuple[tuple[str, str], ...], float]:
    """What an expression returns: labels without the name, and values."""
    series = [
        Series(metric, (("k", k), ("l", label)), (value, value))
        for (metric, k, label), value in zip(
            [(m, k, x) for m in "ab" for k in "12" for x in "12"], data, strict=True
        )
    ]
    found = Evaluation(series, 60.0, 60.0).vector(parse(text), 60.0)
    return {
        tuple(sorted((k, v) for k, v in one.labels.items() if k != "__name__")): one.value
        for one in found
    }


@pytest.mark.parametrize(
    ("before", "after", "told"),
    [
        ("x > 0.03", "x > 0.05", [("threshold", "0.03", "0.05", -1)]),
        ("x < 3", "x < 5", [("threshold", "3.0", "5.0", 1)]),
        ("3 < x", "5 < x", [("threshold", "3.0", "5.0", -1)]),
        ("x > 3", "x >= 3", [("operator", "3.0", "3.0", 1)]),
        ("x > 3", "x < 3", [("operator", "3.0", "3.0", 0)]),
        ("x == 3", "x == 4", [("threshold", "3.0", "4.0", 0)]),
        ("y unless x > 3", "y unless x > 5", [("threshold", "3.0", "5.0", 1)]),
        ("absent(x > 3)", "absent(x > 5)", [("threshold", "3.0", "5.0", 1)]),
        ("bottomk(1, x > 3)", "bottomk(1, x > 5)", [("threshold", "3.0", "5.0", 0)]),
        ("x > 3 or on () y", "x > 5 or on () y", [("threshold", "3.0", "5.0", 0)]),
        ("x > 3 or y", "x > 5 or y", [("threshold", "3.0", "5.0", -1)]),
        ("(x > 3) * 2 > 7", "(x > 5) * 2 > 7", [("threshold", "3.0", "5.0", 0)]),
        ("rate(x[5m])", "rate(x[1h])", [("range", "5m", "1h", 0)]),
        ("x offset 1h", "x", [("offset", "1h", "0s", 0)]),
        ("x * 100", "x * 1000", [("number", "100", "1000", 0)]),
        ("x", "y", [("metric", "x", "y", 0)]),
        ('x{a="1"}', 'x{b="2"}', [("selector", 'a="1"', 'b="2"', 0)]),
        ("sum by (a) (x)", "sum without (b) (x)", [("grouping", "by (a)", "without (b)", 0)]),
        ("x > 1", "x > 1 and on (a) y", [("condition", "", "and on (a) y", -1)]),
        ("x > 1 unless y", "x > 1", [("condition", "unless y", "", 1)]),
        ("x > 1", "x > 1 or y", [("condition", "", "or y", 1)]),
        ("x + y", "x - y", [("shape", "x + y", "x - y", 0)]),
        ("sum(x)", "max(x)", [("shape", "sum(x)", "max(x)", 0)]),
        ("x >", "x > 1", [("shape", "x >", "x > 1", 0)]),
        ("x > 1 and y > 1", "x > 2 and y > 2", [("threshold", "1.0", "2.0", -1)] * 2),
    ],
)
def test_differences(before: str, after: str, told: list[tuple[str, str, str, int]]) -> None:
    found = edits(before, after)
    assert [(e.kind, e.before, e.after, e.effect) for e in found] == told
    assert {edit.whole for edit in found} == {(before, after)}


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ('x{t="a",b="c"} / y{t="a"}', 'x{b="c"} / y'),
        ('{t="a"}', "{}"),
        ('{t="a", __name__=~"x.*"}', '{__name__=~"x.*"}'),
        ("x > ", "x > "),
    ],
)
def test_the_tenants_label_is_not_shown(text: str, shown: str) -> None:
    assert without_label(text, "t") == shown
