"""Who is told of an alert that starts at a moment, and why: the simulation, told in full."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from generator.compile.families import Family, written
from generator.ir.explained import Firing, Reach, RouteAnswer, StepAnswer
from generator.ir.routing import AlertmanagerConfig
from generator.ir.rules import RuleGroup
from generator.values import Duration
from generator.verify.notify.choice import Unclear, chosen
from generator.verify.notify.circumstances import Circumstances, assumed, read_named
from generator.verify.notify.incident import due, incident, labels_of
from generator.verify.notify.inhibition import mutings
from generator.verify.notify.routing import Labels, Tree
from generator.verify.notify.times import closed_by


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked: an alert by name or labels, when it starts, what else fires."""

    alert: str | None
    labels: Mapping[str, str]
    at: datetime
    """Aware."""
    firing: tuple[str, ...] = ()


def answer(
    tenant: str,
    config: AlertmanagerConfig,
    groups: Sequence[RuleGroup],
    question: Question,
    zone: str,
) -> RouteAnswer:
    """The steps of an alert with whom each tells, and the whole incident, in the zone's time.

    Raises Unclear when no alert is meant, or several of which others are told.
    """
    found = chosen(groups, config.vocabulary, question.alert, question.labels)
    asked = labels_of(found[0][0], question.labels)
    said = [_said(text, groups, config, asked) for text in question.firing]
    around = Circumstances(groups, config.vocabulary, said)
    answers = [_answered(tenant, config, f, question, zone, around) for f in found]
    first = answers[0]
    if any(other.steps != first.steps for other in answers[1:]):
        choices = [written(family[0], found) for family in found]
        many = f"{len(found)} alerts are meant, of which others are told"
        raise Unclear(f"{many}; say which with --label", choices)
    alike = tuple(written(family[0], found) for family in found[1:])
    return RouteAnswer(
        tenant=first.tenant,
        alert=written(found[0][0], found),
        labels=first.labels,
        alike=alike,
        at=first.at,
        zone=zone,
        firing=first.firing,
        steps=first.steps,
        notices=first.notices,
        receivers=first.receivers,
    )


def _answered(
    tenant: str,
    config: AlertmanagerConfig,
    family: Family,
    question: Question,
    zone: str,
    around: Circumstances,
) -> RouteAnswer:
    members = {r.name: r.members for r in config.receivers}
    local = ZoneInfo(zone)
    played = incident(config, family, question.at, question.labels, around.at)
    firing = [Firing(tuple(sorted(o.items())), "as asked") for o in around.said]
    for marker in around.markers(question.at):
        firing.append(Firing(tuple(sorted(marker.items())), "follows"))
    told = dict.fromkeys(notice.receiver for notice in played.notices)
    return RouteAnswer(
        tenant=tenant,
        alert=family[0].alert,
        labels=tuple(sorted(labels_of(family[0], question.labels).items())),
        alike=(),
        at=question.at.astimezone(local),
        zone=zone,
        firing=tuple(firing),
        steps=steps(config, family, question.at, question.labels, around),
        notices=played.notices,
        receivers=tuple((name, members.get(name, ())) for name in told),
    )


def steps(
    config: AlertmanagerConfig,
    family: Family,
    start: datetime,
    extra: Labels,
    around: Circumstances,
) -> tuple[StepAnswer, ...]:
    """Each step of an alert, looked at when its notification is due."""
    tree = Tree(config.route)
    intervals = {i.name: i for i in config.intervals}
    members = {r.name: r.members for r in config.receivers}
    found = []
    for number, rule in enumerate(family, 1):
        labels, after = labels_of(rule, extra), due(rule, family)
        reaches, moments = [], [start + _length(after)]
        for one in tree.taken(labels):
            moment = start + _length(after + one.leaf.group_wait)
            moments.append(moment)
            closed = closed_by(one.leaf, intervals, moment)
            reaches.append(Reach(one, members.get(one.leaf.receiver, ()), closed))
        muted = mutings(config, labels, around.at(moments[-1]))
        found.append(StepAnswer(number, after, muted, tuple(reaches)))
    return tuple(found)


def _length(duration: Duration) -> timedelta:
    return timedelta(milliseconds=duration.ms)


def _said(
    text: str, groups: Sequence[RuleGroup], config: AlertmanagerConfig, asked: Labels
) -> Labels:
    """The labels of something that is said to fire. Raises Unclear."""
    named = read_named(text)
    if named is None:
        raise Unclear(f'{text!r} is not an alert; write Alert or Alert{{service="x"}}')
    found = chosen(groups, config.vocabulary, *named)
    if len(found) > 1:
        choices = [written(family[0], found) for family in found]
        raise Unclear(f"several alerts {named[0]} could be firing; say which", choices)
    return assumed(found[0][0], named[1], asked)
