"""What must hold of every configuration, whatever the spec: checked on each build, with codes.

- `no-person`, `person-gap`: an alert of the most urgent severity reaches people whenever it starts.
  People read mail, text messages, chat rooms and pagers; the other end of a webhook is a program
  unless its channel says `people: true`. Reached means: within an hour of the start, a step has
  told a receiver that has such a member. Routes' times are compared as whole periods over the
  horizon of the rotations.
- `foreign-receiver`: no alert of one tenant is sent to another's receiver.
- `receiver-unused`, `interval-unused`: everything that is named is used.
- `route-unreachable`: every route can be taken: it asks nothing that its parents exclude, and no
  earlier sibling without `continue` takes all that it asks for.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from generator.compile.directory import SHARED
from generator.compile.families import families
from generator.compile.kinds import MARKER
from generator.findings import Finding, Place, error, warning
from generator.ir.build import Build
from generator.ir.incident import Leaf, Rung
from generator.ir.routing import AlertmanagerConfig, Matcher, Route, owner
from generator.ir.rules import AlertRule
from generator.render.alertmanager import matcher_text
from generator.values import Duration
from generator.verify.notify.document import called, rungs
from generator.verify.notify.incident import labels_of
from generator.verify.notify.inhibition import inhibited_by
from generator.verify.notify.periods import (
    Period,
    horizon,
    open_periods,
    shifted,
    without,
)
from generator.verify.notify.routing import Tree, match

SOON = Duration.of(hours=1)
"""How soon a person must be told of an alert of the most urgent severity."""

_PEOPLE = (
    "have a step tell mail, a text message, a chat room, a pager or a person then; "
    "a webhook that people read is marked people: true"
)


def tenant_invariants(build: Build) -> tuple[Finding, ...]:
    """What is wrong with one tenant's configuration."""
    place = Place(build.spec_file, 1, 1)
    config = build.alertmanager
    return (
        *_people(build, place),
        *_foreign(build),
        *_named(build, place),
        *_unused(config, place),
        *unreachable(config.route, place),
    )


def fleet_invariants(config: AlertmanagerConfig) -> tuple[Finding, ...]:
    """What is wrong with the routes that all tenants have in common.

    Each tenant's node is taken by alerts with its label alone, and names what bears its name
    alone or what it uses of the platform (`tenant_invariants`): a fleet of such nodes keeps
    tenants apart.
    """
    return tuple(unreachable(config.route, Place("specs/platform.yaml", 1, 1)))


# --------------------------------------------------------------------------- people


def _people(build: Build, place: Place) -> Iterator[Finding]:
    """Urgent alerts that reach no person, ever or at some time; one finding for those alike."""
    config, words = build.alertmanager, build.alertmanager.vocabulary
    tree = Tree(config.route)
    alike: dict[tuple[Watch, ...], list[AlertRule]] = {}
    for family in families(build.groups, words["level"]):
        labels = family[0].labels
        urgent = labels.get(words["severity"]) == words["urgent"]
        if urgent and labels.get(words["kind"]) != MARKER:
            alike.setdefault(tuple(watched(config, tree, family)), []).append(family[0])
    read = {r.name for r in config.receivers if any(m.human for m in r.members)}
    for steps, rules in alike.items():
        telling = [r for r in rules if r.origin is not None and r.origin.file == place.file]
        at = telling[0].origin if telling else None
        yield from _reached(steps, read, rules, config, at or place)


@dataclass(frozen=True, slots=True)
class Watch:
    """A step, and how many milliseconds after the start a later one mutes it."""

    rung: Rung
    until: int


def watched(config: AlertmanagerConfig, tree: Tree, family: Sequence[AlertRule]) -> Iterator[Watch]:
    """The steps of an alert, each with the end of its turn."""
    labels = [labels_of(rule) for rule in family]
    for index, rung in enumerate(rungs(tree, family)):
        muting = [
            rule.for_.ms
            for rule, later in zip(family[index + 1 :], labels[index + 1 :], strict=True)
            if rule.for_ < SOON and inhibited_by(config, labels[index], [later])
        ]
        yield Watch(rung, min(muting, default=SOON.ms))


def _reached(
    steps: Sequence[Watch],
    read: Collection[str],
    rules: Sequence[AlertRule],
    config: AlertmanagerConfig,
    place: Place,
) -> Iterator[Finding]:
    words = config.vocabulary
    name = called(rules[0], words["service"])
    more = f" and {len(rules) - 1} more" if len(rules) > 1 else ""
    if not any(leaf.receiver in read for step in steps for leaf in step.rung.leaves):
        message = f"no person is ever told of {name}{more}, though {words['urgent']}"
        yield error("no-person", message, place, _PEOPLE)
        return
    missed = gaps(steps, read, config)
    if missed:
        start, end = (datetime.fromtimestamp(ms / 1000, UTC) for ms in missed[0])
        also = f", and {len(missed) - 1} times more" if len(missed) > 1 else ""
        message = (
            f"no person is told of {name}{more} within {SOON}, though {words['urgent']}, when it "
            f"starts from {start:%a %Y-%m-%d %H:%M} to {end:%a %Y-%m-%d %H:%M} UTC{also}"
        )
        yield warning("person-gap", message, place, _PEOPLE)


def gaps(
    steps: Sequence[Watch], read: Collection[str], config: AlertmanagerConfig
) -> Sequence[Period]:
    """When an incident may start of which no person is told soon."""
    leaves = [(step, leaf) for step in steps for leaf in step.rung.leaves if leaf.receiver in read]
    if any(step.rung.level == 1 and not leaf.active and not leaf.muted for step, leaf in leaves):
        return []
    intervals = {i.name: i for i in config.intervals}
    used = {name for _, leaf in leaves for name in (*leaf.active, *leaf.muted)}
    within = horizon(intervals[name] for name in sorted(used))
    wide = (within[0], within[1] + 2 * SOON.ms)
    left = [within]
    for step, leaf in leaves:
        opened = open_periods(leaf, intervals, wide)
        for moment in _looks(step, leaf):
            left = without(left, shifted(opened, moment)) if left else []
    return [gap for gap in left if _whole(gap)]


