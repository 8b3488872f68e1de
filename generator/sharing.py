"""The files that all tenants share: made of what is known of each, written when it has changed."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from generator import __version__
from generator.compilation import FLEET
from generator.compile.fleet import compile_fleet
from generator.deliver.batch import Batch
from generator.deliver.manifest import WriteReport, stamp
from generator.findings import Finding, has_errors
from generator.ir.build import FleetBuild
from generator.judgement import Judges, fleet_judged
from generator.production import Production
from generator.records import Kept, Records, Tree
from generator.render.files import fleet_artifacts
from generator.verify.invariants import fleet_invariants


@dataclass(frozen=True, slots=True)
class Fleet:
    """What all tenants share, and where its lines are."""

    build: FleetBuild
    findings: tuple[Finding, ...]
    key: str
    """A hash of all that its files are made of."""
    by: Judges
    library: Kept

    @property
    def verdict(self) -> tuple[Finding, ...] | None:
        """What the tools said of these very files before; None when they have not passed them."""
        return self.library.records.verdict(self.key, self.by.name) if self.by.name else ()

    def stage(self, staging: Batch, output: Path) -> tuple[WriteReport, tuple[Finding, ...]]:
        """Stage its files where they are not there already, and judge them.

        Raises OutputError and ToolFailed.
        """
        records = self.library.records
        said = self.verdict
        there = Tree(self.key, stamp(output / FLEET))
        if said is not None and records.trees(output, FLEET).get(FLEET) == there:
            return WriteReport((), (), (), 0), said
        files = fleet_artifacts(self.build, self.library)
        report = staging.stage(FLEET, files, fleet_about())
        if said is not None:
            return report, said
        folder = staging.folder if report.touched else output
        verdict = fleet_judged(folder / FLEET, self.by)
        if not has_errors(verdict):
            records.passed(self.key, self.by.name, verdict)
        return report, verdict

    def remember(self, output: Path) -> None:
        """How its folder is left."""
        tree = Tree(self.key, stamp(output / FLEET))
        self.library.records.left(output, {FLEET: tree})


def fleet_of(made: Production, records: Records) -> Fleet | None:
    """The fleet; None while a tenant has errors: files for all are made of all."""
    shares = {name: share for name in made.order.names if (share := made.records[name].share)}
    if len(shares) < len(made.order.names):
        return None
    recipe = made.order.recipe
    build = compile_fleet(recipe.spec.platform, shares)
    digest = hashlib.sha256(recipe.shared.encode())
    for name in made.order.names:
        digest.update(f"{name} {made.records[name].lines}\n".encode())
    findings = (*build.findings, *fleet_invariants(build.alertmanager))
    return Fleet(build, findings, digest.hexdigest(), made.order.by, Kept(records, made.keys))


def fleet_about() -> Mapping[str, str]:
    """What the manifest of the fleet's files says besides them."""
    return {"generator": f"tocsin {__version__}"}
