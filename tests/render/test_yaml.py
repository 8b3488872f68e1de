"""The YAML writer: what it writes, two YAML readers read back as the same data."""

from __future__ import annotations

from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from ruamel.yaml import YAML

from generator.render.yaml import Commented, document
from generator.values import Duration

scalars = st.one_of(
    st.text(max_size=30),
    st.integers(-(10**6), 10**6),
    st.booleans(),
    st.none(),
    st.sampled_from(
        ["on", "no", "1_000", "12:30", "30d", "1e5", ".5", "~", "a: b", "- x", "#", "="]
    ),
)
data = st.recursive(
    scalars,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.text(min_size=1, max_size=8), inner, max_size=3)
    ),
    max_leaves=12,
)
documents = st.dictionaries(st.text(min_size=1, max_size=8), data, min_size=1, max_size=4)


@given(documents)
def test_both_readers_get_the_data_back(content: dict[str, Any]) -> None:
    text = document(content)
    assert yaml.safe_load(text) == content
    assert YAML(typ="safe", pure=True).load(text) == content


@pytest.mark.parametrize(
    ("value", "written"),
    [
        ("plain words", "plain words"),
        ('sum(rate(x{a="b"}[5m])) > 3', 'sum(rate(x{a="b"}[5m])) > 3'),
        ("30d", "30d"),
        ("no", '"no"'),
        ("1e5", '"1e5"'),
        ("2026-11-02", '"2026-11-02"'),
        ("a: b", '"a: b"'),
        ("a #b", '"a #b"'),
        ("", '""'),
        ("{{ $value }}", '"{{ $value }}"'),
        ('{{ "x" }}', "'{{ \"x\" }}'"),
        (Duration.of(minutes=90), "1h30m"),
        (0.1, "0.1"),
        (3.0, "3"),
        (True, "true"),
        ({}, "{}"),
        ([], "[]"),
    ],
)
def test_scalars_are_quoted_only_where_they_must_be(value: Any, written: str) -> None:
    assert document({"k": value}) == f"k: {written}\n"


def test_a_document_reads_like_one_written_by_hand() -> None:
    content = {
        "groups": [
            Commented(
                "what it is for",
                {"name": "a", "rules": [{"expr": "a\n  > 3", "labels": {"b": "c"}}]},
            )
        ]
    }
    assert document(content, ("made by a test",)) == (
        "# made by a test\n"
        "groups:\n"
        "  # what it is for\n"
        "  - name: a\n"
        "    rules:\n"
        "      - expr: |-\n"
        "          a\n"
        "            > 3\n"
        "        labels:\n"
        "          b: c\n"
    )
