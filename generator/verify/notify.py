"""Who is told, and when: a model of Alertmanager's routing, time intervals and inhibition.

It reads configurations as plain values and is proven against the real Alertmanager. It does not
model silences, several alerts in one group, or clusters. Sources: dispatch/route.go,
inhibit/inhibit.go, timeinterval/timeinterval.go and notify/notify.go of Alertmanager 0.25 to 0.33.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from generator.ir.artifacts import Artifact
from generator.ir.incident import Incident, Ladder, Leaf, Notice, Rung
from generator.ir.routing import (
    MONTHS,
    WEEKDAYS,
    AlertmanagerConfig,
    InhibitRule,
    Matcher,
    Route,
    TimeInterval,
    TimeSpan,
)
from generator.ir.rules import AlertRule, RuleGroup
from generator.render.docs_escalation import escalation_md
from generator.values import Duration

Labels = Mapping[str, str]

_DEFAULTS = (Duration.of(seconds=30), Duration.of(minutes=5), Duration.of(hours=4))
"""Alertmanager's own group_wait, group_interval and repeat_interval."""
_LONGEST = timedelta(days=8)
"""How far an incident is followed: past every weekly window."""


def leaves(config: AlertmanagerConfig, labels: Labels) -> tuple[Leaf, ...]:
    """The routes that take an alert, in order, whatever the time is."""
    root = Leaf(config.route.receiver or "", (), (), (), *_DEFAULTS)
    return tuple(_matched(config.route, labels, root))


def receivers_for(config: AlertmanagerConfig, labels: Labels, at: datetime) -> tuple[str, ...]:
    """The receivers that may be told of an alert at a moment (aware), without repetition."""
    intervals = {interval.name: interval for interval in config.intervals}
    told = (leaf.receiver for leaf in leaves(config, labels) if _open(leaf, intervals, at))
    return tuple(dict.fromkeys(told))


def inhibited_by(
    config: AlertmanagerConfig, labels: Labels, firing: Iterable[Labels]
) -> tuple[str, ...]:
    """The names of the inhibit rules that mute an alert while others fire."""
    others = list(firing)
    return tuple(r.name for r in config.inhibit_rules if _mutes(r, labels, others))


def group_key(leaf: Leaf, labels: Labels) -> Mapping[str, str]:
    """The labels by which a route groups an alert with others."""
    if leaf.group_by == ("...",):
        return dict(labels)
    return {name: labels[name] for name in leaf.group_by if labels.get(name)}


def holds(interval: TimeInterval, at: datetime) -> bool:
    """Whether a time interval is active at a moment (aware)."""
    return any(_span_holds(span, at) for span in interval.spans)


def incident(config: AlertmanagerConfig, rules: Sequence[AlertRule], start: datetime) -> Incident:
    """An alert fires at `start` and nobody reacts: who is told when, until everybody has been.

    `rules` are the alert's and its later steps'; their static labels stand for the alert's. Each
    notification comes once, and once again when it is first repeated; sending takes no time.
    """
    intervals = {interval.name: interval for interval in config.intervals}
    alerts = [(dict(rule.labels, alertname=rule.alert), _fires(rule, rules)) for rule in rules]
    notices: list[Notice] = []
    for labels, fires in alerts:
        rivals = [(other, at) for other, at in alerts if other is not labels]
        for leaf in leaves(config, labels):
            level = _level(labels, config)
            for index, after in enumerate(
                _told(leaf, labels, fires, rivals, intervals, config, start)
            ):
                at = start + timedelta(milliseconds=after.ms)
                notices.append(Notice(after, at, level, leaf.receiver, index > 0))
    return Incident(start, tuple(sorted(notices, key=lambda n: (n.at, n.level, n.receiver))))


def ladders(
    config: AlertmanagerConfig, groups: Sequence[RuleGroup], moments: Sequence[datetime]
) -> tuple[Ladder, ...]:
    """The distinct escalations of a tenant's alerts, with incidents at the given moments."""
    level = config.vocabulary["level"]
    families = [family for group in groups for family in _families(group, level)]
    found: dict[tuple[str, tuple[Rung, ...]], list[tuple[AlertRule, ...]]] = {}
    for family in families:
        severity = family[0].labels.get(config.vocabulary["severity"], "")
        rungs = tuple(
            Rung(number, rule.for_ if number > 1 else Duration(0), _leaves_of(config, rule))
            for number, rule in enumerate(family, 1)
        )
        if any(_tells(config, rung) for rung in rungs):
            found.setdefault((severity, rungs), []).append(family)
    service = config.vocabulary["service"]
    return tuple(
        Ladder(
            severity,
            tuple(sorted({_called(family[0], service) for family in family_list})),
            rungs,
            tuple(incident(config, family_list[0], moment) for moment in moments),
        )
        for (severity, rungs), family_list in found.items()
    )


