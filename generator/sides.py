"""What `tocsin diff` compares: compiled specs, an output folder, a git revision, servers."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from generator.compilation import FLEET, Compilation, compile_specs
from generator.deliver.diff import folder as built_folder
from generator.deliver.diff.reading import deployed, deployed_fleet, is_compared
from generator.deliver.diff.revision import NoRevision, files_at, resolved, write_files
from generator.findings import SpecError
from generator.ir.artifacts import Artifact
from generator.ir.deployed import Side
from generator.servers.alertmanager import Alertmanager
from generator.servers.prometheus import Prometheus

OUTPUT, SPECS = "output", "specs"
Keep = Callable[[str], bool]
"""Whether a file, by its path below the output folder, is compared."""


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
class Stored:
    """A side as files: folder of output/ -> path -> content."""

    name: str
    trees: Mapping[str, Mapping[str, bytes]]
    broken: tuple[str, ...] = ()
    """Tenants that are there and whose specs have errors."""

    def differing(self, other: Stored) -> Stored:
        """The same without the fleet's files that are alike on both sides: they are large."""
        ours, theirs = self.trees.get(FLEET), other.trees.get(FLEET)
        if ours is None or theirs is None:
            return self
        rest = {path: content for path, content in ours.items() if content != theirs.get(path)}
        return replace(self, trees={**self.trees, FLEET: rest})

    def side(self, names: Sequence[str], vocabulary: Mapping[str, str]) -> Side:
        """These tenants and the fleet, read. Raises Unreadable."""
        fleet = self.trees.get(FLEET)
        return Side(
            self.name,
            {
                name: deployed(self.trees[name], vocabulary, f"{self.name}{name}")
                for name in names
                if name in self.trees
            },
            deployed_fleet(fleet, f"{self.name}{FLEET}") if fleet is not None else None,
            unread=tuple(f"{name} (its spec in {self.name} has errors)" for name in self.broken),
        )


def stored(root: Path, base: Built | Revision, wanted: Sequence[str]) -> Stored:
    """What there is of the wanted tenants (none: all). Raises NoRevision and ToolFailed."""
    keep = _keeping(wanted)
    if isinstance(base, Revision):
        return _revision(root, base, keep)
    return Stored(_shown(base.output, root), built_folder.trees(base.output, keep))


def compiled(now: Compilation, name: str, wanted: Sequence[str]) -> Stored:
    """What specs compile to, as files."""
    keep = _keeping(wanted)
    found = {tenant: one.artifacts for tenant, one in now.tenants.items() if one.build}
    if now.fleet is not None:
        found[FLEET] = now.fleet
    broken = tuple(tenant for tenant, one in now.tenants.items() if one.build is None)
    trees = {n: _kept(n, artifacts, keep) for n, artifacts in found.items()}
    return Stored(name, {n: tree for n, tree in trees.items() if tree}, broken)


def _kept(name: str, artifacts: Sequence[Artifact], keep: Keep) -> Mapping[str, bytes]:
    return {a.path: a.content for a in artifacts if keep(f"{name}/{a.path}")}


def _keeping(wanted: Sequence[str]) -> Keep:
    def keep(path: str) -> bool:
        name, _, rest = path.partition("/")
        return name == FLEET or ((not wanted or name in wanted) and is_compared(rest))

    return keep


def _shown(output: Path, root: Path) -> str:
    inside = output.resolve().is_relative_to(root.resolve())
    path = output.resolve().relative_to(root.resolve()) if inside else output
    return f"{path.as_posix()}/"


def _revision(root: Path, base: Revision, keep: Keep) -> Stored:
    commit = resolved(root, base.name)
    short = commit[:12]
    name = base.name if base.name.startswith(short[:7]) else f"{base.name} ({short})"
    if not base.specs:
        built = built_folder.split(files_at(root, commit, OUTPUT, keep))
        if built:
            return Stored(f"output/ of {name}", built)
    specs = files_at(root, commit, SPECS)
    if "platform.yaml" not in specs:
        raise NoRevision(f"{name} has neither output/ nor specs/platform.yaml")
    with tempfile.TemporaryDirectory(prefix="tocsin-") as folder:
        write_files(specs, Path(folder) / SPECS)
        try:
            then = compile_specs(Path(folder), proven=False)
        except SpecError as problem:
            first = problem.findings[0].message
            raise NoRevision(f"the specs of {name} do not compile: {first}") from None
    found = compiled(then, f"the specs of {name}", ())
    kept = {n: {p: c for p, c in t.items() if keep(f"{n}/{p}")} for n, t in found.trees.items()}
    return Stored(found.name, {n: t for n, t in kept.items() if t}, found.broken)
