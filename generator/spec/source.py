"""YAML 1.2 text to plain values that know their file, line and column.

PyYAML's C parser gives events; the values are made here by YAML 1.2's core rules, because
PyYAML's own constructor reads YAML 1.1 (`on` is true, `10:30` is 630). What the values mean is
not known here.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import yaml

from generator.findings import Finding, Place, SpecError, Text, error

MAX_BYTES = 5_000_000
MAX_DEPTH = 50
MAX_NODES = 200_000
"""Values in one file after aliases are expanded: a limit against alias bombs."""

Scalar = str | int | float | bool | None
Path = tuple[str | int, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Node:
    """One value of a file: a scalar, a list or a mapping, with its place.

    `text` is filled for scalars; `entries` maps a mapping's keys to (key's place, value).
    """

    place: Place
    kind: str
    """scalar, list or map."""
    scalar: Scalar = None
    text: Text | None = None
    items: tuple[Node, ...] = ()
    entries: Mapping[str, tuple[Place, Node]] = field(default_factory=dict)
    layer: str = ""
    """Which layer of defaults the value came from; empty: the file itself."""

    def get(self, key: str) -> Node | None:
        """The value of a mapping's key, None when it is not there or null."""
        entry = self.entries.get(key)
        if entry is None or (entry[1].kind == "scalar" and entry[1].scalar is None):
            return None
        return entry[1]

    def key_place(self, key: str) -> Place:
        """Where a mapping's key stands; the mapping's own place when it has no such key."""
        entry = self.entries.get(key)
        return entry[0] if entry else self.place

    def values(self) -> Iterator[tuple[str, Place, Node]]:
        """(key, key's place, value) of a mapping, in the file's order."""
        for key, (place, node) in self.entries.items():
            yield key, place, node

    def at(self, path: Path) -> Node:
        """The node at a path; the nearest existing one when the path leads nowhere."""
        node = self
        for step in path:
            if isinstance(step, int) and step < len(node.items):
                node = node.items[step]
            elif isinstance(step, str) and step in node.entries:
                node = node.entries[step][1]
            else:
                break
        return node

    def data(self) -> Any:
        """The plain value: dicts, lists and scalars."""
        if self.kind == "map":
            return {key: node.data() for key, (_, node) in self.entries.items()}
        if self.kind == "list":
            return [node.data() for node in self.items]
        return self.scalar


def read(file: str, content: bytes) -> Node:
    """The root of a file. `file` is the name that places show. Raises SpecError."""
    return _Reader(file, _decoded(file, content)).root()


def _decoded(file: str, content: bytes) -> str:
    start = Place(file, 1, 1)
    if len(content) > MAX_BYTES:
        raise SpecError([too_large(file, len(content))])
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as problem:
        before = content[: problem.start]
        line = before.count(b"\n") + 1
        column = len(before.rpartition(b"\n")[2].decode("utf-8", "replace")) + 1
        byte = f"0x{content[problem.start]:02x}"
        message = f"byte {byte} is not UTF-8"
        hint = "save the file as UTF-8"
        raise SpecError([error("not-utf8", message, Place(file, line, column), hint)]) from None
    if not text.strip():
        raise SpecError([error("empty-file", "the file is empty", start, "write a spec into it")])
    misleading = _misleading(file, text)
    if misleading:
        raise SpecError(misleading)
    return text


def too_large(file: str, size: int) -> Finding:
    """What is said of a file that is not read, because of its size in bytes."""
    message = f"the file has {size / 1e6:.1f} MB; {MAX_BYTES / 1e6:.0f} MB are allowed"
    return error("file-too-large", message, Place(file, 1, 1))


_DIRECTION = re.compile("[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]")
"""Characters that change the order in which a line is shown: https://www.unicode.org/reports/tr9/."""
_BREAKS = re.compile("[\x0b\x0c\x1c-\x1e\x85\u2028\u2029]")
"""What some programs, but not YAML 1.2, take for the end of a line."""
_INVISIBLE = re.compile("[\u00ad\u180e\u200b\u2060-\u2064\ufeff\U000e0000-\U000e007f]")
"""Characters without a width that no script needs; joiners, which some do, are not among them."""


