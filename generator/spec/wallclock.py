"""Wall-clock times of a zone as instants, also where the clocks skip or repeat them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo


def moment(text: str | None, zone: str) -> datetime:
    """A time that somebody asks about, aware; wall-clock of the zone unless it has an offset.

    None is now. Raises ValueError with what to write instead.
    """
    if text is None:
        return datetime.now(UTC).replace(microsecond=0)
    try:
        stamp = datetime.fromisoformat(text)
    except ValueError:
        raise ValueError(f"{text!r} is not a time; write 2026-12-25T03:00") from None
    if stamp.tzinfo is not None:
        return stamp.astimezone(UTC)
    early, late = (stamp.replace(tzinfo=ZoneInfo(zone), fold=fold) for fold in (0, 1))
    if early.utcoffset() != late.utcoffset():
        offset = f"{early:%z}"
        hint = f"write {text}{offset[:3]}:{offset[3:]}"
        raise ValueError(f"the clocks of {zone} change at {text}; {hint}")
    return early.astimezone(UTC)


@lru_cache(maxsize=65536)
def first_at(wall: datetime, timezone: str) -> datetime:
    """The first instant (UTC) at which the zone's clocks show `wall` (naive) or a later time.

    A time that comes twice is its first coming; one that the clocks skip is the moment of the
    change. So later wall-clock times never come at earlier instants.
    """
    zone = ZoneInfo(timezone)
    early, late = (wall.replace(tzinfo=zone, fold=fold) for fold in (0, 1))
    if _exists(early):
        return early.astimezone(UTC)
    before = early.utcoffset()
    low, high = late.astimezone(UTC), early.astimezone(UTC)
    return _change(zone, low, high, before)


@lru_cache(maxsize=1024)
def offsets(
    timezone: str, start: datetime, end: datetime
) -> tuple[tuple[datetime, datetime, timedelta], ...]:
    """The stretches of a period (UTC) in which the zone keeps one offset: (from, until, offset)."""
    zone = ZoneInfo(timezone)
    found: list[tuple[datetime, datetime, timedelta]] = []
    since, position, offset = start, start, _offset(zone, start)
    while position < end:
        following = min(position + timedelta(days=1), end)
        if _offset(zone, following) != offset:
            change = _change(zone, position, following, offset)
            found.append((since, change, offset))
            since, offset = change, _offset(zone, change)
            following = change
        position = following
    if since < end:
        found.append((since, end, offset))
    return tuple(found)


def _exists(moment: datetime) -> bool:
    back = moment.astimezone(UTC).astimezone(moment.tzinfo)
    return back.replace(tzinfo=None) == moment.replace(tzinfo=None)


def _change(zone: ZoneInfo, low: datetime, high: datetime, before: timedelta | None) -> datetime:
    """The first instant after `low`, at most `high`, whose offset is not `before` any more."""
    while high - low > timedelta(seconds=1):
        middle = low + timedelta(seconds=(high - low) // timedelta(seconds=2))
        if _offset(zone, middle) == before:
            low = middle
        else:
            high = middle
    return high


def _offset(zone: ZoneInfo, moment: datetime) -> timedelta:
    found = moment.astimezone(zone).utcoffset()
    assert found is not None
    return found
