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
from generator.deploying import deploy
from generator.diffing import Diff, diff
from generator.discovery import discovered
from generator.drifting import drift
from generator.findings import SpecError, in_order
from generator.formatting import format_files, format_text, write_formatted
from generator.initialising import initialise
from generator.judgement import Outcome, verify
from generator.previewing import Source, Wanted, preview
from generator.reporting import Attainment, attainment, attainment_findings, attainment_text
from generator.sides import Built, Live, Revision
from generator.testing import run_tests
from generator.watching import Watch

__all__ = [
    "FLEET",
    "Attainment",
    "Built",
    "Compilation",
    "Compiled",
    "Diff",
    "Live",
    "Outcome",
    "Revision",
    "Source",
    "SpecError",
    "Wanted",
    "Watch",
    "applied_grafana",
    "attainment",
    "attainment_findings",
    "attainment_text",
    "build",
    "check",
    "check_loaded",
    "compile_specs",
    "deploy",
    "diff",
    "discovered",
    "drift",
    "format_files",
    "format_text",
    "initialise",
    "load_one",
    "needs_administrator",
    "preview",
    "run_tests",
    "verify",
    "write_formatted",
]


def check(
    root: Path,
    wanted: Sequence[str] = (),
    progress: bool = False,
    min_tested: Decimal | None = None,
    jobs: int = 0,
) -> Outcome:
    """Everything `build` would find, with the real tools required; nothing is written.

    `min_tested`: the share of alerts, in percent, that must have unit tests. `jobs`:
    how many processes compile, 0 for one a processor.
    """
    try:
        compilation = compile_specs(root, wanted, progress, datetime.now(UTC).date(), jobs=jobs)
    except SpecError as problem:
        return Outcome(problem.findings)
    verified = verify(root, compilation, "required")
    expected = expectations(compilation)
    few = too_few(compilation, min_tested)
    findings = in_order((*compilation.findings, *verified.findings, *expected, *few))
    told = [*verified.told, counted(compilation), *coverage(compilation)]
    return Outcome(findings, told, costs(compilation))