def _misleading(file: str, text: str) -> list[Finding]:
    """Characters with which a reviewer would see another file than the one that is read."""
    findings = []
    for pattern, what in (
        (_DIRECTION, "changes the direction of the text: a reviewer sees another line"),
        (_BREAKS, "ends the line for some programs and not for others"),
        (_INVISIBLE, "is invisible"),
    ):
        for match in pattern.finditer(text):
            before = text[: match.start()]
            lines = re.split(r"\r\n|\r|\n", before)
            shown = re.split(r"\r\n|\r|\n", text)[len(lines) - 1]
            place = Place(file, len(lines), len(lines[-1]) + 1, 1, _visible(shown))
            message = f"the character U+{ord(match[0]):04X} {what}"
            findings.append(error("misleading-character", message, place, "remove it"))
            if len(findings) == MAX_MISLEADING:
                return findings
    return findings


MAX_MISLEADING = 20
"""Findings about such characters in one file; the others are told when these are mended."""


def _visible(line: str) -> str:
    for pattern in (_DIRECTION, _BREAKS, _INVISIBLE):
        line = pattern.sub("\ufffd", line)
    return line


class _Reader:
    """Makes nodes from the parser's events; one use, one file."""

    def __init__(self, file: str, text: str) -> None:
        self.file = file
        self.text = text
        self.lines = re.split(r"\r\n|\r|\n", text)
        self.anchors: dict[str, Node | None] = {}
        self.sizes: dict[int, int] = {}
        self.findings: list[Finding] = []

    def root(self) -> Node:
        events = self._events()
        node = self._document(events)
        if self.findings:
            raise SpecError(self.findings)
        assert node is not None
        return node

    def _events(self) -> Iterator[Any]:
        try:
            yield from yaml.parse(self.text, Loader=yaml.CSafeLoader)
        except yaml.MarkedYAMLError as problem:
            raise SpecError([*self.findings, self._syntax(problem)]) from None
        except yaml.reader.ReaderError as problem:
            raise SpecError([*self.findings, self._unreadable(problem)]) from None

    def _document(self, events: Iterator[Any]) -> Node | None:
        node: Node | None = None
        documents = 0
        for event in events:
            if isinstance(event, yaml.DocumentStartEvent):
                documents += 1
                if documents == 2:
                    place = self._place(event.start_mark)
                    message = "a second document begins here; a spec file holds one"
                    self.findings.append(error("second-document", message, place, "remove the ---"))
                    raise SpecError(self.findings)
                node = self._node(next(events), events, 1)
        if node is None:
            message = "the file holds only comments"
            self.findings.append(error("empty-file", message, Place(self.file, 1, 1)))
        return node

    def _node(self, event: Any, events: Iterator[Any], depth: int) -> Node:
        place = self._place(event.start_mark)
        if depth > MAX_DEPTH:
            message = f"nested deeper than {MAX_DEPTH} levels"
            raise SpecError([*self.findings, error("nested-too-deep", message, place)])
        if isinstance(event, yaml.AliasEvent):
            return self._alias(event, place)
        if event.anchor:
            self.anchors[event.anchor] = None
        if isinstance(event, yaml.ScalarEvent):
            node = self._scalar(event, place)
        elif isinstance(event, yaml.SequenceStartEvent):
            node = self._list(event, events, place, depth)
        else:
            node = self._map(event, events, place, depth)
        size = 1 + sum(self._size(n) for n in node.items)
        size += sum(self._size(n) for _, n in node.entries.values())
        self.sizes[id(node)] = size
        if size > MAX_NODES:
            message = f"the file holds more than {MAX_NODES:,} values once its aliases are expanded"
            raise SpecError([*self.findings, error("too-many-values", message, place)])
        if event.anchor:
            self.anchors[event.anchor] = node
        return node

    def _size(self, node: Node) -> int:
        return self.sizes.get(id(node), 1)

    def _alias(self, event: Any, place: Place) -> Node:
        if event.anchor not in self.anchors:
            message = f"*{event.anchor} refers to no anchor"
            hint = f"write &{event.anchor} before the value it should repeat"
            self.findings.append(error("unknown-anchor", message, place, hint))
            return Node(place, "scalar")
        node = self.anchors[event.anchor]
        if node is None:
            message = f"*{event.anchor} stands inside its own anchor"
            self.findings.append(error("recursive-alias", message, place))
            return Node(place, "scalar")
        return node

    def _list(self, event: Any, events: Iterator[Any], place: Place, depth: int) -> Node:
        self._refuse_tag(event, place, "tag:yaml.org,2002:seq")
        items = []
        for child in events:
            if isinstance(child, yaml.SequenceEndEvent):
                break
            items.append(self._node(child, events, depth + 1))
        return Node(place, "list", items=tuple(items))

    def _map(self, event: Any, events: Iterator[Any], place: Place, depth: int) -> Node:
        self._refuse_tag(event, place, "tag:yaml.org,2002:map")
        entries: dict[str, tuple[Place, Node]] = {}
        merged: list[Node] = []
        for child in events:
            if isinstance(child, yaml.MappingEndEvent):
                break
            key = self._node(child, events, depth + 1)
            value = self._node(next(events), events, depth + 1)
            if key.kind != "scalar" or key.text is None:
                message = "a key must be a plain word, not a list or a mapping"
                self.findings.append(error("key-not-text", message, key.place))
            elif key.text.value == "<<" and isinstance(child, yaml.ScalarEvent) and not child.style:
                merged += self._merge_sources(key, value)
            else:
                self._enter(entries, key, value)
        return Node(place, "map", entries=_with_merged(entries, merged))

    def _enter(self, entries: dict[str, tuple[Place, Node]], key: Node, value: Node) -> None:
        assert key.text is not None
        name = key.text.value
        if name in entries:
            first = entries[name][0]
            message = f"{name!r} is here twice; it stands in line {first.line} already"
            hint = "remove one of the two"
            self.findings.append(error("duplicate-key", message, key.place, hint))
            return
        entries[name] = (key.place, value)

    def _merge_sources(self, key: Node, value: Node) -> list[Node]:
        sources = [value] if value.kind == "map" else list(value.items)
        if any(source.kind != "map" for source in sources) or value.kind == "scalar":
            message = "<< takes a mapping or a list of mappings"
            self.findings.append(error("bad-merge", message, key.place))
            return []
        return sources

    def _scalar(self, event: Any, place: Place) -> Node:
        self._refuse_tag(event, place, "tag:yaml.org,2002:str")
        value: str = event.value
        text = Text(value, self._starts(event, place, value))
        plain = event.style in (None, "") and not event.tag
        scalar = core_scalar(value) if plain else value
        sized = Place(place.file, place.line, place.column, _shown_length(event), place.source)
        return Node(sized, "scalar", scalar, text)

    def _starts(self, event: Any, place: Place, value: str) -> tuple[Place, ...]:
        """Where each line of a scalar's value begins; a literal block maps line by line."""
        style, count = event.style, value.count("\n") + 1
        if style in ("'", '"'):
            return (self._at(place.line, place.column + 1),)
        if style != "|":
            return (place,) if style != ">" else (self._at(place.line + 1, 1),)
        body = self.lines[place.line : place.line + count]
        indents = [len(line) - len(line.lstrip(" ")) for line in body if line.strip()]
        column = (indents[0] if indents else 0) + 1
        return tuple(self._at(place.line + 1 + k, column) for k in range(count))

    def _refuse_tag(self, event: Any, place: Place, allowed: str) -> None:
        if event.tag and event.tag not in (allowed, "!"):
            written = event.tag.replace("tag:yaml.org,2002:", "!!")
            message = f"the tag {written} is not known here"
            self.findings.append(error("unknown-tag", message, place, "remove the tag"))

    def _place(self, mark: Any) -> Place:
        return self._at(mark.line + 1, mark.column + 1)

    def _at(self, line: int, column: int) -> Place:
        source = self.lines[line - 1] if line <= len(self.lines) else ""
        return Place(self.file, line, column, 1, source)

    def _syntax(self, problem: yaml.MarkedYAMLError) -> Finding:
        mark = problem.problem_mark or problem.context_mark
        place = self._place(mark) if mark else Place(self.file, 1, 1)
        here = place.source[place.column - 1 : place.column]
        if "\t" in (here, place.source[: place.column][-1:]) or (
            place.source[: place.column].lstrip(" ").startswith("\t")
        ):
            column = place.source.find("\t") + 1
            place = self._at(place.line, max(column, 1))
            return error("tab", "a tab cannot indent YAML", place, "use spaces")
        words = (problem.problem or "cannot be read").removeprefix("did not find expected ")
        message = _YAML_PROBLEMS.get(words, f"this is not YAML: {problem.problem}")
        return error("yaml-syntax", message, place, _YAML_HINTS.get(words))

    def _unreadable(self, problem: yaml.reader.ReaderError) -> Finding:
        position = problem.position if isinstance(problem.position, int) else 0
        before = self.text.encode()[:position].decode("utf-8", "replace")
        place = self._at(before.count("\n") + 1, len(before.rpartition("\n")[2]) + 1)
        found = next((c for c in self.text if not _printable(c)), "")
        if found:
            index = self.text.index(found)
            before = self.text[:index]
            place = self._at(before.count("\n") + 1, index - (before.rfind("\n") + 1) + 1)
            message = f"the character U+{ord(found):04X} is not allowed in YAML"
            return error("control-character", message, place, "remove it")
        return error("yaml-syntax", f"this is not YAML: {problem.reason}", place)


