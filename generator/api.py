"""What the command line and programs call: load, compile, render, verify, write.

The rooms do the work; this file only leads from one to the next.
"""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

from generator import __version__
from generator.compile.flapping import without_notices
from generator.compile.oncall_findings import horizon_findings
from generator.compile.tenant import compile_fleet, compile_tenant
from generator.deliver.audit import LOG, Entry, append, manifest_hash, who
from generator.deliver.audit import entries as logged_entries
from generator.deliver.output import (
    MANIFEST,
    WriteReport,
    built_names,
    recover,
    remove_tree,
    write_tree,
)
from generator.findings import (
    Finding,
    Place,
    SpecError,
    error,
    has_errors,
    in_order,
    warning,
)
from generator.ir.artifacts import Artifact
from generator.ir.build import Build
from generator.ir.cost import TenantCost
from generator.ir.rules import AlertRule
from generator.promql.isolate import Scope
from generator.render.files import fleet_artifacts, tenant_artifacts
from generator.spec.ignores import heeded
from generator.spec.load import (
    PlatformSpec,
    TenantSpec,
    load_platform,
    load_tenant,
    tenant_names,
)
from generator.spec.model import Platform, Tenant
from generator.tools import ADVICE, Tool, ToolMissing, find
from generator.values import plain
from generator.verify.amtool import check_config as amtool_check_config
from generator.verify.expectations import check_expectations
from generator.verify.invariants import fleet_invariants, tenant_invariants
from generator.verify.notify import escalation_doc
from generator.verify.promtool import check_config, check_rules
from generator.verify.promtool import run_tests as promtool_run_tests
from generator.verify.reread import reread
from generator.verify.stage import staged
from generator.verify.web import check_web_configs

FLEET = "fleet"
CACHE = ".tocsin-cache"


@dataclass(frozen=True, slots=True)
class Compiled:
    """One tenant, as far as it came: no build without a usable spec, no files with errors."""

    name: str
    build: Build | None
    artifacts: tuple[Artifact, ...]
    findings: tuple[Finding, ...]


@dataclass(frozen=True, slots=True)
class Compilation:
    """A whole repository compiled: the tenants that were asked for, and the fleet's own files.

    `fleet` is None when a tenant has errors: files for all are made of all.
    """

    platform: Platform
    tenants: Mapping[str, Compiled]
    fleet: tuple[Artifact, ...] | None
    findings: tuple[Finding, ...]
    wanted: tuple[str, ...]

    def scope(self, tenant: str) -> Scope:
        """The isolation scope of one tenant."""
        platform = self.platform
        label, target = platform.labels.tenant, platform.targets.prometheus
        return Scope(label, tenant, target, platform.shared_metrics)


@dataclass(slots=True)
class Outcome:
    """What a command found and what it has to say to people."""

    findings: tuple[Finding, ...] = ()
    told: list[str] = field(default_factory=list)
    costs: tuple[TenantCost, ...] = ()
    """Of the wanted tenants that compile."""


def load_one(root: Path, name: str) -> tuple[Platform, Tenant]:
    """One tenant with its platform. Raises SpecError with every finding."""
    spec = load_platform(root)
    loaded = load_tenant(root, name, spec)
    if loaded.tenant is None:
        raise SpecError(loaded.findings)
    return spec.platform, loaded.tenant


def compile_specs(
    root: Path, wanted: Sequence[str] = (), progress: bool = False, today: date | None = None
) -> Compilation:
    """Compile the specs of a repository. Raises SpecError when the platform itself has errors.

    All tenants are compiled, because the fleet's files are made of all; `wanted` names those whose
    findings and files the caller is after (none: all). With `today`, rotations that end soon are
    among the findings; nothing else depends on the day.
    """
    spec = load_platform(root)
    names = tenant_names(root)
    unknown = [name for name in wanted if name not in names]
    if unknown:
        missing = [f for name in unknown for f in load_tenant(root, name, spec).findings]
        raise SpecError(missing)
    if not names:
        place = Place("specs/tenants", 1, 1)
        hint = "write specs/tenants/<tenant>.yaml"
        raise SpecError([error("no-tenants", "there are no tenants", place, hint)])
    with _progress(len(names), "compiling", progress) as advance:
        tenants = {}
        for name in names:
            tenants[name] = _compile_one(root, name, spec, not wanted or name in wanted, today)
            advance()
    chosen = tuple(wanted) or names
    return _with_fleet(spec, tenants, chosen, today)


def check_loaded(loaded: TenantSpec, platform: Platform) -> tuple[Finding, ...]:
    """What compiling a tenant that was read finds; nothing when it could not be read.

    Unit tests are not derived.
    """
    return compile_tenant(loaded.tenant, platform, proven=False).findings if loaded.tenant else ()


