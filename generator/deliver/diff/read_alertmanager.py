"""A finished alertmanager.yml, or the one a server has loaded, read into values."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from generator.ir.routing import (
    MONTHS,
    WEEKDAYS,
    AlertmanagerConfig,
    InhibitRule,
    Matcher,
    Receiver,
    Route,
    TimeInterval,
    TimeSpan,
)
from generator.values import Duration

_MATCHER = re.compile(
    r'\s*"?([^"=!~\s]+)"?\s*(=~|!~|!=|=)\s*(?:"((?:[^"\\]|\\.)*)"|(.*?))\s*', re.DOTALL
)
_ESCAPE = re.compile(r"\\(.)", re.DOTALL)
_CLOCK = re.compile(r"[0-2][0-9]:[0-5][0-9]")
_NUMBERS = re.compile(r"-?[0-9]+(:-?[0-9]+)?")
_NAMES = frozenset({*WEEKDAYS, *MONTHS})
_TIMES = ("time_intervals", "mute_time_intervals")
"""Sections of time intervals: the name of today, and that before 0.24."""
_ESCAPED = {"n": "\n", "t": "\t", "r": "\r"}


def alertmanager_config(
    document: Mapping[str, Any], vocabulary: Mapping[str, str]
) -> AlertmanagerConfig:
    """The configuration. `vocabulary`: names of labels, which no file says.

    Raises ValueError for what is no configuration.
    """
    try:
        config = AlertmanagerConfig(
            globals_=document.get("global") or {},
            templates=tuple(document.get("templates") or ()),
            route=_route(document["route"]),
            receivers=tuple(_receiver(one) for one in document.get("receivers") or ()),
            inhibit_rules=tuple(
                _inhibit_rule(n, r) for n, r in enumerate(document.get("inhibit_rules") or ())
            ),
            intervals=tuple(_interval(one) for key in _TIMES for one in document.get(key) or ()),
            vocabulary=vocabulary,
        )
        _check(config.route, {i.name for i in config.intervals})
        return config
    except (KeyError, TypeError, AttributeError) as problem:
        raise ValueError(f"this is no configuration of Alertmanager: {problem!r}") from problem


def unsharded(route: Route, label: str) -> Route:
    """The tree without the nodes that only ask for a tenant's shard: rules do not have it, it is
    put onto alerts on their way."""
    children: list[Route] = []
    for child in route.routes:
        shard = len(child.matchers) == 1 and child.matchers[0].name == label
        children += child.routes if shard and child.receiver is None else [child]
    return replace(route, routes=tuple(children))


def matcher(text: str) -> Matcher:
    """`name="value"` with Go's escapes, quoted or not. Raises ValueError."""
    found = _MATCHER.fullmatch(text)
    if found is None:
        raise ValueError(f"{text!r} is no matcher")
    name, op, quoted, bare = found.groups()
    value = bare if quoted is None else _ESCAPE.sub(_unescaped, quoted)
    return Matcher(name, op, value)


def _unescaped(found: re.Match[str]) -> str:
    return _ESCAPED.get(found[1], found[1])


def _route(node: Mapping[str, Any]) -> Route:
    group_by = node.get("group_by")
    return Route(
        matchers=_matchers(node, "matchers", "match"),
        receiver=node.get("receiver"),
        routes=tuple(_route(child) for child in node.get("routes") or ()),
        continue_=bool(node.get("continue", False)),
        group_by=tuple(group_by) if group_by is not None else None,
        group_wait=_duration(node.get("group_wait")),
        group_interval=_duration(node.get("group_interval")),
        repeat_interval=_duration(node.get("repeat_interval")),
        active_time_intervals=tuple(node.get("active_time_intervals") or ()),
        mute_time_intervals=tuple(node.get("mute_time_intervals") or ()),
    )


def _matchers(node: Mapping[str, Any], key: str, old: str) -> tuple[Matcher, ...]:
    """`matchers`, or the maps `match` and `match_re` that older files have."""
    found = [matcher(text) for text in node.get(key) or ()]
    for name, op in ((old, "="), (f"{old}_re", "=~")):
        found += [Matcher(str(k), op, str(v)) for k, v in (node.get(name) or {}).items()]
    return tuple(found)


def _receiver(node: Mapping[str, Any]) -> Receiver:
    sections = {
        key: tuple(entries or ()) for key, entries in node.items() if key.endswith("_configs")
    }
    return Receiver(node["name"], sections)


def _inhibit_rule(number: int, node: Mapping[str, Any]) -> InhibitRule:
    return InhibitRule(
        name=str(node.get("name") or number),
        source=tuple(sorted(_matchers(node, "source_matchers", "source_match"))),
        target=tuple(sorted(_matchers(node, "target_matchers", "target_match"))),
        equal=tuple(node.get("equal") or ()),
    )


def _interval(node: Mapping[str, Any]) -> TimeInterval:
    return TimeInterval(node["name"], tuple(_span(one) for one in node["time_intervals"]))


def _span(node: Mapping[str, Any]) -> TimeSpan:
    times = node.get("times") or ()
    return _check_span(
        TimeSpan(
            times=tuple((str(one["start_time"]), str(one["end_time"])) for one in times),
            weekdays=_words(node.get("weekdays")),
            days_of_month=_words(node.get("days_of_month")),
            months=_words(node.get("months")),
            years=_words(node.get("years")),
            location=node.get("location"),
        )
    )


def _check(route: Route, intervals: set[str]) -> None:
    """Raise ValueError when a route names times that are not there."""
    for name in (*route.active_time_intervals, *route.mute_time_intervals):
        if name not in intervals:
            raise ValueError(f"there is no time interval {name!r}")
    for child in route.routes:
        _check(child, intervals)


def _check_span(span: TimeSpan) -> TimeSpan:
    """Raise ValueError for an entry that Alertmanager would not read."""
    times = all(_CLOCK.fullmatch(clock) for pair in span.times for clock in pair)
    numbers = (*span.days_of_month, *span.years)
    names = (*span.weekdays, *span.months)
    if not (
        times
        and all(_NUMBERS.fullmatch(text) for text in numbers)
        and all(part in _NAMES or part.isdecimal() for text in names for part in text.split(":"))
    ):
        raise ValueError(f"{span} is no time interval")
    return span


def _words(found: Sequence[Any] | None) -> tuple[str, ...]:
    return tuple(str(one) for one in found or ())


def _duration(text: str | None) -> Duration | None:
    return None if text is None else Duration.parse(str(text))
