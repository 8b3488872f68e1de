"""Properties that hold for every expression: isolation, layout, and no other error than ours."""

from __future__ import annotations

from contextlib import suppress

from hypothesis import given, settings
from hypothesis import strategies as st

from generator.findings import Place, Text, has_errors
from generator.promql.build import matchers_added, quote, with_range
from generator.promql.catalogue import Catalogue, MetricInfo
from generator.promql.check import check
from generator.promql.format import wrap
from generator.promql.isolate import Scope, isolate, isolate_text, second_reader_agrees
from generator.promql.labels import output_labels
from generator.promql.lexer import unquote
from generator.promql.parser import parse
from generator.promql.problems import PromqlError
from generator.promql.template import check_template
from generator.promql.tree import same, vector_selectors
from generator.promql.types import check_types
from generator.promql.variables import isolate_variable_query
from generator.values import Duration, Version
from tests.promql.expressions import NOTES, expressions, garbage
from tests.promql.sentences import CASES

SCOPE = Scope("tenant", "a", Version(3, 5))
PIECES = st.sampled_from(
    [*"{}$.|:=\"`'()-/* \n", "{{", "}}", "query", "$labels", ".Labels", "if", "end", "with", "/*"]
)
MANY = settings(max_examples=min(CASES, 5000) or 300, deadline=None)


def placed(text: str) -> Text:
    return Text(text, (Place("t.yaml", 1, 1, 1, ""),))


def without_splices(text: str, result: str) -> str:
    """The isolated text with what was spliced in taken out again."""
    out, last = [], 0
    before, after = vector_selectors(parse(text)), vector_selectors(parse(result))
    for old, new in zip(before, after, strict=True):
        (ours,) = (m for m in new.matchers if m.name == "tenant")
        start, end = ours.start, ours.end
        if old.brace < 0:
            start, end = start - 1, end + 1
        elif old.matchers:
            end += 1
        out.append(result[last:start])
        last = end
    return "".join([*out, result[last:]])


@MANY
@given(expressions())
def test_every_selector_carries_the_tenant_once_and_all_else_stays(text: str) -> None:
    result = isolate(text, SCOPE, allow_constant=True)
    for node in vector_selectors(parse(result)):
        on_label = [(m.op, m.value) for m in node.matchers if m.name == "tenant"]
        assert on_label == [("=", "a")]
    assert without_splices(text, result) == text
    assert second_reader_agrees(result, SCOPE) in (True, None)


@MANY
@given(expressions(), st.sampled_from([1, 20, 60, 100]), st.booleans())
def test_layout_means_the_same_and_is_stable(text: str, width: int, commented: bool) -> None:
    if not commented:
        for note in NOTES:
            text = text.replace(note, " ")
    laid_out = wrap(text, width)
    assert same(parse(text), parse(laid_out))
    assert wrap(laid_out, width) == laid_out


@MANY
@given(expressions())
def test_generated_expressions_are_well_typed(text: str) -> None:
    tree = parse(text)
    assert check_types(tree, Version(2, 42)) == []
    for node in vector_selectors(tree):
        assert parse(text[node.start : node.end])
    output_labels(tree)


@MANY
@given(garbage(), st.booleans())
def test_text_is_refused_cleanly_or_pinned(text: str, variables: bool) -> None:
    result, findings = isolate_text(placed(text), SCOPE, variables=variables)
    assert (result is None) is has_errors(findings)
    if result is None:
        return
    for node in vector_selectors(parse(result, variables=variables)):
        assert [(m.op, m.value) for m in node.matchers if m.name == "tenant"] == [("=", "a")]


@MANY
@given(garbage())
def test_nothing_else_is_ever_raised(text: str) -> None:
    place = placed(text)
    catalogue = Catalogue({"up": MetricInfo("gauge", frozenset({"a"}))})
    isolate_text(place, SCOPE)
    check_template(place, labels=None, scope=SCOPE)
    for read in (
        lambda: wrap(text, 20),
        lambda: isolate_variable_query(text, SCOPE),
        lambda: isolate_variable_query(f"label_values({text})", SCOPE),
        lambda: matchers_added(text, [("a", "=", "b")]),
        lambda: with_range(text, "5m"),
        lambda: check(
            parse(text, variables=True),
            text,
            catalogue,
            alert=True,
            scrape_interval=Duration(15000),
        ),
    ):
        with suppress(PromqlError):
            read()


@MANY
@given(st.lists(PIECES, max_size=12).map("".join))
def test_a_template_that_could_call_query_is_always_refused(text: str) -> None:
    source = "{{ query " + text
    place = placed(source)
    assert check_template(place, labels=None, scope=SCOPE)


@MANY
@given(st.text())
def test_quoted_values_are_read_back(value: str) -> None:
    assert unquote(quote(value)) == value
