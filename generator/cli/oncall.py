"""`tocsin oncall`: who is on call, from the same enumeration that Alertmanager gets."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import click

from generator.cli.common import find_root, root_option, stop
from generator.findings import SpecError
from generator.spec.model import Schedule

_PERIOD = timedelta(days=28)


@click.command(name="oncall")
@click.argument("tenant")
@click.option("--at", help="A moment, e.g. 2026-12-24T10:00+01:00 (default: now).")
@click.option("--from", "start", help="Print the calendar from this time on (default: now).")
@click.option("--until", help="End of the calendar (default: four weeks after its start).")
@click.option("--schedule", help="Only this schedule (default: all of the tenant).")
@click.option(
    "--format",
    "form",
    type=click.Choice(["text", "ics"]),
    default="text",
    show_default=True,
    help="A table, or a calendar file to subscribe to.",
)
@root_option
def command(
    tenant: str,
    at: str | None,
    start: str | None,
    until: str | None,
    schedule: str | None,
    form: str,
    root: Path | None,
) -> None:
    """Show who of TENANT is on call: at a moment, or turn by turn over a period.

    \b
      tocsin oncall acme                                  now
      tocsin oncall acme --at 2026-12-24T10:00+01:00      at a moment
      tocsin oncall acme --from 2026-12-01T00:00+00:00    four weeks from then
      tocsin oncall acme --format ics > acme.ics          for a calendar
    """
    if at is not None and (start is not None or until is not None):
        raise click.UsageError("--at asks for a moment, --from and --until for a period: not both")
    wanted = _schedules(tenant, schedule, root)
    if start is None and until is None and form == "text":
        _print_moment(wanted, _moment(at))
        return
    begin = _moment(start or at)
    end = _moment(until) if until else begin + _PERIOD
    if end <= begin:
        raise click.UsageError("--until is not after --from")
    _print_calendar(tenant, wanted, begin, end, form)


def _schedules(tenant: str, schedule: str | None, root: Path | None) -> Mapping[str, Schedule]:
    from generator.api import load_one
    from generator.cli.common import print_findings

    try:
        _, spec = load_one(find_root(root), tenant)
    except SpecError as problem:
        print_findings(problem.findings, "text")
        sys.exit(1)
    wanted = {n: s for n, s in spec.oncall.items() if schedule in (None, n)}
    if not wanted:
        if not spec.oncall:
            stop(f"{tenant} has no on-call schedules; write oncall: in its spec", 1)
        stop(f"{tenant} has no such schedule; it has: {', '.join(spec.oncall)}", 2)
    return wanted


def _print_moment(wanted: Mapping[str, Schedule], moment: datetime) -> None:
    from generator.compile.oncall import on_call

    for name, rota in wanted.items():
        shift = on_call(rota, moment)
        if shift is None:
            click.echo(f"{name}: nobody (outside {rota.starts:%Y-%m-%d} .. {rota.until:%Y-%m-%d})")
        else:
            click.echo(f"{name}: {shift.person} until {shift.end:%Y-%m-%d %H:%M} UTC")


def _print_calendar(
    tenant: str, wanted: Mapping[str, Schedule], start: datetime, until: datetime, form: str
) -> None:
    from generator.compile.oncall import calendar
    from generator.render.ics import calendar_ics

    turns = [
        (name, shift.person, shift.start, shift.end)
        for name, rota in wanted.items()
        for shift in calendar(rota, start, until)
    ]
    if form == "ics":
        click.echo(calendar_ics(tenant, turns), nl=False)
        return
    width = max((len(name) for name in wanted), default=0)
    people = max((len(person) for _, person, _, _ in turns), default=0)
    for name, person, begins, ends in turns:
        zone = ZoneInfo(wanted[name].timezone)
        told = " to ".join(f"{t.astimezone(zone):%a %Y-%m-%d %H:%M}" for t in (begins, ends))
        click.echo(f"{name:<{width}}  {person:<{people}}  {told} {zone.key}")
    if not turns:
        click.echo("nobody is on call in that time")


def _moment(text: str | None) -> datetime:
    """A time of an option, aware. Raises click.BadParameter for anything unreadable or zoneless."""
    if text is None:
        return datetime.now(UTC)
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise click.BadParameter(f"{text!r} is not a time like 2026-12-24T10:00+01:00") from None
    if moment.tzinfo is None:
        raise click.BadParameter(f"{text!r} has no timezone; write {text}+00:00 or {text}+01:00")
    return moment.astimezone(UTC)
