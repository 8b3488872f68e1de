"""`tocsin verify-output`: is output/ what its manifests say?"""

from __future__ import annotations

import sys
from pathlib import Path

import click

from generator.cli.common import (
    failing,
    find_root,
    print_findings,
    report_options,
    root_option,
)


@click.command(name="verify-output")
@click.argument("names", nargs=-1, metavar="[TENANT|fleet]...")
@root_option
@click.option(
    "--output",
    type=click.Path(path_type=Path, file_okay=False),
    default=None,
    help="What to verify (default: output/ in the repository).",
)
@report_options
def command(
    names: tuple[str, ...], root: Path | None, output: Path | None, form: str, fail_on: str
) -> None:
    """Find every file of output/ that was edited, is missing, or was added by hand.

    Compares each file with the SHA-256 in its folder's manifest.json. No spec is read: it works
    on the copy that a server has, too. Without names all of output/ is verified.

    \b
      tocsin verify-output
      tocsin verify-output acme --output /etc/monitoring
    """
    from generator.deliver.inspect import inspect

    folder = output if output is not None else find_root(root) / "output"
    findings, count = inspect(folder, names)
    print_findings(findings, form)
    if form == "text" and not findings:
        click.echo(f"{count} files are what their manifests say")
    sys.exit(1 if failing(findings, fail_on) else 0)
