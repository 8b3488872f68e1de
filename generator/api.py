"""What the command line and programs call: load, compile, check, build, test.

The rooms do the work; this file only leads from one to the next.
"""

from __future__ import annotations

from generator.applying import applied_grafana, needs_administrator
from generator.building import build, check, merge
from generator.compilation import (
    FLEET,
    Compilation,
    Compiled,
    check_loaded,
    compile_specs,
    load_one,
)
from generator.deploying import deploy
from generator.diffing import Diff, diff
from generator.discovery import discovered
from generator.drifting import drift
from generator.findings import SpecError
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
    "merge",
    "needs_administrator",
    "preview",
    "run_tests",
    "verify",
    "write_formatted",
]
