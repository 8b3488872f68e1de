"""What one tenant is made of, and what it comes to: its record, its lines, its files.

Pure but for the code's own templates: the same text and recipe give the same on any machine.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from generator import __version__
from generator.cache import code
from generator.compilation import built, files_of
from generator.compile.derived import Kept
from generator.compile.fleet import layout_of, share_of
from generator.compile.oncall_findings import terms
from generator.coverage import counts_of
from generator.deliver.manifest import with_manifest
from generator.encoding import encoded
from generator.findings import Place, SpecError, has_errors, in_order
from generator.inputs import digest, shared_digest
from generator.ir.artifacts import Artifact
from generator.ir.build import Build
from generator.ir.cost import TenantCost
from generator.ir.rules import AlertRule
from generator.ir.share import Layout, Lines, Share
from generator.promql.isolate import Scope
from generator.records import Record
from generator.render.fleet import lines_of
from generator.spec.load import PLATFORM_FILE, PlatformSpec, tenant_of
from generator.spec.model import Platform
from generator.spec.packs import pack_files
from generator.verify.expectations import check_expectations
from generator.verify.reread import reread

_WORD = re.compile(rb"[A-Za-z0-9_-]+")

Origins = Mapping[tuple[str, str], Place]
"""(rule file's path, alert or record name) -> the spec's place."""


@dataclass(frozen=True, slots=True)
class Recipe:
    """What all tenants of a repository are made with."""

    spec: PlatformSpec
    layout: Layout
    packs: Mapping[str, str]
    """Every pack with its hash."""
    written: bytes
    """The platform's file."""
    shared: str
    """A hash of all but packs that every tenant is made of."""

    def key(self, text: bytes) -> str:
        """A hash of what a tenant with this text is made of, but for the packs that it uses."""
        return hashlib.sha256(self.shared.encode() + text).hexdigest()

    def packs_of(self, text: bytes) -> dict[str, str]:
        """The packs that a tenant may use, with their hashes: those that are named at all.

        Where a name may be written with an escape that is every one.
        """
        both = text + b"\n" + self.written
        if b"\\" in both:
            return dict(self.packs)
        words = set(_WORD.findall(both))
        return {name: made for name, made in self.packs.items() if name.encode() in words}

    def fresh(self, record: Record) -> bool:
        """Whether the packs that a record is made of are what they were."""
        return all(self.packs.get(name) == made for name, made in record.packs.items())


def recipe_of(root: Path, spec: PlatformSpec, tenants: int) -> Recipe:
    """The recipe of a repository with so many tenants. Raises SpecError for unreadable files."""
    layout = layout_of(spec.platform, tenants)
    packs = {path.stem: digest(path) for _, path in pack_files(root)}
    platform = spec.platform
    about = (
        code(),
        shared_digest(root),
        platform.frameworks,
        platform.grafana.dashboard_schema,
        layout,
        sorted(packs),
    )
    shared = hashlib.sha256(repr(about).encode()).hexdigest()
    return Recipe(spec, layout, packs, (root / PLATFORM_FILE).read_bytes(), shared)


@dataclass(frozen=True, slots=True)
class Made:
    """One tenant made; lines and cost are None when it has errors, files none as well."""

    record: Record
    cost: TenantCost | None = None
    lines: Lines | None = None
    artifacts: tuple[Artifact, ...] = ()
    origins: Origins | None = None


@dataclass(frozen=True, slots=True)
class Task:
    """A tenant to be made."""

    name: str
    text: bytes
    key: str
    whole: bool
    """With files; else for the fleet's alone."""
    proven: bool
    """With unit tests, whether they are written or not."""


def made(recipe: Recipe, task: Task, kept: Kept | None) -> Made:
    """A tenant from its text."""
    name, platform = task.name, recipe.spec.platform
    loaded = tenant_of(name, task.text, recipe.spec)
    record = Record(
        tenant=name,
        whole=task.whole,
        proven=task.proven,
        findings=loaded.findings,
        ignores=loaded.ignores,
        packs=recipe.packs_of(task.text),
    )
    if loaded.tenant is None:
        return Made(record)
    build, found = built(loaded, loaded.tenant, platform, task.proven, kept)
    record = replace(record, findings=found, terms=terms(loaded.tenant))
    if has_errors(found):
        return Made(record)
    artifacts = files_of(build, platform) if task.whole else ()
    found = in_order((*found, *reread(artifacts, scope_of(platform, name))))
    if has_errors(found):
        return Made(replace(record, findings=found))
    share, lines = share_of(build), lines_of(build, recipe.layout)
    record = replace(
        record,
        findings=found,
        expected=check_expectations(build) if task.whole else (),
        share=share,
        lines=_digest(share, lines),
        spec_hash=build.spec_hash,
        manifest=_manifest(artifacts, about(name, build.spec_hash)) if task.whole else "",
        counts=counts_of(build),
    )
    return Made(record, build.cost, lines, artifacts, origins_of(build))


def unreadable(name: str, problem: SpecError) -> Made:
    """A tenant whose file cannot be read."""
    return Made(Record(name, whole=True, proven=True, findings=problem.findings))


def about(name: str, spec_hash: str) -> dict[str, str]:
    """What the manifest of a tenant says besides its files."""
    return {
        "generator": f"tocsin {__version__}",
        "spec": spec_file(name),
        "spec_sha256": spec_hash,
        "tenant": name,
    }


def spec_file(name: str) -> str:
    """The file of a tenant, as findings and manifests name it."""
    return f"specs/tenants/{name}.yaml"


def scope_of(platform: Platform, tenant: str) -> Scope:
    """The isolation scope of a tenant."""
    label, target = platform.labels.tenant, platform.targets.prometheus
    return Scope(label, tenant, target, platform.shared_metrics)


def _digest(share: Share, lines: Lines) -> str:
    text = encoded(share, Share) + encoded(lines, Lines)
    return hashlib.sha256(text.encode()).hexdigest()


def _manifest(artifacts: tuple[Artifact, ...], said: Mapping[str, str]) -> str:
    return hashlib.sha256(with_manifest(artifacts, said)[-1].content).hexdigest()


def origins_of(build: Build) -> Origins:
    """Where the rules of a tenant come from."""
    origins: dict[tuple[str, str], Place] = {}
    for group in build.groups:
        for rule in group.rules:
            name = rule.alert if isinstance(rule, AlertRule) else rule.record
            if rule.origin is not None:
                file = f"{build.tenant}/prometheus/rules/{group.file}.yml"
                origins[file, name] = rule.origin
    return origins
