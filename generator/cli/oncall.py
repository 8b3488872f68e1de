"""`tocsin oncall`: who is on call, from the same enumeration that Alertmanager gets."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import click

from generator.cli.common import end, find_root, root_option, stop
from generator.findings import SpecError
from generator.ir.calendar import Duty
from generator.spec.model import Schedule, Tenant

_PERIOD = timedelta(days=28)


@click.command(name="oncall")
@click.argument("tenant")
@click.option("--at", help="A moment, e.g. 2026-12-24T10:00 (default: now).")
@click.option("--from", "start", help="Print the calendar from this time on (default: now).")
@click.option("--until", help="End of the calendar (default: four weeks after its start).")
@click.option("--schedule", help="Only this schedule (default: all of the tenant).")
@click.option("--person", help="Only this person's duties.")
@click.option(
    "--timezone",
    help="Zone of the times that are printed, e.g. Asia/Tokyo (default: each schedule's own).",
)
@click.option(
    "--format",
    "form",
    type=click.Choice(["text", "json", "ics"]),
    default="text",
    show_default=True,
    help="A table, JSON for programs, or a calendar file to subscribe to.",
)
@root_option
def command(
    tenant: str,
    at: str | None,
    start: str | None,
    until: str | None,
    schedule: str | None,
    person: str | None,
    timezone: str | None,
    form: str,
    root: Path | None,
) -> None:
    """Show who of TENANT is on call: at a moment, or turn by turn over a period.

    Turns are shown whole, with what they come from: a layer, a holiday, an override; times
    without anybody are shown as nobody's. A time without an offset is read in --timezone, or in
    the tenant's zone. A calendar file without a period holds all that is planned.

    \b
      tocsin oncall acme                                  now
      tocsin oncall acme --at 2026-12-24T10:00            at a moment
      tocsin oncall acme --from 2026-12-01                four weeks from then
      tocsin oncall acme --person ann --timezone Asia/Tokyo
      tocsin oncall acme --person ann --format ics > ann.ics
    """
    if at is not None and (start is not None or until is not None):
        raise click.UsageError("--at asks for a moment, --from and --until for a period: not both")
    zone = _zone(timezone)
    spec = _tenant(tenant, root)
    wanted = _wanted(spec, schedule, person)
    local = ZoneInfo(zone or spec.timezone)
    if start is None and until is None and form != "ics":
        _print_moment(tenant, wanted, person, _moment(at, local), zone, form)
        return
    if start is None and until is None and at is None:
        begin = min(rota.starts for rota in wanted.values())
        end = max(rota.until for rota in wanted.values())
    else:
        begin = _moment(start or at, local)
        end = _moment(until, local) if until else begin + _PERIOD
    if end <= begin:
        raise click.UsageError("--until is not after --from")
    _print_calendar(tenant, wanted, person, (begin, end), zone, form)


def _tenant(tenant: str, root: Path | None) -> Tenant:
    from generator.api import load_one
    from generator.cli.common import print_findings

    try:
        _, spec = load_one(find_root(root), tenant)
    except SpecError as problem:
        print_findings(problem.findings, "text")
        end(problem.findings)
    return spec


def _wanted(spec: Tenant, schedule: str | None, person: str | None) -> Mapping[str, Schedule]:
    """The schedules that are asked for; the program ends when there are none."""
    from generator.compile.oncall import on_duty

    if not spec.oncall:
        stop(f"{spec.id} has no on-call schedules; write oncall: in its spec", 1)
    wanted = {n: s for n, s in spec.oncall.items() if schedule in (None, n)}
    if not wanted:
        stop(f"{spec.id} has no such schedule; it has: {', '.join(spec.oncall)}", 2)
    if person is None:
        return wanted
    people = {name: on_duty(rota) for name, rota in wanted.items()}
    found = {name: rota for name, rota in wanted.items() if person in people[name]}
    if not found:
        known = sorted({one for names in people.values() for one in names})
        stop(f"{person} is never on call there; these are: {', '.join(known)}", 2)
    return found


def _print_moment(
    tenant: str,
    wanted: Mapping[str, Schedule],
    person: str | None,
    moment: datetime,
    zone: str | None,
    form: str,
) -> None:
    from generator.compile.calendar import duty_at, next_duty
    from generator.render.calendar import moment_json, moment_text, person_text

    pairs: list[tuple[Duty, Duty | None]]
    if person is not None:
        own = [(rota, next_duty(rota, person, moment)) for rota in wanted.values()]
        pairs = [(duty, None) for _, duty in own if duty is not None]
        lines = [
            person_text(duty, moment, zone)
            if duty is not None
            else f"{rota.name}: {person} is not on call any more\n"
            for rota, duty in own
        ]
    else:
        pairs = [duty_at(rota, moment) for rota in wanted.values()]
        lines = [moment_text(*pair, zone) for pair in pairs]
    told = moment_json(tenant, moment, pairs, zone) if form == "json" else "".join(lines)
    click.echo(told, nl=False)


def _print_calendar(
    tenant: str,
    wanted: Mapping[str, Schedule],
    person: str | None,
    period: tuple[datetime, datetime],
    zone: str | None,
    form: str,
) -> None:
    from generator.compile.calendar import duties
    from generator.render.calendar import calendar_json, calendar_text
    from generator.render.ics import calendar_ics

    found = [
        duty
        for rota in wanted.values()
        for duty in duties(rota, *period)
        if person in (None, duty.person)
    ]
    if form == "ics":
        title = " ".join(filter(None, ("On call:", person, tenant)))
        click.echo(calendar_ics(tenant, title, found), nl=False)
    elif form == "json":
        click.echo(calendar_json(tenant, found, zone, *period), nl=False)
    elif found:
        click.echo(calendar_text(found, zone, *period), nl=False)
    else:
        click.echo(f"{person} is not on call in that time")


def _zone(name: str | None) -> str | None:
    """A zone of an option, checked. Raises click.BadParameter."""
    if name is None:
        return None
    try:
        return ZoneInfo(name).key
    except (KeyError, ValueError, OSError):
        message = f"there is no timezone {name!r}; write a name like Europe/Paris"
        raise click.BadParameter(message) from None


def _moment(text: str | None, local: ZoneInfo) -> datetime:
    """A time of an option, in UTC; without an offset in `local`. Raises click.BadParameter."""
    if text is None:
        return datetime.now(UTC).replace(second=0, microsecond=0)
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise click.BadParameter(f"{text!r} is not a time like 2026-12-24T10:00") from None
    if not 1971 <= moment.year <= 2998:
        raise click.BadParameter(f"{text!r} is too far away")
    return (moment if moment.tzinfo else moment.replace(tzinfo=local)).astimezone(UTC)
