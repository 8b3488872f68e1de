"""Packs: ready-made signals and panels, rendered with a service's parameters.

A pack's texts are templates with `[[ name ]]` and `[% if %]` (see `pack_template`), so that Go's
`{{ }}` passes through.
The result is read like a tenant's own alerts, SLOs and panels.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path as FilePath
from typing import Any

import jinja2

from generator.findings import Finding, Place, SpecError, Text, error, has_errors
from generator.promql.build import matchers_added
from generator.promql.problems import PromqlError
from generator.spec.files import content, yaml_files
from generator.spec.pack_parameters import Parameter, check_parameters, read_parameters
from generator.spec.pack_template import holds, render
from generator.spec.scalars import Reading, flag, string, strings
from generator.spec.secrets import secrets_in
from generator.spec.source import Node, Path, core_scalar, read
from generator.spec.validate import validate

EXPRESSION_KEYS = frozenset(
    {"expr", "total", "errors", "good", "histogram", "metric", "selector", "capacity"}
)
"""Keys of a pack whose text is PromQL: the service's selector is spliced into it."""


@dataclass(frozen=True, slots=True)
class Pack:
    """A pack file, checked against its schema but not yet rendered."""

    name: str
    title: str
    description: str
    category: str
    scoped: bool
    parameters: tuple[Parameter, ...]
    compliance: tuple[str, ...]
    root: Node
    file: str

    def alert_names(self) -> tuple[str, ...]:
        """The names of its alerts, in the file's order."""
        alerts = self.root.get("alerts")
        return tuple(key for key, _, _ in alerts.values()) if alerts else ()


OWN_PACKS = "templates/packs"
SHIPPED = FilePath(__file__).parent.parent.parent
"""Where Tocsin itself lies, with its templates."""


def read_packs(root: FilePath) -> tuple[dict[str, Pack], tuple[Finding, ...]]:
    """Tocsin's own packs, then the repository's specs/packs, and their findings.

    A repository with a folder templates/packs has its own copy of Tocsin's packs.
    """
    packs: dict[str, Pack] = {}
    findings: list[Finding] = []
    for base, path in pack_files(root):
        file = path.relative_to(base).as_posix()
        try:
            pack, told = _read_pack(file, content(base, file))
        except SpecError as problem:
            findings += problem.findings
            continue
        findings += told
        if pack is None:
            continue
        if pack.name in packs:
            message = f"there is a pack {pack.name!r} in {packs[pack.name].file} already"
            findings.append(error("duplicate-name", message, pack.root.at(("pack",)).place))
        packs[pack.name] = pack
    return packs, tuple(findings)


@lru_cache(maxsize=256)
def _read_pack(file: str, written: bytes) -> tuple[Pack | None, tuple[Finding, ...]]:
    """A pack's file, read once for each text that it has in this process; None with errors."""
    findings = list(secrets_in(file, written.decode("utf-8-sig", "replace")))
    try:
        node = read(file, written)
    except SpecError as problem:
        return None, (*findings, *problem.findings)
    told, _ = validate(node, "pack")
    findings += told
    if has_errors(told):
        return None, tuple(findings)
    pack, reading = _pack(node, file), Reading()
    check_parameters(pack.parameters, node.get("parameters"), reading)
    findings += reading.findings
    stem = FilePath(file).stem
    if pack.name != stem:
        place = node.at(("pack",)).place
        message = f"the file is named {stem}, the pack {pack.name}"
        findings.append(error("pack-name", message, place, "give both the same name"))
    return pack, tuple(findings)


def pack_files(root: FilePath) -> tuple[tuple[FilePath, FilePath], ...]:
    """(folder that a pack's file is named from, its path) of every pack, in order of reading."""
    own = root if (root / OWN_PACKS).is_dir() else SHIPPED
    folders = ((own, OWN_PACKS), (root, "specs/packs"))
    return tuple((base, path) for base, folder in folders for path in yaml_files(base / folder))


def _pack(node: Node, file: str) -> Pack:
    return Pack(
        name=string(node.get("pack")),
        title=string(node.get("title")),
        description=string(node.get("description")),
        category=string(node.get("category")),
        scoped=flag(node.get("scoped"), True),
        parameters=read_parameters(node.get("parameters")),
        compliance=strings(node.get("compliance")),
        root=node,
        file=file,
    )


