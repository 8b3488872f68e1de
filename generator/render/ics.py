"""On-call duties as an iCalendar file, for people's own calendars (RFC 5545)."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime

from generator.ir.calendar import Duty
from generator.render.calendar import why

_LINE = 75
"""Octets of a line, its break not counted (RFC 5545, 3.1)."""


def calendar_ics(tenant: str, title: str, duties: Iterable[Duty]) -> str:
    """The calendar of duties that have a beginning and an end; gaps are in it as nobody's.

    The same duties give the same text: an event is known by tenant, schedule, person and times,
    and its stamp is its own start. A duty that moves is another event.
    """
    lines = [
        "BEGIN:VCALENDAR",
        "VERSION:2.0",
        "PRODID:-//tocsin//on call//EN",
        "CALSCALE:GREGORIAN",
        "METHOD:PUBLISH",
        f"X-WR-CALNAME:{_text(title)}",
    ]
    for duty in duties:
        if duty.start is not None and duty.end is not None:
            lines += _event(tenant, duty, duty.start, duty.end)
    lines.append("END:VCALENDAR")
    return "".join(f"{folded}\r\n" for line in lines for folded in _folded(line))


def _event(tenant: str, duty: Duty, start: datetime, end: datetime) -> Iterator[str]:
    key = "/".join((tenant, duty.schedule, duty.person, _time(start), _time(end)))
    who = f"On call: {duty.person}" if duty.person else "Nobody on call"
    yield "BEGIN:VEVENT"
    yield f"UID:{hashlib.sha256(key.encode()).hexdigest()[:32]}@tocsin"
    yield f"DTSTAMP:{_time(start)}"
    yield f"DTSTART:{_time(start)}"
    yield f"DTEND:{_time(end)}"
    yield f"SUMMARY:{_text(f'{who} ({tenant}, {duty.schedule})')}"
    if why(duty):
        yield f"DESCRIPTION:{_text(why(duty))}"
    yield f"CATEGORIES:{_text(duty.cause)}"
    yield "TRANSP:TRANSPARENT"
    yield "END:VEVENT"


def _time(moment: datetime) -> str:
    return f"{moment.astimezone(UTC):%Y%m%dT%H%M%SZ}"


def _text(text: str) -> str:
    for special in ("\\", ";", ","):
        text = text.replace(special, f"\\{special}")
    return text.replace("\r\n", "\\n").replace("\n", "\\n")


def _folded(line: str) -> Iterator[str]:
    """A line in pieces that the standard allows, cut between characters."""
    piece, size = "", 0
    for character in line:
        length = len(character.encode())
        if size + length > _LINE:
            yield piece
            piece, size = " ", 1
        piece, size = piece + character, size + length
    yield piece
