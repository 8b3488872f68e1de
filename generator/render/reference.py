"""The language reference in Markdown, made from the JSON Schemas: `docs/reference.md`.

`python -m generator.render.reference docs/reference.md` writes it; a test holds it fresh.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from importlib.resources import files
from pathlib import Path
from typing import Any

KINDS = {
    "tenant": "specs/tenants/<tenant>.yaml",
    "platform": "specs/platform.yaml",
    "pack": "specs/packs/<pack>.yaml",
    "controls": "specs/controls.yaml",
}
Schema = Mapping[str, Any]

_INTRODUCTION = """\
<!-- Generated from generator/spec/schema/*.json by make golden; do not edit. -->
# The language

Three kinds of files, all YAML 1.2. Every key is listed here with what it means; `<name>` stands
for a name you choose. A bold key must be there. `tocsin explain value TENANT KEY` shows where a
value comes from, and the schemas themselves (`tocsin schema tenant`) serve editors.
"""


def reference() -> str:
    """The whole document."""
    parts = [_INTRODUCTION]
    for kind, path in KINDS.items():
        text = (files("generator.spec") / "schema" / f"{kind}.json").read_text(encoding="utf-8")
        parts.append("\n".join(_Document(kind, json.loads(text)).lines(path)))
    return "\n".join(parts).rstrip("\n") + "\n"


class _Document:
    """One schema. Definitions are described where they are first met, and linked from then on."""

    def __init__(self, kind: str, schema: Schema) -> None:
        self.kind = kind
        self.schema = schema
        self.described: dict[str, str] = {}

    def lines(self, path: str) -> Iterator[str]:
        yield f"## {self.schema['title']}: `{path}`"
        yield ""
        yield from self._object(self.schema, "")

    def _resolved(self, schema: Schema) -> Schema:
        if "$ref" not in schema:
            return schema
        name = schema["$ref"].rsplit("/", 1)[1]
        rest = {key: value for key, value in schema.items() if key != "$ref"}
        return {**self.schema["$defs"][name], **rest}

    def _object(self, schema: Schema, path: str) -> Iterator[str]:
        if path:
            yield f"### {self.kind}: `{path}`"
            yield ""
        yield schema.get("description", "")
        yield ""
        rows = list(schema.get("properties", {}).items())
        below: list[tuple[str, Schema]] = []
        if rows:
            yield "| key | what | meaning | example |"
            yield "|---|---|---|---|"
        for key, value in rows:
            name = f"**`{key}`**" if key in schema.get("required", ()) else f"`{key}`"
            inner = f"{path}.{key}" if path else key
            what, found = self._what(value, inner)
            below += found
            told = self._resolved(value)
            cells = (name, what, told.get("description", ""), _example(told))
            yield f"| {' | '.join(_cell(cell) for cell in cells)} |"
        if rows:
            yield ""
        if not rows:
            what, found = self._what(schema, path)
            below += found
            yield f"Example: {_example(schema)}" if schema.get("examples") else f"It is {what}."
            yield ""
        for inner, value in below:
            yield from self._object(value, inner)

    def _what(self, schema: Schema, path: str) -> tuple[str, list[tuple[str, Schema]]]:
        """The type in words, and the objects to be described below it."""
        definition = schema.get("$ref", "").rsplit("/", 1)[-1]
        if definition in self.described:
            return f"the same as [`{self.described[definition]}`](#{self._anchor(definition)})", []
        full = self._resolved(schema)
        if full.get("properties"):
            if definition:
                self.described[definition] = path
            return "mapping, below", [(path, full)]
        extra = full.get("additionalProperties")
        if isinstance(extra, Mapping):
            what, found = self._what(extra, f"{path}.<name>")
            if definition and found:
                self.described[definition] = found[0][0]
            return f"names to {what}", found
        if "items" in full:
            what, found = self._what(full["items"], f"{path}[]")
            return f"list of {what}", found
        return _scalar(full, definition), []

    def _anchor(self, definition: str) -> str:
        path = f"{self.kind}: {self.described[definition]}".lower()
        kept = "".join(c for c in path if c.isalnum() or c in " -_")
        return kept.replace(" ", "-")


def _scalar(schema: Schema, definition: str) -> str:
    if definition == "duration":
        return "duration"
    if "enum" in schema:
        return "one of " + ", ".join(f"`{value}`" for value in schema["enum"])
    kinds = schema.get("type", "anything")
    names: Sequence[str] = [kinds] if isinstance(kinds, str) else kinds
    limits = [
        f"{words} {schema[key]}"
        for key, words in (
            ("minimum", "at least"),
            ("exclusiveMinimum", "above"),
            ("maximum", "at most"),
            ("exclusiveMaximum", "below"),
        )
        if key in schema
    ]
    return " ".join([" or ".join(names), *limits])


def _example(schema: Schema) -> str:
    examples = schema.get("examples")
    if not examples:
        return ""
    text = json.dumps(examples[0], ensure_ascii=False)
    if isinstance(examples[0], str):
        text = examples[0]
    return f"`` {text} ``" if "`" in text else f"`{text}`"


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")


def main(arguments: Sequence[str]) -> int:
    """Write the reference to the one path given, or print it."""
    if arguments:
        Path(arguments[0]).write_text(reference(), encoding="utf-8")
    else:
        sys.stdout.write(reference())
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
