"""How long it takes to enumerate 1,000 on-call schedules over 13 weeks, as Alertmanager gets them.

`python bench/bench_oncall.py` prints the figures and writes bench/results/oncall.json.
"""

from __future__ import annotations

import json
import sys
import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from generator.compile.oncall import on_duty, person_interval, shifts
from generator.compile.oncall_findings import schedule_findings
from generator.findings import Place
from generator.spec.model import Layer, Rotation, Schedule, Shift, TimeWindow, WindowTimes
from generator.values import Duration

ROOT = Path(__file__).parent.parent
SCHEDULES = 1000
WEEKS = 13
ZONES = ("Europe/Paris", "America/New_York", "Asia/Kolkata", "Australia/Lord_Howe")
PLACE = Place("specs/tenants/bench.yaml", 1, 1)
NIGHTS = (
    WindowTimes(times=(("20:00", "24:00"),)),
    WindowTimes(times=(("00:00", "08:00"),)),
)
KINDS = {
    "weekly": ("1w", False),
    "daily with an override": ("1d", False),
    "12 hours, nights by others": ("12h", True),
}


def schedule(number: int, every: str, nights: bool) -> Schedule:
    """One of many schedules: no two are equal, so that nothing is remembered."""
    zone = ZONES[number % len(ZONES)]
    starts = datetime(2026, 11, 2, 8, tzinfo=UTC) + timedelta(minutes=number)
    until = starts + timedelta(weeks=WEEKS)
    anchor = datetime(2026, 11, 2, 9)
    people = tuple(f"person-{number}-{n}" for n in range(6))
    day = Rotation(zone, Duration.parse(every), anchor, starts, until, people[:4])
    layers = [Layer("days", day, None)]
    if nights:
        window = TimeWindow("nights", zone, NIGHTS, PLACE)
        layers.append(Layer("nights", replace(day, members=people[4:]), window))
    stand_in = Shift(starts + timedelta(days=9), starts + timedelta(days=11), people[5], "override")
    return Schedule(f"s{number}", zone, starts, until, tuple(layers), (stand_in,), PLACE)


def measured(every: str, nights: bool) -> dict[str, float]:
    """Seconds, turns and entries of all schedules of a kind."""
    rotas = [schedule(number, every, nights) for number in range(SCHEDULES)]
    start = time.process_time()
    entries = turns = 0
    for rota in rotas:
        turns += len(shifts(rota))
        entries += sum(len(person_interval("t", rota, who).spans) for who in on_duty(rota))
        schedule_findings({rota.name: rota})
    return {"seconds": round(time.process_time() - start, 2), "turns": turns, "entries": entries}


def main() -> int:
    """Measure every kind, print and store."""
    results = {name: measured(*kind) for name, kind in KINDS.items()}
    folder = ROOT / "bench" / "results"
    folder.mkdir(exist_ok=True)
    text = json.dumps(results, indent=2, sort_keys=True) + "\n"
    (folder / "oncall.json").write_text(text, encoding="utf-8")
    sys.stdout.write(text)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
