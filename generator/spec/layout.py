"""A YAML file laid out: keys in canonical order, each with its comments, and nothing else moved.

Only whole lines of block mappings and whole entries of flow mappings change places; what an
author wrote, quotes and comments, stays byte for byte.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import yaml

from generator.spec.canonical import Shape


@dataclass(slots=True)
class _Piece:
    """A value with where it begins and ends: (line, column), the end of its last content."""

    kind: str
    start: tuple[int, int]
    end: tuple[int, int]
    text: str = ""
    flow: bool = False
    empty: bool = False
    tied: bool = False
    """It cannot move: an anchor or an alias is in it, or a text that keeps blank lines (|+)."""
    items: list[_Piece] = field(default_factory=list)
    entries: list[tuple[_Piece, _Piece]] = field(default_factory=list)
    last: int = 0
    """The last line, with the comments below it that are indented deeper than its keys."""


def laid_out(text: str, kind: str) -> str:
    """The text of a file of a kind (tenant, platform, pack, controls) in canonical layout.

    The text must be one that `source.read` reads.
    """
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    root = _parsed("\n".join(lines))
    if root is None or len(lines) - 1 in _scalar_lines(root):
        return text  # a text that ends without a newline would get one
    _extend(root, lines)
    _reorder(root, Shape(kind), lines)
    again = _parsed("\n".join(lines))
    held = _scalar_lines(again) if again is not None else frozenset()
    tidy = [line if k in held else line.rstrip(" \t") for k, line in enumerate(lines)]
    while len(tidy) > 1 and not tidy[-1] and len(tidy) - 1 not in held:
        tidy.pop()
    return "\n".join([*tidy, ""])


# --------------------------------------------------------------------------- reading


def _parsed(text: str) -> _Piece | None:
    lines = text.split("\n")
    events = iter(yaml.parse(text, Loader=yaml.CSafeLoader))
    for event in events:
        if isinstance(event, yaml.DocumentStartEvent):
            return _piece(next(events), events, lines)
    return None


def _piece(event: Any, events: Iterator[Any], lines: Sequence[str]) -> _Piece:
    start = (event.start_mark.line, event.start_mark.column)
    tied = bool(event.anchor)
    if isinstance(event, yaml.AliasEvent):
        return _Piece("alias", start, _end(event), tied=True)
    if isinstance(event, yaml.ScalarEvent):
        block = event.style in ("|", ">")
        end = _block_end(event, lines) if block else _end(event)
        tied = tied or (block and "+" in _header(event, lines))
        empty = event.value == "" and event.style in (None, "")
        return _Piece("scalar", start, end, event.value, empty=empty, tied=tied)
    piece = _Piece("list", start, start, flow=bool(event.flow_style), tied=tied)
    if isinstance(event, yaml.MappingStartEvent):
        piece.kind = "map"
    for child in events:
        if isinstance(child, (yaml.SequenceEndEvent, yaml.MappingEndEvent)):
            if piece.flow:
                piece.end = _end(child)
            break
        found = _piece(child, events, lines)
        _take(piece, found, _piece(next(events), events, lines) if piece.kind == "map" else None)
    return piece


def _take(piece: _Piece, found: _Piece, value: _Piece | None) -> None:
    last = found if value is None or value.empty else value
    piece.end = max(piece.end, found.end, last.end)
    piece.tied = piece.tied or found.tied or (value is not None and value.tied)
    if value is None:
        piece.items.append(found)
    else:
        piece.entries.append((found, value))


def _end(event: Any) -> tuple[int, int]:
    return event.end_mark.line, event.end_mark.column


def _block_end(event: Any, lines: Sequence[str]) -> tuple[int, int]:
    """The last line of a literal or folded scalar; blank lines at its end count where kept (+)."""
    line = event.end_mark.line - (1 if event.end_mark.column == 0 else 0)
    line = min(line, len(lines) - 1)
    keeps = "+" in _header(event, lines)
    while not keeps and line > event.start_mark.line and not lines[line].strip():
        line -= 1
    return line, len(lines[line])


def _header(event: Any, lines: Sequence[str]) -> str:
    """`|`, `>-`, `|2+`: how a block scalar is to be read."""
    start = event.start_mark
    return lines[int(start.line)][int(start.column) :].split("#")[0]


def _scalar_lines(piece: _Piece) -> frozenset[int]:
    """Lines on which a scalar of several lines stands."""
    found: set[int] = set()
    if piece.kind == "scalar" and piece.end[0] > piece.start[0]:
        found.update(range(piece.start[0], piece.end[0] + 1))
    for one in (*piece.items, *(p for entry in piece.entries for p in entry)):
        found |= _scalar_lines(one)
    return frozenset(found)


# --------------------------------------------------------------------------- ordering


def _extend(piece: _Piece, lines: Sequence[str]) -> None:
    """Fill `last`, before any line moves."""
    piece.last = piece.end[0]
    for item in piece.items:
        _extend(item, lines)
    for key, value in piece.entries:
        _extend(value, lines)
        value.last = max(key.end[0], 0 if value.empty else value.last)
        if not piece.flow:
            value.last = _with_deeper(value.last, key.start[1], lines)
    inner = [one.last for one in (*piece.items, *(value for _, value in piece.entries))]
    piece.last = max([piece.last, *inner]) if not piece.empty else piece.last


def _reorder(piece: _Piece, shape: Shape | None, lines: list[str]) -> None:
    """Inner mappings first: they stay on the lines, and between the columns, where they were."""
    for item in piece.items:
        _reorder(item, shape.item() if shape else None, lines)
    for key, value in piece.entries:
        _reorder(value, shape.below(key.text) if shape else None, lines)
    if piece.kind != "map" or shape is None or not piece.entries:
        return
    order = shape.ordered([key.text for key, _ in piece.entries])
    if order == list(range(len(order))) or _stays(piece):
        return
    if piece.flow:
        _reorder_flow(piece, order, lines)
    else:
        _reorder_block(piece, order, lines)


def _stays(piece: _Piece) -> bool:
    """Whether a mapping's entries cannot change places safely."""
    plain = all(k.kind == "scalar" and k.start[0] == k.end[0] for k, _ in piece.entries)
    return not plain or any(k.tied or v.tied for k, v in piece.entries)


