"""`tocsin report`: what was attained of the SLOs in a period, from a running Prometheus."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from generator.cli.access import Access, access_options
from generator.cli.common import (
    end,
    find_root,
    print_findings,
    root_option,
    stop,
    tenants_argument,
)
from generator.findings import SpecError

if TYPE_CHECKING:
    from generator.ir.attainment import TenantAttainment
    from generator.reporting import Attainment

_FORMATS = {"html": ".html", "markdown": ".md", "csv": ".csv", "json": ".json"}


@click.command(name="report")
@tenants_argument
@click.option(
    "--prometheus", required=True, metavar="URL", help="A running Prometheus, Mimir or Thanos."
)
@click.option(
    "--period",
    default="",
    metavar="PERIOD",
    help="2026-10, 2026-Q4, 2026-W43, 2026-10-12, 2026; last-month, this-quarter, ...; or a length "
    "such as 30d, which ends now or at --until (default: last-month).",
)
@click.option(
    "--from", "start", default="", metavar="TIME", help="Instead of --period: 2026-10-05T09:00."
)
@click.option("--until", default="", metavar="TIME", help="The end of --from or of a length.")
@click.option(
    "--format",
    "forms",
    multiple=True,
    type=click.Choice(tuple(_FORMATS)),
    help="May repeat with a folder as --output (default: what the file's name says; all four in a "
    "folder; markdown on standard output).",
)
@click.option(
    "--output",
    default="",
    metavar="FILE|DIR",
    help="A file for all tenants, or a folder (write a / at its end) with files for each.",
)
@click.option(
    "--fail-below-objective",
    is_flag=True,
    help="Exit with 1 when an objective was missed, or nothing was measured of it.",
)
@access_options
@click.option(
    "--timeout",
    type=click.FloatRange(min=1),
    default=60.0,
    show_default=True,
    metavar="SECONDS",
    help="How long one answer may take.",
)
@root_option
def command(
    tenants: tuple[str, ...],
    prometheus: str,
    period: str,
    start: str,
    until: str,
    forms: tuple[str, ...],
    output: str,
    fail_below_objective: bool,
    access: Access,
    timeout: float,
    root: Path | None,
) -> None:
    """Report what TENANTs (none: all) attained of their SLOs in a period.

    Objective against attained, budget spent, incidents with their timeline, the worst hours, and
    the period before, from the series that the generated rules record. Periods begin and end at
    midnight of the tenant's timezone. How much of the period was measured stands beside every
    figure, and what was not measured is "no data". The page needs no network and prints well.

    \b
      tocsin report acme --prometheus http://127.0.0.1:9090
      tocsin report acme --prometheus URL --period 2026-10 --output october.html
      tocsin report --prometheus URL --period last-quarter --output reports/
      tocsin report acme --prometheus URL --from 2026-10-05T09:00 --until 2026-10-05T18:00
      tocsin report --prometheus URL --period 30d --format csv --fail-below-objective

    A missed objective is told; it makes the exit code 1 with --fail-below-objective.
    """
    from generator.reporting import Attainment, attainment_findings

    chosen = _chosen(forms, output)
    asked = Attainment(access.server(prometheus, timeout=timeout), period, start, until)
    reports = _answered(find_root(root), tenants, asked)
    _write(reports, chosen, output)
    findings = attainment_findings(reports, fail_below_objective)
    print_findings(findings, "text")
    end(findings)


def _answered(
    root: Path, tenants: tuple[str, ...], asked: Attainment
) -> tuple[TenantAttainment, ...]:
    """What was attained; the program ends for a period that is none and specs with errors."""
    from generator.reporting import PeriodUnclear, attainment

    try:
        return attainment(root, tenants, asked, progress=True)
    except PeriodUnclear as problem:
        stop(str(problem), 2)
    except SpecError as problem:
        print_findings(problem.findings, "text")
        end(problem.findings)


def _write(reports: tuple[TenantAttainment, ...], forms: tuple[str, ...], output: str) -> None:
    from generator.reporting import Destination, attainment_text, write_attainment

    if not output:
        click.echo(attainment_text(reports, forms[0]), nl=False)
        return
    for path in write_attainment(reports, forms, Destination(Path(output), _is_folder(output))):
        click.echo(f"{path} written", err=True)


def _chosen(forms: tuple[str, ...], output: str) -> tuple[str, ...]:
    """The formats to write; of a file the one that its name says. Fails as wrong use."""
    chosen = tuple(dict.fromkeys(forms))
    if output and _is_folder(output):
        return chosen or tuple(_FORMATS)
    if len(chosen) > 1:
        raise click.UsageError("several formats need a folder: --output reports/")
    if chosen or not output:
        return chosen or ("markdown",)
    suffix = Path(output).suffix
    found = tuple(form for form, ending in _FORMATS.items() if ending == suffix)
    if not found:
        listed = ", ".join(_FORMATS.values())
        raise click.UsageError(
            f"{output} names no format (one of {listed}); give --format, or a folder as reports/"
        )
    return found


def _is_folder(output: str) -> bool:
    return output.endswith(("/", "\\")) or Path(output).is_dir()
