"""`holds` against the real Alertmanager's clock: random intervals at moments of other years.

Each case has two routes, one active and one muted during its interval: exactly one of them tells,
so that every answer is seen and none is waited for in vain.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from generator.ir.routing import (
    AlertmanagerConfig,
    Matcher,
    Receiver,
    Route,
    TimeInterval,
    TimeSpan,
)
from generator.render.alertmanager import alertmanager_yml
from generator.tools import Tool
from generator.values import Duration
from generator.verify.notify import holds
from tests.live.stack import until
from tests.verify.clocks import Case, random_cases, write_zones
from tests.verify.oracle import alertmanager, sink

COUNT = 800
MARGIN = timedelta(seconds=50)
"""How long after `now` each case's clock is still in the minute that is asked about."""


def last_days() -> list[Case]:
    """The last day of a March that lost an hour: these spans should hold, and do not."""
    noon = datetime(2026, 3, 31, 12, tzinfo=ZoneInfo("Europe/Paris")).astimezone(UTC)
    return [
        Case(TimeInterval("", (TimeSpan(days_of_month=(days,), location=zone),)), zone, noon)
        for days in ("31", "25:31", "-1", "1:-1")
        for zone in ("Europe/Paris", "UTC")
    ]


@pytest.mark.tools
@pytest.mark.live
def test_intervals_hold_when_alertmanager_says_so(
    tmp_path: Path, tools: Mapping[str, Tool]
) -> None:
    cases = [*last_days(), *random_cases(5, COUNT)]
    expected = [holds(case.interval, case.at) for case in cases]
    assert expected[:8] == [False, True] * 4
    assert 0.1 < sum(expected) / len(cases) < 0.9
    now = datetime.now(UTC)
    write_zones(cases, now, tmp_path / "zones")
    environment = {"ZONEINFO": str(tmp_path / "zones")}
    with (
        sink() as state,
        alertmanager(
            tools["alertmanager"],
            alertmanager_yml(both_ways(cases, state.port), "a test"),
            tmp_path / "am",
            environment,
        ) as server,
    ):
        server.fire([{"case": str(number)} for number in range(len(cases))])
        until("every case is told", lambda: len(state.told) >= len(cases), 60)
        assert datetime.now(UTC) - now < MARGIN, "too slow: the clocks have moved on"
        time.sleep(0.5)
    told = {(int(labels["case"]), receiver) for receiver, labels in state.told}
    assert len(told) == len(cases)
    wrong = [
        (case, holding)
        for number, (case, holding) in enumerate(zip(cases, expected, strict=True))
        if (number, "active" if holding else "muted") not in told
    ]
    assert wrong == [], f"{len(wrong)} of {len(cases)} disagree"


def both_ways(cases: list[Case], port: int) -> AlertmanagerConfig:
    """A route active in each case's interval, and one muted in it."""
    routes: list[Route] = []
    for number in range(len(cases)):
        mine, name = (Matcher("case", "=", str(number)),), (f"shift/{number}",)
        routes.append(Route(mine, "active", continue_=True, active_time_intervals=name))
        routes.append(Route(mine, "muted", mute_time_intervals=name))
    hooks = [
        Receiver(name, {"webhook_configs": ({"url": f"http://127.0.0.1:{port}/hook/{name}"},)})
        for name in ("active", "muted")
    ]
    root = Route(
        receiver="muted",
        routes=tuple(routes),
        group_by=("case",),
        group_wait=Duration.of(seconds=1),
        group_interval=Duration.of(hours=1),
    )
    intervals = tuple(case.in_zone(f"shift/{number}") for number, case in enumerate(cases))
    return AlertmanagerConfig({}, (), root, tuple(hooks), (), intervals)
