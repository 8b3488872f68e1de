"""On-call calendars as tables for people and as JSON for programs."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from generator.ir.calendar import Duty

NOBODY = "nobody"
_CAUSES = {"rotation": "", "before": "not begun", "after": "ended"}
_HEADER = ("schedule", "on call", "from", "until", "zone", "why")


def calendar_text(
    duties: Sequence[Duty], zone: str | None, start: datetime, until: datetime
) -> str:
    """A table of duties in a zone (None: each schedule's own), and hours by person below it.

    The hours are those between `start` and `until` alone.
    """
    rows: list[tuple[str, ...]] = [_HEADER]
    for duty in duties:
        local = zone or duty.timezone
        times = (_told(moment, local) for moment in (duty.start, duty.end))
        rows.append((duty.schedule, duty.person or NOBODY, *times, local, why(duty)))
    widths = [max(len(row[column]) for row in rows) for column in range(len(_HEADER))]
    lines = [
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in rows
    ]
    totals = [
        f"{schedule}: " + ", ".join(f"{who} {hours:g} h" for who, hours in people.items())
        for schedule, people in hours_by_person(duties, start, until).items()
    ]
    return "".join(f"{line}\n" for line in [*lines, "", *totals])


def moment_text(duty: Duty, following: Duty | None, zone: str | None) -> str:
    """Who has duty now, until when, and who is next, in a line."""
    local = zone or duty.timezone
    mark = f" ({why(duty)})" if why(duty) else ""
    if duty.end is None:
        return f"{duty.schedule}: {NOBODY}, it ended on {_told(duty.start, local)} {local}\n"
    then = f", then {following.person or NOBODY}" if following else ""
    who = duty.person or NOBODY
    return f"{duty.schedule}: {who} until {_told(duty.end, local)} {local}{mark}{then}\n"


def person_text(duty: Duty, moment: datetime, zone: str | None) -> str:
    """A person's duty at a moment, or the next one, in a line."""
    local = zone or duty.timezone
    mark = f" ({why(duty)})" if why(duty) else ""
    now = duty.start is None or duty.start <= moment
    when = "now" if now else f"from {_told(duty.start, local)}"
    return f"{duty.schedule}: {duty.person} {when} until {_told(duty.end, local)} {local}{mark}\n"


def why(duty: Duty) -> str:
    """What a duty comes from, in words: `override`, `holiday france`, `weekends`."""
    return f"{_CAUSES.get(duty.cause, duty.cause)} {duty.layer}".strip()


def calendar_json(
    tenant: str, duties: Sequence[Duty], zone: str | None, start: datetime, until: datetime
) -> str:
    """The calendar as JSON; times in the zone, or in each schedule's own, with their offset."""
    document = {
        "tenant": tenant,
        "from": _iso(start, zone or "UTC"),
        "until": _iso(until, zone or "UTC"),
        "shifts": [_entry(duty, zone) for duty in duties],
        "hours": hours_by_person(duties, start, until),
    }
    return _dumped(document)


def moment_json(
    tenant: str, moment: datetime, found: Iterable[tuple[Duty, Duty | None]], zone: str | None
) -> str:
    """Who has duty at a moment, and who is next, as JSON."""
    now = [
        {**_entry(duty, zone), "next": _entry(following, zone) if following else None}
        for duty, following in found
    ]
    return _dumped({"tenant": tenant, "at": _iso(moment, zone or "UTC"), "on_call": now})


def hours_by_person(
    duties: Iterable[Duty], start: datetime, until: datetime
) -> Mapping[str, Mapping[str, float]]:
    """Hours of duty between two moments, by schedule and person; nobody's too."""
    found: dict[str, dict[str, timedelta]] = {}
    for duty in duties:
        begins, ends = max(duty.start or start, start), min(duty.end or until, until)
        people = found.setdefault(duty.schedule, {})
        who = duty.person or NOBODY
        people[who] = people.get(who, timedelta()) + max(ends - begins, timedelta())
    return {
        schedule: {who: length / timedelta(hours=1) for who, length in sorted(people.items())}
        for schedule, people in found.items()
    }


def _entry(duty: Duty, zone: str | None) -> dict[str, Any]:
    local = zone or duty.timezone
    return {
        "schedule": duty.schedule,
        "person": duty.person or None,
        "from": _iso(duty.start, local),
        "until": _iso(duty.end, local),
        "timezone": local,
        "cause": duty.cause,
        "layer": duty.layer or None,
    }


def _told(moment: datetime | None, zone: str) -> str:
    return f"{moment.astimezone(ZoneInfo(zone)):%a %Y-%m-%d %H:%M}" if moment else ""


def _iso(moment: datetime | None, zone: str) -> str | None:
    return moment.astimezone(ZoneInfo(zone)).isoformat(timespec="minutes") if moment else None


def _dumped(document: Mapping[str, Any]) -> str:
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"
