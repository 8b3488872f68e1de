"""What promtool says of several unit tests, told of the right one."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

from generator.tools import Tool
from generator.verify.promtool import run_tests

RULES = "groups: [{name: g, rules: [{record: doubled, expr: x * 2}]}]\n"
TEST = """\
rule_files: [rules.yml]
evaluation_interval: 1m
tests:
  - interval: 1m
    input_series: [{series: x, values: 1 1 1}]
    promql_expr_test:
      - {expr: doubled, eval_time: 2m, exp_samples: [{labels: doubled, value: %d}]}
"""


@pytest.mark.tools
@pytest.mark.parametrize("wrong", ["a", "c", "e"])
def test_the_failing_one_of_several_is_named(
    tools: Mapping[str, Tool], tmp_path: Path, wrong: str
) -> None:
    """And only the others are remembered as passed."""
    files = []
    for name in "abcde":
        folder = tmp_path / "tests" / name
        folder.mkdir(parents=True)
        (folder / "rules.yml").write_text(RULES)
        (folder / "test.yml").write_text(TEST % (3 if name == wrong else 2))
        files.append(folder / "test.yml")
    cache = tmp_path / "cache"
    findings, ran = run_tests(tools["promtool"], files, tmp_path, {}, cache)
    assert ran == 5
    (one,) = findings
    assert one.message.startswith(f"the unit test tests/{wrong} fails: ")
    again, ran = run_tests(tools["promtool"], files, tmp_path, {}, cache)
    assert ran == 1
    assert [f.message for f in again] == [one.message]
