"""`tocsin oncall`: who is on call, from the same enumeration that Alertmanager gets."""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from pathlib import Path

import click

from generator.cli.common import find_root, root_option, stop
from generator.findings import SpecError


@click.command(name="oncall")
@click.argument("tenant")
@click.option("--at", help="A moment, e.g. 2026-12-24T10:00+01:00 (default: now).")
@click.option("--schedule", help="Only this schedule (default: all of the tenant).")
@root_option
def command(tenant: str, at: str | None, schedule: str | None, root: Path | None) -> None:
    """Show who of TENANT is on call at a moment, and until when."""
    from generator.api import load_one
    from generator.cli.common import print_findings
    from generator.compile.oncall import on_call

    moment = _moment(at)
    try:
        _, spec = load_one(find_root(root), tenant)
    except SpecError as problem:
        print_findings(problem.findings, "text")
        sys.exit(1)
    wanted = {n: s for n, s in spec.oncall.items() if schedule in (None, n)}
    if not wanted:
        known = ", ".join(spec.oncall) or "none"
        stop(f"{tenant} has no such schedule; it has: {known}", 2)
    for name, rota in wanted.items():
        shift = on_call(rota, moment)
        if shift is None:
            click.echo(f"{name}: nobody (outside {rota.starts:%Y-%m-%d} .. {rota.until:%Y-%m-%d})")
        else:
            click.echo(f"{name}: {shift.person} until {shift.end:%Y-%m-%d %H:%M} UTC")


def _moment(text: str | None) -> datetime:
    """`--at` as an aware time. Raises click.BadParameter for anything unreadable or zoneless."""
    if text is None:
        return datetime.now(UTC)
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise click.BadParameter(f"{text!r} is not a time like 2026-12-24T10:00+01:00") from None
    if moment.tzinfo is None:
        raise click.BadParameter(f"{text!r} has no timezone; write {text}+00:00 or {text}+01:00")
    return moment.astimezone(UTC)
