"""Schema errors told in an SRE's words: place, what is wrong, what to write instead.

jsonschema finds the errors, all at once; this file only says them. Meaning (references, dates,
mathematics) is checked by the readers.
"""

from __future__ import annotations

import difflib
import json
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from importlib.resources import files
from typing import Any

import jsonschema

from generator.findings import Finding, Place, error
from generator.spec.misplaced import belongs, told
from generator.spec.source import Node, Path

SECRET_KEYS = {
    "api_url",
    "webhook_url",
    "routing_key",
    "service_key",
    "password",
    "auth_password",
    "credentials",
    "bearer_token",
    "token",
    "api_key",
    "access_key",
    "secret_key",
    "bridge_url",
    "app_token",
    "bot_token",
    "user_key",
    "api_secret",
    "token_id",
    "alert_source_token",
    "client_secret",
    "key",
}
"""Keys that hold a secret elsewhere; here only their `_file` form exists."""

_WORDS = {
    "object": "a mapping",
    "array": "a list",
    "string": "text",
    "number": "a number",
    "integer": "a whole number",
    "boolean": "true or false",
    "null": "empty",
}


@cache
def schema(kind: str) -> Mapping[str, Any]:
    """The published JSON Schema of a kind of file: tenant, platform, pack or controls.

    `rendered` is what a pack's content must be once its parameters are filled in: the tenant's
    own language, where no template stands for a number any more.
    """
    if kind == "rendered":
        return _rendered_schema()
    text = (files("generator.spec") / "schema" / f"{kind}.json").read_text(encoding="utf-8")
    loaded: Mapping[str, Any] = json.loads(text)
    return loaded


def _rendered_schema() -> Mapping[str, Any]:
    defs = schema("tenant")["$defs"]
    slo = {**defs["slo"], "required": ["objective", "sli"]}
    properties = {
        "alerts": {"$ref": "#/$defs/alerts"},
        "slos": {"type": "object", "additionalProperties": slo},
        "panels": {"type": "object", "additionalProperties": {"$ref": "#/$defs/panel"}},
        "metrics": {"$ref": "#/$defs/metrics"},
    }
    return {"type": "object", "properties": properties, "$defs": defs}


@cache
def _validator(kind: str) -> jsonschema.Draft202012Validator:
    return jsonschema.Draft202012Validator(schema(kind))


def validate(root: Node, kind: str) -> tuple[tuple[Finding, ...], frozenset[Path]]:
    """Findings of a file against its schema, and the paths of values that cannot be used.

    A value with only an unknown key can still be used; one of a wrong type cannot.
    """
    findings: list[Finding] = []
    unusable: set[Path] = set()
    for problem in _validator(kind).iter_errors(root.data()):
        path: Path = tuple(problem.absolute_path)
        findings += _told(problem, root, path, schema(kind))
        if problem.validator != "additionalProperties":
            unusable.add(path)
    return tuple(findings), frozenset(unusable)


def did_you_mean(word: str, known: Iterable[str]) -> str | None:
    """`did you mean 'x'?` for the nearest known word, None when none is near."""
    near = difflib.get_close_matches(word, list(known), n=1, cutoff=0.6)
    return f"did you mean {near[0]!r}?" if near else None


def no_tenant(name: str, known: Iterable[str]) -> str:
    """That nothing is known of a tenant who was named, and who may have been meant."""
    names = sorted(known)
    hint = did_you_mean(name, names) or f"there are: {', '.join(names) or 'none'}"
    return f"there is no tenant {name!r}; {hint}"


def one_of(node: Node, keys: Sequence[str], what: str, code: str) -> tuple[Finding, ...]:
    """A finding unless the mapping has exactly one of the keys; `what` names it: `an alert`."""
    found = [key for key in keys if node.get(key) is not None]
    if len(found) == 1:
        return ()
    listed = f"{', '.join(keys[:-1])} and {keys[-1]}"
    if not found:
        message = f"{what} has exactly one of {listed}; this one has none"
        return (error(code, message, node.place),)
    message = f"{what} has exactly one of {listed}; this one has {' and '.join(found)}"
    return (error(code, message, node.key_place(found[1]), "keep one of them"),)


def _told(problem: Any, root: Node, path: Path, language: Mapping[str, Any]) -> list[Finding]:
    node = root.at(path)
    rule = problem.validator
    if "propertyNames" in problem.absolute_schema_path:
        return [_bad_name(problem, node)]
    if rule == "additionalProperties":
        return _unknown_keys(problem, node, path, language)
    if rule == "required":
        return _missing_key(problem, node, path)
    if rule == "oneOf":
        keys = [key for way in problem.validator_value for key in way["required"]]
        return list(_alternatives(problem, node, path, keys))
    if rule == "dependentRequired":
        return [_missing_partner(problem, node, path)]
    message, hint = _value_problem(problem, path)
    return [error(f"bad-{_code(rule)}", message, _value_place(node, root, path), hint)]


def _value_place(node: Node, root: Node, path: Path) -> Place:
    """The value itself; for an empty value its key, because nothing else can be seen."""
    if node.kind == "scalar" and node.scalar is None and path and isinstance(path[-1], str):
        return root.at(path[:-1]).key_place(path[-1])
    return node.place


def _code(rule: str) -> str:
    names = {
        "type": "type",
        "enum": "choice",
        "pattern": "form",
        "minItems": "length",
        "minLength": "length",
        "minProperties": "length",
        "maxItems": "length",
    }
    return names.get(rule, "value")


MAX_UNKNOWN = 50
"""Unknown keys of one mapping that are told one by one."""


