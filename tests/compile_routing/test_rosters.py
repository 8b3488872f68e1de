"""Random schedules: at every instant exactly the person of the definition is told, or the gap's."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

import yaml
from hypothesis import example, given, settings
from hypothesis import strategies as st

from generator.compile.alertmanager import tenant_config
from generator.compile.oncall import on_duty, person_interval, turns
from generator.compile.routing import compile_routing
from generator.ir.routing import AlertmanagerConfig
from generator.spec.model import Schedule
from generator.verify.notify import holds, receivers_for
from tests.builders import channel, platform, tenant
from tests.compile_routing import rosters
from tests.compile_routing.planned import person, planned, policy, rotas, step


def schedule(spec: dict[str, Any]) -> Schedule:
    """A schedule read from YAML, as the compiler reads it."""
    office = {**rosters.WINDOW, "timezone": rosters.WINDOW_ZONE}
    people = {name: {"email": f"{name}@example.com"} for name in rosters.PEOPLE}
    parts = {"people": people, "oncall": {"primary": spec}, "time_windows": {"office": office}}
    return rotas(yaml.safe_dump(parts))["primary"]


def configuration(rota: Schedule) -> AlertmanagerConfig:
    spec = tenant(
        channels={"mail": channel("mail", "email")},
        people={name: person(name) for name in rosters.PEOPLE},
        oncall={"primary": rota},
        escalation={"urgent": policy("urgent", step("oncall:primary"), step("mail", after="1h"))},
        routing={"critical": "urgent"},
    )
    routing, _ = compile_routing(spec, platform(), [planned()])
    return tenant_config(platform(), routing)


def edges(rota: Schedule) -> Sequence[datetime]:
    """The minutes before and after hand-overs; of many, some from everywhere."""
    found = [turn.start for turn in turns(rota)] + [rota.until]
    step = len(found) // 25 + 1
    minute = timedelta(minutes=1)
    return [edge + shift for edge in found[::step] for shift in (-minute, timedelta(), minute)]


def rotation_of(every: str, starts: str, until: str) -> dict[str, Any]:
    rotation = {"every": every, "members": ["ann", "bob", "cat"]}
    times = {"timezone": "Europe/Paris", "starts": starts, "until": until}
    return {**times, "layers": [{"rotation": rotation}], "holidays": [], "overrides": []}


@example(rotation_of("1h", "2026-03-28T10:15+00:00", "2026-03-30T10:00+00:00"), [])
@example(rotation_of("1h", "2026-10-24T10:15+00:00", "2026-10-26T10:00+00:00"), [])
@settings(max_examples=150, deadline=None)
@given(rosters.schedules(), st.lists(st.integers(-2 * 1440, 40 * 1440), min_size=10, max_size=10))
def test_who_is_told_is_who_the_definition_says(spec: dict[str, Any], probes: list[int]) -> None:
    rota = schedule(spec)
    begins, ends = rosters.span(spec)
    assert (rota.starts, rota.until) == (begins, ends)
    config = configuration(rota)
    intervals = {name: person_interval("acme", rota, name) for name in on_duty(rota)}
    assert {span.location for made in intervals.values() for span in made.spans} <= {None}
    drawn = [begins + timedelta(minutes=m) for m in probes]
    for at in [*drawn, *edges(rota), *rosters.doubtful(spec)]:
        who = rosters.expected(spec, at)
        assert [name for name, made in intervals.items() if holds(made, at)] == [who] * bool(who), (
            at
        )
        told = receivers_for(config, {"tenant": "acme", "severity": "critical"}, at)
        assert told == (f"acme/oncall/{who}/email" if who else "acme/mail",), at


def test_the_definition_itself_knows_days_of_23_and_25_hours() -> None:
    """The clocks of Paris go back on 25 October 2026 at 03:00 to 02:00, forward on 28 March."""
    spec = rotation_of("8h", "2026-10-24T00:00+02:00", "2027-04-01T00:00+02:00")
    hours = {
        day: [
            rosters.expected(spec, datetime.fromisoformat(f"{day}T00:00{offset}") + at)
            for at in (timedelta(hours=h) for h in range(length))
        ]
        for day, offset, length in (("2026-10-25", "+02:00", 25), ("2027-03-28", "+01:00", 23))
    }
    assert hours == {
        "2026-10-25": ["ann"] * 9 + ["bob"] * 8 + ["cat"] * 8,
        "2027-03-28": ["ann"] * 7 + ["bob"] * 8 + ["cat"] * 8,
    }
    rota = schedule(spec)
    for turn in turns(rota):
        assert rosters.expected(spec, turn.start) == turn.person
