"""Trees written, and what is told and logged of it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from generator.compilation import FLEET, Compilation
from generator.coverage import MANY, coverage, wanted_counts
from generator.deliver.audit import LOG, Entry, append, manifest_hash, who
from generator.deliver.audit import entries as logged_entries
from generator.deliver.batch import Batch, batch
from generator.deliver.output import MANIFEST, WriteReport, built_names, recover, remove_tree
from generator.findings import Finding, Place, has_errors, in_order, warning
from generator.judgement import Outcome
from generator.making import about, spec_file
from generator.sharing import fleet_about

HELD = "nothing was written"
_WORDS = ("added", "changed", "removed")


@dataclass(frozen=True, slots=True)
class Written:
    """What was written, by folder of output/; None for a tenant with errors."""

    reports: dict[str, WriteReport | None]
    about: dict[str, Mapping[str, str]]
    """What each folder's manifest says besides its files."""


def write_verified(
    compilation: Compilation, verified: Outcome, output: Path, *, audit: bool = False
) -> Outcome:
    """Write a compilation that was verified, unless that found errors. Raises OutputError."""
    outcome = Outcome(in_order((*compilation.findings, *verified.findings)), list(verified.told))
    if has_errors(verified.findings):
        outcome.told.append(HELD)
        return outcome
    with batch(output) as staging:
        written = _staged(staging, compilation)
        recover(output)
        staging.commit([n for n, report in written.reports.items() if report and report.touched])
    if compilation.fleet is not None:
        told = unbuilt(output, tuple(compilation.tenants), frozenset(compilation.wanted))
        outcome.findings = in_order((*outcome.findings, *told))
    outcome.told += summaries(written)
    outcome.reports = {n: one for n, one in written.reports.items() if one is not None}
    if audit:
        logged(output, written, outcome)
    outcome.told += coverage(wanted_counts(compilation))
    return outcome


def _staged(staging: Batch, compilation: Compilation) -> Written:
    written = Written({}, {})
    for name in compilation.wanted:
        one = compilation.tenants[name]
        said = about(name, one.build.spec_hash if one.build else "")
        report = staging.stage(name, one.artifacts, said) if one.build else None
        written.reports[name], written.about[name] = report, said
    if compilation.fleet is not None:
        written.about[FLEET] = fleet_about()
        written.reports[FLEET] = staging.stage(FLEET, compilation.fleet, fleet_about())
    return written


def unbuilt(output: Path, names: Sequence[str], built: Set[str]) -> list[Finding]:
    """Tenants of whom the fleet's files speak, and whose own files were never built."""
    return [
        warning(
            "tenant-unbuilt",
            f"{name} is scraped and routed by output/{FLEET}, but was never built",
            Place(spec_file(name), 1, 1),
            f"build it: tocsin build {name}",
        )
        for name in names
        if name not in built and not (output / name / MANIFEST).is_file()
    ]


def summaries(written: Written) -> list[str]:
    """A line for each folder; for those that are alike one together, when they are many."""
    told, alike = [], Counter(_sort(report) for report in written.reports.values())
    many = {sort for sort, count in alike.items() if sort and count > MANY}
    for name, report in written.reports.items():
        if _sort(report) not in many:
            told.append(summary(name, report))
    for sort in sorted(many):
        reports = [r for r in written.reports.values() if r is not None and _sort(r) == sort]
        changes = [
            sum(len(paths) for paths in kind) for kind in zip(*map(_changes, reports), strict=True)
        ]
        told.append(_line(f"{len(reports)} folders", changes))
    return told


def summary(name: str, report: WriteReport | None) -> str:
    """`acme: 2 changed`."""
    if report is None:
        return f"{name}: errors, left as it was"
    return _line(name, [len(paths) for paths in _changes(report)])


def removed(output: Path, names: Set[str], written: Written, outcome: Outcome) -> None:
    """Remove the output of tenants that have no spec any more. Raises OutputError."""
    for name in built_names(output):
        if name not in names:
            gone = remove_tree(output, name)
            outcome.told.append(f"{name}: no spec any more, {len(gone)} files removed")
            written.reports[name] = WriteReport((), (), gone, 0)


def logged(output: Path, written: Written, outcome: Outcome) -> None:
    """An entry for each folder that this build changed, or that the log does not know yet."""
    now, actor, entries = datetime.now(UTC), who(), []
    known = {entry.get("name") for entry in logged_entries(output / LOG)}
    for name, report in written.reports.items():
        if report is not None and (report.touched or name not in known):
            about = written.about.get(name, fleet_about())
            spec, digest = about.get("spec", "specs/"), about.get("spec_sha256", "")
            manifest = manifest_hash(output, name)
            generator = about["generator"]
            entries.append(Entry(now, actor, name, spec, digest, generator, manifest, report))
    if not entries:
        outcome.told.append("audit: nothing changed, nothing logged")
        return
    head = append(output / LOG, entries)
    outcome.told.append(f"audit: {len(entries)} entries logged, the log ends at {head}")


def _sort(report: WriteReport | None) -> str:
    """What reports may be told together: those of folders that changed, or did not."""
    if report is None:
        return ""
    return "touched" if report.touched else "unchanged"


def _changes(report: WriteReport) -> tuple[tuple[str, ...], ...]:
    return report.added, report.changed, report.removed


def _line(name: str, changes: list[int]) -> str:
    words = [f"{n} {what}" for n, what in zip(changes, _WORDS, strict=True) if n]
    return f"{name}: {', '.join(words) or 'unchanged'}"
