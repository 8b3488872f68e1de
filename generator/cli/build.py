"""`tocsin build`: compile specs, verify, write output/."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import click

from generator.cli.common import (
    end,
    executor_option,
    find_root,
    jobs_option,
    output_option,
    print_outcome,
    report_options,
    root_option,
    stats_option,
    tenants_argument,
)


@click.command(name="build")
@tenants_argument
@root_option
@output_option()
@click.option(
    "--verify",
    type=click.Choice(["auto", "required", "off"]),
    default=lambda: "required" if os.environ.get("CI") else "auto",
    show_default="auto; required when CI is set",
    help="Run promtool and amtool: when they are there, always, or never.",
)
@click.option(
    "--audit",
    is_flag=True,
    help="Append who, which spec and what changed to output/audit.jsonl (see: tocsin audit).",
)
@click.option(
    "--dashboard-schema",
    type=click.Choice(["classic", "v2"]),
    default=None,
    help="Grafana's schema of dashboards, this once (default: grafana.dashboard_schema).",
)
@jobs_option
@executor_option
@click.option(
    "--shard",
    default=None,
    metavar="I/N",
    help="Build the I-th of N parts of the fleet alone; tocsin merge joins them.",
)
@stats_option
@report_options
def command(
    tenants: tuple[str, ...],
    root: Path | None,
    output: Path | None,
    verify: str,
    audit: bool,
    dashboard_schema: str | None,
    jobs: int,
    executor: str,
    shard: str | None,
    stats: bool,
    form: str,
    fail_on: str,
) -> None:
    """Compile TENANTs (default: all) and write output/<tenant> and output/fleet.

    Nothing is written for a tenant with an error. Files that no spec makes any more are removed,
    and only those that a manifest lists.

    \b
      tocsin build                    every tenant
      tocsin build acme --verify=off  one tenant, without promtool and amtool
      tocsin build --stats            also what each tenant's rules cost

    \b
      tocsin build --dashboard-schema v2 --output /tmp/v2
                                      dashboards for Grafana's API, beside the usual ones

    \b
      tocsin build --shard 2/8 --output part-2
                                      one of eight machines; then: tocsin merge part-1 part-2 …
    """
    from generator.building import build

    _check_shard(shard, tenants)
    folder = find_root(root)
    result = build(
        folder,
        tenants,
        output or folder / "output",
        verify_mode=verify,
        progress=_progress(form),
        audit=audit,
        dashboard_schema=dashboard_schema or "",
        jobs=jobs,
        executor=executor,
        shard=shard or "",
        stats=stats,
    )
    print_outcome(result, form, stats)
    end(result.findings, fail_on)


def _check_shard(shard: str | None, tenants: tuple[str, ...]) -> None:
    """Raises click.UsageError for a shard that cannot be meant."""
    from generator.parts import read_shard

    if shard is None:
        return
    if tenants:
        raise click.UsageError("--shard chooses the tenants itself; leave out their names")
    try:
        read_shard(shard)
    except ValueError as problem:
        raise click.UsageError(str(problem)) from None


def _progress(form: str) -> bool:
    """Progress is for people at a terminal."""
    return form == "text" and sys.stderr.isatty()