def _compile_one(
    root: Path, name: str, spec: PlatformSpec, proven: bool, today: date | None
) -> Compiled:
    loaded = load_tenant(root, name, spec)
    if loaded.tenant is None:
        return Compiled(name, None, (), loaded.findings)
    build = compile_tenant(loaded.tenant, spec.platform, proven=proven)
    horizon = horizon_findings(loaded.tenant, today) if today else ()
    found = in_order((*loaded.findings, *build.findings, *horizon))
    if not has_errors(found):
        found = in_order((*found, *tenant_invariants(build)))
    findings = heeded(found, loaded.ignores, today, judged=not has_errors(found))
    if has_errors(findings):
        return Compiled(name, None, (), findings)
    groups = without_notices(build.groups, spec.platform.labels.kind)
    told = escalation_doc(name, build.alertmanager, groups, build.spec_file)
    return Compiled(name, build, (*tenant_artifacts(build), told), findings)


def _with_fleet(
    spec: PlatformSpec,
    tenants: Mapping[str, Compiled],
    wanted: tuple[str, ...],
    today: date | None,
) -> Compilation:
    findings = [*spec.findings, *(f for name in wanted for f in tenants[name].findings)]
    broken = [name for name, one in tenants.items() if one.build is None]
    builds = {name: one.build for name, one in tenants.items() if one.build is not None}
    for name in broken:
        if name not in wanted:
            message = f"{name} has errors: output/{FLEET} is left as it is"
            place = Place(f"specs/tenants/{name}.yaml", 1, 1)
            findings.append(warning("fleet-held", message, place, f"see: tocsin check {name}"))
    if broken:
        told = heeded(findings, spec.ignores, today, judged=False)
        return Compilation(spec.platform, tenants, None, told, wanted)
    fleet = compile_fleet(spec.platform, builds)
    findings += (*fleet.findings, *fleet_invariants(fleet.alertmanager, builds))
    artifacts = fleet_artifacts(fleet, builds)
    told = heeded(findings, spec.ignores, today, judged=len(wanted) == len(tenants))
    return Compilation(spec.platform, tenants, artifacts, told, wanted)


# --------------------------------------------------------------------------- verify


def verify(root: Path, compilation: Compilation, mode: str) -> Outcome:
    """Read the finished files again and have the real tools judge them.

    `mode`: `auto` uses the tools that are there, `required` makes a missing one an error, `off`
    leaves them out. Raises ToolFailed when a tool does not run to an answer.
    """
    outcome = Outcome()
    found = [
        f
        for name in compilation.wanted
        if compilation.tenants[name].build is not None
        for f in reread(compilation.tenants[name].artifacts, compilation.scope(name))
    ]
    if mode == "off":
        outcome.told.append("not verified with promtool and amtool (--verify=off)")
    else:
        found += _with_tools(root, compilation, mode, outcome)
    outcome.findings = in_order(found)
    return outcome


def _with_tools(root: Path, compilation: Compilation, mode: str, outcome: Outcome) -> list[Finding]:
    targets = compilation.platform.targets
    promtool = find("promtool", targets.prometheus, root)
    amtool = find("amtool", targets.alertmanager, root)
    missing = [n for n, t in (("promtool", promtool), ("amtool", amtool)) if t is None]
    if missing:
        message = f"{' and '.join(missing)} not found: the output was not verified with them"
        level = error if mode == "required" else warning
        return [
            level("not-verified", message, None, ADVICE),
            *_judged(compilation, promtool, amtool),
        ]
    assert promtool is not None and amtool is not None
    if any(compilation.tenants[name].build for name in compilation.wanted):
        told = f"verified with promtool {promtool.version} and amtool {amtool.version}"
        outcome.told.append(told)
    return _judged(compilation, promtool, amtool)


def _judged(compilation: Compilation, promtool: Tool | None, amtool: Tool | None) -> list[Finding]:
    compiled = [n for n in compilation.wanted if compilation.tenants[n].build is not None]
    trees = {n: compilation.tenants[n].artifacts for n in compiled}
    if compilation.fleet is not None:
        trees = {n: one.artifacts for n, one in compilation.tenants.items()}
        trees[FLEET] = compilation.fleet
    found: list[Finding] = []
    with staged(trees) as stage:
        if promtool is not None:
            rules = sorted(f for n in compiled for f in (stage / n).glob("prometheus/rules/*.yml"))
            found += check_rules(promtool, rules, stage, _origins(compilation))
            if compilation.fleet is not None:
                found += check_config(promtool, stage / FLEET / "prometheus.yml", stage)
                web = sorted((stage / FLEET).glob("*-web.yml"))
                found += check_web_configs(promtool, web, stage)
        if amtool is not None:
            configs = [stage / n / "alertmanager/alertmanager.yml" for n in compiled]
            if compilation.fleet is not None:
                configs.append(stage / FLEET / "alertmanager.yml")
            found += amtool_check_config(amtool, configs, stage)
    return found