def _reorder_flow(piece: _Piece, order: Sequence[int], lines: list[str]) -> None:
    first, last = piece.start[0], piece.end[0]
    text = "\n".join(lines[first : last + 1])

    def offset(at: tuple[int, int]) -> int:
        return sum(len(line) + 1 for line in lines[first : at[0]]) + at[1]

    spans = [(offset(key.start), offset(value.end)) for key, value in piece.entries]
    gaps = [text[a:b] for (_, a), (b, _) in itertools.pairwise(spans)]
    edges = (text[offset(piece.start) : spans[0][0]], text[spans[-1][1] : offset(piece.end)])
    if any(value.empty for _, value in piece.entries) or any("#" in g for g in (*gaps, *edges)):
        return
    if any(gap.strip() != "," for gap in gaps) or ("#" in text and "\n" in text):
        return
    parts = [text[a:b] for a, b in (spans[i] for i in order)]
    whole = "".join(part + gap for part, gap in zip(parts, [*gaps, ""], strict=True))
    text = text[: spans[0][0]] + whole + text[spans[-1][1] :]
    lines[first : last + 1] = text.split("\n")


@dataclass(slots=True)
class _Entry:
    """The lines of one entry of a block mapping: what stands above its key, and the entry."""

    lead: list[str]
    body: list[str]


def _reorder_block(piece: _Piece, order: Sequence[int], lines: list[str]) -> None:
    column = piece.entries[0][0].start[1]
    starts = [key.start[0] for key, _ in piece.entries]
    prefixes = [lines[k.start[0]][: k.start[1]] for k, _ in piece.entries]
    inline = bool(prefixes[0].strip())
    if any(key.start[1] != column for key, _ in piece.entries) or any(
        p.strip() for p in prefixes[1:]
    ):
        return
    ends = [value.last for _, value in piece.entries]
    above = starts[0] if inline else _lead_start(starts[0], lines, root=column == 0)
    leads = [above, *(end + 1 for end in ends[:-1])]
    entries = [
        _Entry(lines[lead:start], [lines[start][column:], *lines[start + 1 : end + 1]])
        for lead, start, end in zip(leads, starts, ends, strict=True)
    ]
    moved = [entries[i] for i in order]
    if moved[0].lead and inline:
        return
    blank = _blanks(moved[0].lead)
    if moved[0] is not entries[0] and not _blanks(entries[0].lead):
        entries[0].lead[:0] = moved[0].lead[:blank]
        del moved[0].lead[:blank]
    new: list[str] = []
    for position, entry in enumerate(moved):
        prefix = prefixes[0] if position == 0 else " " * column
        new += [*entry.lead, prefix + entry.body[0], *entry.body[1:]]
    lines[above : ends[-1] + 1] = new


def _blanks(lead: Sequence[str]) -> int:
    return next((k for k, line in enumerate(lead) if line.strip()), len(lead))


def _with_deeper(end: int, column: int, lines: Sequence[str]) -> int:
    """The end of an entry with the comments below it that are indented deeper than its key."""
    line, last = end + 1, end
    while line < len(lines) and (not lines[line].strip() or _is_comment(lines[line])):
        if _is_comment(lines[line]) and len(lines[line]) - len(lines[line].lstrip(" ")) > column:
            last = line
        line += 1
    return last


def _lead_start(start: int, lines: Sequence[str], *, root: bool) -> int:
    """Where the comments above a mapping's first key begin; a file's own heading is not of them."""
    above = start
    while above > 0 and (not lines[above - 1].strip() or _is_comment(lines[above - 1])):
        above -= 1
    if not root:
        return above
    blanks = [k for k in range(above, start) if not lines[k].strip()]
    if blanks:
        return blanks[-1] + 1
    return start if above < start and "yaml-language-server" in lines[above] else above


def _is_comment(line: str) -> bool:
    return line.lstrip(" ").startswith("#")
