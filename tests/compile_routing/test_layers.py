"""Layers, holidays and shifted schedules, from the spec to who is on call; what is doubtful."""

from __future__ import annotations

from datetime import datetime
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest

from generator.compile.calendar import duties, duty_at, next_duty
from generator.compile.oncall import gaps, on_duty, shifts, turns
from generator.compile.oncall_findings import schedule_findings
from generator.spec.model import Schedule
from tests.compile_routing.planned import rotas

NAMES = ("ann", "bob", "cat", "dan", "eve")
PEOPLE = "people:\n" + "".join(f"  {name}: {{email: {name}@example.com}}\n" for name in NAMES)
PARIS = ZoneInfo("Europe/Paris")


def local(text: str, zone: ZoneInfo = PARIS) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=zone)


def one(text: str) -> Schedule:
    return read(f"oncall:\n  primary:\n{text}")["primary"]


def read(text: str) -> dict[str, Schedule]:
    return rotas(PEOPLE + text, "Europe/Paris")


def who(rota: Schedule, text: str) -> str:
    duty, _ = duty_at(rota, local(text))
    return " ".join(filter(None, (duty.person or "nobody", duty.cause, duty.layer)))


WEEKENDS = """\
    starts: "2026-11-02T09:00"
    until: "2027-05-03T09:00"
    layers:
      - {name: weekdays, rotation: {every: 1w, members: [ann, bob]}}
      - name: weekends
        during: {from: "friday 18:00", until: "monday 09:00"}
        rotation: {every: 1w, hand_over: "friday 18:00", members: [cat, dan]}
    holidays:
      - {days: france, hand_over: "09:00", members: [eve, ann]}
      - {days: [{first: "2026-12-31", last: "2027-01-01"}], nobody: true}
    overrides:
      - {from: "2027-01-01T10:00", until: "2027-01-01T12:00", member: bob}
holidays:
  france: ["2026-12-25", "2027-01-01", "2027-03-29", "2027-07-14"]
"""


@pytest.mark.parametrize(
    ("moment", "expected"),
    [
        ("2026-11-02T09:00", "ann rotation weekdays"),
        ("2026-11-06T17:59", "ann rotation weekdays"),
        ("2026-11-06T18:00", "dan rotation weekends"),
        ("2026-11-09T08:59", "dan rotation weekends"),
        ("2026-11-09T09:00", "bob rotation weekdays"),
        ("2026-11-13T18:00", "cat rotation weekends"),
        ("2026-12-25T08:59", "bob rotation weekdays"),
        ("2026-12-25T09:00", "eve holiday france"),
        ("2026-12-25T20:00", "eve holiday france"),
        ("2026-12-26T09:00", "cat rotation weekends"),
        ("2026-12-31T12:00", "nobody holiday"),
        ("2027-01-01T09:00", "nobody holiday"),
        ("2027-01-01T10:00", "bob override"),
        ("2027-01-01T12:00", "nobody holiday"),
        ("2027-01-02T08:59", "ann holiday france"),
        ("2027-03-29T09:00", "eve holiday france"),
        ("2027-05-03T09:00", "nobody after"),
        ("2026-11-02T08:59", "nobody before"),
    ],
)
def test_weekends_holidays_and_overrides(moment: str, expected: str) -> None:
    assert who(one(WEEKENDS), moment) == expected


def test_the_calendar_marks_what_a_duty_comes_from() -> None:
    found = duties(one(WEEKENDS), local("2026-12-31T00:00"), local("2027-01-02T09:00"))
    assert [(d.person, d.cause, d.layer) for d in found] == [
        ("", "holiday", ""),
        ("bob", "override", ""),
        ("", "holiday", ""),
        ("ann", "holiday", "france"),
    ]
    assert all(a.end == b.start for a, b in pairwise(found))


