"""Rules are broken on purpose: the generated unit test of each must fail on the real promtool."""

from __future__ import annotations

import re
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest

from generator.api import compile_specs
from generator.ir.build import Build
from generator.ir.checks import AlertTest
from generator.ir.rules import AlertRule, Rule
from generator.render.prometheus import test_files as written
from generator.tools import Tool, run
from generator.verify.promtool import BATCH, verdicts
from tests.proof.mutants import mutants

ROOT = Path(__file__).parent / "specs"

EQUIVALENT: Mapping[tuple[str, str], str] = {
    (
        r"SLO|DiskFull|Gone|Stuck|InstanceDown|ServiceMissing|RestartsFrequent|OpenFilesHigh"
        r"|IncidentSeverity|UpstreamDown|ServiceOutage|QueueHigh",
        r"^(step 2: )?label tenant",
    ): "the series that the expression returns carry the tenant's label themselves",
    (r"QueueHigh", r"^step 2: label severity"): "the alert's own series carry the severity",
    (r"SLOErrorBudgetBurn|DiskFull|OpenFilesHigh", r"^matcher (tenant|slo|job) dropped"): (
        "both sides are joined on all labels: what fails one matcher meets nothing"
    ),
    (r"UpstreamDown", r"^matcher tenant dropped"): "joined on the tenant",
    (r"QueueLatched", r"^matcher escalation_level dropped"): (
        "joined on the level: a later step meets no value of the queue"
    ),
    (r"QueueHigh|BothBad|OneBad|UpstreamDown|ServiceOutage", r"max swapped"): (
        "alerts and facts are always 1"
    ),
    (r"BothBad|OneBad", r"^limit times 0.8"): "so many alerts are a whole number",
    (r"BothBad", r"^right of or dropped"): "all must fire: none and no sample are both silent",
    (r"RestartsFrequent", r"^limit times 1.2"): "restarts are a whole number",
    (r"ServiceDown", r"^sum swapped"): "no sum of what is never negative is 0 unless all are",
    (r"HttpLatencyHigh", r"^sum swapped"): "its two series have the same distribution",
}
"""(alert, what was done) -> why it is no fault, as regular expressions."""

UNSHOWN: Mapping[tuple[str, str], str] = {
    (r"DiskFull", r"^(right of (and|or) dropped|range|<= flipped)"): (
        "needs a disk that is younger than half the history, or that was always full"
    ),
    (r"ErrorsHigh", r"^range .*calls_total[^\[]*\[(10m|2m30s)\]\)\) > 0\.05"): (
        "the number of calls changes in no case in which their window decides"
    ),
    (
        r"SLOErrorBudgetBurn.availability.(6h30m|1d2h|3d6h)",
        r"^(right of and dropped|limit times 0.8)",
    ): "needs the long window to stay over its limit after the short one has come back",
    (r"HttpTrafficStopped", r"."): "needs two pasts that differ: an hour ago and six hours ago",
}
"""Faults that the generated tests do not show yet."""

ANOMALIES = ("LoadOdd", "LagOdd", "TrafficOdd")
"""Their bands take a day of data: only what their rules add to the expression is broken."""


@pytest.fixture(scope="module")
def build() -> Build:
    """A tenant with an alert of every kind."""
    compilation = compile_specs(ROOT)
    found = compilation.tenants["mutated"]
    assert found.build is not None, found.findings
    return found.build


def test_every_alert_is_proven(build: Build) -> None:
    assert [f.message for f in build.findings if f.code == "untested-alert"] == []


@pytest.mark.tools
def test_no_mutant_survives(build: Build, newest: Mapping[str, Tool], tmp_path: Path) -> None:
    left = survivors(build, newest["promtool"], tmp_path)
    known = (*EQUIVALENT, *UNSHOWN)
    assert [one for one in left if not any(_is(one, pattern) for pattern in known)] == []
    needless = [pattern for pattern in known if not any(_is(one, pattern) for one in left)]
    assert needless == []


def survivors(build: Build, promtool: Tool, folder: Path) -> list[tuple[str, str]]:
    """(alert, what was done to it) of every mutant that all its tests pass."""
    files: dict[str, tuple[str, str]] = {}
    for test in build.tests:
        for number, (what, broken) in enumerate(_broken(test)):
            for name in _write(broken, f"{test.slug}-{number}", folder):
                files[name] = (test.slug, what)
    names = list(files)
    batches = [names[i : i + BATCH] for i in range(0, len(names), BATCH)]
    passed: dict[tuple[str, str], bool] = {}
    with ThreadPoolExecutor(2) as pool:
        outputs = pool.map(
            lambda batch: run(promtool, ["test", "rules", *batch], cwd=folder, timeout=600).stdout,
            batches,
        )
        for batch, output in zip(batches, outputs, strict=True):
            for name, (fine, _) in zip(batch, verdicts(output), strict=True):
                passed[files[name]] = passed.get(files[name], True) and fine
    return [mutant for mutant, fine in passed.items() if fine]


def _is(survivor: tuple[str, str], known: tuple[str, str]) -> bool:
    return all(re.search(pattern, text) for pattern, text in zip(known, survivor, strict=True))


def _broken(test: AlertTest) -> list[tuple[str, AlertTest]]:
    """The test with each broken version of its alert's rules."""
    found = []
    for at, group in enumerate(test.groups):
        for place, rule in enumerate(group.rules):
            if not isinstance(rule, AlertRule) or rule.alert != test.alert:
                continue
            level = rule.labels.get("escalation_level", "")
            for what, mutant in mutants(rule, "tenant", "severity"):
                if test.alert in ANOMALIES and not what.startswith("label severity"):
                    continue
                rules: list[Rule] = [*group.rules]
                rules[place] = mutant
                groups = [*test.groups]
                groups[at] = replace(group, rules=tuple(rules))
                what = f"step {level}: {what}" if level else what
                found.append((what, replace(test, groups=tuple(groups))))
    return found


def _write(test: AlertTest, folder: str, root: Path) -> list[str]:
    names = []
    for artifact in written([test], "a test"):
        path = root / folder / artifact.path
        path = root / folder / Path(artifact.path).name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(artifact.content)
        if path.name != "rules.yml":
            names.append(path.relative_to(root).as_posix())
    return names
