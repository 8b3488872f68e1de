"""`tocsin explain`: where a value of a tenant comes from."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from generator.cli.common import find_root, print_findings, root_option, stop
from generator.findings import SpecError


@click.group(name="explain")
def command() -> None:
    """Say where something in the output comes from."""


@command.command(name="value")
@click.argument("tenant")
@click.argument("key")
@root_option
def value(tenant: str, key: str, root: Path | None) -> None:
    """Show every layer that sets KEY for TENANT; the last one counts.

    \b
      tocsin explain value acme slo.min_events
      tocsin explain value acme channels.chat
      tocsin explain value acme escalation.urgent.0.notify
    """
    from generator.spec.load import explain_value

    path = tuple(int(part) if part.isdigit() else part for part in key.split("."))
    try:
        found = explain_value(find_root(root), tenant, path)
    except SpecError as problem:
        print_findings(problem.findings, "text")
        sys.exit(1)
    if not found:
        stop(f"nothing sets {key} for {tenant}: what Tocsin assumes counts (docs/reference.md)", 1)
    for index, (layer, text, place) in enumerate(found):
        mark = "=>" if index == len(found) - 1 else "  "
        click.echo(f"{mark} {place.file}:{place.line}:{place.column} ({layer}): {text}")