def _unknown_keys(
    problem: Any, node: Node, path: Path, language: Mapping[str, Any]
) -> list[Finding]:
    known = problem.schema.get("properties", {})
    findings: list[Finding] = []
    unknown = [key for key in problem.instance if key not in known]
    for key in unknown:
        if len(findings) == MAX_UNKNOWN:
            message = f"{told(path)} has {len(unknown) - MAX_UNKNOWN} more keys that it cannot have"
            return [*findings, error("unknown-key", message, _sized(node.key_place(key), key))]
        place = _sized(node.key_place(key), key)
        if key in SECRET_KEYS and f"{key}_file" in known:
            message = f"{key} would put a secret into the spec"
            hint = f"write {key}_file with the path of a file that holds it"
            findings.append(error("secret-in-spec", message, place, hint))
            continue
        message = f"{told(path)} has no key {key!r}"
        hint = (
            belongs(key, path, language)
            or did_you_mean(key, known)
            or f"it has: {', '.join(sorted(known))}"
        )
        findings.append(error("unknown-key", message, place, hint))
    return findings


def _missing_key(problem: Any, node: Node, path: Path) -> list[Finding]:
    missing = [k for k in problem.validator_value if f"'{k}' is a required" in problem.message]
    key = missing[0]
    if key.removesuffix("_file") in SECRET_KEYS and key.removesuffix("_file") in node.entries:
        return []  # told as a secret in the spec
    described = problem.schema["properties"].get(key, {})
    example = _example(described)
    message = f"{told(path)} needs the key {key!r}"
    hint = f"add {key}: {example}" if example else f"add {key}"
    return [error("missing-key", message, node.place, hint)]


def _alternatives(problem: Any, node: Node, path: Path, keys: Sequence[str]) -> Iterable[Finding]:
    """Several keys that stand for each other: exactly one is there, unless it is in plain."""
    plain = [key for key in node.entries if f"{key}_file" in keys and key in SECRET_KEYS]
    if any(key not in problem.schema["properties"] for key in plain):
        return ()  # told as a secret in the spec
    return one_of(node, keys, told(path), "channel-kind")


def _missing_partner(problem: Any, node: Node, path: Path) -> Finding:
    wanted = problem.validator_value
    key, missing = next(
        (key, other)
        for key in node.entries
        for other in wanted.get(key, ())
        if other not in node.entries
    )
    message = f"{told(path)} has {key} but no {missing}"
    example = _example(problem.schema["properties"].get(missing, {}))
    return error("missing-key", message, node.key_place(key), f"add {missing}: {example}")


def _bad_name(problem: Any, node: Node) -> Finding:
    name = str(problem.instance)
    pattern = str(problem.validator_value)
    if "A-Za-z_" in pattern or "a-zA-Z_" in pattern:
        hint = "use letters, digits and _; do not begin with a digit"
    elif "A-Z" not in pattern and "/" not in pattern:
        hint = "use lower-case letters, digits and '-'; begin with a letter or digit"
        if "_" in pattern:
            hint = "use lower-case letters, digits and '_', at most 31; begin with a letter"
    elif "/" in pattern:
        hint = "write the long and the short window: 1d/2h"
    else:
        hint = "use letters, digits, '-', '_' and '.', at most 63; begin with a letter or digit"
    place = _sized(node.key_place(name), name)
    return error("bad-name", f"{name!r} cannot be a name here", place, hint)


def _value_problem(problem: Any, path: Path) -> tuple[str, str | None]:
    value, rule, wanted = problem.instance, problem.validator, problem.validator_value
    name = told(path)
    hint = f"for example {_example(problem.schema)}" if _example(problem.schema) else None
    if rule == "type":
        types = [wanted] if isinstance(wanted, str) else list(wanted)
        allowed = " or ".join(_WORDS[t] for t in types)
        return f"{name} should be {allowed}, not {_said(value)}", hint
    if rule in ("enum", "const"):
        choices = wanted if rule == "enum" else [wanted]
        listed = ", ".join(str(c) for c in choices)
        near = did_you_mean(str(value), [str(c) for c in choices])
        return f"{name} cannot be {_said(value)}", near or f"it is one of: {listed}"
    if rule == "pattern" and "ms)?)$" in str(wanted):
        return f"{name}: {value!r} is not a duration", "write 30s, 5m, 1h30m or 30d"
    if rule == "pattern":
        return f"{name}: {value!r} is not of the right form", hint
    if rule in ("minItems", "minLength", "minProperties"):
        return f"{name} holds too little: at least {wanted} needed", hint
    if rule == "maxItems":
        return f"{name} holds more than {wanted}", hint
    if rule == "uniqueItems":
        return f"{name} names something twice", None
    bounds = {
        "minimum": f"at least {wanted}",
        "maximum": f"at most {wanted}",
        "exclusiveMinimum": f"more than {wanted}",
        "exclusiveMaximum": f"less than {wanted}",
    }
    return f"{name} should be {bounds.get(rule, 'another value')}, not {_said(value)}", hint


def _said(value: Any) -> str:
    if value is None:
        return "empty"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, dict):
        return "a mapping"
    if isinstance(value, list):
        return "a list"
    text = str(value) if not isinstance(value, str) else repr(value)
    return text if len(text) <= 60 else text[:57] + "…"


def _example(described: Mapping[str, Any]) -> str:
    examples = described.get("examples") or [""]
    text = json.dumps(examples[0], ensure_ascii=False) if examples[0] != "" else ""
    if isinstance(examples[0], str):
        text = examples[0]
    return text if len(text) <= 120 else ""


def _sized(place: Place, word: str) -> Place:
    return place.over(len(word))
