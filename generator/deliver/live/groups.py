"""Groups of rules as values, out of files and out of Prometheus' API, and how they differ.

Expressions are compared as trees, because the API prints them its own way.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path, PurePosixPath
from typing import Any

import yaml

from generator.promql.equality import same
from generator.values import Duration

Key = tuple[str, str]
"""(file, group)."""


@dataclass(frozen=True, slots=True)
class LoadedRule:
    """One rule; `for_` and `keep_firing_for` in seconds."""

    kind: str
    """`alert` or `record`."""
    name: str
    expr: str
    for_: float
    keep_firing_for: float
    labels: Mapping[str, str]
    annotations: Mapping[str, str]
    health: str = ""
    """`ok`, `err` or `unknown`; empty out of files."""
    error: str = ""

    @property
    def written(self) -> str:
        """`alert QueueBacklog`; with the step of an escalation where it is a later one."""
        level = self.labels.get("escalation_level")
        return f"{self.kind} {self.name}" + (f" (step {level})" if level else "")


@dataclass(frozen=True, slots=True)
class LoadedGroup:
    """One group; `interval` in seconds, `limit` 0: none."""

    file: str
    """`acme/prometheus/rules/web.yml`; the server's own path where it does not end so."""
    name: str
    interval: float
    limit: int
    rules: tuple[LoadedRule, ...]
    evaluated: str = ""
    """When it was evaluated last, in the server's words; empty out of files."""

    @property
    def key(self) -> Key:
        """What identifies it in one server."""
        return (self.file, self.name)

    @property
    def tenant(self) -> str:
        """The first part of its file's path."""
        return self.file.partition("/")[0]


class Side(StrEnum):
    """Where something is that is not the same in both."""

    FILES = "files"
    SERVER = "server"
    BOTH = "both"


@dataclass(frozen=True, slots=True)
class GroupDifference:
    """One thing that files and server do not have alike; `what` says it in words."""

    side: Side
    file: str
    group: str
    what: str


def groups_in_files(files: Iterable[Path], default: float) -> tuple[LoadedGroup, ...]:
    """The groups of rule files that lie as output/ has them; `default` is the interval of groups
    that name none. Raises OSError and yaml.YAMLError.
    """
    found = []
    for path in files:
        document = yaml.load(path.read_text(encoding="utf-8"), Loader=yaml.CSafeLoader) or {}
        for group in document.get("groups") or ():
            found.append(_group_of_file(path, group, default))
    return tuple(found)


def groups_of_server(answer: Sequence[Mapping[str, Any]]) -> tuple[LoadedGroup, ...]:
    """The groups of `/api/v1/rules`."""
    return tuple(
        LoadedGroup(
            file_key(group["file"]),
            group["name"],
            float(group.get("interval", 0)),
            int(group.get("limit", 0)),
            tuple(_rule_of_server(rule) for rule in group.get("rules", ())),
            str(group.get("lastEvaluation", "")),
        )
        for group in answer
    )


def file_key(path: str) -> str:
    """A rule file's path without what differs between machines: from the tenant's folder on."""
    parts = PurePosixPath(path).parts
    return "/".join(parts[-4:]) if parts[-3:-1] == ("prometheus", "rules") else path


def group_differences(
    files: Iterable[LoadedGroup], server: Iterable[LoadedGroup]
) -> Iterator[GroupDifference]:
    """Everything that the one has and the other has not, in the order of files and groups."""
    written = {group.key: group for group in files}
    live = {group.key: group for group in server}
    for key in sorted(written.keys() | live.keys()):
        ours, theirs = written.get(key), live.get(key)
        if ours is None or theirs is None:
            side = Side.SERVER if ours is None else Side.FILES
            there = theirs if theirs is not None else ours
            assert there is not None
            yield GroupDifference(side, *key, f"the whole group, {len(there.rules)} rules")
        else:
            for changed_side, what in _group_differences(ours, theirs):
                yield GroupDifference(changed_side, *key, what)


