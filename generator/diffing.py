"""What `tocsin diff` answers with: what a change of the specs means for what is there."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import yaml

from generator.compilation import FLEET, Compilation, compile_specs, load_one
from generator.compile.cost import tenant_cost
from generator.compile.kinds import FLAPPING, MARKER
from generator.deliver.diff.comparison import tenant_change
from generator.deliver.diff.folder import split, trees
from generator.deliver.diff.inhibitions import inhibition_changes
from generator.deliver.diff.live import live_side
from generator.deliver.diff.pairs import Pair
from generator.deliver.diff.read_alertmanager import alertmanager_config
from generator.deliver.diff.reading import deployed, deployed_fleet
from generator.deliver.diff.revision import NoRevision, files_at, resolved, write_files
from generator.deliver.diff.settings import setting_changes
from generator.findings import Finding, SpecError, error, in_order
from generator.ir.artifacts import Artifact
from generator.ir.change import (
    Changes,
    CostChange,
    Facet,
    Figures,
    InhibitionChange,
    TenantChange,
)
from generator.ir.deployed import Deployed, DeployedFleet, Side
from generator.ir.rules import RuleGroup
from generator.promql.problems import PromqlError
from generator.servers.alertmanager import Alertmanager
from generator.servers.prometheus import Prometheus
from generator.spec.load import tenant_names
from generator.spec.model import LabelNames
from generator.verify.notify.comparison import Asked, receiver_changes, routing_changes


@dataclass(frozen=True, slots=True)
class Built:
    """Compare with an output folder as it is on disk."""

    output: Path


@dataclass(frozen=True, slots=True)
class Revision:
    """Compare with a git revision: its output/, or else what its specs compile to."""

    name: str
    specs: bool = False
    """Its specs in any case."""


@dataclass(frozen=True, slots=True)
class Live:
    """Compare with what servers have loaded."""

    prometheus: Prometheus
    alertmanager: Alertmanager | None = None


Base = Built | Revision | Live


@dataclass(frozen=True, slots=True)
class Diff:
    """What is wrong with the specs, and what changes of the tenants that compile.

    `changes` is None where there is nothing to compare.
    """

    findings: tuple[Finding, ...]
    changes: Changes | None


def diff(root: Path, wanted: Sequence[str], base: Base, progress: bool = False) -> Diff:
    """What the specs compile to, compared with what is there.

    Raises NoRevision, Unreadable, ServerFailed, ToolMissing and ToolFailed.
    """
    there = tenant_names(root)
    asked = [name for name in wanted if name in there]
    try:
        now = compile_specs(root, asked, progress, proven=False)
    except SpecError as problem:
        return Diff(problem.findings, None)
    names, vocabulary = now.platform.labels, _vocabulary(now)
    left = _left(root, base, names, vocabulary)
    unknown = [name for name in wanted if name not in there and name not in left.tenants]
    if unknown:
        missing = [
            error("no-tenant", f"there is no tenant {name}, nor was one") for name in unknown
        ]
        return Diff(in_order((*now.findings, *missing)), None)
    right = _right(now, vocabulary)
    broken = [name for name, one in now.tenants.items() if one.build is None]
    chosen = [n for n in sorted({*left.tenants, *there}) if n not in broken and _in(n, wanted)]
    work = _Work(root, left, right, names, isinstance(base, Live))
    changes = [change for name in chosen if (change := work.tenant(name)) is not None]
    unread = [*left.unread, *(f"{name} (it has errors)" for name in broken if _in(name, wanted))]
    if right.fleet is None and left.fleet is not None:
        unread.append("what all tenants share")
    found = Changes(
        before=left.name,
        after=right.name,
        tenants=tuple(changes),
        fleet=_fleet(left.fleet, right.fleet, isinstance(base, Live)),
        inhibitions=_fleet_inhibitions(base, left, now, vocabulary),
        uncompared=tuple(unread),
    )
    return Diff(now.findings, found)


def _in(name: str, wanted: Sequence[str]) -> bool:
    return not wanted or name in wanted


# --------------------------------------------------------------------------- the sides


def _left(root: Path, base: Base, names: LabelNames, vocabulary: Mapping[str, str]) -> Side:
    match base:
        case Built():
            return _side(_shown(base.output, root), trees(base.output), vocabulary)
        case Revision():
            return _revision(root, base, vocabulary)
        case Live():
            return live_side(base.prometheus, base.alertmanager, names.tenant, vocabulary)


def _shown(output: Path, root: Path) -> str:
    inside = output.resolve().is_relative_to(root.resolve())
    path = output.resolve().relative_to(root.resolve()) if inside else output
    return f"{path.as_posix()}/"


def _revision(root: Path, base: Revision, vocabulary: Mapping[str, str]) -> Side:
    commit = resolved(root, base.name)
    short = commit[:12]
    name = base.name if base.name.startswith(short[:7]) else f"{base.name} ({short})"
    built = {} if base.specs else split(files_at(root, commit, "output"))
    if built:
        return _side(f"output/ of {name}", built, vocabulary)
    specs = files_at(root, commit, "specs")
    if "platform.yaml" not in specs:
        raise NoRevision(f"{name} has neither output/ nor specs/platform.yaml")
    with tempfile.TemporaryDirectory(prefix="tocsin-") as folder:
        write_files(specs, Path(folder) / "specs")
        try:
            then = compile_specs(Path(folder), proven=False)
        except SpecError as problem:
            first = problem.findings[0].message
            raise NoRevision(f"the specs of {name} do not compile: {first}") from None
    side = _right(then, vocabulary)
    broken = [tenant for tenant, one in then.tenants.items() if one.build is None]
    unread = tuple(f"{tenant} (its spec at {base.name} has errors)" for tenant in broken)
    return replace(side, name=f"the specs of {name}", unread=unread)


def _right(now: Compilation, vocabulary: Mapping[str, str]) -> Side:
    built = {name: _files(one.artifacts) for name, one in now.tenants.items() if one.build}
    if now.fleet is not None:
        built[FLEET] = _files(now.fleet)
    return _side("specs/", built, vocabulary)


def _side(
    name: str, found: Mapping[str, Mapping[str, bytes]], vocabulary: Mapping[str, str]
) -> Side:
    fleet = found.get(FLEET)
    return Side(
        name,
        {
            tenant: deployed(files, vocabulary, f"{name}{tenant}")
            for tenant, files in found.items()
            if tenant != FLEET
        },
        deployed_fleet(fleet, f"{name}{FLEET}") if fleet is not None else None,
    )


def _files(artifacts: Sequence[Artifact]) -> Mapping[str, bytes]:
    return {artifact.path: artifact.content for artifact in artifacts}


def _vocabulary(now: Compilation) -> Mapping[str, str]:
    """Names of labels, as every build has them; where none compiles nothing is compared."""
    builds = (one.build for one in now.tenants.values() if one.build is not None)
    return next((build.alertmanager.vocabulary for build in builds), {})


def _fleet(
    before: DeployedFleet | None, after: DeployedFleet | None, live: bool
) -> tuple[Facet, ...]:
    if before is None or after is None:
        return ()
    return setting_changes(before.settings, after.settings, defaults=live)


def _fleet_inhibitions(
    base: Base, left: Side, now: Compilation, vocabulary: Mapping[str, str]
) -> tuple[InhibitionChange, ...]:
    """Servers have one configuration for all tenants: its inhibit rules are told once."""
    before = next((one.alertmanager for one in left.tenants.values()), None)
    if not isinstance(base, Live) or before is None or now.fleet is None:
        return ()
    (file,) = (artifact for artifact in now.fleet if artifact.path == "alertmanager.yml")
    document = yaml.load(file.content, Loader=yaml.CSafeLoader)
    after = alertmanager_config(document, vocabulary)
    label = now.platform.labels.tenant
    return inhibition_changes(before.inhibit_rules, after.inhibit_rules, label)


# --------------------------------------------------------------------------- one tenant


def compared(
    name: str,
    before: Deployed | None,
    after: Deployed | None,
    names: LabelNames,
    *,
    live: bool = False,
) -> TenantChange:
    """Everything that changes for a tenant but its cost; one side at least is there.

    `live`: the earlier side comes from servers.
    """
    change, pairs = tenant_change(name, before, after, names, live=live)
    configs = [side.alertmanager if side else None for side in (before, after)]
    earlier, later = configs[0] or configs[1], configs[1] or configs[0]
    told = None not in configs or before is None or after is None
    if not told or earlier is None or later is None:
        return change
    asked = [one for pair in pairs if (one := _asked(pair, names)) is not None]
    routing = routing_changes(asked, earlier, later, name)
    receivers = receiver_changes(earlier, later, name, defaults=live)
    return replace(change, routing=routing, receivers=receivers)


def _asked(pair: Pair, names: LabelNames) -> Asked | None:
    """The alert of a pair, as it is asked about; None for a marker, which tells nobody, and for
    the notice that an alert flaps, which goes where the alert's first step does."""
    rule = pair.shown.first
    if rule.labels.get(names.kind) in (MARKER, FLAPPING):
        return None
    return Asked(
        pair.shown.written,
        rule.labels.get(names.severity, ""),
        pair.before.rules if pair.before else (),
        pair.after.rules if pair.after else (),
    )


@dataclass(frozen=True, slots=True)
class _Work:
    """What is compared, tenant by tenant."""

    root: Path
    left: Side
    right: Side
    names: LabelNames
    live: bool

    def tenant(self, name: str) -> TenantChange | None:
        """Everything that changes for a tenant; None when nothing does."""
        before, after = self.left.tenants.get(name), self.right.tenants.get(name)
        change = compared(name, before, after, self.names, live=self.live)
        if change.silent:
            return None
        return replace(change, cost=self._cost(name, before, after))

    def _cost(
        self, name: str, before: Deployed | None, after: Deployed | None
    ) -> CostChange | None:
        """Both sides reckoned with what the spec says of metrics now; none without a spec."""
        if after is None:
            return None
        platform, tenant = load_one(self.root, name)

        def figures(groups: Sequence[RuleGroup]) -> Figures:
            cost = tenant_cost(tenant, platform, groups, groups)
            return Figures(
                cost.alerts,
                cost.rules,
                cost.groups,
                cost.recorded_series,
                cost.samples_per_second,
            )

        try:
            found = CostChange(figures(before.groups if before else ()), figures(after.groups))
        except PromqlError:
            return None
        return found if found.before != found.after else None
