"""Files to the typed model: layers merged, packs read, references resolved, findings gathered.

The only part of `spec` that reads files.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import reduce
from pathlib import Path

from generator.findings import Finding, Place, SpecError, has_errors, in_order
from generator.promql.isolate import TENANT_ID
from generator.spec.controls import check_controls, read_controls, with_packs
from generator.spec.files import content, reserved_name, yaml_files
from generator.spec.ignores import Ignore, read_ignores
from generator.spec.model import Fleet, Platform, Tenant
from generator.spec.packs import Pack, read_packs
from generator.spec.read_notify import (
    Known,
    read_people,
    read_policies,
    read_windows,
)
from generator.spec.read_platform import read_platform
from generator.spec.read_schedules import Staffing, read_holidays, read_schedules
from generator.spec.read_services import Surroundings
from generator.spec.read_tenant import read_tenant
from generator.spec.scalars import Reading, string
from generator.spec.secrets import secrets_in, without_repeats
from generator.spec.source import Node, labelled, merged, read
from generator.spec.source import Path as KeyPath
from generator.spec.validate import validate

PLATFORM_FILE = "specs/platform.yaml"
TENANTS_FOLDER = "specs/tenants"
SHARED_KEYS = ("channels", "people", "oncall", "holidays", "escalation", "time_windows")
"""Top-level maps of the platform that every tenant may use by name."""
TAKEN = frozenset({"fleet"})
"""Folders of output/ that are no tenant's."""


@dataclass(frozen=True, slots=True)
class PlatformSpec:
    """The platform with all that reading a tenant needs."""

    platform: Platform
    root: Node
    packs: Mapping[str, Pack]
    findings: tuple[Finding, ...]
    ignores: tuple[Ignore, ...] = ()


@dataclass(frozen=True, slots=True)
class TenantSpec:
    """One tenant as read; None with an error among the findings when it cannot be used."""

    name: str
    tenant: Tenant | None
    findings: tuple[Finding, ...]
    ignores: tuple[Ignore, ...] = ()


def load_platform(root: Path) -> PlatformSpec:
    """The platform and the packs of a repository. Raises SpecError when they have errors."""
    written = content(root, PLATFORM_FILE)
    secrets = _secrets(PLATFORM_FILE, written)
    try:
        node = read(PLATFORM_FILE, written)
    except SpecError as problem:
        raise SpecError(without_repeats(problem.findings, secrets)) from None
    told, unusable = validate(node, "platform")
    told = without_repeats(told, secrets)
    ignores, ignore_findings = read_ignores(PLATFORM_FILE, written)
    packs, pack_findings = read_packs(root)
    frameworks, control_findings = read_controls(root)
    reading = Reading([*told, *ignore_findings, *pack_findings, *control_findings], unusable)
    if has_errors(told):
        raise SpecError(reading.findings)
    for pack in packs.values():
        check_controls(pack.root, frameworks, reading)
    platform = replace(
        read_platform(node, reading), frameworks=with_packs(frameworks, packs.values())
    )
    _check_shared(node, reading)
    if has_errors(reading.findings):
        raise SpecError(reading.findings)
    return PlatformSpec(platform, node, packs, in_order(reading.findings), ignores)


def load_tenant(root: Path, name: str, spec: PlatformSpec) -> TenantSpec:
    """One tenant of a repository, with what is wrong with it. Raises nothing for a bad spec."""
    try:
        written = tenant_text(root, name)
    except SpecError as problem:
        return TenantSpec(name, None, problem.findings)
    return tenant_of(name, written, spec)


def tenant_text(root: Path, name: str) -> bytes:
    """The file of a tenant. Raises SpecError when it cannot be read."""
    return content(root, f"{TENANTS_FOLDER}/{name}.yaml")


def tenant_of(name: str, written: bytes, spec: PlatformSpec) -> TenantSpec:
    """A tenant from the text of its file, with what is wrong with it: reads nothing else."""
    file = f"{TENANTS_FOLDER}/{name}.yaml"
    secrets = _secrets(file, written)
    try:
        node = read(file, written)
    except SpecError as problem:
        return TenantSpec(name, None, in_order(without_repeats(problem.findings, secrets)))
    told, unusable = validate(node, "tenant")
    ignores, ignore_findings = read_ignores(file, written)
    reading = Reading([*told, *ignore_findings], unusable)
    if node.kind != "map" or "tenant" not in node.entries or not reading.usable("tenant"):
        return TenantSpec(name, None, in_order(without_repeats(reading.findings, secrets)))
    _check_name(node, name, reading)
    whole = _pruned(_layered(node, spec.root, reading), unusable)
    around = Surroundings(spec.platform, spec.root.get("packs"), spec.packs)
    check_controls(whole, spec.platform.frameworks, reading)
    tenant = read_tenant(whole, written, around, reading)
    findings = in_order(without_repeats(reading.findings, secrets))
    return TenantSpec(name, None if has_errors(findings) else tenant, findings, ignores)


