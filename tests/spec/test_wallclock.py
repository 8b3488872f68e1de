"""Wall-clock times that the clocks skip or repeat."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from generator.spec.wallclock import first_at, offsets


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("wall", "zone", "instant"),
    [
        ("2026-03-28T02:30", "Europe/Paris", "2026-03-28T01:30"),
        ("2026-03-29T01:59", "Europe/Paris", "2026-03-29T00:59"),
        ("2026-03-29T02:00", "Europe/Paris", "2026-03-29T01:00"),
        ("2026-03-29T02:30", "Europe/Paris", "2026-03-29T01:00"),
        ("2026-03-29T03:00", "Europe/Paris", "2026-03-29T01:00"),
        ("2026-10-25T02:30", "Europe/Paris", "2026-10-25T00:30"),
        ("2026-10-25T03:00", "Europe/Paris", "2026-10-25T02:00"),
        ("2026-10-04T02:15", "Australia/Lord_Howe", "2026-10-03T15:30"),
        ("2026-09-06T00:30", "America/Santiago", "2026-09-06T04:00"),
        ("2011-12-30T12:00", "Pacific/Apia", "2011-12-30T10:00"),
        ("2011-12-31T00:00", "Pacific/Apia", "2011-12-30T10:00"),
        ("2026-06-01T09:00", "Asia/Kolkata", "2026-06-01T03:30"),
    ],
)
def test_first_at(wall: str, zone: str, instant: str) -> None:
    assert first_at(datetime.fromisoformat(wall), zone) == utc(instant)


def test_later_times_never_come_earlier() -> None:
    walls = [datetime(2026, 3, 29) + timedelta(minutes=m) for m in range(300)]
    found = [first_at(wall, "Europe/Paris") for wall in walls]
    assert found == sorted(found)


def test_offsets_of_a_year() -> None:
    found = offsets("Europe/Paris", utc("2026-01-01T00:00"), utc("2027-01-01T00:00"))
    assert [(since, offset // timedelta(hours=1)) for since, _, offset in found] == [
        (utc("2026-01-01T00:00"), 1),
        (utc("2026-03-29T01:00"), 2),
        (utc("2026-10-25T01:00"), 1),
    ]
    assert offsets("UTC", utc("2026-01-01T00:00"), utc("2026-01-01T00:00")) == ()
