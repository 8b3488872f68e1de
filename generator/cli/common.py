"""Options and endings that several subcommands share."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Sequence
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn, TypeVar

import click

from generator.findings import Finding, Level

if TYPE_CHECKING:
    from generator.api import Outcome

EXIT_CODES = (
    "Exit codes: 0 fine, 1 findings, 2 wrong use, 3 a tool, a server or the disk failed, "
    "130 interrupted."
)
"""What every command ends with, and says at the end of its help."""
Command = TypeVar("Command", bound=Callable[..., Any])


def root_option(command: Command) -> Command:
    """`--root`: where specs/ and output/ are; found upwards from here when not given."""
    return click.option(
        "--root",
        type=click.Path(path_type=Path, exists=True, file_okay=False),
        default=None,
        help="Repository with specs/ and output/ (default: here or the nearest folder above).",
    )(command)


def report_options(command: Command) -> Command:
    """`--format`, `--all` and `--fail-on`."""
    command = click.option(
        "--fail-on",
        type=click.Choice(["error", "warning", "info", "never"]),
        default="error",
        show_default=True,
        help="The mildest finding that makes the exit code 1; never: they are only told.",
    )(command)
    command = click.option(
        "--all",
        is_flag=True,
        expose_value=False,
        callback=_remember_all,
        help="Tell every finding in text, also those that say the same of many places.",
    )(command)
    return click.option(
        "--format",
        "form",
        type=click.Choice(["text", "json", "github", "sarif"]),
        default="text",
        show_default=True,
        help="How findings are printed; all but text go to standard output alone.",
    )(command)


_ALL = "tocsin.all"


def _remember_all(context: click.Context, _option: click.Parameter, value: bool) -> None:
    context.meta[_ALL] = value


def colored() -> bool:
    """Colour only where a person looks, and has not asked for none: https://no-color.org."""
    plain = os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb"
    return sys.stderr.isatty() and not plain


def tenants_argument(command: Command) -> Command:
    """`[TENANT]...`; none: all."""
    return click.argument("tenants", nargs=-1, metavar="[TENANT]...")(command)


def output_option(
    told: str = "Where to write (default: output/ in the repository).",
) -> Callable[[Command], Command]:
    """`--output`, a folder that need not be there."""
    folder = click.Path(path_type=Path, file_okay=False)
    return click.option("--output", type=folder, default=None, help=told)


def jobs_option(command: Command) -> Command:
    """`--jobs`."""
    return click.option(
        "-j",
        "--jobs",
        type=click.IntRange(min=0),
        default=0,
        show_default="one a processor",
        help="How many processes compile many tenants. The output is the same.",
    )(command)


def executor_option(command: Command) -> Command:
    """`--executor`."""
    return click.option(
        "--executor",
        default="local",
        show_default=True,
        metavar="local|dask://HOST:PORT",
        callback=_executor,
        help="Where tenants are compiled: here, or on a Dask cluster with the same Tocsin.",
    )(command)


def _executor(_context: click.Context, _option: click.Parameter, value: str) -> str:
    """Raises click.UsageError for what is none."""
    from generator.on_dask import is_dask

    if value != "local" and not is_dask(value):
        raise click.UsageError(
            f"{value!r} is no executor; write local or dask://scheduler.example.com:8786"
        )
    return value


def stats_option(command: Command) -> Command:
    """`--stats`."""
    return click.option(
        "--stats",
        is_flag=True,
        help="Also say what each tenant's rules cost: rules, groups, series, samples read. With "
        '--format json, standard output is {"findings": [...], "stats": {...}} instead of the '
        "findings alone; with github and sarif the table goes to standard error.",
    )(command)


def coverage_option(command: Command) -> Command:
    """`--min-tested`: the share of alerts that must have unit tests."""
    return click.option(
        "--min-tested",
        type=Percent(),
        default=None,
        metavar="PERCENT",
        help="Fail when fewer of a tenant's alerts have unit tests, e.g. 90%.",
    )(command)


class Percent(click.ParamType[Decimal]):
    """`90%` or `90`: a number from 0 to 100."""

    name = "percent"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> Decimal:
        """The number. Fails as wrong use when it is none, or out of range."""
        try:
            number = Decimal(str(value).strip().removesuffix("%"))
        except InvalidOperation:
            self.fail(f"{value!r} is no percentage; write 90%", param, ctx)
        if not number.is_finite() or not 0 <= number <= 100:
            self.fail(f"{value!r} is not between 0% and 100%", param, ctx)
        return number


def find_root(given: Path | None) -> Path:
    """The repository's folder. Raises click.UsageError when there is none."""
    if given is not None:
        return given.absolute()
    here = Path.cwd()
    for folder in (here, *here.parents):
        if (folder / "specs" / "platform.yaml").is_file():
            return folder
    raise click.UsageError(
        "no specs/platform.yaml here or in a folder above; "
        "go to the repository or name it with --root"
    )


def print_findings(findings: Sequence[Finding], form: str) -> None:
    """Write findings: text to standard error, machine formats to standard output."""
    from generator.report import render, render_short, summary

    if form != "text":
        sys.stdout.write(render(findings, form))
        return
    context = click.get_current_context(silent=True)
    if context is not None and context.meta.get(_ALL):
        sys.stderr.write(render(findings, form, color=colored()))
    else:
        sys.stderr.write(render_short(findings, color=colored()))
    if findings:
        sys.stderr.write(f"{summary(findings)}\n")


def print_outcome(outcome: Outcome, form: str, stats: bool) -> None:
    """Write findings, what there is to say to people, and the cost of rules if asked for."""
    if not stats:
        print_findings(outcome.findings, form)
    elif form == "json":
        import json

        from generator.render.cost import cost_data
        from generator.report import plain

        document = {"findings": plain(outcome.findings), "stats": cost_data(outcome.costs)}
        click.echo(json.dumps(document, indent=2, ensure_ascii=False))
    else:
        from generator.render.cost import cost_text

        print_findings(outcome.findings, form)
        click.echo(cost_text(outcome.costs), nl=False, err=form != "text")
    if form == "text":
        for line in outcome.told:
            click.echo(line)


def end(findings: Sequence[Finding], fail_on: str = "error") -> NoReturn:
    """End with what findings mean: 2 where all that is wrong is a name, 1 for others, else 0."""
    wrong = {finding.code for finding in findings if finding.level is Level.ERROR}
    if wrong and wrong <= {"file-missing", "no-tenant"}:
        sys.exit(2)
    sys.exit(1 if failing(findings, fail_on) else 0)


def failing(findings: Sequence[Finding], fail_on: str) -> bool:
    """Whether a finding is at least as bad as `fail_on`; none is for `never`."""
    if fail_on == "never":
        return False
    order = [Level.INFO, Level.WARNING, Level.ERROR]
    floor = order.index(Level(fail_on))
    return any(order.index(f.level) >= floor for f in findings)


def progress_lines(form: str) -> Callable[[str], None]:
    """What is told of steps that take long: lines for people at a terminal, else nothing."""
    if form != "text" or not sys.stderr.isatty():
        return lambda _line: None
    return lambda line: click.echo(f"{line} ...", err=True)


def stop(message: str, code: int) -> NoReturn:
    """End with one line on standard error and an exit code."""
    sys.stderr.write(f"tocsin: {message}\n")
    sys.exit(code)
