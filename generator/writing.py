"""What is told and logged of what was written."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Set
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from generator.coverage import MANY
from generator.deliver.audit import LOG, Entry, append, manifest_hash, who
from generator.deliver.audit import entries as logged_entries
from generator.deliver.output import WriteReport, built_names, remove_tree
from generator.judgement import Outcome
from generator.sharing import fleet_about

_WORDS = ("added", "changed", "removed")


@dataclass(frozen=True, slots=True)
class Written:
    """What was written, by folder of output/; None for a tenant with errors."""

    reports: dict[str, WriteReport | None]
    about: dict[str, Mapping[str, str]]
    """What each folder's manifest says besides its files."""


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