def escalation_doc(
    tenant: str, config: AlertmanagerConfig, groups: Sequence[RuleGroup], source: str
) -> Artifact:
    """`docs/escalation.md` of a tenant, from its configuration alone and its rules."""
    found = ladders(config, groups, moments(config))
    text = escalation_md(tenant, config, found, source)
    return Artifact("docs/escalation.md", text.encode())


def moments(config: AlertmanagerConfig) -> tuple[datetime, ...]:
    """A working morning and a Sunday night to show incidents at, in UTC.

    They are in the third week after the first date that the configuration's intervals name, or of
    2026 when they name none: the same for the same spec, whatever the day is.
    """
    spans = [span for interval in config.intervals for span in interval.spans if span.days_of_month]
    dated = [s for s in spans if len(s.years) == 1 and len(s.months) == 1]
    first = min((_first_day(s) for s in dated), default=datetime(2026, 1, 1, tzinfo=UTC))
    monday = first + timedelta(days=14 + (7 - first.weekday()) % 7)
    return (monday + timedelta(days=1, hours=10), monday + timedelta(days=6, hours=3))


# --------------------------------------------------------------------------- routing


def _matched(route: Route, labels: Labels, parent: Leaf) -> list[Leaf]:
    """Like Alertmanager's Route.Match: depth first, on to the next sibling only with continue."""
    if not _all_match(route.matchers, labels):
        return []
    own = _inherited(route, parent)
    found: list[Leaf] = []
    for child in route.routes:
        below = _matched(child, labels, own)
        found += below
        if below and not child.continue_:
            break
    return found or [own]


def _inherited(route: Route, parent: Leaf) -> Leaf:
    """A node's settings over its parent's. Time intervals are not inherited."""
    return replace(
        parent,
        receiver=route.receiver or parent.receiver,
        active=route.active_time_intervals,
        muted=route.mute_time_intervals,
        group_by=parent.group_by if route.group_by is None else route.group_by,
        group_wait=parent.group_wait if route.group_wait is None else route.group_wait,
        group_interval=route.group_interval or parent.group_interval,
        repeat_interval=route.repeat_interval or parent.repeat_interval,
        comment=route.comment,
    )


def _all_match(matchers: Iterable[Matcher], labels: Labels) -> bool:
    return all(_match(matcher, labels) for matcher in matchers)


def _match(matcher: Matcher, labels: Labels) -> bool:
    value = labels.get(matcher.name, "")
    equal = (
        value == matcher.value
        if "~" not in matcher.op
        else _regex(matcher.value).fullmatch(value) is not None
    )
    return equal == (matcher.op in ("=", "=~"))


@lru_cache(maxsize=1024)
def _regex(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern, re.DOTALL)


# --------------------------------------------------------------------------- inhibition


def _mutes(rule: InhibitRule, labels: Labels, firing: Iterable[Labels]) -> bool:
    """An alert that is source and target of a rule is not muted by another that is both."""
    if not _all_match(rule.target, labels):
        return False
    both = _all_match(rule.source, labels)
    return any(
        _all_match(rule.source, source)
        and all(source.get(name, "") == labels.get(name, "") for name in rule.equal)
        and not (both and _all_match(rule.target, source))
        for source in firing
    )


# --------------------------------------------------------------------------- time


def _open(leaf: Leaf, intervals: Mapping[str, TimeInterval], at: datetime) -> bool:
    if any(holds(intervals[name], at) for name in leaf.muted):
        return False
    return not leaf.active or any(holds(intervals[name], at) for name in leaf.active)


