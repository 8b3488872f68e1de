"""On-call turns as an iCalendar file, for people's own calendars (RFC 5545)."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime

_LINE = 73
"""Octets before a line is folded; the standard allows 75 with the fold's own."""


def calendar_ics(tenant: str, turns: Iterable[tuple[str, str, datetime, datetime]]) -> str:
    """The calendar of (schedule, person, start, end) turns; times are aware.

    The same turns give the same text: the stamp of an event is its own start.
    """
    lines = ["BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//tocsin//on call//EN"]
    for schedule, person, start, end in turns:
        lines += _event(tenant, schedule, person, start, end)
    lines.append("END:VCALENDAR")
    return "".join(f"{folded}\r\n" for line in lines for folded in _folded(line))


def _event(
    tenant: str, schedule: str, person: str, start: datetime, end: datetime
) -> Iterator[str]:
    key = f"{tenant}/{schedule}/{person}/{_time(start)}"
    yield "BEGIN:VEVENT"
    yield f"UID:{hashlib.sha256(key.encode()).hexdigest()[:32]}@tocsin"
    yield f"DTSTAMP:{_time(start)}"
    yield f"DTSTART:{_time(start)}"
    yield f"DTEND:{_time(end)}"
    yield f"SUMMARY:{_text(f'On call: {person} ({tenant}, {schedule})')}"
    yield "TRANSP:TRANSPARENT"
    yield "END:VEVENT"


def _time(moment: datetime) -> str:
    return f"{moment.astimezone(UTC):%Y%m%dT%H%M%SZ}"


def _text(text: str) -> str:
    for special in ("\\", ";", ","):
        text = text.replace(special, f"\\{special}")
    return text.replace("\n", "\\n")


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
