"""Silences that outlive what they were made for."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from generator.deliver.live.running import running_configuration
from generator.findings import Finding, warning
from generator.promql.build import selector
from generator.servers.alertmanager import Alertmanager
from generator.servers.prometheus import Prometheus
from generator.values import Duration

FAR = timedelta(days=30)
"""A silence that ends later than this is taken for one that was forgotten."""
_OPERATORS = {(True, False): "=", (False, False): "!=", (True, True): "=~", (False, True): "!~"}


@dataclass(frozen=True, slots=True)
class Looking:
    """What silences are judged by: the time now, how long without an alert is too long."""

    now: datetime
    """Aware."""
    age: timedelta
    tenants: Collection[str]
    label: str
    """The tenant's label."""


def silence_findings(
    server: Alertmanager, prometheus: Sequence[Prometheus], looking: Looking
) -> Iterator[Finding]:
    """Active silences that match nothing for long, never end, or are for a tenant that is gone.

    Prometheus is asked whether an alert fired that a silence would have matched; without one only
    the alerts that Alertmanager holds now count. Raises ServerFailed.
    """
    used = {i for alert in server.alerts() for i in alert["status"].get("silencedBy") or ()}
    for silence in server.silences():
        if silence["status"]["state"] != "active":
            continue
        why = list(_reasons(silence, silence["id"] in used, prometheus, looking))
        if why:
            about = f"silence {silence['id']} of {silence.get('createdBy') or 'nobody'}"
            said = f" ({silence['comment']})" if silence.get("comment") else ""
            message = f"{server.server.url}: {about}{said}: {'; '.join(why)}"
            hint = f"end it: amtool silence expire {silence['id']}"
            yield warning("drift-silence", message, None, hint)


def _reasons(
    silence: Mapping[str, Any], used: bool, prometheus: Sequence[Prometheus], looking: Looking
) -> Iterator[str]:
    gone = [
        matcher["value"]
        for matcher in silence["matchers"]
        if matcher["name"] == looking.label and not matcher["isRegex"] and _equal(matcher)
        if matcher["value"] not in looking.tenants
    ]
    if gone:
        yield f"output/ has no tenant {gone[0]}"
    left = _time(silence["endsAt"]) - looking.now
    if left > FAR:
        yield f"it ends in {left.days} days"
    old = looking.now - _time(silence["startsAt"]) >= looking.age
    if old and not used and not any(_fired(one, silence, looking) for one in prometheus):
        hours = looking.age.total_seconds() / 3600
        yield f"no alert that it matches was there for {hours:g} hours"


def _fired(server: Prometheus, silence: Mapping[str, Any], looking: Looking) -> bool:
    """Whether such an alert fired within the age; labels that are added later are not asked for."""
    running = running_configuration(server)
    added = set((running.get("global") or {}).get("external_labels") or ())
    matchers = [
        (m["name"], _OPERATORS[_equal(m), bool(m["isRegex"])], m["value"])
        for m in silence["matchers"]
        if m["name"] not in added
    ]
    window = Duration(int(looking.age.total_seconds() * 1000))
    firing = selector("ALERTS", [("alertstate", "=", "firing"), *matchers])
    return bool(server.query(f"count(present_over_time({firing}[{window}]))"))


def _equal(matcher: Mapping[str, Any]) -> bool:
    """Silences of before Alertmanager 0.22 do not say it."""
    return bool(matcher.get("isEqual", True))


def _time(text: str) -> datetime:
    return datetime.fromisoformat(text)
