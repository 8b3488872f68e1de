"""`tocsin watch`: build at every edit, and have the servers reload."""

from __future__ import annotations

import json
import signal
import sys
from datetime import datetime
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING

import click

from generator.cli.access import Named, server_options
from generator.cli.common import (
    colored,
    find_root,
    output_option,
    print_findings,
    root_option,
    stop,
    tenants_argument,
)

if TYPE_CHECKING:
    from generator.reloading import Reloads
    from generator.watching import Event

PROMETHEUS = "http://localhost:9090"
ALERTMANAGER = "http://localhost:9093"


@click.command(name="watch")
@tenants_argument
@root_option
@output_option()
@click.option(
    "--reload",
    is_flag=True,
    help=f"Reload {PROMETHEUS} and {ALERTMANAGER}, or those named, after each good build.",
)
@server_options("A Prometheus to reload; may repeat.", "An Alertmanager to reload; may repeat.")
@click.option(
    "--verify",
    type=click.Choice(["auto", "required", "off"]),
    default="auto",
    show_default=True,
    help="Run promtool and amtool before writing: when they are there, always, or never.",
)
@click.option("--once", is_flag=True, help="Build and reload once, then end.")
@click.option(
    "--format",
    "form",
    type=click.Choice(["text", "json"]),
    default="text",
    show_default=True,
    help="json: an object a line on standard output.",
)
def command(
    tenants: tuple[str, ...],
    root: Path | None,
    output: Path | None,
    reload: bool,
    servers: Named,
    verify: str,
    once: bool,
    form: str,
) -> None:
    """Build TENANTs (default: all), then again at every edit of their specs, packs or templates.

    Only what an edit touches is compiled. A broken edit is told at its place; output/ and the
    servers keep what they had. Servers reload after a good build, Alertmanager before Prometheus,
    each only if a file that it reads has changed. They must read output/fleet, and Prometheus must
    run with --web.enable-lifecycle. An address alone reloads that server only.

    \b
      tocsin watch                             build at every edit
      tocsin watch acme --reload               and reload both servers on this machine
      tocsin watch --prometheus http://p:9090  reload one Prometheus
      tocsin watch --format json | jq          for other tools

    Ctrl-C ends it: exit code 0, or 130 in the middle of a build. With --once the exit code is 1
    for errors in specs and 3 when a server or a tool refused.
    """
    from generator.watching import Watch

    reloads = _reloads(reload, servers)
    folder = find_root(root)
    printer = _Printer(form)
    into = output or folder / "output"
    watch = Watch(folder, into, printer.tell, tenants, verify, reloads, form == "text")
    _known(folder, tenants)
    _end_on_sigterm()
    try:
        if once:
            good = watch.once()
            sys.exit(0 if good else 3 if printer.last in ("refused", "failed") else 1)
        watch.run()
    except KeyboardInterrupt:
        sys.stderr.write("\nwatch ended\n")
        sys.exit(0 if watch.idle else 130)


def _reloads(local: bool, named: Named) -> Reloads:
    """The servers to reload; with `local`, those of this machine where none are named."""
    from generator.reloading import Reloads
    from generator.servers.alertmanager import Alertmanager
    from generator.servers.prometheus import Prometheus

    alertmanager = named.alertmanager or ((ALERTMANAGER,) if local else ())
    prometheus = named.prometheus or ((PROMETHEUS,) if local else ())
    reach = named.access.server
    return Reloads(
        (
            *(Alertmanager(reach(url, "--alertmanager")) for url in alertmanager),
            *(Prometheus(reach(url)) for url in prometheus),
        )
    )


def _known(root: Path, tenants: tuple[str, ...]) -> None:
    """End when a tenant is named that is not there."""
    from generator.spec.load import tenant_names
    from generator.spec.validate import no_tenant

    names = tenant_names(root)
    for name in tenants:
        if name not in names:
            stop(no_tenant(name, names), 2)


def _end_on_sigterm() -> None:
    """A service manager's wish to end is a person's Ctrl-C."""

    def end(_number: int, _frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    signal.signal(signal.SIGTERM, end)


class _Printer:
    """Writes events as they come: with the clock for people, as lines of JSON for programs."""

    def __init__(self, form: str) -> None:
        self.form = form
        self.last = ""

    def tell(self, event: Event) -> None:
        """Write one event; it is seen at once, also through a pipe."""
        self.last = event.kind
        now = datetime.now().astimezone()
        if self.form == "json":
            self._json(event, now)
        else:
            _text(event, now)
        sys.stdout.flush()

    def _json(self, event: Event, now: datetime) -> None:
        from generator.report import plain

        document = {
            "time": now.isoformat(timespec="milliseconds"),
            "event": event.kind,
            "message": event.message,
            "hint": event.hint,
            "files": list(event.files),
            "findings": plain(event.findings),
            "seconds": event.seconds,
        }
        click.echo(json.dumps(document, ensure_ascii=False))


_COLORS = {"held": "red", "failed": "red", "refused": "red", "built": "green", "reloaded": "green"}


def _text(event: Event, now: datetime) -> None:
    print_findings(event.findings, "text")
    took = f" ({event.seconds:.1f} s)" if event.seconds is not None else ""
    bad = event.kind in ("held", "failed", "refused")
    message = click.style(event.message, fg=_COLORS.get(event.kind) if colored() else None)
    click.echo(f"{now:%H:%M:%S}  {message}{took}", err=bad)
    if event.hint:
        click.echo(f"          {event.hint}", err=bad)
