"""`tocsin init`: begin a repository, or a tenant in one."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from generator.cli.access import Access, access_options
from generator.cli.common import print_findings, stop
from generator.findings import SpecError

if TYPE_CHECKING:
    from generator.spec.proposal import Proposal


@click.command(name="init")
@click.argument("tenant", required=False)
@click.option("--team", help="The team that answers for the tenant (default: the tenant's name).")
@click.option("--contact", default="", help="The team's address.")
@click.option("--mail", help="Where alerts go in a new repository (default: a webhook).")
@click.option(
    "--service", "services", multiple=True, help="A service, selected by its job (default: api)."
)
@click.option("--pack", "packs", multiple=True, help="A pack for these (default: service-health).")
@click.option(
    "--from-prometheus",
    "prometheus",
    metavar="URL",
    help="Propose metrics, services and packs from what this server has.",
)
@click.option("--job", "jobs", multiple=True, help="With --from-prometheus: only this job.")
@access_options
@click.option("--force", is_flag=True, help="Write the tenant's spec anew if it is there.")
@click.option(
    "--root",
    type=click.Path(path_type=Path, file_okay=False),
    default=None,
    help="The repository (default: the nearest folder with specs/, else here).",
)
def command(
    tenant: str | None,
    team: str | None,
    contact: str,
    mail: str | None,
    services: tuple[str, ...],
    packs: tuple[str, ...],
    prometheus: str | None,
    jobs: tuple[str, ...],
    access: Access,
    force: bool,
    root: Path | None,
) -> None:
    """Write a first spec of TENANT that checks clean, and specs/platform.yaml where it lacks.

    On a terminal it asks for what is not given. Nothing is overwritten without --force, and the
    platform never.

    \b
      tocsin init acme
      tocsin init acme --team shop --service web --pack http-api --pack service-health
      tocsin init acme --from-prometheus http://localhost:9090 --job web --job postgres
    """
    from generator.initialising import AlreadyThere, initialise

    if (access.given or jobs) and prometheus is None:
        raise click.UsageError("--job, --token-file, --ca-file and --org go with --from-prometheus")
    place = (root or _nearest()).absolute()
    asks = sys.stdin.isatty() and sys.stdout.isatty()
    tenant = tenant or (click.prompt("Tenant (lower case, like acme)") if asks else None)
    if tenant is None:
        raise click.UsageError("name the tenant: tocsin init acme")
    if team is None:
        team = click.prompt("Team that answers for it", default=tenant) if asks else tenant
    if mail is None and asks and not (place / "specs" / "platform.yaml").exists():
        mail = click.prompt("Mail address for alerts (empty: a webhook)", default="")
    if asks and not (prometheus or services):
        services = tuple(click.prompt("Services, by their jobs", default="api").split())
    found = _found(prometheus, access, place, jobs) if prometheus else _plain(services, packs)
    proposal = _named(found, tenant, team or tenant, contact)
    try:
        begun = initialise(place, proposal, mail or "", force)
    except AlreadyThere as problem:
        stop(str(problem), 2)
    except SpecError as problem:
        print_findings(problem.findings, "text")
        stop("nothing was written", 1)
    for file in begun.files:
        click.echo(f"{file} written")
    print_findings(begun.findings, "text")
    if prometheus and begun.proposal != proposal:
        click.echo("left out, because it did not check clean: some of the metrics or packs found")
    click.echo(f"next: tocsin check {tenant}; tocsin build {tenant}; tocsin watch")


def _plain(services: tuple[str, ...], packs: tuple[str, ...]) -> Proposal:
    from generator.initialising import first_services

    return first_services(services or ("api",), packs or ("service-health",))


def _found(url: str, access: Access, root: Path, jobs: tuple[str, ...]) -> Proposal:
    from generator.discovery import discovered
    from generator.servers.prometheus import Prometheus

    server = access.server(url, "--from-prometheus")
    try:
        found = discovered(Prometheus(server), root, jobs, "tenant")
    except ValueError as problem:
        raise click.UsageError(str(problem)) from None
    if not found.services:
        stop(f"{url} has no series with a job yet; wait for its first scrape", 1)
    return found


def _named(found: Proposal, tenant: str, team: str, contact: str) -> Proposal:
    from dataclasses import replace

    return replace(found, tenant=tenant, team=team, contact=contact)


def _nearest() -> Path:
    here = Path.cwd()
    there = (f for f in (here, *here.parents) if (f / "specs" / "platform.yaml").is_file())
    return next(there, here)
