"""Packs: ready-made signals and panels, rendered with a service's parameters.

A pack's texts are Jinja2 with `[[ name ]]` and `[% if %]`, so that Go's `{{ }}` passes through.
The result is read like a tenant's own alerts, SLOs and panels.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from pathlib import Path as FilePath
from typing import Any

import jinja2
from jinja2.sandbox import SandboxedEnvironment

from generator.findings import Finding, Place, SpecError, Text, error, has_errors
from generator.promql.build import matchers_added
from generator.promql.problems import PromqlError
from generator.spec.scalars import Reading, flag, string, strings
from generator.spec.source import Node, core_scalar, read
from generator.spec.validate import did_you_mean, validate
from generator.values import Duration, plain

EXPRESSION_KEYS = frozenset(
    {"expr", "total", "errors", "good", "histogram", "metric", "selector", "capacity"}
)
"""Keys of a pack whose text is PromQL: the service's selector is spliced into it."""

MAX_RENDERED = 20_000


@dataclass(frozen=True, slots=True)
class Parameter:
    """One parameter of a pack, as the catalogue shows it."""

    name: str
    type: str
    default: Any
    required: bool
    description: str
    choices: tuple[str, ...]


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
    own = root if (root / OWN_PACKS).is_dir() else SHIPPED
    for base, folder in ((own, OWN_PACKS), (root, "specs/packs")):
        for path in sorted((base / folder).glob("*.yaml")):
            file = path.relative_to(base).as_posix()
            try:
                node = read(file, path.read_bytes())
            except SpecError as problem:
                findings += problem.findings
                continue
            told, _ = validate(node, "pack")
            findings += told
            if has_errors(told):
                continue
            pack = _pack(node, file)
            if pack.name != path.stem:
                place = node.at(("pack",)).place
                message = f"the file is named {path.stem}, the pack {pack.name}"
                findings.append(error("pack-name", message, place, "give both the same name"))
            if pack.name in packs:
                message = f"there is a pack {pack.name!r} in {packs[pack.name].file} already"
                findings.append(error("duplicate-name", message, node.at(("pack",)).place))
            packs[pack.name] = pack
    return packs, tuple(findings)


def _pack(node: Node, file: str) -> Pack:
    parameters = []
    declared = node.get("parameters")
    for name, _, value in declared.values() if declared else ():
        default = value.entries.get("default")
        parameters.append(
            Parameter(
                name,
                string(value.get("type")),
                default[1].data() if default else None,
                default is None,
                string(value.get("description")),
                strings(value.get("enum")),
            )
        )
    return Pack(
        name=string(node.get("pack")),
        title=string(node.get("title")),
        description=string(node.get("description")),
        category=string(node.get("category")),
        scoped=flag(node.get("scoped"), True),
        parameters=tuple(parameters),
        compliance=strings(node.get("compliance")),
        root=node,
        file=file,
    )


def parameters(pack: Pack, given: Node | None, place: Place, reading: Reading) -> dict[str, Any]:
    """The parameters' values: the user's where given, else the defaults; findings otherwise."""
    values: dict[str, Any] = {}
    known = {p.name: p for p in pack.parameters}
    for name, key_place, _ in given.values() if given is not None else ():
        if name not in known:
            message = f"the pack {pack.name} has no parameter {name!r}"
            hint = did_you_mean(name, known) or f"it has: {', '.join(known) or 'none'}"
            sized = Place(
                key_place.file, key_place.line, key_place.column, len(name), key_place.source
            )
            reading.error("unknown-parameter", message, sized, hint)
    for parameter in pack.parameters:
        node = given.get(parameter.name) if given is not None else None
        if node is None and parameter.required:
            message = f"the pack {pack.name} needs the parameter {parameter.name!r}"
            hint = f"{parameter.name}: {parameter.description}"
            reading.error("missing-parameter", message, place, hint)
            continue
        value = node.data() if node is not None else parameter.default
        at = node.place if node is not None else place
        values[parameter.name] = _checked(parameter, value, at, reading)
    return values


def _default(parameter: Parameter) -> Any:
    """The default as a value; something of the right type where it has none or a wrong one."""
    try:
        return _PARSERS[parameter.type](parameter.default)
    except (ValueError, TypeError, InvalidOperation):
        return {"boolean": False, "duration": "1m", "metric": "up"}.get(parameter.type, "1")


