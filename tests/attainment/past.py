"""Two weeks of a tenant whose truth is known: the samples that Prometheus recorded of it.

The weeks are 42 and 43 of 2026 in Europe/Paris; on the last day the clocks go back, so the second
week has 169 hours. Rules are evaluated every minute. Rates are what a minute's requests were.
"""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from generator.tools import Tool

PARIS = ZoneInfo("Europe/Paris")
PLATFORM = """\
version: 1
intervals: {scrape: 15s, evaluation: 1m}
fallback: mail
channels: {mail: {email: {to: ops@example.com}}}
smtp: {smarthost: "mail:25", from: tocsin@example.com}
"""
TENANT = """\
version: 1
tenant: acme
description: Acme's <shop>
timezone: Europe/Paris
owner: {team: core, contact: core@example.com}
services:
  api: {selector: {job: api}}
  db: {selector: {job: db}}
escalation: {all: [{notify: [mail]}]}
routing: {critical: all, warning: all, info: all}
slos:
  availability:
    service: api
    description: Requests of customers are answered
    objective: 99.9%
    sli: {events: {total: hits, errors: misses}}
    group_by: [method]
  fresh:
    {service: db, objective: 99%, sli: {condition: {expr: 'lag < 60'}}, exclude: maintenance}
  idle: {service: db, objective: 99%, sli: {events: {total: jobs, errors: failed_jobs}}}
  journey: {service: api, objective: 99%, composite: {all: [availability, reachable]}}
  quality:
    service: db
    objective: 98%
    sli: {ratio: {errors: 'sum(rate(bad[$window])) / sum(rate(all[$window]))'}}
  reachable: {service: api, objective: 99.5%, sli: {probe: {metric: probe_success}}}
  silent: {service: db, objective: 99%, sli: {events: {total: ghosts, errors: failed_ghosts}}}
maintenance:
  - {name: upgrade, from: "2026-10-24T01:00", until: "2026-10-24T03:00", services: [db]}
"""
MINUTE = timedelta(minutes=1)


def paris(text: str) -> datetime:
    """A wall-clock time of 2026: `10-20T14:00`."""
    return datetime.fromisoformat(f"2026-{text}").replace(tzinfo=PARIS).astimezone(UTC)


BEFORE, START, END = paris("10-12T00:00"), paris("10-19T00:00"), paris("10-26T00:00")
GAP = (paris("10-22T10:00"), paris("10-22T16:48"))
"""Prometheus was down: nothing of the events was recorded."""
OUTAGE = (paris("10-21T03:00"), paris("10-21T03:20"))
POSTS_FAIL = (paris("10-20T14:00"), paris("10-20T14:30"))
MAINTENANCE = (paris("10-24T01:00"), paris("10-24T03:05"))
"""With the rate window after it."""

Value = Callable[[datetime], float | None]
"""What is recorded for the minute that ends at a time; None: nothing."""


def during(at: datetime, span: tuple[datetime, datetime]) -> bool:
    return span[0] < at <= span[1]


def gets(at: datetime) -> float | None:
    return None if during(at, GAP) else 10.0


def failing_gets(at: datetime) -> float | None:
    if during(at, GAP):
        return None
    return 10.0 if during(at, OUTAGE) else 0.001


def posts(at: datetime) -> float | None:
    return None if during(at, GAP) else 2.0


def failing_posts(at: datetime) -> float | None:
    if during(at, GAP):
        return None
    return 2.0 if during(at, POSTS_FAIL) or during(at, OUTAGE) else 0.0


def patches(at: datetime) -> float | None:
    """A group that is there for one day alone."""
    return 1.0 if during(at, (paris("10-23T00:00"), paris("10-24T00:00"))) else None


def failing_patches(at: datetime) -> float | None:
    return None if patches(at) is None else 0.0


def probes(_at: datetime) -> float:
    return 4 / 60


def failing_probes(at: datetime) -> float:
    return 2 / 60 if during(at, (paris("10-19T08:00"), paris("10-19T09:00"))) else 0.0


def slices(at: datetime) -> float | None:
    return None if during(at, MAINTENANCE) else 1.0


def stale(at: datetime) -> float | None:
    if during(at, MAINTENANCE):
        return None
    return 1.0 if during(at, (paris("10-24T00:00"), paris("10-24T00:42"))) else 0.0


def bad_ratio(at: datetime) -> float | None:
    """No traffic, so no ratio, between midnight and six."""
    local = at.astimezone(PARIS)
    return None if local.hour < 6 else 0.05 if local.weekday() == 4 else 0.01


def objective(at: datetime) -> float:
    return 0.995 if at <= paris("10-20T09:30") else 0.999


@dataclass(frozen=True)
class Recorded:
    """One recorded series; `offset` seconds after each full minute."""

    name: str
    labels: dict[str, str]
    value: Value
    offset: float = 0.0