def _span_holds(span: TimeSpan, at: datetime) -> bool:
    local = at.astimezone(ZoneInfo(span.location) if span.location else UTC)
    minute = local.hour * 60 + local.minute
    weekday = (local.weekday() + 1) % 7
    return (
        (not span.times or any(_minutes(a) <= minute < _minutes(b) for a, b in span.times))
        and _in(span.days_of_month, lambda text: _day_in(text, local))
        and _in(span.months, lambda text: _between(text, local.month, MONTHS, 1))
        and _in(span.weekdays, lambda text: _between(text, weekday, WEEKDAYS, 0))
        and _in(span.years, lambda text: _between(text, local.year, (), 0))
    )


def _in(texts: Sequence[str], holds_for: Callable[[str], bool]) -> bool:
    return not texts or any(holds_for(text) for text in texts)


def _minutes(clock: str) -> int:
    hour, minute = clock.split(":")
    return int(hour) * 60 + int(minute)


def _between(text: str, number: int, names: Sequence[str], first: int) -> bool:
    begin, _, end = text.partition(":")
    low, high = (
        names.index(part) + first if part in names else int(part) for part in (begin, end or begin)
    )
    return low <= number <= high


def _day_in(text: str, local: datetime) -> bool:
    """A day of the month or a range of them, negative ones counted from the month's end."""
    length = _days_in_month(local)
    first, _, last = text.partition(":")
    begin, end = (
        length + int(part) + 1 if int(part) < 0 else int(part) for part in (first, last or first)
    )
    if begin > length:
        return False
    return max(begin, -length) <= local.day <= min(end, length)


def _days_in_month(local: datetime) -> int:
    """As Alertmanager counts: whole days between the month's ends, an hour less in spring.

    (The bug by which a month's last day goes missing where the clocks change within it.)
    """
    start = datetime(local.year, local.month, 1, tzinfo=local.tzinfo)
    following = datetime(
        local.year + local.month // 12, local.month % 12 + 1, 1, tzinfo=local.tzinfo
    )
    return int((following.astimezone(UTC) - start.astimezone(UTC)).total_seconds() // 86400)


# --------------------------------------------------------------------------- incidents


def _told(
    leaf: Leaf,
    labels: Labels,
    fires: Duration,
    rivals: Sequence[tuple[Labels, Duration]],
    intervals: Mapping[str, TimeInterval],
    config: AlertmanagerConfig,
    start: datetime,
) -> list[Duration]:
    """When one route tells of one alert: the first time, and the first repetition.

    A group is looked at `group_wait` after it begins, and each `group_interval` from then on.
    """
    told: list[Duration] = []
    now = fires + leaf.group_wait
    while now.ms <= _LONGEST.total_seconds() * 1000 and len(told) < 2:
        firing = [other for other, since in rivals if since <= now]
        if inhibited_by(config, labels, firing):
            break
        due = not told or now.ms - told[-1].ms >= leaf.repeat_interval.ms
        if due and _open(leaf, intervals, start + timedelta(milliseconds=now.ms)):
            told.append(now)
        now = now + leaf.group_interval
    return told


def _first_day(span: TimeSpan) -> datetime:
    year, month, day = (
        int(text[0].partition(":")[0]) for text in (span.years, span.months, span.days_of_month)
    )
    return datetime(year, month, max(1, min(day, 28)), tzinfo=UTC)


def _fires(rule: AlertRule, rules: Sequence[AlertRule]) -> Duration:
    """How long after the first rule fires this one does."""
    return Duration(0) if rule is rules[0] else rule.for_


def _level(labels: Labels, config: AlertmanagerConfig) -> int:
    return int(labels.get(config.vocabulary["level"], "1"))


def _families(group: RuleGroup, level: str) -> Iterable[tuple[AlertRule, ...]]:
    """An alert with the later steps that follow it in its group."""
    family: list[AlertRule] = []
    for rule in group.rules:
        if not isinstance(rule, AlertRule):
            continue
        if level not in rule.labels and family:
            yield tuple(family)
            family = []
        family.append(rule)
    if family:
        yield tuple(family)


def _leaves_of(config: AlertmanagerConfig, rule: AlertRule) -> tuple[Leaf, ...]:
    return leaves(config, dict(rule.labels, alertname=rule.alert))


def _tells(config: AlertmanagerConfig, rung: Rung) -> bool:
    full = {r.name for r in config.receivers if r.integrations}
    return any(leaf.receiver in full for leaf in rung.leaves)


def _called(rule: AlertRule, service: str) -> str:
    return f"{rule.alert} ({rule.labels[service]})" if service in rule.labels else rule.alert
