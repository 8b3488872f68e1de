"""A difference for people at a terminal."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from generator.ir.change import Changes, Sort
from generator.render.changes.phrases import MARKS, Section
from generator.render.changes.sections import fleet_sections, sections, summary

_CONTROL = re.compile("[\x00-\x09\x0b-\x1f\x7f-\x9f]")
_COLORS = {"+": "32", "-": "31", "~": "33"}


def changes_text(changes: Changes, *, color: bool = False) -> str:
    """Every tenant with its sections; empty when the meaning is the same."""
    if changes.silent:
        return ""
    paint = _Paint(color)
    lines = [f"{changes.before} -> {changes.after}"]
    for one in changes.tenants:
        head = f"{MARKS[one.sort]} {one.tenant}" if one.sort is not Sort.CHANGED else one.tenant
        lines += ["", f"{paint(head, '1')}: {summary(one)}", *_body(sections(one), paint)]
    shared = fleet_sections(changes)
    if shared:
        lines += ["", paint("all tenants", "1"), *_body(shared, paint)]
    return "\n".join(lines) + "\n"


def _visible(text: str) -> str:
    """Without what would steer a terminal: a server may answer anything."""
    return _CONTROL.sub("\ufffd", text)


def uncompared_text(changes: Changes) -> str:
    """What one side could not tell, for standard error; empty when all was compared."""
    return f"not compared: {', '.join(changes.uncompared)}\n" if changes.uncompared else ""


class _Paint:
    def __init__(self, color: bool) -> None:
        self.color = color

    def __call__(self, text: str, code: str) -> str:
        return f"\x1b[{code}m{text}\x1b[0m" if self.color else text


def _body(found: Iterable[Section], paint: _Paint) -> Iterator[str]:
    for section in found:
        yield f"  {section.title}"
        for line in section.lines:
            mark = paint(line.mark, _COLORS[line.mark]) if line.mark else " "
            yield f"    {mark} {_visible(line.text)}"
            for caption, code in line.code:
                lead = f"{caption}: " if caption else ""
                yield from (f"        {part}" for part in _visible(f"{lead}{code}").splitlines())