FOLLOW_THE_SUN = """\
    timezone: UTC
    starts: "2026-03-01T00:00"
    until: "2026-12-01T00:00"
    layers:
      - name: europe
        timezone: Europe/Paris
        during: {weekdays: ["monday:friday"], times: [{from: "08:00", until: "17:00"}]}
        rotation: {every: 1w, hand_over: "monday 08:00", members: [ann, bob]}
      - name: america
        timezone: America/New_York
        during: {weekdays: ["monday:friday"], times: [{from: "09:00", until: "17:00"}]}
        rotation: {every: 1d, hand_over: "09:00", members: [cat, dan]}
      - name: pacific
        timezone: Australia/Sydney
        during: {times: [{from: "08:00", until: "17:00"}]}
        rotation: {every: 2w, members: [eve]}
"""


@pytest.mark.parametrize(
    ("moment", "expected"),
    [
        ("2026-03-10T08:00", "ann rotation europe"),
        ("2026-03-10T13:59", "ann rotation europe"),
        ("2026-03-10T14:00", "cat rotation america"),  # New York has summer time already
        ("2026-04-07T14:59", "ann rotation europe"),
        ("2026-04-07T15:00", "cat rotation america"),
        ("2026-04-07T23:00", "nobody gap"),
        ("2026-04-08T00:00", "eve rotation pacific"),
        ("2026-04-08T08:59", "eve rotation pacific"),  # it is written after europe
        ("2026-04-08T09:00", "ann rotation europe"),
        ("2026-04-08T15:00", "dan rotation america"),
        ("2026-04-12T07:00", "eve rotation pacific"),
        ("2026-04-12T12:00", "nobody gap"),
    ],
)
def test_the_sun_is_followed(moment: str, expected: str) -> None:
    assert who(one(FOLLOW_THE_SUN), moment) == expected


def test_gaps_are_told_with_their_dates_and_may_be_meant() -> None:
    rota = """\
    starts: "2026-11-02T09:00"
    until: "2026-11-30T09:00"
    layers:
      - {name: week, during: {weekdays: ["monday:friday"]}, rotation: {every: 1w, members: [ann]}}
"""
    (found,) = schedule_findings(read("oncall:\n  primary:\n" + rota))
    assert (found.code, found.level) == ("oncall-gap", "warning")
    assert found.message == (
        "nobody is on call in primary from Sat 2026-11-07 00:00 to Mon 2026-11-09 00:00, "
        "from Sat 2026-11-14 00:00 to Mon 2026-11-16 00:00, "
        "from Sat 2026-11-21 00:00 to Mon 2026-11-23 00:00 (Europe/Paris) and 1 more times, "
        "192 hours in all; the policy's last step is told then"
    )
    meant = rota + "    allow_gaps: true\n"
    (found,) = schedule_findings(read("oncall:\n  primary:\n" + meant))
    assert found.level == "info"


def test_free_holidays_are_told_for_information() -> None:
    free, *others = schedule_findings({"primary": one(WEEKENDS)})
    assert others == []
    assert (free.code, free.level) == ("oncall-gap", "info")
    assert "from Thu 2026-12-31 00:00 to Fri 2027-01-01 10:00" in free.message


def test_a_layer_that_is_covered_is_told() -> None:
    rota = """\
    starts: "2026-11-02T09:00"
    until: "2026-11-30T09:00"
    layers:
      - {name: nights, during: {times: [{from: "20:00", until: "08:00"}]},
         rotation: {every: 1w, members: [ann]}}
      - {name: always, rotation: {every: 1w, members: [bob]}}
"""
    (found,) = schedule_findings({"primary": one(rota)})
    assert found.code == "layer-covered"
    assert "by nights of primary" in found.message


SECONDARY = """\
oncall:
  secondary:
    shift_from: primary
    overrides: [{from: "2026-11-16T09:00", until: "2026-11-17T09:00", member: eve}]
  primary:
    rotation: {every: 1w, starts: "2026-11-02T09:00", until: "2026-12-14T09:00",
               members: [ann, bob, cat]}
  third: {shift_from: primary, offset: 2}
"""


def test_a_secondary_is_next_in_the_primarys_line() -> None:
    found = read(SECONDARY)
    assert list(found) == ["secondary", "primary", "third"]
    line = [s.person for s in shifts(found["primary"])]
    assert line == ["ann", "bob", "cat", "ann", "bob", "cat"]
    assert [s.person for s in shifts(found["third"])] == ["cat", "ann", "bob", "cat", "ann", "bob"]
    assert [s.person for s in shifts(found["secondary"])][:5] == ["bob", "cat", "eve", "ann", "bob"]
    assert on_duty(found["secondary"]) == ("bob", "cat", "ann", "eve")
    assert schedule_findings(found) == ()


