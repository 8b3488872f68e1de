"""`tocsin grafana apply`: organisations, teams, folders and permissions through the HTTP API."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from generator.cli.common import find_root, print_outcome, root_option

if TYPE_CHECKING:
    from generator.deliver.grafana import Done

_FILE = click.Path(path_type=Path, exists=True, dir_okay=False)


@click.group(name="grafana")
def command() -> None:
    """Do in Grafana what its provisioning files cannot say."""


@command.command(name="apply")
@root_option
@click.option(
    "--output",
    type=click.Path(path_type=Path, exists=True, file_okay=False),
    default=None,
    help="Where the last build is (default: output/ in the repository).",
)
@click.option("--url", required=True, help="Grafana's address, with its path prefix if it has one.")
@click.option("--token-file", type=_FILE, help="File with a service account's token (role Admin).")
@click.option("--user", default="", help="Server administrator: for an organisation per tenant.")
@click.option("--password-file", type=_FILE, help="File with the administrator's password.")
@click.option("--ca-file", type=_FILE, help="Authority that signed Grafana's certificate.")
@click.option("--dry-run", is_flag=True, help="Only look and say what would be done.")
@click.option("--all", "every", is_flag=True, help="Also tell what is already as it should be.")
def apply(
    root: Path | None,
    output: Path | None,
    url: str,
    token_file: Path | None,
    user: str,
    password_file: Path | None,
    ca_file: Path | None,
    dry_run: bool,
    every: bool,
) -> None:
    """Create the organisations, teams and folders of the last build, and set who may see what.

    The steps are in output/fleet/grafana/api.json. Each looks first: doing them again changes
    nothing. A folder's permissions are replaced as a whole; nothing else is ever removed.

    \b
      tocsin grafana apply --url https://grafana.example.com --token-file token --dry-run
      tocsin grafana apply --url https://grafana.example.com --token-file token
      tocsin grafana apply --url https://grafana.example.com --user admin --password-file password
    """
    from generator.api import applied_grafana, needs_administrator
    from generator.servers.http import Server

    if bool(user) != (password_file is not None):
        raise click.UsageError("--user and --password-file belong together")
    if (token_file is None) == (not user):
        raise click.UsageError("give --token-file, or --user with --password-file")
    folder = output or find_root(root) / "output"
    if not user and needs_administrator(folder):
        raise click.UsageError(
            "organisations are made by a server's administrator, and a token belongs to one "
            "organisation: give --user and --password-file"
        )
    try:
        server = Server(url, token_file, ca_file, user=user, password_file=password_file)
    except ValueError as problem:
        raise click.BadParameter(str(problem), param_hint="--url") from None

    def seen(done: Done) -> None:
        if every or done.changed:
            click.echo(f"{done.did}: {done.step['what']}")

    outcome = applied_grafana(folder, server, dry_run=dry_run, seen=seen)
    print_outcome(outcome, "text", False)
    sys.exit(1 if outcome.findings else 0)
