"""The unit tests run by promtool, and the specs' expectations held against the simulation."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path

from generator.compilation import compile_specs
from generator.coverage import coverage, expectations, too_few, wanted_counts
from generator.findings import (
    Place,
    SpecError,
    in_order,
)
from generator.ir.build import Build
from generator.ir.rules import AlertRule
from generator.judgement import Outcome
from generator.render.prometheus import test_files
from generator.tools import ADVICE, ToolMissing, find
from generator.verify.promtool import run_tests as promtool_run_tests
from generator.verify.stage import staged

CACHE = ".tocsin-cache"


def run_tests(
    root: Path,
    wanted: Sequence[str] = (),
    progress: bool = False,
    min_tested: Decimal | None = None,
) -> Outcome:
    """Run the generated unit tests with promtool. Raises ToolMissing and ToolFailed.

    `min_tested`: the share of alerts, in percent, that must have unit tests.
    """
    try:
        compilation = compile_specs(root, wanted, progress)
    except SpecError as problem:
        return Outcome(problem.findings)
    target = compilation.platform.targets.prometheus
    promtool = find("promtool", target, root)
    if promtool is None:
        raise ToolMissing(f"promtool was not found: {ADVICE}")
    builds = {n: b for n in compilation.wanted if (b := compilation.tenants[n].build)}
    trees = {n: test_files(build.tests, build.spec_file) for n, build in builds.items()}
    places: dict[str, Place] = {}
    for name in compilation.wanted:
        places |= _test_places(name, compilation.tenants[name].build)
    with staged(trees) as stage:
        found = stage.glob("*/prometheus/tests/*/*.yml")
        files = sorted(path for path in found if path.name != "rules.yml")
        findings, ran = promtool_run_tests(promtool, files, stage, places, root / CACHE)
    tested = len(files) - len([f for f in findings if f.code == "unit-test-failed"])
    told = [f"{tested} of {len(files)} files of tests pass ({len(files) - ran} remembered)"]
    failed, counts = expectations(compilation), wanted_counts(compilation)
    expected = sum(len(build.expected) for build in builds.values())
    if expected:
        told.append(f"{expected - len(failed)} of {expected} expectations of who is told are met")
    told += [*coverage(counts), f"promtool {promtool.version}"]
    few = too_few(counts, min_tested)
    return Outcome(in_order((*compilation.findings, *findings, *failed, *few)), told)


def _test_places(name: str, build: Build | None) -> dict[str, Place]:
    places: dict[str, Place] = {}
    if build is None:
        return places
    origins = {
        rule.alert: rule.origin
        for group in build.groups
        for rule in group.rules
        if isinstance(rule, AlertRule) and rule.origin is not None
    }
    for test in build.tests:
        if test.alert in origins:
            places[f"{name}/prometheus/tests/{test.slug}"] = origins[test.alert]
    return places
