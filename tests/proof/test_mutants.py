"""Rules are broken on purpose: the generated unit test of each must fail on the real promtool."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest

from generator.api import compile_specs
from generator.ir.build import Build
from generator.ir.checks import AlertTest
from generator.ir.rules import AlertRule, RecordingRule, Rule
from generator.render.prometheus import test_files as written
from generator.tools import Tool, run
from generator.values import IsolatedExpr
from generator.verify.promtool import BATCH, verdicts
from tests.proof.mutants import mutants

ROOT = Path(__file__).parent / "specs"

EQUIVALENT: Mapping[tuple[str, str], str] = {
    (
        r"SLO|DiskFull|Gone|Stuck|InstanceDown|ServiceMissing|RestartsFrequent|OpenFilesHigh"
        r"|IncidentSeverity|UpstreamDown|ServiceOutage|QueueHigh|LoadOdd|LagOdd|TrafficOdd",
        r"^(step 2: )?label tenant",
    ): "the series that the expression returns carry the tenant's label themselves",
    (r"QueueHigh", r"^step 2: label severity"): "the alert's own series carry the severity",
    (r"SLOErrorBudgetBurn|DiskFull|OpenFilesHigh", r"^matcher (tenant|slo|job) dropped"): (
        "both sides are joined on all labels: what fails one matcher meets nothing"
    ),
    (r"UpstreamDown", r"^matcher tenant dropped"): "joined on the tenant",
    (
        r"LoadOdd|LagOdd|TrafficOdd",
        r"^matcher (tenant|anomaly|service) dropped: anomaly:value:current"
        r'\{((tenant|anomaly|service)="[^"]*",?){2}\} and ',
    ): "the first value meets its band on all labels: what fails one matcher meets nothing",
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
    (r"HttpTrafficStopped", r"^sum swapped: .*unless max"): (
        "no sum of what is never negative is 0 unless all are"
    ),
    (r"HttpLatencyHigh", r"^sum swapped"): "its two series have the same distribution",
}
"""(alert, what was done) -> why it is no fault, as regular expressions."""

UNSHOWN: Mapping[tuple[str, str], str] = {}
"""Faults that the generated tests do not show yet.

With two of a sort there are three, of LoadOdd's stop: that it goes on by itself, because a test
that is evaluated every five minutes does not see itself in Prometheus 3, and the day over which it
must never have been 0, which needs a series that was 0 once, half a day or more ago.
"""

ANOMALIES = ("LoadOdd", "LagOdd", "TrafficOdd")
"""Their bands take a day of data: many of their mutants share it in one test, each as an alert of
its own, and of the faults of one sort only the first is tried."""

OF_A_SORT = 1
"""How many of a sort are tried; dropping one label's matcher and another's is the same sort."""
TOGETHER = 24
"""How many alerts share a test, at most."""


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
        if test.alert in ANOMALIES:
            continue
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
    return [mutant for mutant, fine in passed.items() if fine] + _unusual(build, promtool, folder)


def _unusual(build: Build, promtool: Tool, folder: Path) -> list[tuple[str, str]]:
    """The same of anomalies."""
    shared: list[tuple[AlertTest, list[tuple[str, AlertRule]]]] = []
    for test in build.tests:
        if test.alert in ANOMALIES:
            shared += [(test, some) for some in _parts(_sampled(_broken_rules(test)))]
    with ThreadPoolExecutor(2) as pool:
        left = pool.map(
            lambda one: _survivors_together(*one[1], promtool, folder / f"together-{one[0]}"),
            enumerate(shared),
        )
        return [survivor for some in left for survivor in some]


def _sampled(found: list[tuple[str, AlertRule]]) -> list[tuple[str, AlertRule]]:
    """The first few of each sort of fault."""
    seen: Counter[str] = Counter()
    sample = []
    for what, rule in found:
        sort = re.sub(r"^matcher \w+", "matcher", what.split(":")[0])
        seen[sort] += 1
        if seen[sort] <= OF_A_SORT:
            sample.append((what, rule))
    return sample


def _parts(found: list[tuple[str, AlertRule]]) -> list[list[tuple[str, AlertRule]]]:
    """So many that share a test. What reads the alerts of others shares none."""
    alone = [one for one in found if one[0].startswith("matcher alertname dropped")]
    rest = [one for one in found if one not in alone]
    return [*([one] for one in alone), *(rest[i :: _count(rest)] for i in range(_count(rest)))]


def _count(found: list[tuple[str, AlertRule]]) -> int:
    return -(-len(found) // TOGETHER)


def _survivors_together(
    test: AlertTest, some: list[tuple[str, AlertRule]], promtool: Tool, folder: Path
) -> list[tuple[str, str]]:
    """Which of them all expectations hold for. Each has a name of its own, by its number."""
    named = f'alertname="{test.alert}"'

    def own(text: str, number: int) -> str:
        return text.replace(named, f'alertname="{test.alert}_{number}"')

    rules = [
        replace(rule, alert=f"{test.alert}_{n}", expr=IsolatedExpr(own(rule.expr, n)))
        for n, (_, rule) in enumerate(some)
    ]
    groups = [
        replace(
            group,
            rules=(*(r for r in group.rules if isinstance(r, RecordingRule)), *rules),
        )
        for group in test.groups
    ]
    scenarios = [
        replace(
            scenario,
            expectations=tuple(
                replace(one, expr=own(one.expr, n))
                for one in scenario.expectations
                for n in range(len(some))
            ),
        )
        for scenario in test.scenarios
    ]
    folder.mkdir()
    shared = replace(test, groups=tuple(groups), scenarios=tuple(scenarios), further=())
    names = _write(shared, "all", folder)
    said = run(promtool, ["test", "rules", *names], cwd=folder, timeout=600).stdout
    assert "err:" not in said, said
    failed = {int(n) for n in re.findall(rf'expr: .*?{test.alert}_(\d+)\\?"', said)}
    return [(test.slug, what) for n, (what, _) in enumerate(some) if n not in failed]


def _is(survivor: tuple[str, str], known: tuple[str, str]) -> bool:
    return all(re.search(pattern, text) for pattern, text in zip(known, survivor, strict=True))


def _broken(test: AlertTest) -> list[tuple[str, AlertTest]]:
    """The test with each broken version of its alert's rules."""
    found = []
    for at, group in enumerate(test.groups):
        for place, rule in enumerate(group.rules):
            for what, mutant in _broken_rule(test, rule):
                rules: list[Rule] = [*group.rules]
                rules[place] = mutant
                groups = [*test.groups]
                groups[at] = replace(group, rules=tuple(rules))
                found.append((what, replace(test, groups=tuple(groups))))
    return found


def _broken_rules(test: AlertTest) -> list[tuple[str, AlertRule]]:
    """Each broken version of the alert's rules."""
    rules = [rule for group in test.groups for rule in group.rules]
    return [mutant for rule in rules for mutant in _broken_rule(test, rule)]


def _broken_rule(test: AlertTest, rule: Rule) -> Iterator[tuple[str, AlertRule]]:
    if isinstance(rule, AlertRule) and rule.alert == test.alert:
        level = rule.labels.get("escalation_level", "")
        for what, mutant in mutants(rule, "tenant", "severity"):
            yield (f"step {level}: {what}" if level else what), mutant


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