def _origins(compilation: Compilation) -> dict[tuple[str, str], Place]:
    origins: dict[tuple[str, str], Place] = {}
    for name in compilation.wanted:
        build = compilation.tenants[name].build
        for group in build.groups if build else ():
            for rule in group.rules:
                rule_name = rule.alert if isinstance(rule, AlertRule) else rule.record
                if rule.origin is not None:
                    file = f"{name}/prometheus/rules/{group.file}.yml"
                    origins[file, rule_name] = rule.origin
    return origins


# --------------------------------------------------------------------------- commands


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
    expected = _expectations(compilation)
    below = _below(compilation, min_tested)
    findings = in_order((*compilation.findings, *verified.findings, *expected, *below))
    told = [*verified.told, _counted(compilation), *_coverage(compilation)]
    return Outcome(findings, told, _costs(compilation))


def build(
    root: Path,
    wanted: Sequence[str],
    output: Path,
    *,
    verify_mode: str = "auto",
    progress: bool = False,
    audit: bool = False,
) -> Outcome:
    """Compile, verify and write. A tenant with an error leaves its output as it was.

    `audit`: what changed is appended to the log in the output folder.
    Raises OutputError when the disk refuses, ToolFailed when a tool does not answer.
    """
    try:
        compilation = compile_specs(root, wanted, progress, datetime.now(UTC).date())
    except SpecError as problem:
        return Outcome(problem.findings)
    verified = verify(root, compilation, verify_mode)
    findings = in_order((*compilation.findings, *verified.findings))
    outcome = Outcome(findings, list(verified.told), _costs(compilation))
    if has_errors(verified.findings):
        outcome.told.append("nothing was written")
        return outcome
    recover(output)
    reports = {name: _write(output, name, compilation, outcome) for name in compilation.wanted}
    if compilation.fleet is not None:
        outcome.findings = in_order((*outcome.findings, *_unbuilt(output, compilation)))
        report = write_tree(output, FLEET, compilation.fleet, _about(compilation, FLEET))
        outcome.told.append(_summary(FLEET, report.added, report.changed, report.removed))
        reports[FLEET] = report
    if not wanted:
        reports |= _remove_gone(root, output, outcome)
    if audit:
        _log(output, compilation, reports, outcome)
    outcome.told += _coverage(compilation)
    return outcome


def _unbuilt(output: Path, compilation: Compilation) -> Iterator[Finding]:
    """Tenants of whom the fleet's files speak, and whose own files were never built."""
    for name in compilation.tenants:
        if not (output / name / MANIFEST).is_file():
            message = f"{name} is scraped and routed by output/{FLEET}, but was never built"
            place = Place(f"specs/tenants/{name}.yaml", 1, 1)
            yield warning("tenant-unbuilt", message, place, f"build it: tocsin build {name}")


def _write(
    output: Path, name: str, compilation: Compilation, outcome: Outcome
) -> WriteReport | None:
    one = compilation.tenants[name]
    if one.build is None:
        outcome.told.append(f"{name}: errors, left as it was")
        return None
    report = write_tree(output, name, one.artifacts, _about(compilation, name))
    outcome.told.append(_summary(name, report.added, report.changed, report.removed))
    return report


def _about(compilation: Compilation, name: str) -> dict[str, str]:
    """What a manifest says besides its files."""
    one = compilation.tenants.get(name)
    if one is None or one.build is None:
        return {"generator": f"tocsin {__version__}"}
    return {
        "generator": f"tocsin {__version__}",
        "spec": one.build.spec_file,
        "spec_sha256": one.build.spec_hash,
        "tenant": name,
    }


def _remove_gone(root: Path, output: Path, outcome: Outcome) -> dict[str, WriteReport]:
    """Output of tenants that have no spec any more."""
    reports = {}
    for name in built_names(output):
        if name != FLEET and name not in tenant_names(root):
            removed = remove_tree(output, name)
            outcome.told.append(f"{name}: no spec any more, {len(removed)} files removed")
            reports[name] = WriteReport((), (), removed, 0)
    return reports


