"""`tocsin check`: everything `build` would find, with the real tools; writes nothing."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import click

from generator.cli.common import (
    coverage_option,
    end,
    executor_option,
    find_root,
    jobs_option,
    print_outcome,
    report_options,
    root_option,
    stats_option,
    tenants_argument,
)


@click.command(name="check")
@tenants_argument
@root_option
@coverage_option
@jobs_option
@executor_option
@stats_option
@report_options
def command(
    tenants: tuple[str, ...],
    root: Path | None,
    min_tested: Decimal | None,
    jobs: int,
    executor: str,
    stats: bool,
    form: str,
    fail_on: str,
) -> None:
    """Check TENANTs (default: all): schema, meaning, PromQL, isolation, promtool, amtool, and who
    is told (expect:).

    \b
      tocsin check --format github    annotate a pull request
      tocsin check --fail-on warning  be strict
      tocsin check acme --stats       what acme's rules cost
      tocsin check --min-tested 100%  every alert must have a unit test
    """
    from generator.building import check

    folder, shown = find_root(root), form == "text"
    outcome = check(
        folder,
        tenants,
        progress=shown,
        min_tested=min_tested,
        jobs=jobs,
        stats=stats,
        executor=executor,
    )
    print_outcome(outcome, form, stats)
    end(outcome.findings, fail_on)