def _checked(parameter: Parameter, value: Any, place: Place, reading: Reading) -> Any:
    try:
        checked = _PARSERS[parameter.type](value)
    except (ValueError, TypeError, InvalidOperation):
        message = f"{parameter.name}: {value!r} is not {_TYPE_WORDS[parameter.type]}"
        reading.error("bad-parameter", message, place, parameter.description)
        return _default(parameter)
    if parameter.choices and str(checked) not in parameter.choices:
        message = f"{parameter.name} cannot be {value!r}"
        hint = f"it is one of: {', '.join(parameter.choices)}"
        reading.error("bad-parameter", message, place, hint)
    return checked


def _number(value: Any) -> str:
    if isinstance(value, bool):
        raise ValueError
    number = Decimal(str(value))
    if not number.is_finite():
        raise ValueError
    return plain(number)


def _ratio(value: Any) -> str:
    written = str(value)
    if isinstance(value, bool):
        raise ValueError
    percent = written.endswith("%")
    number = Decimal(written.removesuffix("%")) / (100 if percent else 1)
    if not 0 <= number <= 1:
        raise ValueError
    return plain(number)


def _integer(value: Any) -> str:
    if isinstance(value, bool) or int(value) != float(value):
        raise ValueError
    return str(int(value))


def _boolean(value: Any) -> bool:
    if not isinstance(value, bool):
        raise ValueError
    return value


def _text(value: Any) -> str:
    if not isinstance(value, str) or "[[" in value or "[%" in value:
        raise ValueError
    return value


def _metric(value: Any) -> str:
    text = _text(value)
    if not all(c.isalnum() or c in "_:" for c in text) or not text or text[0].isdigit():
        raise ValueError
    return text


_PARSERS = {
    "string": _text,
    "number": _number,
    "integer": _integer,
    "boolean": _boolean,
    "duration": lambda value: str(Duration.parse(_text(value))),
    "ratio": _ratio,
    "metric": _metric,
}
_TYPE_WORDS = {
    "string": "plain text",
    "number": "a number",
    "integer": "a whole number",
    "boolean": "true or false",
    "duration": "a duration like 5m",
    "ratio": "a ratio like 1% or 0.01",
    "metric": "a metric's name",
}


# --------------------------------------------------------------------------- rendering


def rendered(
    pack: Pack,
    values: Mapping[str, Any],
    service: str,
    selector: Mapping[str, str],
    reading: Reading,
) -> Node:
    """The pack's tree with every text rendered and every expression scoped to the service."""
    context = {**values, "service": {"name": service, "selector": dict(selector)}}
    matchers = tuple((name, "=", value) for name, value in selector.items())
    return _Rendering(context, matchers if pack.scoped else (), reading).node(pack.root, "")


def _seconds(value: str) -> str:
    return plain(Duration.parse(value).seconds)


def _percent(value: str) -> str:
    return plain(Decimal(value) * 100)


_JINJA = SandboxedEnvironment(
    variable_start_string="[[",
    variable_end_string="]]",
    block_start_string="[%",
    block_end_string="%]",
    comment_start_string="[#",
    comment_end_string="#]",
    undefined=jinja2.StrictUndefined,
    keep_trailing_newline=True,
    autoescape=False,  # the result is YAML text and PromQL, never HTML
)
_JINJA.filters["seconds"] = _seconds
_JINJA.filters["percent"] = _percent
_JINJA.globals.clear()


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
                self.name(k): (place, self.node(value, k))
                for k, (place, value) in node.entries.items()
                if k != "parameters"
            }
            return Node(node.place, "map", entries=entries)
        if node.kind == "list":
            return Node(node.place, "list", items=tuple(self.node(n, key) for n in node.items))
        return self.scalar(node, key)

    def name(self, key: str) -> str:
        return self.jinja(key, Place("", 1, 1)) if "[[" in key else key

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
            text = _JINJA.from_string(value).render(self.context)
        except (jinja2.TemplateError, ArithmeticError, TypeError, ValueError) as problem:
            self.reading.error("pack-template", f"the template fails: {problem}", place)
            return ""
        if len(text) > MAX_RENDERED:
            self.reading.error("pack-template", "the template's text is too long", place)
            return ""
        return text

    def scoped(self, expr: str, place: Place) -> str:
        try:
            return matchers_added(expr, self.matchers)
        except PromqlError as problem:
            first = problem.problems[0]
            self.reading.error("promql-syntax", first.message, place, first.hint)
            return expr
