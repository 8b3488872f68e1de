"""A pack's parameters: what they may be, their defaults and presets, and the values a use gives.

A preset is a set of defaults that one word chooses: `convention: fastapi` names the metrics and
labels of that library at once. What a user gives himself wins over the preset, the preset over the
parameter's own default.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from typing import Any

from generator.findings import Place
from generator.spec.scalars import Reading, string, strings
from generator.spec.source import Node
from generator.spec.validate import did_you_mean
from generator.values import Duration, plain

ATTACHED = "panels"
"""The key of a pack's use that holds panels; no parameter may be called so."""


@dataclass(frozen=True, slots=True)
class Parameter:
    """One parameter of a pack, as the catalogue shows it."""

    name: str
    type: str
    default: Any
    required: bool
    description: str
    choices: tuple[str, ...]
    minimum: Any = None
    """The least value it may have, as written; None: no limit."""
    maximum: Any = None
    presets: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    """value of this parameter -> defaults of other parameters."""


def read_parameters(node: Node | None) -> tuple[Parameter, ...]:
    """The parameters that a pack declares, in its order."""
    return tuple(_parameter(name, value) for name, _, value in node.values()) if node else ()


def _parameter(name: str, node: Node) -> Parameter:
    def raw(key: str) -> Any:
        entry = node.entries.get(key)
        return entry[1].data() if entry else None

    return Parameter(
        name=name,
        type=string(node.get("type")),
        default=raw("default"),
        required="default" not in node.entries,
        description=" ".join(string(node.get("description")).split()),
        choices=strings(node.get("enum")),
        minimum=raw("minimum"),
        maximum=raw("maximum"),
        presets=raw("presets") or {},
    )


def check_parameters(declared: Sequence[Parameter], node: Node | None, reading: Reading) -> None:
    """Findings where a pack's own defaults, limits or presets cannot be used."""
    known = {p.name: p for p in declared}
    for parameter in declared:
        assert node is not None
        place = node.at((parameter.name,)).place
        if parameter.name == ATTACHED:
            message = f"no parameter can be called {ATTACHED}: it holds what a use attaches"
            reading.error("pack-parameter", message, place, "give it another name")
        limits = [("minimum", parameter.minimum), ("maximum", parameter.maximum)]
        for what, value in (*limits, ("default", parameter.default)):
            if value is not None:
                _checked(parameter, value, place, reading, f"the {what} of {parameter.name}")
        for choice, settings in parameter.presets.items():
            at = node.at((parameter.name, "presets", choice))
            if parameter.choices and choice not in parameter.choices:
                hint = did_you_mean(choice, parameter.choices)
                listed = f"it is one of: {', '.join(parameter.choices)}"
                message = f"{parameter.name} cannot be {choice!r}, which has a preset"
                reading.error("pack-preset", message, at.place, hint or listed)
            for name, value in settings.items():
                target = known.get(name)
                if target is None:
                    message = f"the preset {choice!r} sets {name!r}, which is no parameter"
                    hint = did_you_mean(name, known)
                    reading.error("pack-preset", message, at.at((name,)).place, hint)
                    continue
                _checked(target, value, at.at((name,)).place, reading, f"{choice}: {name}")


def parameter_values(
    declared: Sequence[Parameter], pack: str, given: Node | None, place: Place, reading: Reading
) -> dict[str, Any]:
    """Every parameter's value: the user's, else the chosen preset's, else the default.

    Unknown, missing and wrong ones are findings; a wrong one counts as its default.
    """
    known = {p.name: p for p in declared}
    for name, key_place, _ in given.values() if given is not None else ():
        if name not in known:
            message = f"the pack {pack} has no parameter {name!r}"
            hint = did_you_mean(name, known) or f"it has: {', '.join(known) or 'none'}"
            reading.error("unknown-parameter", message, key_place.over(len(name)), hint)
    own: dict[str, Any] = {}
    for parameter in declared:
        node = given.get(parameter.name) if given is not None else None
        if node is not None:
            value = node.data()
            own[parameter.name] = _checked(parameter, value, node.place, reading, parameter.name)
    preset = _chosen(declared, own)
    values: dict[str, Any] = {}
    for parameter in declared:
        if parameter.name in own:
            values[parameter.name] = own[parameter.name]
        elif parameter.name in preset or not parameter.required:
            values[parameter.name] = _parsed(
                parameter, preset.get(parameter.name, parameter.default)
            )
        else:
            message = f"the pack {pack} needs the parameter {parameter.name!r}"
            hint = f"{parameter.name}: {parameter.description}"
            reading.error("missing-parameter", message, place, hint)
    return values