# --------------------------------------------------------------------------- rendering


@dataclass(frozen=True, slots=True)
class Rendered:
    """A pack for one service, and what its schema says of it."""

    node: Node
    findings: tuple[Finding, ...]
    unusable: frozenset[Path]


def rendered(
    pack: Pack, values: Mapping[str, Any], service: str, selector: Mapping[str, str]
) -> Rendered:
    """The pack's tree with every text rendered and every expression scoped to the service.

    Services of many tenants use a pack in the same way: one of them is rendered.
    """
    return _rendered(_Use(pack, values, service, tuple(selector.items())))


class _Use:
    """A pack in use, told from others by what it is filled with."""

    def __init__(
        self,
        pack: Pack,
        values: Mapping[str, Any],
        service: str,
        selector: tuple[tuple[str, str], ...],
    ) -> None:
        self.pack, self.values, self.service, self.selector = pack, values, service, selector
        self.key = (id(pack), repr(values), service, selector)

    def __hash__(self) -> int:
        return hash(self.key)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Use) and self.pack is other.pack and self.key == other.key


@lru_cache(maxsize=1024)
def _rendered(use: _Use) -> Rendered:
    reading = Reading()
    context = {**use.values, "service": {"name": use.service, "selector": dict(use.selector)}}
    matchers = tuple((name, "=", value) for name, value in use.selector)
    node = _Rendering(context, matchers if use.pack.scoped else (), reading).node(use.pack.root, "")
    told, unusable = validate(node, "rendered")
    return Rendered(node, (*reading.findings, *told), unusable)


class _Rendering:
    """One pack for one service."""

    def __init__(
        self,
        context: Mapping[str, Any],
        matchers: tuple[tuple[str, str, str], ...],
        reading: Reading,
    ) -> None:
        self.context = context
        self.matchers = matchers
        self.reading = reading

    def node(self, node: Node, key: str) -> Node:
        if node.kind == "map":
            entries = {
                self.name(k, place): (place, self.node(value, k))
                for k, (place, value) in node.entries.items()
                if k not in ("parameters", "when") and self.wanted(value)
            }
            return Node(node.place, "map", entries=entries)
        if node.kind == "list":
            kept = tuple(self.node(n, key) for n in node.items if self.wanted(n))
            return Node(node.place, "list", items=kept)
        return self.scalar(node, key)

    def wanted(self, node: Node) -> bool:
        """Whether the condition that an entry stands under holds; without one it does."""
        condition = node.get("when") if node.kind == "map" else None
        if condition is None:
            return True
        try:
            return holds(string(condition), self.context)
        except (jinja2.TemplateError, ArithmeticError, TypeError, ValueError) as problem:
            message = f"the condition fails: {problem}"
            self.reading.error("pack-template", message, condition.place)
            return True

    def name(self, key: str, place: Place) -> str:
        return self.jinja(key, place) if "[[" in key or "[%" in key else key

    def scalar(self, node: Node, key: str) -> Node:
        if node.text is None or not isinstance(node.scalar, str):
            return node
        value = node.text.value
        new = self.jinja(value, node.place) if "[[" in value or "[%" in value else value
        if key in EXPRESSION_KEYS and new.strip():
            new = self.scoped(new, node.place)
        if new == value:
            return node
        starts = node.text.starts
        if new.count("\n") + 1 != len(starts):
            starts = (node.place,)
        whole = value.startswith("[[") and value.endswith("]]")
        scalar = core_scalar(new) if whole else new
        return Node(node.place, "scalar", scalar, Text(new, starts))

    def jinja(self, value: str, place: Place) -> str:
        try:
            return render(value, self.context)
        except (jinja2.TemplateError, ArithmeticError, TypeError, ValueError) as problem:
            self.reading.error("pack-template", f"the template fails: {problem}", place)
            return ""

    def scoped(self, expr: str, place: Place) -> str:
        try:
            return matchers_added(expr, self.matchers)
        except PromqlError as problem:
            first = problem.problems[0]
            self.reading.error("promql-syntax", first.message, place, first.hint)
            return expr