def test_one_person_as_primary_and_secondary_is_told() -> None:
    text = SECONDARY.replace("member: eve", "member: cat")
    found = schedule_findings(read(text))
    assert [f.code for f in found] == ["oncall-twice"]
    assert found[0].message == (
        "cat is on call in primary and in secondary "
        "from Mon 2026-11-16 09:00 to Tue 2026-11-17 09:00 (Europe/Paris)"
    )


def test_a_hand_over_after_the_start_ends_the_first_turn_early() -> None:
    rota = one("""\
    rotation: {every: 8h, starts: "2026-11-04T12:00", until: "2026-11-06T00:00",
               hand_over: "06:00", members: [ann, bob, cat]}
""")
    told = [(s.person, f"{s.start.astimezone(PARIS):%d %H:%M}") for s in shifts(rota)]
    assert told == [
        ("ann", "04 12:00"),
        ("bob", "04 14:00"),
        ("cat", "04 22:00"),
        ("ann", "05 06:00"),
        ("bob", "05 14:00"),
        ("cat", "05 22:00"),
    ]


def test_a_rotation_takes_over_on_holidays() -> None:
    rota = one("""\
    rotation: {every: 1w, starts: "2026-12-01T00:00", until: "2027-01-10T00:00", members: [ann]}
    holidays:
      - days: [{first: "2026-12-24", last: "2026-12-26"}]
        rotation: {every: 12h, members: [bob, cat]}
""")
    period = local("2026-12-24T00:00"), local("2026-12-27T00:00")
    assert [d.person for d in duties(rota, *period)] == ["bob", "cat"] * 3
    assert {d.cause for d in duties(rota, *period)} == {"holiday"}


def test_a_window_of_the_tenant_restricts_a_layer_in_its_own_zone() -> None:
    found = read("""\
oncall:
  primary:
    starts: "2026-11-02T00:00"
    until: "2027-02-01T00:00"
    layers:
      - {rotation: {every: 1w, members: [ann]}}
      - {during: last-days, rotation: {every: 1w, members: [bob]}}
time_windows:
  last-days: {timezone: UTC, days_of_month: ["-2:-1"], months: [december, "1"]}
""")["primary"]
    bobs = [s for s in shifts(found) if s.person == "bob"]
    assert [f"{s.start:%m-%d %H:%M} {s.end:%m-%d %H:%M}" for s in bobs] == [
        "12-30 00:00 01-01 00:00",
        "01-30 00:00 01-31 23:00",
    ]


def test_turns_cover_all_time_and_gaps_are_among_them() -> None:
    rota = one(FOLLOW_THE_SUN)
    found = turns(rota)
    assert (found[0].start, found[-1].end) == (rota.starts, rota.until)
    assert all(a.end == b.start for a, b in pairwise(found))
    assert gaps(rota) == tuple(t for t in found if not t.person) != ()


def test_whoever_goes_on_by_an_override_is_not_handed_over_to() -> None:
    rota = one("""\
    rotation: {every: 1w, starts: "2026-11-02T09:00", until: "2026-11-16T09:00",
               members: [ann, bob]}
    overrides: [{from: "2026-11-03T09:00", until: "2026-11-04T09:00", member: ann}]
""")
    now, following = duty_at(rota, local("2026-11-03T12:00"))
    assert (now.person, now.cause, now.end) == ("ann", "override", local("2026-11-09T09:00"))
    assert following is not None and following.person == "bob"
    last, ended = duty_at(rota, local("2026-11-15T12:00"))
    assert ended is not None and (last.person, ended.cause) == ("bob", "after")
    assert duty_at(rota, local("2027-11-15T12:00"))[1] is None
    ahead = next_duty(rota, "bob", local("2026-11-03T12:00"))
    assert ahead is not None and ahead.start == local("2026-11-09T09:00")
    assert next_duty(rota, "ann", local("2026-11-10T12:00")) is None
