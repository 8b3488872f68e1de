"""`tocsin drift`: what running servers have that output/ has not, and the reverse."""

from __future__ import annotations

from datetime import timedelta
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


@click.command(name="drift")
@tenants_argument
@target_options
@click.option(
    "--silence-age",
    default="1d",
    show_default=True,
    metavar="DURATION",
    help="Tell an active silence that matched no alert for this long.",
)
@root_option
@report_options
def command(
    tenants: tuple[str, ...],
    target: Target,
    silence_age: str,
    root: Path | None,
    form: str,
    fail_on: str,
) -> None:
    """Compare running Prometheus and Alertmanager, and their folder, with output/.

    Rules are compared as trees (expressions that are only spelt otherwise are the same), with
    for, keep_firing_for, labels, annotations, and their groups' interval and limit; routes,
    receivers, inhibitions and intervals by structure (what a server hides as <secret> is equal to
    anything); scrape jobs by name; the folder by its manifests. Silences that matched nothing for
    long, that end in more than 30 days, or that are for a tenant who is gone, are warnings.

    Nothing is changed anywhere. Exit code 1 when there is drift.

    \b
      tocsin drift                                      where platform.yaml says (deploy:)
      tocsin drift --prometheus http://127.0.0.1:9090   this server alone, no folder
      tocsin drift acme --format json
      tocsin drift --fail-on warning                    silences fail it, too
    """
    from generator.api import SpecError, drift
    from generator.deploying import NoTarget
    from generator.drifting import Watched
    from generator.values import Duration

    folder = find_root(root)
    options, where = target.options(), target.output or folder / "output"
    try:
        age = timedelta(milliseconds=Duration.parse(silence_age).ms)
        if not age:
            raise ValueError("--silence-age must be more than 0")
        watched = Watched(folder, where, options, tenants, age)
        outcome = drift(watched, progress_lines(form))
    except SpecError as problem:
        print_findings(problem.findings, form)
        end(problem.findings)
    except (NoTarget, ValueError) as problem:
        stop(str(problem), 2)
    print_outcome(outcome, form, False)
    end(outcome.findings, fail_on)
