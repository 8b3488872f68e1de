"""JSON by our own writer: byte for byte what Python's writes."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from generator.render.json_text import dumped

LEAVES = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text()
VALUES = st.recursive(
    LEAVES, lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner), max_leaves=30
)


@given(VALUES)
@settings(deadline=None, max_examples=300)
def test_the_bytes_are_those_of_python(value: Any) -> None:
    assert dumped(value) == json.dumps(value, indent=2, sort_keys=True, ensure_ascii=False)
