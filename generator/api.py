"""What the command line and programs call: load, compile, check, build, test.

The rooms do the work; this file only leads from one to the next.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

from generator.applying import applied_grafana, needs_administrator
from generator.building import build
from generator.compilation import (
    FLEET,
    Compilation,
    Compiled,
    check_loaded,
    compile_specs,
    load_one,
)
from generator.coverage import costs, counted, coverage, expectations, too_few
from generator.findings import SpecError, in_order
from generator.judgement import Outcome, verify
from generator.testing import run_tests

__all__ = [
    "FLEET",
    "Compilation",
    "Compiled",
    "Outcome",
    "applied_grafana",
    "build",
    "check",
    "check_loaded",
    "compile_specs",
    "load_one",
    "needs_administrator",
    "run_tests",
    "verify",
]


def check(
    root: Path,
    wanted: Sequence[str] = (),
    progress: bool = False,
    min_tested: Decimal | None = None,
) -> Outcome:
    """Everything `build` would find, with the real tools required; nothing is written.

    `min_tested`: the share of alerts, in percent, that must have unit tests.
    """
    try:
        compilation = compile_specs(root, wanted, progress, datetime.now(UTC).date())
    except SpecError as problem:
        return Outcome(problem.findings)
    verified = verify(root, compilation, "required")
    expected = expectations(compilation)
    few = too_few(compilation, min_tested)
    findings = in_order((*compilation.findings, *verified.findings, *expected, *few))
    told = [*verified.told, counted(compilation), *coverage(compilation)]
    return Outcome(findings, told, costs(compilation))
