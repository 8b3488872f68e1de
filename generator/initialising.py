"""A new repository, or a new tenant in one: what `tocsin init` does."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path

from generator.compilation import compile_specs
from generator.deliver.output import OutputError
from generator.findings import Finding, Level, SpecError, in_order
from generator.spec.load import PLATFORM_FILE, TENANTS_FOLDER
from generator.spec.proposal import FoundService, PackUse, Proposal, platform_text, tenant_text

SCHEMAS = "specs/schema"


class AlreadyThere(Exception):
    """A file that would be overwritten; the message names it."""


@dataclass(frozen=True, slots=True)
class Begun:
    """What was written, by path, and what checking it found."""

    files: tuple[str, ...]
    proposal: Proposal
    findings: tuple[Finding, ...]


def first_services(names: Sequence[str], packs: Sequence[str]) -> Proposal:
    """A proposal without a server to ask: a service for each name, with these packs."""
    services = tuple(FoundService(name, {"job": name}) for name in names)
    uses = tuple(PackUse(pack, {}) for pack in packs)
    return Proposal("", "", services=services, packs=dict.fromkeys(names, uses))


def initialise(root: Path, proposal: Proposal, mail: str = "", force: bool = False) -> Begun:
    """Write a tenant's spec, and where they lack the platform and the schemas for editors.

    Of what is proposed, that is written which checks without an error. Raises AlreadyThere unless
    `force`, SpecError when not even the least can be written, OutputError.
    """
    tenant = f"{TENANTS_FOLDER}/{proposal.tenant}.yaml"
    if (root / tenant).exists() and not force:
        raise AlreadyThere(f"{tenant} is there already; --force writes it anew")
    base = {} if (root / PLATFORM_FILE).exists() else {PLATFORM_FILE: platform_text(mail)}
    chosen, findings = _sound(root, proposal, tenant, base)
    new = {**_schemas(root), **base, tenant: tenant_text(chosen)}
    try:
        for name, text in new.items():
            path = root / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
    except OSError as problem:
        raise OutputError(f"{problem.filename} cannot be written: {problem.strerror}") from problem
    return Begun(tuple(new), chosen, findings)


def _sound(
    root: Path, proposal: Proposal, tenant: str, base: Mapping[str, str]
) -> tuple[Proposal, tuple[Finding, ...]]:
    """The most of a proposal that checks cleanly, else without an error; and what is found."""
    found: list[tuple[Proposal, tuple[Finding, ...]]] = []
    for less in _lessening(proposal):
        findings = _checked(root, {**base, tenant: tenant_text(less)}, proposal.tenant)
        levels = {f.level for f in findings}
        if not levels & {Level.ERROR, Level.WARNING}:
            return less, findings
        found.append((less, findings))
    for less, findings in found:
        if all(f.level is not Level.ERROR for f in findings):
            return less, findings
    raise SpecError(found[-1][1])


def _lessening(proposal: Proposal) -> Iterator[Proposal]:
    yield proposal
    if not proposal.source:
        return  # what somebody asks for by name is not left out
    if proposal.metrics:
        yield proposal.without(metrics=True)
    if proposal.packs:
        yield proposal.without(packs=True)
        yield proposal.without(metrics=True, packs=True)


def _checked(root: Path, texts: Mapping[str, str], tenant: str) -> tuple[Finding, ...]:
    """What compiling finds of these files among the repository's shared ones."""
    with tempfile.TemporaryDirectory(prefix="tocsin-init-") as name:
        trial = Path(name)
        for part in ("specs", "templates"):
            if (root / part).is_dir():
                ignored = shutil.ignore_patterns("tenants")
                shutil.copytree(root / part, trial / part, ignore=ignored)
        for file, text in texts.items():
            path = trial / file
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
        try:
            return compile_specs(trial, [tenant]).findings
        except SpecError as problem:
            return in_order(problem.findings)


def _schemas(root: Path) -> Mapping[str, str]:
    """The schemas that the specs' first lines name, unless they are there."""
    folder = files("generator.spec") / "schema"
    return {
        f"{SCHEMAS}/{kind}.json": (folder / f"{kind}.json").read_text(encoding="utf-8")
        for kind in ("tenant", "platform")
        if not (root / SCHEMAS / f"{kind}.json").exists()
    }
