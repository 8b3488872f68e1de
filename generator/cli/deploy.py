"""`tocsin deploy`: put output/ where servers read it, reload them, and see that they run it."""

from __future__ import annotations

from pathlib import Path

import click

from generator.cli.access import Target, target_options
from generator.cli.common import (
    end,
    find_root,
    print_findings,
    print_outcome,
    progress_lines,
    report_options,
    root_option,
    stop,
    tenants_argument,
)


@click.command(name="deploy")
@tenants_argument
@target_options
@click.option("--build", is_flag=True, help="Compile the specs first, as tocsin build does.")
@click.option(
    "--dry-run",
    is_flag=True,
    help="Check everything, say what would go, move nothing (--build still writes output/).",
)
@click.option(
    "--files-only",
    is_flag=True,
    help="Put the files there, and leave the servers alone: for the first time, before they run.",
)
@click.option(
    "--prune",
    is_flag=True,
    help="Also remove deployed tenants that output/ has no more; only files that a manifest of "
    "Tocsin lists.",
)
@click.option(
    "--wait",
    type=click.FloatRange(min=0),
    default=None,
    metavar="SECONDS",
    help="How long to wait for one evaluation of what changed (default: the longest interval of "
    "its groups and 15 seconds).",
)
@root_option
@report_options
def command(
    tenants: tuple[str, ...],
    target: Target,
    build: bool,
    dry_run: bool,
    files_only: bool,
    prune: bool,
    wait: float | None,
    root: Path | None,
    form: str,
    fail_on: str,
) -> None:
    """Put output/ into the folder that servers read, reload them, verify that they run it.

    TENANTs: only theirs and the fleet's files go out; all others stay as they were deployed.

    The files are checked with promtool and amtool of the servers' own versions. A tenant whose
    files are refused is quarantined: what was deployed of it stays, the others go out, and the
    exit code is 1. Then the files are moved, Alertmanager and Prometheus reload, and their APIs
    must show every group and setting as written, and no rule that fails at its next evaluation.
    Otherwise everything is put back and reloaded again.

    A run that is stopped or killed may be repeated at any time: the next one puts back first what
    was half done. Where to may stand in specs/platform.yaml (deploy:); the options win over it.

    \b
      tocsin deploy --dry-run
      tocsin deploy --to /etc/monitoring --prometheus http://127.0.0.1:9090 \\
                    --alertmanager http://127.0.0.1:9093
      tocsin deploy --files-only        before the servers are started for the first time
      tocsin deploy acme --build        one tenant, compiled anew
      tocsin deploy --prune             also remove tenants that have no spec any more

    More, with what can go wrong and what then happens: docs/deploy.md
    """
    from generator.api import SpecError, deploy
    from generator.deploying import NoTarget, Request

    if prune and tenants:
        raise click.UsageError("--prune looks at all tenants: leave TENANT out")
    folder = find_root(root)
    options, where = target.options(files_only), target.output or folder / "output"
    request = Request(folder, where, options, tenants, build, prune, dry_run, wait)
    try:
        outcome = deploy(request, progress_lines(form))
    except SpecError as problem:
        print_findings(problem.findings, form)
        end(problem.findings)
    except (NoTarget, ValueError) as problem:
        stop(str(problem), 2)
    print_outcome(outcome, form, False)
    end(outcome.findings, fail_on)
