"""Queries of dashboard variables."""

from __future__ import annotations

import pytest

from generator.promql.isolate import Scope
from generator.promql.problems import PromqlError
from generator.promql.variables import isolate_variable_query

SCOPE = Scope("tenant", "a")


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("label_values(up, job)", 'label_values(up{tenant="a"}, job)'),
        ("label_values(up,job)", 'label_values(up{tenant="a"}, job)'),
        ("label_values(job)", 'label_values({tenant="a"}, job)'),
        (" label_values ( job ) ", 'label_values({tenant="a"}, job)'),
        ('label_values(up{a="b,c"}, job)', 'label_values(up{tenant="a",a="b,c"}, job)'),
        ('label_values(up{a="$x"}, $label)', 'label_values(up{tenant="a",a="$x"}, $label)'),
        ('label_values({__name__=~"a,b"}, __name__)',
         'label_values({tenant="a",__name__=~"a,b"}, __name__)'),
        ("query_result(topk(5, sum by (a) (x)))",
         'query_result(topk(5, sum by (a) (x{tenant="a"})))'),
    ],
)  # fmt: skip
def test_isolates(query: str, expected: str) -> None:
    assert isolate_variable_query(query, SCOPE) == expected


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("label_names()", "isolation-variable-query"),
        ("label_names(up)", "isolation-variable-query"),
        ("metrics(.*)", "isolation-variable-query"),
        ("up", "isolation-variable-query"),
        ("", "isolation-variable-query"),
        ("label_values()", "isolation-variable-query"),
        ("label_values(up, )", "isolation-variable-query"),
        ("label_values(up, a b)", "isolation-variable-query"),
        ("label_values(up, job) or x", "isolation-variable-query"),
        ("label_values(up{tenant='b'}, job)", "isolation-label"),
        ("query_result(secret{tenant='b'})", "isolation-label"),
        ("query_result(1)", "isolation-constant"),
        ("query_result($x)", "isolation-constant"),
        ("query_result(a)) or (b)", "promql-syntax"),
        ("query_result(x", "isolation-variable-query"),
        ('label_values(up{a="b, job)', "promql-syntax"),
    ],
)
def test_refuses(query: str, code: str) -> None:
    with pytest.raises(PromqlError) as caught:
        isolate_variable_query(query, SCOPE)
    assert code in {p.code for p in caught.value.problems}


def test_points_into_the_query() -> None:
    query = "label_values( up{tenant='b'}, job)"
    with pytest.raises(PromqlError) as caught:
        isolate_variable_query(query, SCOPE)
    (problem,) = caught.value.problems
    assert query[problem.offset : problem.offset + problem.length] == "tenant='b'"