def _looks(step: Watch, leaf: Leaf) -> Sequence[int]:
    """The milliseconds after the start at which a step's group is looked at: when it is due, and
    each `group_interval` from then on, until a later step mutes it."""
    due = step.rung.after.ms + leaf.group_wait.ms
    again = range(due + leaf.group_interval.ms, step.until, leaf.group_interval.ms)
    return [moment for moment in (due, *again) if moment <= SOON.ms]


def _whole(gap: Period) -> bool:
    """Not the moment between two minutes: clocks of routes are compared in whole minutes."""
    return gap[1] - gap[0] >= 60_000


# --------------------------------------------------------------------------- receivers


def _foreign(build: Build) -> Iterator[Finding]:
    """Alerts of a tenant that a receiver gets which is neither the tenant's nor everybody's."""
    tree, tenant = Tree(build.alertmanager.route), build.tenant
    told: set[str] = set()
    for rule in (r for g in build.groups for r in g.rules if isinstance(r, AlertRule)):
        for one in tree.taken(labels_of(rule)):
            if owner(one.leaf.receiver) not in (tenant, SHARED) and one.leaf.receiver not in told:
                told.add(one.leaf.receiver)
                message = f"{rule.alert} of {tenant} is sent to {one.leaf.receiver}"
                place = rule.origin or Place(build.spec_file, 1, 1)
                hint = "the routing tree does not keep tenants apart"
                yield error("foreign-receiver", message, place, hint)


def _named(build: Build, place: Place) -> Iterator[Finding]:
    """A node that takes alerts of other tenants, and names that another tenant may have too."""
    routing = build.routing
    own = Matcher(build.alertmanager.vocabulary["tenant"], "=", build.tenant)
    if own not in routing.route.matchers or routing.route.continue_:
        message = f"the node of {build.tenant} does not ask for {matcher_text(own)} alone"
        yield error(
            "foreign-receiver", message, place, "the routing tree does not keep tenants apart"
        )
    names = {r.name for r in routing.receivers if owner(r.name) != SHARED}
    for name in sorted(names | {interval.name for interval in routing.intervals}):
        if owner(name) != build.tenant:
            message = f"{name} of {build.tenant} does not bear its name"
            yield error("foreign-receiver", message, place, "another tenant may have the same")


def _unused(config: AlertmanagerConfig, place: Place) -> Iterator[Finding]:
    nodes = list(_nodes(config.route))
    told = {node.receiver for node in nodes}
    for receiver in config.receivers:
        if receiver.name not in told:
            message = f"no route tells the receiver {receiver.name}"
            yield error("receiver-unused", message, place)
    used = {n for node in nodes for n in (*node.active_time_intervals, *node.mute_time_intervals)}
    for interval in config.intervals:
        if interval.name not in used:
            message = f"no route uses the time interval {interval.name}"
            yield error("interval-unused", message, place)


def _nodes(route: Route) -> Iterator[Route]:
    yield route
    for child in route.routes:
        yield from _nodes(child)


# --------------------------------------------------------------------------- routes


def unreachable(route: Route, place: Place, asked: tuple[Matcher, ...] = ()) -> Iterator[Finding]:
    """Routes below a node that no alert can take; `asked` is what its parents ask for."""
    asked = (*asked, *route.matchers)
    final = _Final()
    for child in route.routes:
        whole = (*asked, *child.matchers)
        told = " ".join(matcher_text(m) for m in whole) or "everything"
        clash = _contradiction(whole)
        shadow = final.before(whole)
        if clash is not None:
            first, second = (matcher_text(m) for m in clash)
            message = f"no alert takes the route for {told}: {first} excludes {second}"
            yield error("route-unreachable", message, place)
        elif shadow is not None:
            taker = " ".join(map(matcher_text, shadow.matchers)) or "everything"
            message = f"no alert takes the route for {told}: the one for {taker} stands before it"
            yield error("route-unreachable", message, place)
        else:
            yield from unreachable(child, place, asked)
        if not child.continue_:
            final.add(child)


class _Final:
    """The siblings so far that end the search, by an equality they ask for: a fleet has many."""

    def __init__(self) -> None:
        self.by_equality: dict[Matcher | None, list[Route]] = {}

    def add(self, route: Route) -> None:
        """Remember one."""
        asked = next((m for m in route.matchers if m.op == "="), None)
        self.by_equality.setdefault(asked, []).append(route)

    def before(self, known: Sequence[Matcher]) -> Route | None:
        """One that takes all that is known to match."""
        for asked in (None, *(m for m in known if m.op == "=")):
            for route in self.by_equality.get(asked, ()):
                if _implies(known, route.matchers):
                    return route
        return None


def _contradiction(matchers: Iterable[Matcher]) -> tuple[Matcher, Matcher] | None:
    """Two matchers that no value can satisfy together: an equality against another."""
    all_ = list(matchers)
    for fixed in (m for m in all_ if m.op == "="):
        for other in all_:
            if other.name == fixed.name and not match(other, {fixed.name: fixed.value}):
                return fixed, other
    return None


def _implies(known: Sequence[Matcher], asked: Iterable[Matcher]) -> bool:
    """Whether what is known to match settles all that is asked."""
    fixed = {m.name: m.value for m in known if m.op == "="}
    return all(m in known or (m.name in fixed and match(m, fixed)) for m in asked)
