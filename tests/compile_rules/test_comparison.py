"""The table of docs/slo-mathematics.md: every number of it comes from the real promtool."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

from generator.tools import Tool
from tests.compile_rules.comparison import (
    NOT_A_NUMBER,
    PAGE,
    Case,
    Value,
    cases,
    prose,
    with_table,
)
from tests.compile_rules.slo_playing import promtool_agrees


def _asked(expr: str, at: str, value: Value) -> tuple[str, str, float | None]:
    """NaN equals nothing, not even itself: a number is asked whether it is one."""
    if value == NOT_A_NUMBER:
        return at, f"({expr} != bool {expr})", 1.0
    assert not isinstance(value, str)
    return at, expr, value


@pytest.mark.tools
@pytest.mark.parametrize("case", cases(), ids=lambda case: case.name[:30])
def test_both_rule_sets_answer_as_the_page_says(
    tools: Mapping[str, Tool], tmp_path: Path, case: Case
) -> None:
    usual = [_asked(a.usual_expr or a.expr, a.at, a.usual) for a in case.asked]
    ours = [_asked(a.expr, a.at, a.ours) for a in case.asked]
    tool = tools["promtool"]
    promtool_agrees(tool, tmp_path / "usual", case.usual, case.data, usual)
    promtool_agrees(tool, tmp_path / "ours", case.ours, case.data, ours)


def test_the_page_has_these_numbers() -> None:
    page = PAGE.read_text()
    assert with_table(page) == page, "run: python -m tests.compile_rules.comparison"


@pytest.mark.parametrize("said", prose())
def test_the_pages_sentences_have_these_numbers(said: str) -> None:
    assert said in " ".join(PAGE.read_text().split()), said
