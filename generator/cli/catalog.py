"""`tocsin catalog`: the packs, their parameters and alerts."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from generator.cli.common import find_root, print_findings, root_option

if TYPE_CHECKING:
    from generator.spec.packs import Pack


@click.command(name="catalog")
@click.argument("word", required=False)
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text")
@root_option
def command(word: str | None, form: str, root: Path | None) -> None:
    """List the packs; with WORD only those that mention it, with their parameters and alerts."""
    from generator.findings import has_errors
    from generator.spec.packs import read_packs

    packs, findings = read_packs(find_root(root))
    print_findings(findings, "text")
    chosen = [p for p in packs.values() if word is None or _mentions(p, word)]
    if form == "json":
        click.echo(json.dumps([_plain(p) for p in chosen], indent=2, ensure_ascii=False))
    else:
        for pack in sorted(chosen, key=lambda p: (p.category, p.name)):
            click.echo("\n".join(_lines(pack, word is not None)))
    if word is not None and not chosen:
        sys.stderr.write(f"tocsin: no pack mentions {word!r}; there are: {', '.join(packs)}\n")
    sys.exit(1 if has_errors(findings) or not chosen else 0)


def _mentions(pack: Pack, word: str) -> bool:
    texts = (pack.name, pack.title, pack.description, pack.category, *pack.alert_names())
    return any(word.lower() in text.lower() for text in texts)


def _lines(pack: Pack, whole: bool) -> list[str]:
    lines = [f"{pack.name} ({pack.category}): {pack.description}"]
    if whole:
        lines.append(f"  alerts: {', '.join(pack.alert_names()) or 'none'}")
        for parameter in pack.parameters:
            default = "required" if parameter.required else f"default {parameter.default}"
            lines.append(
                f"  {parameter.name} ({parameter.type}, {default}): {parameter.description}"
            )
        lines.append("")
    return lines


def _plain(pack: Pack) -> dict[str, object]:
    return {
        "pack": pack.name,
        "title": pack.title,
        "category": pack.category,
        "description": pack.description,
        "alerts": list(pack.alert_names()),
        "compliance": list(pack.compliance),
        "parameters": {
            p.name: {"type": p.type, "default": p.default, "description": p.description}
            for p in pack.parameters
        },
    }
