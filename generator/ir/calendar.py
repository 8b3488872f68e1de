"""On-call calendars as values: who has duty when, and why. No schedule, no format."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Duty:
    """One row of a calendar; times aware, UTC."""

    schedule: str
    timezone: str
    """The schedule's own zone."""
    person: str
    """Empty: nobody."""
    start: datetime | None
    """None: since ever, before the schedule begins."""
    end: datetime | None
    """None: for ever, after it has ended."""
    cause: str
    """rotation, holiday, override, gap, before (the schedule begins) or after (it has ended)."""
    layer: str
    """The layer's or the holidays' name; empty: it has none."""