def load_fleet(root: Path, tenants: Sequence[str] = ()) -> Fleet:
    """The platform and the named tenants (none: all). Raises SpecError with every finding."""
    spec = load_platform(root)
    loaded = [load_tenant(root, name, spec) for name in tenants or tenant_names(root)]
    findings = [f for one in loaded for f in one.findings]
    if has_errors(findings):
        raise SpecError(findings)
    return Fleet(spec.platform, {one.name: one.tenant for one in loaded if one.tenant})


def tenant_names(root: Path) -> tuple[str, ...]:
    """The tenants of a repository, from their files' names, sorted."""
    return tuple(path.stem for path in yaml_files(root / TENANTS_FOLDER))


def explain_value(root: Path, name: str, path: KeyPath) -> tuple[tuple[str, str, Place], ...]:
    """Where a tenant's value comes from: (layer, value, place), the one that counts last.

    Raises SpecError when the files cannot be read.
    """
    platform = _read(root, PLATFORM_FILE)
    file = f"{TENANTS_FOLDER}/{name}.yaml"
    tenant = _read(root, file)
    layers = _layers(platform, string(tenant.get("tier")))
    found = []
    for layer, node in [*layers, (file, tenant)]:
        value = node.at(path)
        if _reaches(node, path):
            found.append((layer, _shown(value), value.place))
    return tuple(found)


def _reaches(node: Node, path: KeyPath) -> bool:
    for index in range(len(path)):
        here, step = node.at(path[:index]), path[index]
        there = step in here.entries if isinstance(step, str) else step < len(here.items)
        if not there:
            return False
    return True


def _shown(node: Node) -> str:
    return string(node) if node.kind == "scalar" else str(node.data())


def _read(root: Path, file: str) -> Node:
    return read(file, content(root, file))


def _secrets(file: str, text: bytes) -> tuple[Finding, ...]:
    return secrets_in(file, text.decode("utf-8-sig", "replace"))


def _check_name(node: Node, name: str, reading: Reading) -> None:
    written = node.at(("tenant",))
    if string(written) != name:
        message = f"the file is named {name}, the tenant {string(written)}"
        reading.error("tenant-name", message, written.place, "give both the same name")
    if not TENANT_ID.fullmatch(string(written)):
        hint = "use a-z, 0-9 and -, at most 63, no - at either end"
        message = f"{string(written)!r} cannot be a tenant's id"
        reading.error("tenant-name", message, written.place, hint)
    if reserved_name(name) or name in TAKEN:
        why = "a folder of Tocsin's own" if name in TAKEN else "the name of a device on Windows"
        message = f"{name!r} cannot be a tenant's id: it is {why}"
        reading.error("tenant-name", message, written.place, f"for example {name}-1")


# --------------------------------------------------------------------------- layers


def _layers(platform: Node, tier: str) -> list[tuple[str, Node]]:
    """The layers below a tenant's own file, the weakest first, as partial tenant specs."""
    shared = Node(
        platform.place,
        "map",
        entries={k: v for k, v in platform.entries.items() if k in SHARED_KEYS},
    )
    layers = [("platform", shared)]
    defaults = platform.get("defaults")
    if defaults is not None:
        layers.append(("platform defaults", defaults))
    tiers = platform.get("tiers")
    chosen = tiers.get(tier) if tiers is not None and tier else None
    if chosen is not None:
        layers.append((f"tier {tier}", chosen))
    return layers


def _layered(node: Node, platform: Node, reading: Reading) -> Node:
    tier_node, tiers = node.get("tier"), platform.get("tiers")
    if tier_node is not None:
        known = tiers.entries if tiers is not None else {}
        reading.reference(string(tier_node), known, "tier", tier_node.place)
    layers = [labelled(n, name) for name, n in _layers(platform, string(tier_node))]
    base = reduce(merged, layers)
    whole = merged(base, node)
    return Node(node.place, "map", entries=whole.entries)


def _pruned(node: Node, unusable: frozenset[KeyPath]) -> Node:
    """Without top-level values that are of the wrong type altogether."""
    broken = {path[0] for path in unusable if len(path) == 1}
    return Node(
        node.place, "map", entries={k: v for k, v in node.entries.items() if k not in broken}
    )


def _check_shared(root: Node, reading: Reading) -> None:
    """What the platform itself defines must hold by itself, whether a tenant uses it or not."""
    people = read_people(root.get("people"), reading)

    def names(key: str) -> dict[str, object]:
        node = root.get(key)
        return dict.fromkeys(node.entries, True) if node else {}

    windows = read_windows(root.get("time_windows"), "UTC", reading)
    days = read_holidays(root.get("holidays"), reading)
    staffing = Staffing(
        names("people"), windows, names("time_windows"), days, names("holidays"), "UTC"
    )
    schedules = read_schedules(root.get("oncall"), staffing, reading)
    known = Known(names("channels"), people, names("people"), schedules, windows)
    read_policies(root.get("escalation"), known, reading)
