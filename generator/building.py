"""Compile, verify, write: what `tocsin build` does."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from generator import __version__
from generator.compilation import FLEET, Compilation, compile_specs
from generator.coverage import costs, coverage
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
    has_errors,
    in_order,
    warning,
)
from generator.judgement import Outcome, verify
from generator.spec.load import (
    tenant_names,
)


def build(
    root: Path,
    wanted: Sequence[str],
    output: Path,
    *,
    verify_mode: str = "auto",
    progress: bool = False,
    audit: bool = False,
    dashboard_schema: str = "",
    jobs: int = 0,
) -> Outcome:
    """Compile, verify and write. A tenant with an error leaves its output as it was.

    `audit`: what changed is appended to the log in the output folder. `dashboard_schema`:
    `classic` or `v2` in place of the platform's own choice. `jobs`: how many processes compile,
    0 for one a processor. Raises OutputError when the disk
    refuses, ToolFailed when a tool does not answer, ExtraMissing when a package is not there.
    """
    try:
        today = datetime.now(UTC).date()
        compilation = compile_specs(
            root, wanted, progress, today, dashboard_schema=dashboard_schema, jobs=jobs
        )
    except SpecError as problem:
        return Outcome(problem.findings)
    manner = Manner(verify_mode, audit, whole=not wanted)
    return write_compiled(root, compilation, output, manner)


@dataclass(frozen=True, slots=True)
class Manner:
    """How a compilation becomes files; `verify_mode` as `verify` takes it."""

    verify_mode: str = "auto"
    audit: bool = False
    whole: bool = False
    """Output of tenants without a spec is removed."""


def write_compiled(root: Path, compilation: Compilation, output: Path, manner: Manner) -> Outcome:
    """Verify the wanted tenants and the fleet's files, and write them. Raises as `build` does."""
    verified = verify(root, compilation, manner.verify_mode)
    return write_verified(root, compilation, verified, output, manner)


def write_verified(
    root: Path, compilation: Compilation, verified: Outcome, output: Path, manner: Manner
) -> Outcome:
    """Write what was verified, unless that found errors. Raises OutputError."""
    findings = in_order((*compilation.findings, *verified.findings))
    outcome = Outcome(findings, list(verified.told), costs(compilation))
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
    if manner.whole:
        reports |= _remove_gone(root, output, outcome)
    outcome.reports = {name: report for name, report in reports.items() if report is not None}
    if manner.audit:
        _log(output, compilation, reports, outcome)
    outcome.told += coverage(compilation)
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
