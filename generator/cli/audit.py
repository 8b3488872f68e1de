"""`tocsin audit`: read and verify the log that `tocsin build --audit` writes."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import click

from generator.cli.common import (
    failing,
    find_root,
    print_findings,
    report_options,
    root_option,
    stop,
)


@click.group(name="audit")
def command() -> None:
    """Who built what from which spec, in a log whose entries are chained by their hashes.

    \b
      tocsin build --audit                append to output/audit.jsonl
      tocsin audit verify                 is the chain whole, and the output what it says?
      tocsin audit verify --head HASH     and does it end where it ended then?
      tocsin audit show                   the entries, the latest last
    """


@command.command()
@root_option
@click.option(
    "--log",
    type=click.Path(path_type=Path, dir_okay=False),
    default=None,
    help="The log (default: output/audit.jsonl).",
)
@click.option("--head", default="", help="The last hash that a build printed, kept elsewhere.")
@report_options
def verify(root: Path | None, log: Path | None, head: str, form: str, fail_on: str) -> None:
    """Find every entry that was edited, removed, moved or put in.

    The end of a log can be cut off unseen: keep the hash that a build prints outside the
    repository and give it as --head.
    """
    from generator.deliver.audit import LOG
    from generator.deliver.audit import verify as verify_log

    output = find_root(root) / "output"
    where = log or output / LOG
    if not where.is_file():
        stop(f"there is no {where}; tocsin build --audit begins one", 2)
    findings, count = verify_log(where, output, head)
    print_findings(findings, form)
    if form == "text" and not findings:
        click.echo(f"{count} entries, the chain is whole")
    sys.exit(1 if failing(findings, fail_on) else 0)


@command.command()
@root_option
@click.option(
    "--log",
    type=click.Path(path_type=Path, dir_okay=False),
    default=None,
    help="The log (default: output/audit.jsonl).",
)
@click.option("--tenant", default="", help="Only the entries of one tenant, or of fleet.")
@click.option(
    "--format", "form", type=click.Choice(["text", "json"]), default="text", show_default=True
)
def show(root: Path | None, log: Path | None, tenant: str, form: str) -> None:
    """Print the entries, the latest last."""
    from generator.deliver.audit import LOG, entries

    where = log or find_root(root) / "output" / LOG
    if not where.is_file():
        stop(f"there is no {where}; tocsin build --audit begins one", 2)
    found = [e for e in entries(where) if tenant in ("", e.get("name"))]
    if form == "json":
        click.echo(json.dumps(found, indent=2, ensure_ascii=False))
        return
    for entry in found:
        counts = ", ".join(
            f"{len(entry.get(what, []))} {what}"
            for what in ("added", "changed", "removed")
            if entry.get(what)
        )
        spec = str(entry.get("spec_sha256"))[:12]
        about = "  ".join(str(entry.get(key)) for key in ("number", "time", "who", "name"))
        click.echo(f"{about}: {counts or 'nothing'}" + (f"  (spec {spec})" if spec else ""))