def _log(
    output: Path,
    compilation: Compilation,
    reports: Mapping[str, WriteReport | None],
    outcome: Outcome,
) -> None:
    """An entry for each folder that this build changed, or that the log does not know yet."""
    now, actor, entries = datetime.now(UTC), who(), []
    logged = {entry.get("name") for entry in logged_entries(output / LOG)}
    for name, report in reports.items():
        if report is not None and (report.touched or name not in logged):
            about = _about(compilation, name)
            spec, digest = about.get("spec", "specs/"), about.get("spec_sha256", "")
            manifest = manifest_hash(output, name)
            generator = about["generator"]
            entries.append(Entry(now, actor, name, spec, digest, generator, manifest, report))
    if not entries:
        outcome.told.append("audit: nothing changed, nothing logged")
        return
    head = append(output / LOG, entries)
    outcome.told.append(f"audit: {len(entries)} entries logged, the log ends at {head}")


def _summary(name: str, *changes: tuple[str, ...]) -> str:
    words = [
        f"{len(paths)} {what}"
        for what, paths in zip(("added", "changed", "removed"), changes, strict=True)
        if paths
    ]
    return f"{name}: {', '.join(words) or 'unchanged'}"


def _costs(compilation: Compilation) -> tuple[TenantCost, ...]:
    builds = [compilation.tenants[name].build for name in compilation.wanted]
    return tuple(build.cost for build in builds if build is not None)


def _counted(compilation: Compilation) -> str:
    builds = [compilation.tenants[n].build for n in compilation.wanted]
    good = [b for b in builds if b is not None]
    rules = sum(len(g.rules) for b in good for g in b.groups)
    panels = sum(len(r.panels) for b in good for d in b.dashboards for r in d.rows)
    return f"{len(good)} of {len(builds)} tenants: {rules} rules, {panels} panels"


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
    trees = {n: compilation.tenants[n].artifacts for n in compilation.wanted}
    places: dict[str, Place] = {}
    for name in compilation.wanted:
        places |= _test_places(name, compilation.tenants[name].build)
    with staged(trees) as stage:
        found = stage.glob("*/prometheus/tests/*/*.yml")
        files = sorted(path for path in found if path.name != "rules.yml")
        findings, ran = promtool_run_tests(promtool, files, stage, places, root / CACHE)
    tested = len(files) - len([f for f in findings if f.code == "unit-test-failed"])
    told = [f"{tested} of {len(files)} files of tests pass ({len(files) - ran} remembered)"]
    failed = _expectations(compilation)
    builds = (compilation.tenants[name].build for name in compilation.wanted)
    expected = sum(len(build.expected) for build in builds if build)
    if expected:
        told.append(f"{expected - len(failed)} of {expected} expectations of who is told are met")
    told += [*_coverage(compilation), f"promtool {promtool.version}"]
    below = _below(compilation, min_tested)
    return Outcome(in_order((*compilation.findings, *findings, *failed, *below)), told)


def _expectations(compilation: Compilation) -> tuple[Finding, ...]:
    """What the specs expect to be told and would not be."""
    builds = (compilation.tenants[name].build for name in compilation.wanted)
    return tuple(f for build in builds if build for f in check_expectations(build))


def _coverage(compilation: Compilation) -> list[str]:
    """How many alerts have unit tests, tenant by tenant, and which have none."""
    told = []
    for name in compilation.wanted:
        build = compilation.tenants[name].build
        if build is None or not build.alerts:
            continue
        without = build.untested
        names = f", all but {', '.join(without)}" if without else ""
        tested = len(build.alerts) - len(without)
        told.append(f"{name}: {tested} of {len(build.alerts)} alerts have unit tests{names}")
    return told


def _below(compilation: Compilation, least: Decimal | None) -> list[Finding]:
    """An error for each tenant of whose alerts too few have unit tests."""
    findings = []
    for name in compilation.wanted:
        build = compilation.tenants[name].build
        if least is None or build is None or not build.alerts:
            continue
        tested = len(build.alerts) - len(build.untested)
        share = Decimal(tested * 100) / len(build.alerts)
        if share < least:
            message = (
                f"{tested} of {len(build.alerts)} alerts of {name} have unit tests: "
                f"{share:.1f} % are fewer than {plain(least)} %"
            )
            hint = f"write tests: for {', '.join(build.untested)}"
            findings.append(error("too-few-tests", message, Place(build.spec_file, 1, 1), hint))
    return findings


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


@contextlib.contextmanager
def _progress(total: int, what: str, shown: bool) -> Iterator[Callable[[], None]]:
    """A progress bar on a terminal when there is enough to wait for."""
    if not shown or total < 5 or not sys.stderr.isatty() or os.environ.get("TERM") == "dumb":
        yield lambda: None
        return
    from rich.console import Console
    from rich.progress import Progress

    with Progress(console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(what, total=total)
        yield lambda: bar.advance(task)
