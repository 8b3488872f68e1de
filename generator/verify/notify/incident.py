"""An incident that nobody acknowledges, played through: who is told of it, and when."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from generator.ir.incident import Incident, Leaf, Notice
from generator.ir.routing import AlertmanagerConfig, TimeInterval
from generator.ir.rules import AlertRule
from generator.values import Duration
from generator.verify.notify.inhibition import inhibited_by
from generator.verify.notify.routing import Labels, Tree
from generator.verify.notify.times import is_open

Others = Callable[[datetime], Sequence[Labels]]
"""What else fires at a moment (aware)."""

_LONGEST = timedelta(days=8)
"""How far an incident is followed: past every weekly window."""


def nothing_else(at: datetime) -> Sequence[Labels]:
    """Nothing else fires."""
    return ()


def incident(
    config: AlertmanagerConfig,
    rules: Sequence[AlertRule],
    start: datetime,
    extra: Labels | None = None,
    others: Others = nothing_else,
    follow: timedelta = _LONGEST,
) -> Incident:
    """An alert fires at `start` and nobody reacts: who is told when, until everybody has been.

    `rules` are the alert's and its later steps'; their static labels stand for the alert's, with
    `extra` ones that its expression gives. Each notification comes once, and once again when it
    is first repeated; sending takes no time. It is followed for so long after its start.
    """
    tree, level = Tree(config.route), config.vocabulary["level"]
    alerts = tuple((labels_of(rule, extra), due(rule, rules)) for rule in rules)
    scene = _Scene(config, {i.name: i for i in config.intervals}, start, alerts, others, follow)
    notices = [
        Notice(
            after,
            start + timedelta(milliseconds=after.ms),
            int(labels.get(level, "1")),
            one.leaf.receiver,
            index > 0,
        )
        for labels, fires in alerts
        for one in tree.taken(labels)
        for index, after in enumerate(_told(scene, one.leaf, labels, fires))
    ]
    return Incident(start, tuple(sorted(notices, key=lambda n: (n.at, n.level, n.receiver))))


def labels_of(rule: AlertRule, extra: Labels | None = None) -> dict[str, str]:
    """The labels of a rule's alert as far as they are known, the rule's own winning."""
    return {**(extra or {}), **rule.labels, "alertname": rule.alert}


def due(rule: AlertRule, rules: Sequence[AlertRule]) -> Duration:
    """How long after the first rule fires this one does."""
    return Duration(0) if rule is rules[0] else rule.for_


@dataclass(frozen=True, slots=True)
class _Scene:
    """What an incident happens in: all its steps, each firing from a time after the start on."""

    config: AlertmanagerConfig
    intervals: Mapping[str, TimeInterval]
    start: datetime
    steps: Sequence[tuple[Labels, Duration]]
    others: Others
    follow: timedelta


def _told(scene: _Scene, leaf: Leaf, labels: Labels, fires: Duration) -> list[Duration]:
    """When one route tells of one alert: the first time, and the first repetition.

    A group is looked at `group_wait` after it begins, and each `group_interval` from then on.
    Once a later step mutes the alert it stays muted; what else mutes it may end.
    """
    told: list[Duration] = []
    muted: dict[int, bool] = {}
    now = fires + leaf.group_wait
    while now.ms <= scene.follow.total_seconds() * 1000 and len(told) < 2:
        at = scene.start + timedelta(milliseconds=now.ms)
        rivals = [other for other, since in scene.steps if other is not labels and since <= now]
        if len(rivals) not in muted:
            muted[len(rivals)] = bool(inhibited_by(scene.config, labels, rivals))
        if muted[len(rivals)]:
            break
        due_again = not told or now.ms - told[-1].ms >= leaf.repeat_interval.ms
        if (
            due_again
            and is_open(leaf, scene.intervals, at)
            and not ((others := scene.others(at)) and inhibited_by(scene.config, labels, others))
        ):
            told.append(now)
        now = now + leaf.group_interval
    return told