_YAML_PROBLEMS = {
    "key": "this line does not fit its neighbours: a key was expected here",
    "',' or '}'": "a } or a comma is missing before this",
    "',' or ']'": "a ] or a comma is missing before this",
    "'-' indicator": "a list item (- …) was expected here",
    "mapping values are not allowed in this context": "a colon with a space cannot stand here",
    "found unexpected end of stream": "a quote is opened and never closed",
    "could not find expected ':'": "a colon is missing after a key",
    "found character that cannot start any token": "a value cannot begin with this character",
}
_YAML_HINTS = {
    "key": "check the indentation",
    "mapping values are not allowed in this context": "check the indentation, or quote the value",
    "could not find expected ':'": "write key: value",
    "found character that cannot start any token": "put the value into quotes",
}


def _printable(char: str) -> bool:
    code = ord(char)
    return (
        char in "\t\n\r\x85"
        or 0x20 <= code <= 0x7E
        or 0xA0 <= code <= 0xD7FF
        or (0xE000 <= code <= 0xFFFD and code != 0xFEFF)
        or code >= 0x10000
    )


def _shown_length(event: Any) -> int:
    start, end = event.start_mark, event.end_mark
    if start.line == end.line:
        return max(1, int(end.column) - int(start.column))
    return 1


def _with_merged(
    own: dict[str, tuple[Place, Node]], merged: list[Node]
) -> dict[str, tuple[Place, Node]]:
    """Own keys win over merged ones, earlier merged mappings over later ones."""
    entries = dict(own)
    for source in merged:
        for key, entry in source.entries.items():
            entries.setdefault(key, entry)
    return entries


