"""Compile, verify, write: what `tocsin build` does; `tocsin check` does it without writing."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

from generator.compilation import FLEET, drawn_in, names_of
from generator.coverage import Counts, counted, coverage, too_few
from generator.deliver.batch import Batch, batch
from generator.deliver.output import WriteReport, recover
from generator.findings import Finding, Place, SpecError, has_errors, in_order, warning
from generator.judgement import UNVERIFIED, Outcome, judges
from generator.making import about, recipe_of, spec_file
from generator.parts import Shard, read_parts, read_shard, write_part
from generator.production import LOCAL, Begin, Order, Production, produced, remember
from generator.records import Records, kept_records
from generator.sharing import Fleet, fleet_about, fleet_of
from generator.spec.ignores import heeded
from generator.spec.load import load_platform, tenant_text
from generator.writing import HELD, Written, logged, removed, summaries, unbuilt


@dataclass(frozen=True, slots=True)
class Manner:
    """How a repository is built or checked."""

    verify_mode: str = "auto"
    """As of `judgement.judges`."""
    dashboard_schema: str = ""
    """`classic` or `v2` in place of the platform's own choice."""
    jobs: int = 0
    """How many processes compile; 0: one a processor."""
    stats: bool = False
    """Whether it is asked what the rules cost."""
    progress: bool = False
    executor: str = LOCAL
    """`local`, or the address of a Dask cluster."""
    shard: Shard | None = None
    """Build the tenants of this part of the fleet alone, and none of the fleet's files."""


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
    stats: bool = False,
    executor: str = LOCAL,
    shard: str = "",
) -> Outcome:
    """Compile, verify and write. A tenant with an error leaves its output as it was.

    `audit`: what changed is appended to the log in the output folder. `dashboard_schema`:
    `classic` or `v2` in place of the platform's own choice. `jobs`: how many processes compile,
    0 for one a processor. `stats`: the outcome has what the rules cost. `executor`: `local`, or
    `dask://host:port` to compile on a cluster. `shard`: `2/8` builds the second of eight parts of
    the fleet. Raises OutputError when the disk refuses, ToolFailed when a tool does not answer,
    ExtraMissing when a package is not there, ServerFailed when a cluster does not answer,
    ValueError for what is no shard.
    """
    part = read_shard(shard) if shard else None
    manner = Manner(verify_mode, dashboard_schema, jobs, stats, progress, executor, part)
    try:
        with kept_records() as records:
            run = Run(root, tuple(wanted), manner, records)
            return run.build(output, audit=audit)[0]
    except SpecError as problem:
        return Outcome(problem.findings)


def merge(
    root: Path,
    folders: Sequence[Path],
    output: Path,
    *,
    verify_mode: str = "auto",
    progress: bool = False,
    audit: bool = False,
) -> Outcome:
    """Join the parts of a fleet that other machines have built, and write the fleet's files.

    The output is what one machine would have built. Raises PartError for parts that do not make a
    whole, else as `build`.
    """
    try:
        with kept_records() as records:
            run = Run(root, (), Manner(verify_mode, progress=progress), records)
            run.join(folders)
            return run.build(output, audit=audit)[0]
    except SpecError as problem:
        return Outcome(problem.findings)


def check(
    root: Path,
    wanted: Sequence[str] = (),
    progress: bool = False,
    min_tested: Decimal | None = None,
    jobs: int = 0,
    stats: bool = False,
    executor: str = LOCAL,
) -> Outcome:
    """Everything `build` would find, with the real tools required; nothing is written.

    `min_tested`: the share of alerts, in percent, that must have unit tests. Else as `build`.
    """
    manner = Manner("required", jobs=jobs, stats=stats, progress=progress, executor=executor)
    try:
        with kept_records() as records:
            return Run(root, tuple(wanted), manner, records).check(min_tested)
    except SpecError as problem:
        return Outcome(problem.findings)


