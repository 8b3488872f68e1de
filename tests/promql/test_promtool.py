"""Our parser's verdict against the real promtool of each generation, on every row of the tables."""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Mapping
from pathlib import Path

import pytest

from generator.promql.format import wrap
from generator.promql.isolate import Scope, isolate
from generator.promql.parser import parse
from generator.promql.problems import PromqlError
from generator.promql.types import check_types
from generator.tools import Tool
from generator.values import Version
from tests.promql.syntax import ACCEPTED, ACCEPTED_SINCE, EXPERIMENTAL, GONE, REJECTED
from tests.promql.test_isolate import PINNED

ROWS = tuple(
    text
    for text in (
        *ACCEPTED,
        *(text for texts in ACCEPTED_SINCE.values() for text in texts),
        *EXPERIMENTAL,
        *GONE,
        *REJECTED,
    )
    if text.strip() and text.isprintable()
)


def refused(promtool: Tool, expressions: tuple[str, ...], folder: Path) -> dict[int, str]:
    """What promtool refuses, by row, in one run over one file."""
    lines = [f"  - alert: A\n    expr: {json.dumps(e, ensure_ascii=False)}\n" for e in expressions]
    rules = folder / "rules.yml"
    rules.write_text("groups:\n- name: g\n  rules:\n" + "".join(lines), encoding="utf-8")
    answer = subprocess.run(
        [str(promtool.path), "check", "rules", "--lint=none", str(rules)],
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    said = answer.stdout + answer.stderr
    found = re.findall(r'group "g", rule (\d+), "A": (.*)', said)
    assert (answer.returncode == 0) is (not found), said
    return {int(number) - 1: why for number, why in found}


def ours(text: str, target: Version) -> bool:
    try:
        return not check_types(parse(text), target)
    except PromqlError:
        return False


@pytest.mark.tools
def test_promtool_agrees_on_every_row(tools: Mapping[str, Tool], tmp_path: Path) -> None:
    promtool = tools["promtool"]
    verdicts = refused(promtool, ROWS, tmp_path)
    target = min(promtool.version, Version(3, 5))
    differences = {
        text: verdicts.get(row, "accepted")
        for row, text in enumerate(ROWS)
        if ours(text, target) is (row in verdicts)
    }
    assert differences == {}


@pytest.mark.tools
def test_promtool_accepts_everything_isolated(tools: Mapping[str, Tool], tmp_path: Path) -> None:
    scope = Scope("tenant", "a")
    texts = tuple(isolate(text, scope) for text, _ in PINNED)
    assert refused(tools["promtool"], texts, tmp_path) == {}


@pytest.mark.tools
def test_promtool_accepts_every_layout(tools: Mapping[str, Tool], tmp_path: Path) -> None:
    texts = tuple(wrap(text, 10) for text in ACCEPTED if text.isprintable())
    assert refused(tools["promtool"], texts, tmp_path) == {}
