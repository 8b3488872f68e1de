"""What `tocsin diff` answers with: what a change of the specs means for what is there."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import yaml

from generator.compilation import FLEET, Compilation, compile_specs
from generator.compile.cost import tenant_cost
from generator.compile.kinds import FLAPPING, MARKER
from generator.deliver.diff.comparison import tenant_change
from generator.deliver.diff.inhibitions import inhibition_changes
from generator.deliver.diff.live import live_side
from generator.deliver.diff.pairs import Pair
from generator.deliver.diff.read_alertmanager import alertmanager_config
from generator.deliver.diff.settings import setting_changes
from generator.findings import Finding, SpecError, error, in_order
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
from generator.sides import Base, Live, compiled, stored
from generator.spec.load import load_platform, load_tenant, tenant_names
from generator.spec.model import LabelNames, Tenant
from generator.spec.validate import no_tenant
from generator.verify.notify.comparison import Asked, receiver_changes, routing_changes


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
    try:
        asked = [name for name in wanted if name in there]
        now = compile_specs(root, asked, progress, proven=False)
    except SpecError as problem:
        return Diff(problem.findings, None)
    left, right = _sides(root, now, base, wanted)
    unknown = [name for name in wanted if name not in {*there, *left.tenants, *left.same}]
    if unknown:
        known = {*there, *left.tenants, *left.same}
        said = (error("no-tenant", no_tenant(name, known)) for name in unknown)
        return Diff(in_order((*now.findings, *said)), None)
    names = now.platform.labels
    found = []
    for name in sorted({*left.tenants, *right.tenants}):
        sides = left.tenants.get(name), right.tenants.get(name)
        change = compared(name, *sides, names, live=isinstance(base, Live))
        if not change.silent:
            found.append((change, sides))
    return Diff(now.findings, _changes(now, base, left, right, _priced(root, now, found)))


def _priced(
    root: Path, now: Compilation, found: Sequence[tuple[TenantChange, Sequence[Deployed | None]]]
) -> tuple[TenantChange, ...]:
    """Changes with what they cost, each given with both sides."""
    if not found:
        return ()
    spec = load_platform(root)
    tenants = ((change, load_tenant(root, change.tenant, spec).tenant, s) for change, s in found)
    return tuple(replace(one, cost=_cost(tenant, now, *s)) for one, tenant, s in tenants)


def _sides(root: Path, now: Compilation, base: Base, wanted: Sequence[str]) -> tuple[Side, Side]:
    """Both sides, without tenants of whom one side cannot speak and those with equal files."""
    vocabulary = _vocabulary(now)
    later = compiled(now, "specs/", wanted)
    broken = tuple(name for name in later.broken if not wanted or name in wanted)
    if isinstance(base, Live):
        names = now.platform.labels
        left = live_side(base.prometheus, base.alertmanager, names, vocabulary)
        kept = {n: d for n, d in left.tenants.items() if not wanted or n in wanted}
        left, chosen = replace(left, tenants=kept), {*kept, *later.trees} - {FLEET}
    else:
        earlier = stored(root, base, wanted)
        earlier, later = earlier.differing(later), later.differing(earlier)
        chosen = {*earlier.trees, *later.trees} - {FLEET, *earlier.broken}
        same = {n for n in chosen if earlier.trees.get(n) == later.trees.get(n)}
        chosen -= same
        left = replace(earlier.side(sorted(chosen), vocabulary), same=tuple(sorted(same)))
    right = later.side(sorted(chosen), vocabulary)
    left = replace(left, tenants={n: d for n, d in left.tenants.items() if n not in broken})
    return left, replace(right, unread=tuple(f"{name} (it has errors)" for name in broken))


def _changes(
    now: Compilation, base: Base, left: Side, right: Side, tenants: tuple[TenantChange, ...]
) -> Changes:
    unread = [*left.unread, *right.unread]
    if right.fleet is None and left.fleet is not None:
        unread.append("what all tenants share")
    live = isinstance(base, Live)
    return Changes(
        before=left.name,
        after=right.name,
        tenants=tenants,
        fleet=_fleet(left.fleet, right.fleet, live),
        inhibitions=_fleet_inhibitions(left, now, _vocabulary(now)) if live else (),
        uncompared=tuple(unread),
    )


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
    left: Side, now: Compilation, vocabulary: Mapping[str, str]
) -> tuple[InhibitionChange, ...]:
    """Servers have one configuration for all tenants: its inhibit rules are told once."""
    before = next((one.alertmanager for one in left.tenants.values()), None)
    if before is None or now.fleet is None:
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


def _cost(
    tenant: Tenant | None, now: Compilation, before: Deployed | None, after: Deployed | None
) -> CostChange | None:
    """Both sides reckoned with what the spec says of metrics now; none without a spec."""
    if tenant is None or after is None:
        return None
    try:
        earlier = _figures(tenant, now, before.groups if before else ())
        later = _figures(tenant, now, after.groups)
    except PromqlError:
        return None
    return CostChange(earlier, later) if earlier != later else None


def _figures(tenant: Tenant, now: Compilation, groups: Sequence[RuleGroup]) -> Figures:
    cost = tenant_cost(tenant, now.platform, groups, groups)
    return Figures(
        cost.alerts,
        cost.rules,
        cost.groups,
        cost.recorded_series,
        cost.samples_per_second,
    )