_NULLS = {"", "~", "null", "Null", "NULL"}
_TRUES = {"true", "True", "TRUE"}
_FALSES = {"false", "False", "FALSE"}
_INT = re.compile(r"[-+]?[0-9]+")
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?")


def core_scalar(text: str) -> Scalar:
    """A plain scalar by YAML 1.2's core schema: `1_000`, `on` and `10:30` are strings."""
    if text in _NULLS:
        return None
    if text in _TRUES:
        return True
    if text in _FALSES:
        return False
    if len(text) > 400:
        return text
    if _INT.fullmatch(text):
        return int(text)
    if re.fullmatch(r"0o[0-7]+", text):
        return int(text[2:], 8)
    if re.fullmatch(r"0x[0-9a-fA-F]+", text):
        return int(text[2:], 16)
    if _FLOAT.fullmatch(text):
        return float(text)
    if re.fullmatch(r"[-+]?\.(inf|Inf|INF)", text):
        return float("-inf") if text[0] == "-" else float("inf")
    if text in (".nan", ".NaN", ".NAN"):
        return float("nan")
    return text


def merged(base: Node, over: Node) -> Node:
    """`over` laid on `base`: mappings key by key, anything else replaced. Places are kept."""
    if base.kind != "map" or over.kind != "map":
        return over
    entries = dict(base.entries)
    for key, (place, node) in over.entries.items():
        if key in entries:
            entries[key] = (place, merged(entries[key][1], node))
        else:
            entries[key] = (place, node)
    return Node(over.place, "map", entries=entries, layer=over.layer)


def labelled(node: Node, layer: str) -> Node:
    """The same tree with every node marked as coming from a layer."""
    return Node(
        node.place,
        node.kind,
        node.scalar,
        node.text,
        tuple(labelled(n, layer) for n in node.items),
        {key: (place, labelled(n, layer)) for key, (place, n) in node.entries.items()},
        layer,
    )
