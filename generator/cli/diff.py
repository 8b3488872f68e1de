"""`tocsin diff`: what a change of the specs means."""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from generator.cli.access import Named, server_options
from generator.cli.common import (
    end,
    find_root,
    output_option,
    print_findings,
    root_option,
    stop,
    tenants_argument,
)
from generator.findings import has_errors

if TYPE_CHECKING:
    from generator.api import Diff
    from generator.sides import Base


@click.command(name="diff")
@tenants_argument
@root_option
@output_option("Compare with this folder instead of output/ in the repository.")
@click.option(
    "--against",
    metavar="REV",
    default=None,
    help="Compare with a git revision: its output/ where it is committed, else what its specs "
    "compile to. main... (three dots): with where this branch left main.",
)
@click.option("--specs", is_flag=True, help="With --against: its specs, even if it has output/.")
@click.option("--live", is_flag=True, help="Compare with what running servers have loaded.")
@server_options("With --live: a Prometheus.", "With --live: an Alertmanager.")
@click.option(
    "--format",
    "form",
    type=click.Choice(["text", "markdown", "json"]),
    default="text",
    show_default=True,
    help="text for a terminal, markdown for a pull request's comment, json for programs.",
)
@click.option("--exit-code", is_flag=True, help="Exit with 1 when the meaning changes, else 0.")
def command(
    tenants: tuple[str, ...], root: Path | None, form: str, exit_code: bool, **where: Any
) -> None:
    """Say what the specs would change, for TENANTs (default: all): alerts that come, go, fire
    sooner or later, who is told then and who no longer, panels, scrape jobs, cost, and which
    alerts lose their pending state.

    The specs as they are on disk are compared with output/ as it is on disk. Expressions are
    compared as trees: what means the same is not told, and nothing is printed when nothing changes
    its meaning. No file is written. Unit tests are not derived; tocsin check does that.

    \b
      tocsin diff                            what the next build changes
      tocsin diff acme --against main        one tenant, against output/ (or specs/) of main
      tocsin diff --against main... --format markdown > comment.md
      tocsin diff --live --prometheus http://prometheus:9090 \\
                  --alertmanager http://alertmanager:9093
      tocsin diff --exit-code                0 no change of meaning, 1 a change

    A change alone is no finding: the exit code is 0 without --exit-code.
    """
    from generator.api import diff
    from generator.deliver.diff.reading import Unreadable
    from generator.deliver.diff.revision import NoRevision

    folder = find_root(root)
    base = _base(folder, _Where(**where))
    try:
        found = diff(folder, tenants, base, progress=form == "text")
    except NoRevision as problem:
        stop(str(problem), 2)
    except Unreadable as problem:
        stop(str(problem), 3)
    _print(found, form)
    if has_errors(found.findings):
        end(found.findings)
    changed = found.changes is not None and not found.changes.silent
    sys.exit(1 if exit_code and changed else 0)


@dataclass(frozen=True, slots=True)
class _Where:
    """The options that say what to compare with."""

    output: Path | None
    against: str | None
    specs: bool
    live: bool
    servers: Named


def _base(folder: Path, where: _Where) -> Base:
    """What to compare with. Raises click.UsageError for options that contradict each other."""
    from generator.api import Built, Revision

    if sum((where.output is not None, where.against is not None, where.live)) > 1:
        raise click.UsageError("one of --output, --against and --live")
    named = where.servers
    if where.live != bool(named.prometheus):
        raise click.UsageError("--live and --prometheus URL belong together")
    if not where.live and (named.alertmanager or named.access.given):
        options = "--alertmanager, --token-file, --ca-file and --org"
        raise click.UsageError(f"{options} belong to --live")
    if max(len(named.prometheus), len(named.alertmanager)) > 1:
        raise click.UsageError("--live compares with one Prometheus and one Alertmanager")
    if where.specs and where.against is None:
        raise click.UsageError("--specs belongs to --against")
    if where.live:
        return _live(named)
    if where.against is not None:
        return Revision(where.against, where.specs)
    return Built(where.output if where.output is not None else folder / "output")


def _live(named: Named) -> Base:
    from generator.api import Live
    from generator.servers.alertmanager import Alertmanager
    from generator.servers.prometheus import Prometheus

    others = [named.access.server(url, "--alertmanager") for url in named.alertmanager]
    prometheus = Prometheus(named.access.server(named.prometheus[0]))
    return Live(prometheus, Alertmanager(others[0]) if others else None)


def _print(found: Diff, form: str) -> None:
    from generator.render.changes.data import changes_json
    from generator.render.changes.markdown import changes_markdown
    from generator.render.changes.text import changes_text, uncompared_text

    if form == "json":
        click.echo(changes_json(found.changes, found.findings), nl=False)
        return
    errors = [f for f in found.findings if has_errors([f])]
    print_findings(errors, "text")
    if found.changes is None:
        return
    if form == "markdown":
        click.echo(changes_markdown(found.changes), nl=False)
        return
    colored = sys.stdout.isatty() and not os.environ.get("NO_COLOR")
    click.echo(changes_text(found.changes, color=colored), nl=False)
    click.echo(uncompared_text(found.changes), nl=False, err=True)
