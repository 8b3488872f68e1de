"""A repository compiled: its tenants, and the files that all of them share."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path

from generator.compile.derived import Kept
from generator.compile.flapping import without_notices
from generator.compile.fleet import compile_fleet, layout_of, share_of
from generator.compile.oncall_findings import horizon_findings, terms
from generator.compile.tenant import compile_tenant
from generator.derivations import kept_derivations
from generator.findings import (
    Finding,
    Place,
    SpecError,
    error,
    has_errors,
    in_order,
    warning,
)
from generator.ir.artifacts import Artifact, Streamed
from generator.ir.build import Build, FleetBuild
from generator.promql.isolate import Scope
from generator.render.files import fleet_artifacts, tenant_artifacts
from generator.render.fleet import InMemory, lines_of
from generator.side_by_side import Work, begun
from generator.spec.ignores import heeded
from generator.spec.load import (
    PlatformSpec,
    TenantSpec,
    load_platform,
    load_tenant,
    tenant_names,
)
from generator.spec.model import Platform, Tenant
from generator.verify.invariants import fleet_invariants, tenant_invariants
from generator.verify.notify import escalation_doc

FLEET = "fleet"


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


def load_one(root: Path, name: str) -> tuple[Platform, Tenant]:
    """One tenant with its platform. Raises SpecError with every finding."""
    spec = load_platform(root)
    loaded = load_tenant(root, name, spec)
    if loaded.tenant is None:
        raise SpecError(loaded.findings)
    return spec.platform, loaded.tenant


def compile_specs(
    root: Path,
    wanted: Sequence[str] = (),
    progress: bool = False,
    today: date | None = None,
    *,
    proven: bool = True,
    dashboard_schema: str = "",
    jobs: int = 0,
) -> Compilation:
    """Compile the specs of a repository. Raises SpecError when the platform itself has errors.

    All tenants are compiled, because the fleet's files are made of all; `wanted` names those whose
    findings and files the caller is after (none: all). With `today`, rotations that end soon are
    among the findings; nothing else depends on the day. `proven=False` leaves out the unit tests.
    `dashboard_schema`, `classic` or `v2`, stands in for the platform's own choice. `jobs`: how
    many processes share the work, 0 for one a processor. Raises ExtraMissing when a schema needs
    a package more.
    """
    spec = drawn_in(load_platform(root), dashboard_schema)
    names = names_of(root, wanted, spec)
    tasks = [(name, proven and (not wanted or name in wanted)) for name in names]

    def compiled(task: tuple[str, bool], kept: Kept) -> Compiled:
        return compile_one(root, task[0], spec, task[1], today, kept)

    work = Work(compiled, tasks, kept_derivations)
    results = begun(work, jobs)  # processes before the progress bar's thread
    made: dict[int, Compiled] = {}
    with progress_bar(len(names), "compiling", progress) as advance:
        for number, one in results:
            made[number] = one
            advance()
    tenants = {name: made[number] for number, name in enumerate(names)}
    chosen = tuple(wanted) or names
    return with_fleet(spec, tenants, chosen, today)


def names_of(root: Path, wanted: Sequence[str], spec: PlatformSpec) -> tuple[str, ...]:
    """Every tenant of a repository. Raises SpecError when there is none, or a wanted one is not."""
    names = tenant_names(root)
    unknown = [name for name in wanted if name not in names]
    if unknown:
        missing = [f for name in unknown for f in load_tenant(root, name, spec).findings]
        raise SpecError(missing)
    if not names:
        place = Place("specs/tenants", 1, 1)
        hint = "write specs/tenants/<tenant>.yaml"
        raise SpecError([error("no-tenants", "there are no tenants", place, hint)])
    return names


def drawn_in(spec: PlatformSpec, dashboard_schema: str) -> PlatformSpec:
    """The platform with another schema of dashboards; empty: its own."""
    if not dashboard_schema:
        return spec
    grafana = replace(spec.platform.grafana, dashboard_schema=dashboard_schema)
    return replace(spec, platform=replace(spec.platform, grafana=grafana))


def check_loaded(loaded: TenantSpec, platform: Platform) -> tuple[Finding, ...]:
    """What compiling a tenant that was read finds; nothing when it could not be read.

    Unit tests are not derived.
    """
    return compile_tenant(loaded.tenant, platform, proven=False).findings if loaded.tenant else ()


def compile_one(
    root: Path,
    name: str,
    spec: PlatformSpec,
    proven: bool,
    today: date | None,
    kept: Kept | None = None,
) -> Compiled:
    """One tenant, as far as it comes; `proven`: with the unit tests of its alerts.

    `kept`: scenarios that were derived before.
    """
    loaded = load_tenant(root, name, spec)
    if loaded.tenant is None:
        return Compiled(name, None, (), loaded.findings)
    build, found = built(loaded, loaded.tenant, spec.platform, proven, kept)
    horizon = horizon_findings(terms(loaded.tenant), today) if today else ()
    findings = heeded((*found, *horizon), loaded.ignores, today, judged=not has_errors(found))
    if has_errors(findings):
        return Compiled(name, None, (), findings)
    return Compiled(name, build, files_of(build, spec.platform), findings)


def built(
    loaded: TenantSpec, tenant: Tenant, platform: Platform, proven: bool, kept: Kept | None
) -> tuple[Build, tuple[Finding, ...]]:
    """A tenant that was read, compiled, and all that is wrong with it on any day."""
    build = compile_tenant(tenant, platform, proven=proven, kept=kept)
    found = in_order((*loaded.findings, *build.findings))
    if not has_errors(found):
        found = in_order((*found, *tenant_invariants(build)))
    return build, found


def files_of(build: Build, platform: Platform) -> tuple[Artifact, ...]:
    """All files of a tenant without errors, but for the manifest."""
    groups = without_notices(build.groups, platform.labels.kind)
    told = escalation_doc(build.tenant, build.alertmanager, groups, build.spec_file)
    return (*tenant_artifacts(build, unit_tests=platform.write_unit_tests), told)


def with_fleet(
    spec: PlatformSpec,
    tenants: Mapping[str, Compiled],
    wanted: tuple[str, ...],
    today: date | None,
) -> Compilation:
    """The tenants' results joined by the files that all share; `wanted`: whose findings count."""
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
    fleet = compile_fleet(spec.platform, {n: share_of(build) for n, build in builds.items()})
    findings += (*fleet.findings, *fleet_invariants(fleet.alertmanager))
    artifacts = whole_fleet(spec.platform, fleet, builds)
    told = heeded(findings, spec.ignores, today, judged=len(wanted) == len(tenants))
    return Compilation(spec.platform, tenants, artifacts, told, wanted)


def whole_fleet(
    platform: Platform, fleet: FleetBuild, builds: Mapping[str, Build]
) -> tuple[Artifact, ...]:
    """The fleet's files in memory."""
    layout = layout_of(platform, len(builds))
    library = InMemory({name: lines_of(build, layout) for name, build in builds.items()})
    files = fleet_artifacts(fleet, library)
    return tuple(file.whole if isinstance(file, Streamed) else file for file in files)


@contextlib.contextmanager
def progress_bar(total: int, what: str, shown: bool) -> Iterator[Callable[[], None]]:
    """A progress bar on a terminal when there is enough to wait for."""
    if not shown or total < 5 or not sys.stderr.isatty() or os.environ.get("TERM") == "dumb":
        yield lambda: None
        return
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        ProgressColumn,
        Task,
        TextColumn,
        TimeRemainingColumn,
    )
    from rich.text import Text

    class Rate(ProgressColumn):
        """How many are done in a second."""

        def render(self, task: Task) -> Text:
            return Text(f"{task.speed:.1f}/s" if task.speed else "")

    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        Rate(),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(what, total=total)
        yield lambda: bar.advance(task)