def _group_differences(ours: LoadedGroup, theirs: LoadedGroup) -> Iterator[tuple[Side, str]]:
    if ours.interval != theirs.interval:
        yield Side.BOTH, f"interval: {ours.interval:g}s in the files, {theirs.interval:g}s live"
    if ours.limit != theirs.limit:
        yield Side.BOTH, f"limit: {ours.limit} in the files, {theirs.limit} live"
    written, live = _by_name(ours.rules), _by_name(theirs.rules)
    for name in dict.fromkeys((*written, *live)):
        one, other = written.get(name), live.get(name)
        if one is None or other is None:
            rule = one if one is not None else other
            assert rule is not None
            yield (Side.SERVER if one is None else Side.FILES), rule.written
        else:
            for what in _rule_differences(one, other):
                yield Side.BOTH, f"{one.written}: {what}"
    if written.keys() == live.keys() and list(written) != list(live):
        yield Side.BOTH, "the order of the rules"


def _by_name(rules: Sequence[LoadedRule]) -> dict[tuple[str, str, int], LoadedRule]:
    """Rules by kind, name and which of that name it is."""
    seen: Counter[tuple[str, str]] = Counter()
    found = {}
    for rule in rules:
        name = (rule.kind, rule.name)
        found[(*name, seen[name])] = rule
        seen[name] += 1
    return found


def _rule_differences(ours: LoadedRule, theirs: LoadedRule) -> Iterator[str]:
    if not same(ours.expr, theirs.expr):
        yield f"expr is {_short(theirs.expr)} live"
    for word, one, other in (
        ("for", ours.for_, theirs.for_),
        ("keep_firing_for", ours.keep_firing_for, theirs.keep_firing_for),
    ):
        if one != other:
            yield f"{word}: {one:g}s in the files, {other:g}s live"
    for word, wanted, found in (
        ("label", ours.labels, theirs.labels),
        ("annotation", ours.annotations, theirs.annotations),
    ):
        for name in sorted(wanted.keys() | found.keys()):
            if wanted.get(name) != found.get(name):
                one_told, other_told = _told(wanted, name), _told(found, name)
                yield f"{word} {name}: {one_told} in the files, {other_told} live"


def _told(values: Mapping[str, str], name: str) -> str:
    return repr(_short(values[name])) if name in values else "none"


def _short(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= 120 else f"{line[:117]}..."


def _group_of_file(path: Path, group: Mapping[str, Any], default: float) -> LoadedGroup:
    rules = group.get("rules") or ()
    return LoadedGroup(
        file_key(path.as_posix()),
        str(group["name"]),
        _seconds(group.get("interval")) or default,
        int(group.get("limit", 0)),
        tuple(_rule_of_file(rule, group.get("labels") or {}) for rule in rules),
    )


def _rule_of_file(rule: Mapping[str, Any], shared: Mapping[str, Any]) -> LoadedRule:
    kind = "alert" if "alert" in rule else "record"
    return LoadedRule(
        kind,
        str(rule[kind]),
        str(rule["expr"]),
        _seconds(rule.get("for")),
        _seconds(rule.get("keep_firing_for")),
        _texts({**shared, **(rule.get("labels") or {})}),
        _texts(rule.get("annotations") or {}),
    )


def _rule_of_server(rule: Mapping[str, Any]) -> LoadedRule:
    return LoadedRule(
        "alert" if rule["type"] == "alerting" else "record",
        rule["name"],
        rule["query"],
        float(rule.get("duration", 0)),
        float(rule.get("keepFiringFor", 0)),
        _texts(rule.get("labels") or {}),
        _texts(rule.get("annotations") or {}),
        rule.get("health", ""),
        rule.get("lastError", ""),
    )


def _texts(values: Mapping[str, Any]) -> dict[str, str]:
    """Labels without a value are none: Prometheus drops them."""
    return {str(k): str(v) for k, v in values.items() if v not in (None, "")}


def _seconds(value: object) -> float:
    return float(Duration.parse(str(value)).seconds) if value is not None else 0.0