def recorded() -> list[Recorded]:
    found = []
    events = [
        ("availability", "GET", gets, failing_gets, 0.0),
        ("availability", "POST", posts, failing_posts, 0.0),
        ("availability", "PATCH", patches, failing_patches, 0.0),
        ("reachable", "", probes, failing_probes, 7.123),
        ("fresh", "", slices, stale, 0.001),
        ("idle", "", lambda _at: 0.0, lambda _at: 0.0, 31.5),
        ("retired", "", lambda _at: 1.0, lambda _at: 1.0, 31.5),
    ]
    for slo, method, total, errors, offset in events:
        labels = {"tenant": "acme", "slo": slo, "service": SERVICES[slo]}
        labels |= {"method": method} if method else {}
        found.append(Recorded("slo:sli_total:rate5m", labels, total, offset))
        found.append(Recorded("slo:sli_errors:rate5m", labels, errors, offset))
    other = {"tenant": "other", "slo": "availability", "service": "api", "method": "GET"}
    found.append(Recorded("slo:sli_total:rate5m", other, lambda _at: 100.0))
    found.append(Recorded("slo:sli_errors:rate5m", other, lambda _at: 100.0))
    quality = {"tenant": "acme", "slo": "quality", "service": "db"}
    found.append(Recorded("slo:sli_error:ratio_rate5m", quality, bad_ratio, 45.0))
    for slo, value in (("availability", objective), ("retired", lambda _at: 0.9)):
        labels = {"tenant": "acme", "slo": slo, "service": SERVICES[slo]}
        found.append(Recorded("slo:objective:ratio", labels, value, 12.0))
    return [*found, *alerts()]


SERVICES = {
    "availability": "api", "reachable": "api", "journey": "api", "retired": "api",
    "fresh": "db", "idle": "db", "quality": "db", "silent": "db",
}  # fmt: skip


def alerts() -> list[Recorded]:
    """What fired, a sample for each evaluation."""
    burn = {
        "alertname": "SLOErrorBudgetBurn", "service": "api", "slo": "availability", "method": "GET",
    }  # fmt: skip
    page = burn | {"severity": "critical", "burn_rate_pair": "1h5m"}
    ticket = burn | {"severity": "warning", "burn_rate_pair": "1d2h"}
    backlog = {"alertname": "Backlog", "service": "db", "severity": "warning"}
    down = {"alertname": "Down", "service": "db", "severity": "critical"}
    spent = down | {"slo": "quality", "alertname": "SLOErrorBudgetExhausted"}
    lines = [
        (page, "10-21T03:02", "10-21T03:25"),
        (page | {"method": "POST"}, "10-21T03:02", "10-21T03:20"),
        (ticket, "10-21T03:10", "10-21T05:00"),
        (page | {"escalation_level": "2"}, "10-21T03:17", "10-21T06:00"),
        (backlog, "10-18T23:00", "10-19T01:00"),
        (backlog, "10-23T12:00", "10-23T12:10"),
        # one evaluation is missing: the same incident; two are: another
        (backlog, "10-23T12:11", "10-23T12:20"),
        (backlog, "10-23T12:22", "10-23T12:30"),
        (down, "10-14T10:00", "10-14T10:30"),
        (down, "10-25T22:00", "10-26T00:30"),
        (down | {"severity": "info", "alertname": "Odd"}, "10-20T00:00", "10-20T06:00"),
        (down | {"kind": "marker", "alertname": "ServiceOutage"}, "10-25T22:00", "10-26T00:30"),
        (down | {"kind": "flapping"}, "10-20T00:00", "10-20T06:00"),
        (spent, "10-20T00:00", "10-26T00:00"),
    ]  # fmt: skip
    return [
        Recorded(
            "ALERTS",
            {"tenant": "acme", "alertstate": "firing", **labels},
            _firing(paris(start), paris(end)),
        )
        for labels, start, end in lines
    ]


def _firing(start: datetime, end: datetime) -> Value:
    return lambda at: 1.0 if start <= at < end else None


def minutes(start: datetime, end: datetime) -> Iterator[datetime]:
    """The ends of the minutes of a span."""
    at = start
    while at < end:
        at += MINUTE
        yield at


def sums(value: Value, start: datetime = START, end: datetime = END) -> float:
    """The truth: what a rate comes to in a span, in events."""
    return sum((value(at) or 0.0) * 60 for at in minutes(start, end))


# --------------------------------------------------------------------------- files


def repository(folder: Path) -> Path:
    (folder / "specs" / "tenants").mkdir(parents=True)
    (folder / "specs" / "platform.yaml").write_text(PLATFORM)
    (folder / "specs" / "tenants" / "acme.yaml").write_text(TENANT)
    return folder


def blocks(promtool: Tool, folder: Path) -> None:
    """Write the weeks as blocks of a database into `folder/prometheus`."""
    folder.mkdir(exist_ok=True)
    (folder / "past.om").write_text("".join(_openmetrics()))
    command = ["tsdb", "create-blocks-from", "--max-block-duration=2400h", "openmetrics"]
    subprocess.run(
        [promtool.path, *command, "past.om", "prometheus"],
        cwd=folder,
        check=True,
        capture_output=True,
    )


def _openmetrics() -> Iterator[str]:
    series = sorted(recorded(), key=lambda s: s.name)
    stamps = list(minutes(BEFORE - MINUTE * 10, END + MINUTE * 60))
    seconds = [int(at.timestamp()) for at in stamps]
    for one in series:
        labels = ",".join(f'{name}="{value}"' for name, value in sorted(one.labels.items()))
        for at, second in zip(stamps, seconds, strict=True):
            if (value := one.value(at)) is not None:
                # Recorded up to a minute before the minute's end, at the same second of each.
                stamp = second - 60 + one.offset if one.offset else second
                yield f"{one.name}{{{labels}}} {value!r} {stamp:.3f}\n"
    yield "# EOF\n"
