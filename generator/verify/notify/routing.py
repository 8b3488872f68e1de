"""Which routes take an alert: Alertmanager's tree, its matchers and its inherited settings."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from functools import lru_cache

from generator.ir.incident import Branch, Leaf, Taken
from generator.ir.routing import AlertmanagerConfig, Matcher, Route
from generator.values import Duration
from generator.verify.notify.times import is_open

Labels = Mapping[str, str]

_DEFAULTS = (Duration.of(seconds=30), Duration.of(minutes=5), Duration.of(hours=4))
"""Alertmanager's own group_wait, group_interval and repeat_interval."""
_MANY = 16
"""Children from which on a node's are looked up by a label instead of tried one by one."""


class Tree:
    """A routing tree made ready for many questions: wide nodes are indexed by a label.

    A node for each tenant below the root would otherwise be tried for every alert of the fleet.
    """

    def __init__(self, root: Route) -> None:
        self.root = root
        self._indexes: dict[int, _Index] = {}

    def taken(self, labels: Labels) -> tuple[Taken, ...]:
        """The routes that take an alert, in order, whatever the time is."""
        nothing = Leaf(self.root.receiver or "", (), (), (), *_DEFAULTS)
        return tuple(self._matched(self.root, labels, nothing, ()))

    def _matched(
        self, route: Route, labels: Labels, parent: Leaf, path: tuple[Branch, ...]
    ) -> list[Taken]:
        """Like Alertmanager's Route.Match: depth first, on to a sibling only with continue."""
        if not all_match(route.matchers, labels):
            return []
        own = _inherited(route, parent)
        here = (*path, Branch(route.comment, route.matchers))
        found: list[Taken] = []
        for child in self._children(route, labels):
            below = self._matched(child, labels, own, here)
            found += below
            if below and not child.continue_:
                break
        return found or [Taken(own, here)]

    def _children(self, route: Route, labels: Labels) -> Sequence[Route]:
        if len(route.routes) < _MANY:
            return route.routes
        index = self._indexes.get(id(route))
        if index is None:
            index = self._indexes[id(route)] = _Index(route.routes)
        return index.candidates(labels)


class _Index:
    """A node's children by the value that their first equality asks of one label."""

    def __init__(self, routes: Sequence[Route]) -> None:
        names = [m.name for r in routes for m in r.matchers if m.op == "="]
        self.name = max(sorted(set(names)), key=names.count, default="")
        self.rest: list[tuple[int, Route]] = []
        self.by_value: dict[str, list[tuple[int, Route]]] = {}
        for position, route in enumerate(routes):
            asked = [m.value for m in route.matchers if m.op == "=" and m.name == self.name]
            at = self.by_value.setdefault(asked[0], []) if asked else self.rest
            at.append((position, route))

    def candidates(self, labels: Labels) -> Sequence[Route]:
        """The children that may match, in their order."""
        asked = self.by_value.get(labels.get(self.name, ""), [])
        return [route for _, route in sorted([*asked, *self.rest], key=lambda pair: pair[0])]


def taken(config: AlertmanagerConfig, labels: Labels) -> tuple[Taken, ...]:
    """The routes that take an alert with the way to them, in order, whatever the time is."""
    return Tree(config.route).taken(labels)


def leaves(config: AlertmanagerConfig, labels: Labels) -> tuple[Leaf, ...]:
    """The routes that take an alert, in order, whatever the time is."""
    return tuple(one.leaf for one in taken(config, labels))


def receivers_for(config: AlertmanagerConfig, labels: Labels, at: datetime) -> tuple[str, ...]:
    """The receivers that may be told of an alert at a moment (aware), without repetition."""
    intervals = {interval.name: interval for interval in config.intervals}
    told = (leaf.receiver for leaf in leaves(config, labels) if is_open(leaf, intervals, at))
    return tuple(dict.fromkeys(told))


def group_key(leaf: Leaf, labels: Labels) -> Mapping[str, str]:
    """The labels by which a route groups an alert with others."""
    if leaf.group_by == ("...",):
        return dict(labels)
    return {name: labels[name] for name in leaf.group_by if labels.get(name)}


def all_match(matchers: Iterable[Matcher], labels: Labels) -> bool:
    """Whether an alert has what every matcher asks; a label it lacks counts as empty."""
    return all(match(matcher, labels) for matcher in matchers)


def match(matcher: Matcher, labels: Labels) -> bool:
    """Whether an alert has what one matcher asks."""
    value = labels.get(matcher.name, "")
    equal = (
        value == matcher.value
        if "~" not in matcher.op
        else _regex(matcher.value).fullmatch(value) is not None
    )
    return equal == (matcher.op in ("=", "=~"))


def _inherited(route: Route, parent: Leaf) -> Leaf:
    """A node's settings over its parent's. Time intervals are not inherited.

    An empty `group_by` is one of its own and puts all alerts into one group, as 0.33 reads it; to
    0.25 and 0.28 it is the parent's, so none is ever written.
    """
    return Leaf(
        receiver=route.receiver or parent.receiver,
        active=route.active_time_intervals,
        muted=route.mute_time_intervals,
        group_by=parent.group_by if route.group_by is None else route.group_by,
        group_wait=parent.group_wait if route.group_wait is None else route.group_wait,
        group_interval=route.group_interval or parent.group_interval,
        repeat_interval=route.repeat_interval or parent.repeat_interval,
        comment=route.comment,
    )


@lru_cache(maxsize=1024)
def _regex(pattern: str) -> re.Pattern[str]:
    """A regex as Go reads it: classes are ASCII's, letters of either case are all Unicode's."""
    return re.compile(pattern, re.UNICODE if "(?i" in pattern else re.ASCII)
