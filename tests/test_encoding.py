"""Values as JSON and back: what a cache gives back is what was put in."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from generator.encoding import decoded, encoded
from generator.findings import Finding, Level, Place
from generator.records import Record
from generator.values import Duration


@dataclass(frozen=True, slots=True)
class Everything:
    """One field of each sort."""

    text: str
    number: int
    share: float
    exact: Decimal
    day: date
    moment: datetime
    level: Level
    length: Duration
    maybe: Place | None
    many: tuple[Place, ...]
    pair: tuple[str, int]
    few: frozenset[tuple[str, str]]
    named: Mapping[str, tuple[int, ...]]


TEXTS = st.text(max_size=20)
PLACES = st.builds(Place, TEXTS, st.integers(1, 9), st.integers(1, 9), st.just(1), TEXTS)
EVERYTHING = st.builds(
    Everything,
    text=TEXTS,
    number=st.integers(),
    share=st.floats(allow_nan=False),
    exact=st.decimals(allow_nan=False),
    day=st.dates(),
    moment=st.datetimes(timezones=st.just(UTC)),
    level=st.sampled_from(Level),
    length=st.builds(Duration, st.integers(0, 10**12)),
    maybe=st.none() | PLACES,
    many=st.lists(PLACES, max_size=3).map(tuple),
    pair=st.tuples(TEXTS, st.integers()),
    few=st.frozensets(st.tuples(TEXTS, TEXTS), max_size=3),
    named=st.dictionaries(TEXTS, st.lists(st.integers(), max_size=3).map(tuple), max_size=3),
)


@given(EVERYTHING)
@settings(deadline=None)
def test_what_is_read_is_what_was_written(value: Everything) -> None:
    text = encoded(value, Everything)
    assert decoded(Everything, text) == value
    assert encoded(decoded(Everything, text), Everything) == text


def test_a_record_comes_back() -> None:
    finding = Finding("code", Level.INFO, "message", Place("f", 1, 2, 3, "line"), "hint")
    record = Record("acme", True, False, (finding,), packs={"postgres": "0" * 64})
    assert decoded(Record, encoded(record, Record)) == record


@pytest.mark.parametrize("text", ["", "{}", "[]", '["acme"]', "null", '[1, 2, 3, "x"]', "[[]]"])
def test_what_is_no_such_value_is_refused(text: str) -> None:
    with pytest.raises((ValueError, TypeError, LookupError)):
        decoded(Everything, text)


def test_a_type_without_a_form_is_a_fault() -> None:
    with pytest.raises(TypeError, match="has no form here"):
        encoded({1, 2}, set[int])
