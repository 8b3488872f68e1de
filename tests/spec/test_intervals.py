"""How often rules are evaluated: often enough that one still sees what the last one recorded."""

from __future__ import annotations

from pathlib import Path

import pytest

from generator.findings import SpecError
from generator.spec.load import load_platform
from tests.spec.test_bad_specs import PLATFORM


@pytest.mark.parametrize(
    ("interval", "refused"), [("30s", False), ("4m59s", False), ("5m", True), ("1h", True)]
)
def test_evaluations_within_the_lookback(tmp_path: Path, interval: str, refused: bool) -> None:
    (tmp_path / "specs").mkdir()
    text = f"{PLATFORM}intervals: {{evaluation: {interval}}}\n"
    (tmp_path / "specs" / "platform.yaml").write_text(text)
    try:
        load_platform(tmp_path)
    except SpecError as failure:
        (found,) = failure.findings
        assert refused and "intervals.evaluation should be below 5m" in found.message
    else:
        assert not refused
