"""A difference as a comment of a pull request: what matters first, the rest folded.

GitHub refuses comments of more than 65,536 characters: what does not fit is counted, and the
command that shows it is named.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from generator.ir.change import Changes
from generator.render.changes.phrases import Line, Section
from generator.render.changes.sections import fleet_sections, sections, summary

MARK = "<!-- tocsin diff -->"
"""The first line: by it a comment is found again, to be updated."""
LIMIT = 65_000
"""Characters; a little less than GitHub takes."""
_LEADING = frozenset({"SLOs", "Alerts", "Who is told", "Pending state that is lost"})
_TENANTS = 10
"""Tenants of which lines are shown before the folds."""
_LED = 20
"""Lines of a tenant that are shown before the fold."""
_SPECIAL = re.compile(r"[\\`*_\[\]<>|~!#$&@]")
_ENTITIES = {"<": "&lt;", ">": "&gt;", "&": "&amp;", "@": "&#64;", "#": "&#35;", "~": "&#126;",
             "!": "&#33;", "$": "&#36;"}  # fmt: skip
_ROOM = 400
"""Characters kept free for the last words."""


def changes_markdown(changes: Changes, limit: int = LIMIT) -> str:
    """The comment; empty when the meaning is the same."""
    if changes.silent:
        return ""
    page = _Page(limit)
    page.put([MARK, f"### Monitoring: what changes against {_safe(changes.before)}", ""])
    blocks = [(one.tenant, summary(one), sections(one)) for one in changes.tenants]
    shared = fleet_sections(changes)
    if shared:
        blocks.append(("all tenants", "shared settings", shared))
    for name, told, _ in blocks:
        page.put([f"- **{_safe(name)}**: {_safe(told)}"])
    shown: dict[str, list[Line]] = {}
    for name, _, found in blocks[:_TENANTS]:
        lead = [line for s in found if s.title in _LEADING for line in s.lines]
        if lead:
            page.put(["", f"#### {_safe(name)}", ""])
            page.lines([f"- {_sentence(line)}" for line in lead[:_LED]])
            if len(lead) > _LED:
                page.put([f"- … and {len(lead) - _LED} more, below"])
        shown[name] = lead[:_LED]
    for name, _, found in blocks:
        rest = list(_detail(found, shown.get(name, [])))
        if rest:
            page.folded(f"More about {_safe(name)}", rest)
    if changes.uncompared:
        page.put(["", f"Not compared: {_safe(', '.join(changes.uncompared))}."])
    return page.text()


@dataclass(slots=True)
class _Page:
    """Lines as long as there is room; what comes after is counted."""

    limit: int
    found: list[str] = field(default_factory=list)
    size: int = 0
    left: int = 0

    def put(self, lines: Sequence[str], spare: int = _ROOM) -> bool:
        """All of the lines or none."""
        size = sum(len(line) + 1 for line in lines)
        if self.left or self.size + size + spare > self.limit:
            self.left += sum(line.startswith("- ") for line in lines)
            return False
        self.found += lines
        self.size += size
        return True

    def lines(self, lines: Sequence[str]) -> None:
        """As many of the lines as fit."""
        for line in lines:
            self.put([line])

    def folded(self, title: str, blocks: Sequence[list[str]]) -> None:
        """A part that is opened by a click."""
        end = ["", "</details>"]
        if not self.put(["", "<details>", f"<summary>{title}</summary>"]):
            self.left += sum(line.startswith("- ") for block in blocks for line in block)
            return
        for block in blocks:
            self.put(block)
        self.found += end
        self.size += sum(len(line) + 1 for line in end)

    def text(self) -> str:
        """The whole, with what was left out."""
        rest = []
        if self.left:
            rest = [
                "",
                f"**{self.left} more lines do not fit here;** `tocsin diff` shows them all.",
            ]
        return "\n".join([*self.found, *rest]) + "\n"


def _detail(found: Sequence[Section], shown: Sequence[Line]) -> Iterator[list[str]]:
    """A block for each line that is not shown yet, the first of a section with its title."""
    for section in found:
        head = ["", f"**{section.title}**", ""]
        for line in section.lines:
            if line in shown and not line.code:
                continue
            yield [*head, f"- {_sentence(line)}", *_code(line)]
            head = []


def _sentence(line: Line) -> str:
    mark = {"+": "➕ ", "-": "➖ ", "~": "✏️ ", "": ""}[line.mark]
    return f"{mark}{_safe(line.text)}"


def _code(line: Line) -> Iterator[str]:
    for caption, code in line.code:
        fence = "```"
        while fence in code:
            fence += "`"
        yield ""
        if caption:
            yield f"  {caption}:"
        yield f"  {fence}promql"
        yield from (f"  {part}" for part in code.splitlines())
        yield f"  {fence}"


def _safe(text: str) -> str:
    """Text that shows as it stands: no markup, no mention, no reference to an issue."""
    flat = " ".join(text.split())
    safe = _SPECIAL.sub(lambda m: _ENTITIES.get(m[0], f"\\{m[0]}"), flat)
    return safe.replace(" -&gt; ", " → ")
