"""The compliance controls that are known: read, checked where specs name them, joined to packs."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path

from generator.findings import Finding, SpecError, Text, has_errors
from generator.spec.files import content
from generator.spec.model import Control, Framework
from generator.spec.packs import SHIPPED, Pack
from generator.spec.scalars import Reading, string, strings
from generator.spec.source import Node, read
from generator.spec.validate import did_you_mean, validate

OWN_CONTROLS = "templates/controls.yaml"
ADDED_CONTROLS = "specs/controls.yaml"


def read_controls(root: Path) -> tuple[dict[str, Framework], tuple[Finding, ...]]:
    """Tocsin's own frameworks, then what the repository's specs/controls.yaml adds; findings."""
    own = root if (root / OWN_CONTROLS).is_file() else SHIPPED
    frameworks: dict[str, Framework] = {}
    findings: list[Finding] = []
    for base, file in ((own, OWN_CONTROLS), (root, ADDED_CONTROLS)):
        path = base / file
        if not path.is_file():
            continue
        try:
            node = read(file, content(base, file))
        except SpecError as problem:
            findings += problem.findings
            continue
        told, _ = validate(node, "controls")
        findings += told
        if not has_errors(told):
            _add(node.at(("frameworks",)), frameworks)
    return frameworks, tuple(findings)


def _add(node: Node, frameworks: dict[str, Framework]) -> None:
    for name, _, value in node.values():
        known = frameworks.get(name, Framework(name, name, {}))
        declared = value.get("controls")
        added = {
            f"{name}:{short}": Control(f"{name}:{short}", string(title))
            for short, _, title in (declared.values() if declared else ())
        }
        title = string(value.get("title"), known.title)
        frameworks[name] = Framework(name, title, {**known.controls, **added})


def with_packs(frameworks: Mapping[str, Framework], packs: Iterable[Pack]) -> dict[str, Framework]:
    """The same, each control knowing the packs that bring evidence for it."""
    bringing: dict[str, list[str]] = {}
    for pack in packs:
        for control in pack_controls(pack):
            bringing.setdefault(control, []).append(pack.name)
    return {
        name: replace(
            framework,
            controls={
                key: replace(control, packs=tuple(bringing.get(key, ())))
                for key, control in framework.controls.items()
            },
        )
        for name, framework in frameworks.items()
    }


def pack_controls(pack: Pack) -> tuple[str, ...]:
    """The controls that a pack's alerts and SLOs give evidence for, sorted."""
    found: set[str] = set()
    for key in ("alerts", "slos"):
        node = pack.root.get(key)
        for _, _, value in node.values() if node else ():
            found |= set(strings(value.get("compliance")) or pack.compliance)
    return tuple(sorted(found))


def check_controls(root: Node, frameworks: Mapping[str, Framework], reading: Reading) -> None:
    """Findings where a tenant's spec or a pack names a control or framework that is not known."""
    whole = root.get("compliance")
    for item in whole.items if whole and "tenant" in root.entries else ():
        _check_framework(item, frameworks, reading)
    for item in _named(root):
        _check_control(item, frameworks, reading)


def _named(root: Node) -> Iterator[Node]:
    whole = root.get("compliance")
    if whole and "pack" in root.entries:
        yield from whole.items
    for key in ("alerts", "slos"):
        node = root.get(key)
        for _, _, value in node.values() if node and node.kind == "map" else ():
            given = value.get("compliance") if value.kind == "map" else None
            yield from given.items if given else ()


def _check_framework(item: Node, known: Mapping[str, Framework], reading: Reading) -> None:
    name = string(item)
    if name not in known:
        hint = did_you_mean(name, known)
        listed = f"there are: {', '.join(known)}; others are declared in {ADDED_CONTROLS}"
        place = item.place.over(len(name))
        message = f"there is no compliance framework {name!r}"
        reading.error("unknown-framework", message, place, hint or listed)


def _check_control(item: Node, known: Mapping[str, Framework], reading: Reading) -> None:
    name = string(item)
    framework, colon, _ = name.partition(":")
    found = known.get(framework)
    if found is not None and name in found.controls:
        return
    every = [control for one in known.values() for control in one.controls]
    hint = _meant(name, every)
    if hint is None and not colon:
        hint = "write framework:control, like soc2:A1.1"
    elif hint is None and found is None:
        hint = f"frameworks are: {', '.join(known)}; others are declared in {ADDED_CONTROLS}"
    elif hint is None:
        hint = f"declare it in {ADDED_CONTROLS} if it is one of yours"
    message = f"there is no compliance control {name!r}"
    text = item.text or Text(name, (item.place,))
    reading.error("unknown-control", message, text.at(0, len(name)), hint)


def _meant(name: str, every: list[str]) -> str | None:
    """The control whose id differs in letters' case, dots and spaces only, else the nearest."""

    def bare(text: str) -> str:
        return "".join(c for c in text.lower() if c.isalnum())

    same = [control for control in every if bare(control) == bare(name)]
    short = [control for control in every if bare(control.partition(":")[2]) == bare(name)]
    for found in (same, short):
        if len(found) == 1:
            return f"did you mean {found[0]!r}?"
    return did_you_mean(name, every)
