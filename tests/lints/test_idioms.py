"""No lint finds anything in what everybody writes and what is right."""

from __future__ import annotations

import pytest

from generator.promql.check import check
from generator.promql.isolate import Scope, isolate
from generator.promql.parser import parse
from generator.values import Duration, Version
from tests.lints.idioms import IDIOMS


@pytest.mark.parametrize("expr", IDIOMS)
def test_nothing_is_found(expr: str) -> None:
    found = check(parse(expr), expr, alert=True, scrape_interval=Duration.of(seconds=15))
    assert found == []
    pinned = isolate(expr, Scope("tenant", "acme", Version(3, 5)))
    assert check(parse(pinned), pinned, alert=True) == []
