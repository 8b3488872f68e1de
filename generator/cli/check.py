"""`tocsin check`: everything `build` would find, with the real tools; writes nothing."""

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


@click.command(name="check")
@click.argument("tenants", nargs=-1, metavar="[TENANT]...")
@root_option
@report_options
def command(tenants: tuple[str, ...], root: Path | None, form: str, fail_on: str) -> None:
    """Check TENANTs (default: all): schema, meaning, PromQL, isolation, promtool, amtool, and who
    is told (expect:).

    \b
      tocsin check --format github    annotate a pull request
      tocsin check --fail-on warning  be strict
    """
    from generator.api import check

    outcome = check(find_root(root), tenants, progress=form == "text")
    print_findings(outcome.findings, form)
    if form == "text":
        for line in outcome.told:
            click.echo(line)
    sys.exit(1 if failing(outcome.findings, fail_on) else 0)
