"""`tocsin schema`: print a published JSON Schema."""

from __future__ import annotations

import sys
from importlib.resources import files

import click


@click.command(name="schema")
@click.argument("kind", type=click.Choice(["tenant", "platform", "pack", "controls"]))
def command(kind: str) -> None:
    """Print the JSON Schema of a KIND of file, for editors and other tools.

    \b
    Put this first line into a spec and editors complete and check it:
      # yaml-language-server: $schema=../schema/tenant.json
    """
    text = (files("generator.spec") / "schema" / f"{kind}.json").read_text(encoding="utf-8")
    sys.stdout.write(text)
