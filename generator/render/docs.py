"""A tenant's runbooks.md, catalogue.md and compliance.md, from the templates in templates/docs.

Names and texts of the spec are escaped, so that none can become a table's border or a tag.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import jinja2

from generator.ir.artifacts import Artifact
from generator.ir.docs import RunbookEntry, TenantDocs, Variant

TEMPLATES = Path(__file__).parent.parent.parent / "templates" / "docs"
DOCUMENTS = ("runbooks", "catalogue", "compliance")

_BLANK_LINES = re.compile(r"\n{3,}")
_MARKUP = re.compile(r"([\\`*_<>\[\]#|~]|^[-+=]|^[0-9]+(?=[.)]))")
_FENCE = re.compile(r" {0,3}(`{3,}|~{3,})")
_CODE_SPAN = re.compile(r"(?<!`)(`+)(?!`)(?:.*?)(?<!`)\1(?!`)")
_TAG = re.compile(r"<(?!https?://[^\s<>]*>)")
_TARGET = re.compile(
    r"(\]\(\s*<?|^ {0,3}\[[^\]]+\]:\s*<?)(?!https?://|mailto:|[#/.\w-]*[#/.)\s]|[\w-]*$)"
)


def docs_files(docs: TenantDocs) -> tuple[Artifact, ...]:
    """`docs/runbooks.md`, `docs/catalogue.md` and `docs/compliance.md`."""
    gaps = [c for c in docs.controls if c.gap]
    shown = _Shown(docs)
    return tuple(
        Artifact(f"docs/{name}.md", document(name, docs=shown, gaps=gaps)) for name in DOCUMENTS
    )


def document(name: str, **values: Any) -> bytes:
    """A Markdown document of `templates/docs/<name>.md.j2`."""
    text = _environment().get_template(f"{name}.md.j2").render(values)
    return (_BLANK_LINES.sub("\n\n", text).strip("\n") + "\n").encode()


# --------------------------------------------------------------------------- what templates see


@dataclass(frozen=True)
class _Shown:
    """The documents' values with the words that the templates print of them."""

    docs: TenantDocs

    @property
    def runbooks(self) -> list[_ShownEntry]:
        return [_ShownEntry(entry) for entry in self.docs.runbooks]

    def __getattr__(self, name: str) -> Any:
        return getattr(self.docs, name)


@dataclass(frozen=True)
class _ShownEntry:
    entry: RunbookEntry

    @property
    def severities(self) -> list[str]:
        return list(dict.fromkeys(v.severity for v in self.entry.variants))

    @property
    def holds(self) -> list[str]:
        return list(dict.fromkeys(_hold(v) for v in self.entry.variants))

    @property
    def variants(self) -> list[_ShownVariant]:
        return [_ShownVariant(v) for v in self.entry.variants]

    def __getattr__(self, name: str) -> Any:
        return getattr(self.entry, name)


@dataclass(frozen=True)
class _ShownVariant:
    variant: Variant

    @property
    def title(self) -> str:
        told = " ".join(value for _, value in self.variant.labels)
        return f"{self.variant.severity} {told}".strip()

    @property
    def waits(self) -> str:
        return f"fires {_hold(self.variant)}"

    def __getattr__(self, name: str) -> Any:
        return getattr(self.variant, name)


def _hold(variant: Variant) -> str:
    return f"after {variant.hold}" if variant.hold.ms else "at once"


# --------------------------------------------------------------------------- filters


@lru_cache(maxsize=1)
def _environment() -> jinja2.Environment:
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(TEMPLATES),
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        autoescape=False,
    )
    environment.filters.update(
        text=_text, cell=_cell, code=_code, block=_block, words=_words, markdown=_markdown
    )
    return environment


def _text(value: object) -> str:
    """Words of the spec in running Markdown."""
    return _MARKUP.sub(_escaped, _line(value))


def _escaped(match: re.Match[str]) -> str:
    """A backslash before a sign; after a number, where its dot would make it a list."""
    return f"{match[0]}\\" if match[0].isdigit() else f"\\{match[0]}"


def _markdown(value: object) -> str:
    """An author's own Markdown without HTML, without links that run code, with its fence closed.

    What stands in code is left alone: nothing there becomes a tag or a link.
    """
    lines, fence = [], ""
    for line in str(value).strip().split("\n"):
        mark = _FENCE.match(line)
        if fence:
            closing = mark and mark[1].startswith(fence) and not line[mark.end() :].strip()
            fence = "" if closing else fence
        elif mark:
            fence = mark[1]
        else:
            line = _outside_code(line)
        lines.append(line)
    return "\n".join([*lines, *([fence] if fence else [])])


def _outside_code(line: str) -> str:
    parts, position = [], 0
    for span in _CODE_SPAN.finditer(line):
        parts += [_harmless(line[position : span.start()]), span[0]]
        position = span.end()
    return "".join([*parts, _harmless(line[position:])])


def _harmless(text: str) -> str:
    return _TARGET.sub(r"\1#refused-", _TAG.sub("&lt;", text))


class _Code(str):
    """Text that is marked as code already; a spec's own text never is, however it begins."""

    __slots__ = ()


def _cell(value: object) -> str:
    """Words, or code already marked as such, in a table's cell."""
    if isinstance(value, _Code):
        return value.replace("|", "\\|")
    return _text(value)


def _code(value: object) -> str:
    """One line of code: the fence is longer than any run of backticks inside."""
    line = _line(value)
    fence = "`" * (1 + max((len(run) for run in re.findall(r"`+", line)), default=0))
    space = " " if line.startswith("`") or line.endswith("`") else ""
    return _Code(f"{fence}{space}{line}{space}{fence}")


def _block(value: object, language: str) -> str:
    """Code over several lines."""
    text = str(value).strip("\n")
    fence = "`" * max(3, 1 + max((len(run) for run in re.findall(r"`+", text)), default=0))
    return f"{fence}{language}\n{text}\n{fence}"


def _words(values: Iterable[object]) -> str:
    """`a`, `a and b`, `a, b and c`."""
    *most, last = [_text(value) for value in values]
    return f"{', '.join(most)} and {last}" if most else last


def _line(value: object) -> str:
    return " ".join(str(value).split())
