"""`tocsin test`: run the generated unit tests with the real promtool."""

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


@click.command(name="test")
@click.argument("tenants", nargs=-1, metavar="[TENANT]...")
@root_option
@report_options
def command(tenants: tuple[str, ...], root: Path | None, form: str, fail_on: str) -> None:
    """Run the generated unit tests of TENANTs (default: all): every alert fires, and only then.

    Then the spec's own expectations of who is told (expect:), by simulation.
    The specs are compiled anew; output/ is neither read nor written.
    """
    from generator.api import run_tests

    outcome = run_tests(find_root(root), tenants, progress=form == "text")
    print_findings(outcome.findings, form)
    if form == "text":
        for line in outcome.told:
            click.echo(line)
    sys.exit(1 if failing(outcome.findings, fail_on) else 0)
