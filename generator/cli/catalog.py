"""`tocsin catalog`: the packs, a search in them, and one of them in full."""

from __future__ import annotations

import json
import sys
import textwrap
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING

import click

from generator.cli.common import find_root, print_findings, root_option

if TYPE_CHECKING:
    from generator.spec.pack_entries import AlertEntry, PackEntry
    from generator.spec.pack_parameters import Parameter

WIDTH = 100
SHOWN = 4
"""Places of a hit that are listed; more are counted."""


@click.command(name="catalog")
@click.argument("words", nargs=-1, metavar="[PACK | WORD...]")
@click.option("--search", is_flag=True, help="Search, even where the word is a pack's name.")
@click.option(
    "--format",
    "form",
    type=click.Choice(["text", "json"]),
    default="text",
    show_default=True,
    help="json: the packs found, in full.",
)
@root_option
def command(words: tuple[str, ...], search: bool, form: str, root: Path | None) -> None:
    """List the packs; show PACK in full; or find those that mention every WORD.

    \b
      tocsin catalog                     every pack in a line
      tocsin catalog http-api            its parameters, alerts, panels, metrics, an example
      tocsin catalog certificate expiry  packs that mention both words
      tocsin catalog gdpr:Art.17         packs that give evidence for a control
      tocsin catalog --search compliance

    Names, titles, descriptions, alerts, metrics, parameters, controls and panels are searched.
    The exit code is 1 when nothing is found.
    """
    from generator.findings import has_errors
    from generator.spec.controls import read_controls
    from generator.spec.pack_entries import matches, nearest, pack_entry
    from generator.spec.packs import read_packs

    place = find_root(root)
    packs, findings = read_packs(place)
    frameworks, told = read_controls(place)
    print_findings((*findings, *told), "text")
    ordered = sorted(packs.values(), key=lambda p: (p.category, p.name))
    entries = [pack_entry(pack, frameworks) for pack in ordered]
    whole = len(words) == 1 and words[0] in packs and not search
    found = {entry.name: matches(entry, words) for entry in entries}
    if whole:
        chosen = [entry for entry in entries if entry.name == words[0]]
    else:
        chosen = [entry for entry in entries if found[entry.name] or not words]
    if form == "json":
        plain = [asdict(entry) for entry in chosen]
        click.echo(json.dumps(plain, indent=2, ensure_ascii=False, default=str))
    elif whole:
        click.echo("\n".join(_whole(chosen[0])))
    elif words:
        click.echo("".join(f"{_hit(entry, found[entry.name])}\n" for entry in chosen), nl=False)
    else:
        click.echo("\n".join(_list(entries)))
    if not chosen:
        hint = nearest(words, entries) or f"there are: {', '.join(packs)}"
        sys.stderr.write(f"tocsin: no pack mentions {' and '.join(map(repr, words))}; {hint}\n")
    sys.exit(1 if has_errors((*findings, *told)) or not chosen else 0)


def _list(entries: Sequence[PackEntry]) -> Iterator[str]:
    size = max((len(entry.name) for entry in entries), default=0)
    for category, group in groupby(entries, key=lambda entry: entry.category):
        yield f"{category}"
        for entry in group:
            brings = f"{_count(entry.alerts, 'alert')}, {_count(entry.panels, 'panel')}"
            yield f"  {entry.name:<{size}}  {entry.title} ({brings})"
    yield ""
    yield "tocsin catalog PACK shows one in full, tocsin catalog WORD searches."


def _count(things: Sequence[object], word: str) -> str:
    return f"{len(things)} {word}{'' if len(things) == 1 else 's'}"


def _hit(entry: PackEntry, hits: Sequence[str]) -> str:
    shown = ", ".join(hits[:SHOWN])
    more = f" and {len(hits) - SHOWN} more" if len(hits) > SHOWN else ""
    return f"{entry.name}: {entry.title} ({shown}{more})"


def _whole(entry: PackEntry) -> Iterator[str]:
    yield f"{entry.name}: {entry.title} ({entry.category}, {entry.file})"
    yield from _wrapped(entry.description, 2)
    yield from _part("Parameters", (_parameter(p) for p in entry.parameters))
    yield from _part("Alerts", (_alert(alert) for alert in entry.alerts))
    promises = (
        [f"{slo.name}: {slo.objective}", *_wrapped(slo.description, 4)] for slo in entry.slos
    )
    yield from _part("SLOs", promises)
    recordings = ([record, *_wrapped(expr, 4)] for record, expr in entry.recordings)
    yield from _part("Recorded series", recordings)
    panels = (
        [f"{panel.view}: {panel.title} ({panel.unit})", *_wrapped(panel.description, 4)]
        for panel in entry.panels
    )
    yield from _part("Panels", panels)
    metrics = ([f"{m.name} ({m.type}): {m.help}"] for m in entry.metrics)
    yield from _part("Metrics it reads", metrics)
    controls = ([f"{name}  {title}".rstrip()] for name, title in entry.controls)
    yield from _part("Evidence for", controls)
    yield from _part("Example, for specs/tenants/<tenant>.yaml", [entry.example.splitlines()])


def _part(title: str, blocks: Iterator[list[str]] | Sequence[list[str]]) -> Iterator[str]:
    """A heading and its blocks; nothing when there are none."""
    lines = [line for block in blocks for line in block]
    if lines:
        yield ""
        yield title
        yield from (f"  {line}" for line in lines)


def _parameter(parameter: Parameter) -> list[str]:
    default = "required" if parameter.required else f"default {_shown(parameter.default)}"
    limits = [
        f"{word} {limit}"
        for word, limit in (("at least", parameter.minimum), ("at most", parameter.maximum))
        if limit is not None
    ]
    kind = " | ".join(parameter.choices) or parameter.type
    lines = [f"{parameter.name}: {', '.join([kind, default, *limits])}"]
    lines += _wrapped(parameter.description, 4)
    for word, settings in parameter.presets.items():
        told = ", ".join(f"{name}={_shown(value)}" for name, value in settings.items())
        lines += _wrapped(f"{word}: {told}", 4)
    return lines


def _alert(alert: AlertEntry) -> list[str]:
    waits = f"after {alert.hold}" if alert.hold else "at once"
    lines = [f"{alert.name}: {alert.severity}, {waits}, {alert.view} view"]
    lines += _wrapped(alert.description, 4)
    lines.append(f"    {alert.condition}")
    if alert.controls:
        lines += _wrapped(f"evidence for {', '.join(alert.controls)}", 4)
    return lines


def _shown(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _wrapped(text: str, indent: int) -> list[str]:
    space = " " * indent
    return textwrap.wrap(
        text,
        WIDTH,
        initial_indent=space,
        subsequent_indent=space,
        break_long_words=False,
        break_on_hyphens=False,
    )
