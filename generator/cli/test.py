"""`tocsin test`: run the generated unit tests with the real promtool."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import click

from generator.cli.common import (
    coverage_option,
    end,
    find_root,
    print_findings,
    report_options,
    root_option,
    tenants_argument,
)


@click.command(name="test")
@tenants_argument
@root_option
@coverage_option
@report_options
def command(
    tenants: tuple[str, ...],
    root: Path | None,
    min_tested: Decimal | None,
    form: str,
    fail_on: str,
) -> None:
    """Run the generated unit tests of TENANTs (default: all): every alert fires, and only then.

    Then the spec's own expectations of who is told (expect:), by simulation.
    The specs are compiled anew; output/ is neither read nor written. Alerts of which no data is
    known that makes them fire are named; write tests: for those.

    \b
      tocsin test acme                one tenant
      tocsin test --min-tested 90%    fail when more than a tenth of its alerts have no test
    """
    from generator.api import run_tests

    outcome = run_tests(find_root(root), tenants, progress=form == "text", min_tested=min_tested)
    print_findings(outcome.findings, form)
    if form == "text":
        for line in outcome.told:
            click.echo(line)
    end(outcome.findings, fail_on)