def default_values(declared: Sequence[Parameter]) -> dict[str, Any]:
    """What the parameters are when none is given; for a required one its own name stands in."""
    preset = _chosen(declared, {})
    values = {}
    for parameter in declared:
        value = preset.get(parameter.name, parameter.default)
        named = parameter.required and parameter.type in ("string", "metric", "label", "regex")
        values[parameter.name] = parameter.name if named else _parsed(parameter, value)
    return values


def _chosen(declared: Sequence[Parameter], own: Mapping[str, Any]) -> dict[str, Any]:
    """Defaults that the values of parameters with presets choose; later parameters win."""
    preset: dict[str, Any] = {}
    for parameter in declared:
        word = str(own.get(parameter.name, preset.get(parameter.name, parameter.default)))
        preset |= parameter.presets.get(word, {})
    return preset


# --------------------------------------------------------------------------- single values


def _checked(parameter: Parameter, value: Any, place: Place, reading: Reading, told: str) -> Any:
    """The value as the templates need it; its default and a finding when it is none."""
    try:
        checked = _PARSERS[parameter.type](value)
    except (ValueError, TypeError, InvalidOperation):
        message = f"{told}: {value!r} is not {_TYPE_WORDS[parameter.type]}"
        reading.error("bad-parameter", message, place, parameter.description)
        return _parsed(parameter, parameter.default)
    if parameter.choices and str(checked) not in parameter.choices:
        message = f"{told} cannot be {value!r}"
        hint = did_you_mean(str(value), parameter.choices)
        listed = f"it is one of: {', '.join(parameter.choices)}"
        reading.error("bad-parameter", message, place, hint or listed)
        return _parsed(parameter, parameter.default)
    limit = _beyond(parameter, checked)
    if limit:
        reading.error("bad-parameter", f"{told}: {value} is {limit}", place, parameter.description)
        return _parsed(parameter, parameter.default)
    return checked


def _parsed(parameter: Parameter, value: Any) -> Any:
    """A default as a value; something of the right type where there is none or a wrong one."""
    try:
        return _PARSERS[parameter.type](value)
    except (ValueError, TypeError, InvalidOperation):
        return _STAND_INS.get(parameter.type, "1")


def _beyond(parameter: Parameter, checked: Any) -> str:
    """`below 1` or `above 30d` when the value lies outside the limits, else nothing."""
    size = _SIZES.get(parameter.type)
    if size is None:
        return ""
    for limit, word, sign in ((parameter.minimum, "below", -1), (parameter.maximum, "above", 1)):
        if limit is None:
            continue
        try:
            edge = size(_PARSERS[parameter.type](limit))
        except (ValueError, TypeError, InvalidOperation):
            continue
        if (size(checked) - edge) * sign > 0:
            return f"{word} {limit}"
    return ""


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
    """One line without a template: neither the pack's own nor Go's, which alerts would expand."""
    if not isinstance(value, str) or len(value) > _MAX_TEXT or not value.isprintable():
        raise ValueError
    if any(mark in value for mark in ("[[", "[%", "[#", "{{", "}}")):
        raise ValueError
    return value


def _metric(value: Any) -> str:
    return _matching(value, r"[a-zA-Z_:][a-zA-Z0-9_:]*")


def _label(value: Any) -> str:
    return _matching(value, r"[a-zA-Z_][a-zA-Z0-9_]*")


def _matching(value: Any, pattern: str) -> str:
    text = _text(value)
    if not re.fullmatch(pattern, text):
        raise ValueError
    return text


def _regex(value: Any) -> str:
    """A regular expression, written as it stands between the quotes of a matcher."""
    text = _text(value)
    try:
        re.compile(text)
    except re.error:
        raise ValueError from None
    if not text or not text.isprintable():
        raise ValueError
    return text.replace("\\", "\\\\").replace('"', '\\"')


_MAX_TEXT = 2_000
_PARSERS = {
    "string": _text,
    "number": _number,
    "integer": _integer,
    "boolean": _boolean,
    "duration": lambda value: str(Duration.parse(_text(value))),
    "ratio": _ratio,
    "metric": _metric,
    "label": _label,
    "regex": _regex,
}
_TYPE_WORDS = {
    "string": "plain text: one line, without a template",
    "number": "a number",
    "integer": "a whole number",
    "boolean": "true or false",
    "duration": "a duration like 5m",
    "ratio": "a ratio like 1% or 0.01",
    "metric": "a metric's name",
    "label": "a label's name",
    "regex": "a regular expression",
}
_STAND_INS: Mapping[str, Any] = {
    "boolean": False,
    "duration": "1m",
    "metric": "up",
    "label": "job",
    "regex": ".+",
}
_SIZES = {
    "number": Decimal,
    "integer": Decimal,
    "ratio": Decimal,
    "duration": lambda text: Decimal(Duration.parse(text).ms),
}
