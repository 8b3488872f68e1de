"""The catalogue of Tocsin's own packs in Markdown: `docs/packs.md`.

`python -m generator.render.packs_page docs/packs.md` writes it; a test holds it fresh.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from itertools import groupby
from pathlib import Path

from generator.spec.controls import read_controls
from generator.spec.pack_entries import PackEntry, pack_entry
from generator.spec.packs import OWN_PACKS, SHIPPED, read_packs

_INTRODUCTION = """\
<!-- Generated from templates/packs/*.yaml by make golden; do not edit. -->
# Packs

Ready-made alerts and panels. A service takes them by name and sets their parameters:

```yaml
services:
  api:
    selector: {job: api}
    packs:
      http-api: {convention: fastapi, latency_p99: 300ms}
      service-health: {}
```

`tocsin catalog` lists them, `tocsin catalog WORD` searches them, `tocsin catalog PACK` shows one in
full. A pack of your own is a file `specs/packs/<pack>.yaml` in the same language. Every alert comes
with a runbook text and with unit tests. Conditions are shown with the default numbers.
"""


def packs_page() -> str:
    """The whole document, packs by category."""
    packs, _ = read_packs(SHIPPED)
    frameworks, _ = read_controls(SHIPPED)
    shipped = [pack for pack in packs.values() if pack.file.startswith(OWN_PACKS)]
    ordered = sorted(shipped, key=lambda pack: (pack.category, pack.name))
    entries = [pack_entry(pack, frameworks) for pack in ordered]
    lines = [_INTRODUCTION, *_contents(entries)]
    for category, found in groupby(entries, key=lambda entry: entry.category):
        lines += [f"## {_TITLES[category]}", ""]
        for entry in found:
            lines += _pack(entry)
    return "\n".join(lines).rstrip("\n") + "\n"


_TITLES = {
    "business": "Business",
    "ml": "Machine learning",
    "security": "Security",
    "system": "System",
}


def _contents(entries: Sequence[PackEntry]) -> Iterator[str]:
    yield "| pack | watches | alerts |"
    yield "|---|---|---|"
    for entry in entries:
        link = f"[{entry.name}](#{_anchor(entry)})"
        yield f"| {link} | {_cell(entry.title)} | {len(entry.alerts)} |"
    yield ""


def _heading(entry: PackEntry) -> str:
    return f"{entry.name}: {entry.title}"


def _anchor(entry: PackEntry) -> str:
    """The heading's anchor, as GitHub makes it."""
    kept = "".join(c for c in _heading(entry).lower() if c.isalnum() or c in "_- ")
    return kept.replace(" ", "-")


def _pack(entry: PackEntry) -> Iterator[str]:
    yield f"### {_heading(entry)}"
    yield ""
    yield entry.description
    yield ""
    yield "```yaml"
    yield entry.example.rstrip("\n")
    yield "```"
    yield ""
    yield from _alerts(entry)
    yield from _parameters(entry)
    yield from _panels(entry)
    if entry.metrics:
        told = ", ".join(f"`{metric.name}` ({metric.type})" for metric in entry.metrics)
        yield f"Reads {told}."
        yield ""
    if entry.controls:
        told = ", ".join(f"{name} ({title})" if title else name for name, title in entry.controls)
        yield f"Evidence for {told}."
        yield ""


def _alerts(entry: PackEntry) -> Iterator[str]:
    if entry.alerts:
        yield "| alert | severity | after | condition |"
        yield "|---|---|---|---|"
    for alert in entry.alerts:
        condition = alert.condition.replace("|", "\\|")
        hold = alert.hold or "at once"
        yield f"| `{alert.name}` | {alert.severity} | {hold} | `{condition}` |"
    yield ""


def _parameters(entry: PackEntry) -> Iterator[str]:
    if entry.parameters:
        yield "| parameter | type | default | meaning |"
        yield "|---|---|---|---|"
    for parameter in entry.parameters:
        default = "required" if parameter.required else f"`{_cell(parameter.default)}`"
        kind = ", ".join(f"`{word}`" for word in parameter.choices) or parameter.type
        meaning = _cell(parameter.description)
        for word, settings in parameter.presets.items():
            told = ", ".join(f"`{name}: {value}`" for name, value in settings.items())
            meaning += f"<br>`{word}` sets {told}."
        yield f"| `{parameter.name}` | {kind} | {default} | {meaning} |"
    yield ""


def _panels(entry: PackEntry) -> Iterator[str]:
    if entry.panels:
        yield "| panel | view | shows |"
        yield "|---|---|---|"
    for panel in entry.panels:
        yield f"| {_cell(panel.title)} | {panel.view} | {_cell(panel.description)} |"
    yield ""


def _cell(value: object) -> str:
    text = str(value).lower() if isinstance(value, bool) else str(value)
    return " ".join(text.split()).replace("|", "\\|")


def main(arguments: Sequence[str]) -> int:
    """Write the page to the one path given, or print it."""
    if arguments:
        Path(arguments[0]).write_text(packs_page(), encoding="utf-8")
    else:
        sys.stdout.write(packs_page())
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