class Run:
    """One run over a repository. Raises SpecError when the platform itself has errors."""

    def __init__(
        self, root: Path, wanted: tuple[str, ...], manner: Manner, records: Records
    ) -> None:
        self.root, self.wanted, self.manner, self.records = root, wanted, manner, records
        self.today = datetime.now(UTC).date()
        self.spec = drawn_in(load_platform(root), manner.dashboard_schema)
        self.names = names_of(root, wanted, self.spec)
        self.recipe = recipe_of(root, self.spec, len(self.names))
        self.parts: Mapping[str, Path] = {}
        self.by, self.missing = judges(root, self.spec.platform, manner.verify_mode)

    def join(self, folders: Sequence[Path]) -> None:
        """Take what other machines have built of all tenants. Raises PartError."""
        keys = {name: self.recipe.key(tenant_text(self.root, name)) for name in self.names}
        self.parts = read_parts(folders, self.recipe.shared, keys, self.records)

    def build(
        self, output: Path, begin: Begin = lambda _names: None, *, audit: bool = False
    ) -> tuple[Outcome, Production]:
        """Compile, verify and write. `begin` is told which tenants are made, before."""
        with batch(output) as staging:
            made = self._produced(output, begin)
            fleet = None if self.manner.shard else fleet_of(made, self.records)
            verdict = [*self.missing, *made.verdicts]
            report = None
            if fleet is not None:
                report, judged = fleet.stage(staging, output)
                verdict += judged
            outcome = self._outcome(made, fleet, verdict)
            if has_errors((*verdict, *(fleet.findings if fleet else ()))):
                outcome.told.append(HELD)
                return outcome, made
            self._write(made, fleet, report, staging, outcome, audit)
        outcome.told += coverage(_counts(made))
        return outcome, made

    def check(self, min_tested: Decimal | None) -> Outcome:
        """Compile and verify."""
        made = self._produced(None, lambda _names: None)
        fleet = fleet_of(made, self.records)
        verdict = [*self.missing, *made.verdicts]
        if fleet is not None:
            verdict += _fleet_judged(fleet)
        outcome = self._outcome(made, fleet, verdict)
        counts = _counts(made)
        expected = (f for name in made.order.chosen for f in made.records[name].expected)
        more = (*expected, *too_few(counts, min_tested))
        outcome.findings = in_order((*outcome.findings, *more))
        outcome.told.append(counted(counts.values(), len(made.order.chosen)))
        outcome.told += coverage(counts)
        return outcome

    def _produced(self, output: Path | None, begin: Begin) -> Production:
        shard = self.manner.shard
        names = self.names if shard is None else tuple(n for n in self.names if n in shard)
        order = Order(
            self.root,
            self.recipe,
            names,
            frozenset(self.wanted or names),
            output,
            self.by,
            proven=output is None,
            parts=self.parts,
            executor=self.manner.executor,
        )
        return produced(order, self.records, self.manner.jobs, self.manner.progress, begin)

    def _outcome(
        self, made: Production, fleet: Fleet | None, verdict: Sequence[Finding]
    ) -> Outcome:
        """What was found, and what it cost."""
        chosen = made.order.chosen
        found = [
            *self.spec.findings,
            *(f for name in chosen for f in made.records[name].told(self.today)),
            *self._holding(made),
            *(fleet.findings if fleet else ()),
        ]
        judged = fleet is not None and len(chosen) == len(self.names)
        found = [*heeded(found, self.spec.ignores, self.today, judged=judged), *verdict]
        good = [name for name in chosen if made.records[name].share is not None]
        keys = [made.keys[name] for name in good] if self.manner.stats else []
        outcome = Outcome(in_order(found), costs=tuple(self.records.costs(keys)))
        if self.manner.verify_mode == "off":
            outcome.told.append(UNVERIFIED)
        elif self.by.told and good:
            outcome.told.append(self.by.told)
        return outcome

    def _holding(self, made: Production) -> list[Finding]:
        """Tenants that nobody asked for, for whose errors the fleet's files stay as they are."""
        return [
            warning(
                "fleet-held",
                f"{name} has errors: output/{FLEET} is left as it is",
                Place(spec_file(name), 1, 1),
                f"see: tocsin check {name}",
            )
            for name in made.broken
            if name not in made.order.wanted
        ]

    def _write(
        self,
        made: Production,
        fleet: Fleet | None,
        report: WriteReport | None,
        staging: Batch,
        outcome: Outcome,
        audit: bool,
    ) -> None:
        """Put what is staged in its place."""
        output, chosen = staging.output, made.order.chosen
        recover(output)
        touched = report is not None and report.touched
        staging.commit([*made.staged, *([FLEET] if touched else [])])
        remember(made, self.records)
        written = Written(
            {name: made.reports.get(name) for name in chosen},
            {name: about(name, made.records[name].spec_hash) for name in chosen},
        )
        if fleet is not None and report is not None:
            fleet.remember(output)
            told = unbuilt(output, made.order.names, made.reports.keys())
            outcome.findings = in_order((*outcome.findings, *told))
            written.reports[FLEET], written.about[FLEET] = report, fleet_about()
        outcome.told += summaries(written)
        if self.manner.shard is not None:
            good = {n: made.keys[n] for n in made.order.names if made.records[n].share}
            write_part(output, self.manner.shard, self.recipe.shared, good, self.records)
        elif not self.wanted:
            removed(output, frozenset((*self.names, FLEET)), written, outcome)
        outcome.reports = {n: one for n, one in written.reports.items() if one is not None}
        if audit:
            logged(output, written, outcome)


def _fleet_judged(fleet: Fleet) -> tuple[Finding, ...]:
    """What the tools say of files that were not judged before."""
    if fleet.verdict is not None:
        return fleet.verdict
    with tempfile.TemporaryDirectory(prefix="tocsin-") as folder:
        return fleet.stage(Batch(Path(folder)), Path(folder))[1]


def _counts(made: Production) -> Mapping[str, Counts]:
    """The numbers of the wanted tenants that compile."""
    some = ((name, made.records[name].counts) for name in made.order.chosen)
    return {name: counts for name, counts in some if counts is not None}
