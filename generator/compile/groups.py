"""Rule groups in the order in which they read each other, cut to the size the target takes.

A rule may read what stands before it: in its own group, or in a group before its own. Only what a
rule wrote itself in the last evaluation (hysteresis) is no order.

Groups that hold an alert are cut so that no name depends on what stands elsewhere, because a
renamed group loses its pending alerts: an alert with its later steps keeps the name of its group,
or has one made of its own labels where a group holds several alerts. Only recording rules, which
have no such state, are counted off (`…:2`). Markers share a group only where there is no limit:
each has its own as soon as there is one, or a further service would move the others.
"""

from __future__ import annotations

import heapq
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from generator.compile.cardinality import compatible
from generator.compile.kinds import MARKER
from generator.compile.series import accepts
from generator.compile.store import ALERTS
from generator.findings import Finding, Place, error, warning
from generator.ir.rules import AlertRule, RecordingRule, Rule, RuleGroup
from generator.promql.parser import parse
from generator.promql.tree import Matcher, VectorSelector, vector_selectors
from generator.spec.model import LabelNames, Platform

Numbered = tuple[int, int]
"""A rule's place: number of its group, number in the group."""


class Reads:
    """Which rules a rule reads."""

    def __init__(self, groups: Sequence[RuleGroup]) -> None:
        self._records: dict[str, list[tuple[Numbered, RecordingRule]]] = {}
        self._alerts: dict[str, list[tuple[Numbered, AlertRule]]] = {}
        for number, group in enumerate(groups):
            for index, rule in enumerate(group.rules):
                at = (number, index)
                if isinstance(rule, RecordingRule):
                    self._records.setdefault(rule.record, []).append((at, rule))
                else:
                    self._alerts.setdefault(rule.alert, []).append((at, rule))

    def of(self, rule: Rule) -> Iterator[Numbered]:
        """The places of the rules whose series the rule's selectors can find."""
        for node in vector_selectors(parse(rule.expr)):
            if node.name is None:
                names = [m for m in node.matchers if m.name == "__name__"]
                for name in self._records:
                    if _named(names, name):
                        yield from self._recorded(name, node)
                if any(_named(names, name) for name in ALERTS):
                    yield from self._firing(node)
            elif node.name in ALERTS:
                yield from self._firing(node)
            elif node.name in self._records:
                yield from self._recorded(node.name, node)

    def _recorded(self, name: str, node: VectorSelector) -> Iterator[Numbered]:
        for at, rule in self._records[name]:
            if compatible(node.matchers, rule.labels):
                yield at

    def _firing(self, node: VectorSelector) -> Iterator[Numbered]:
        """Alert rules whose labels the matchers allow; a label with a template may be anything."""
        named = next(
            (m.value for m in node.matchers if m.name == "alertname" and m.op == "="), None
        )
        chosen = self._alerts if named is None else {named: self._alerts.get(named, [])}
        for name, found in chosen.items():
            for at, rule in found:
                fixed = {k: v for k, v in rule.labels.items() if "{{" not in v}
                if compatible(node.matchers, {"alertname": name, **fixed}):
                    yield at


def _named(matchers: Iterable[Matcher], name: str) -> bool:
    return accepts((replace(m, name="name") for m in matchers), {"name": name})


# --------------------------------------------------------------------------- order


def in_reading_order(
    groups: Sequence[RuleGroup],
) -> tuple[tuple[RuleGroup, ...], tuple[Finding, ...]]:
    """The groups, each after those it reads, otherwise as given; a finding for each circle."""
    groups = [_rules_in_order(group) for group in groups]
    before = _groups_before(groups)
    readers: dict[int, set[int]] = {}
    for number, earlier in before.items():
        for other in earlier:
            readers.setdefault(other, set()).add(number)
    waiting = {number: set(earlier) for number, earlier in before.items() if earlier}
    ready = [number for number in range(len(groups)) if number not in waiting]
    order: list[int] = []
    findings: list[Finding] = []
    while ready or waiting:
        if not ready:
            first = _in_circle(waiting)
            findings.append(_circle(groups, first, waiting.pop(first)))
            ready.append(first)
        number = heapq.heappop(ready)
        order.append(number)
        for other in readers.get(number, set()) & waiting.keys():
            waiting[other].discard(number)
            if not waiting[other]:
                del waiting[other]
                heapq.heappush(ready, other)
    return tuple(groups[number] for number in order), tuple(findings)


def _groups_before(groups: Sequence[RuleGroup]) -> dict[int, set[int]]:
    """For each group the others it reads."""
    reads = Reads(groups)
    return {
        number: {other for rule in group.rules for other, _ in reads.of(rule)} - {number}
        for number, group in enumerate(groups)
    }


def _in_circle(waiting: dict[int, set[int]]) -> int:
    """The first group that reads itself through others."""
    for number in sorted(waiting):
        seen: set[int] = set()
        todo = set(waiting[number])
        while todo:
            other = todo.pop()
            if other == number:
                return number
            seen.add(other)
            todo |= waiting.get(other, set()) - seen
    raise AssertionError("groups wait for each other without a circle")


def _circle(groups: Sequence[RuleGroup], first: int, reads: Iterable[int]) -> Finding:
    others = ", ".join(groups[number].name for number in sorted(reads))
    message = (
        f"the rule group {groups[first].name} reads {others} and is read by it: it sees what was "
        "written one evaluation before"
    )
    return warning("rule-circle", message, _place(groups[first]), "read the series beneath instead")


def _rules_in_order(group: RuleGroup) -> RuleGroup:
    """Recording rules that a pack wrote down in the wrong order; alerts' order means something."""
    if any(isinstance(rule, AlertRule) for rule in group.rules):
        return group
    reads = Reads([group])
    left = dict(enumerate(group.rules))
    needs = {index: {i for _, i in reads.of(rule)} - {index} for index, rule in left.items()}
    rules: list[Rule] = []
    while left:
        index = next((i for i in left if not needs[i] & left.keys()), next(iter(left)))
        rules.append(left.pop(index))
    return replace(group, rules=tuple(rules))


# --------------------------------------------------------------------------- size


@dataclass(frozen=True, slots=True)
class _Ladder:
    """An alert with its later steps, and the records right before it."""

    records: tuple[Rule, ...]
    steps: tuple[Rule, ...]


def within_limit(
    groups: Iterable[RuleGroup], platform: Platform
) -> tuple[tuple[RuleGroup, ...], tuple[Finding, ...]]:
    """Groups of at most `limits.rules_per_group` rules (0: as they are), in the same order.

    A finding for each alert whose steps alone are more than that: they must be evaluated
    together, so that group stays as it is and the target would refuse it.
    """
    limit, names = platform.limits.rules_per_group, platform.labels
    groups = tuple(groups)
    if not limit:
        return groups, ()
    pieces = [piece for group in groups for piece in _pieces(group, limit, names)]
    return tuple(pieces), tuple(_too_long(piece, limit) for piece in pieces if _held(piece, limit))


def _pieces(group: RuleGroup, limit: int, names: LabelNames) -> Iterator[RuleGroup]:
    ladders = list(_ladders(group.rules, names))
    alone = sum(bool(ladder.steps) for ladder in ladders) == 1
    used: Counter[str] = Counter()
    comment = group.comment
    for ladder in ladders:
        name = group.name
        if ladder.steps and (not alone or _is_marker(ladder.steps[0], names)):
            name = _numbered(":".join((group.name, *_identity(ladder.steps[0], names))), used)
        for piece in _laid_out(ladder, name, limit):
            yield replace(group, name=piece[0], rules=piece[1], comment=comment)
            comment = ""


def _laid_out(ladder: _Ladder, name: str, limit: int) -> Iterator[tuple[str, tuple[Rule, ...]]]:
    """(name, rules): the records with the steps where they fit, otherwise before them."""
    together = (*ladder.records, *ladder.steps)
    if len(together) <= limit:
        yield name, together
        return
    base = f"{name}:records" if ladder.steps else name
    for number, start in enumerate(range(0, len(ladder.records), limit), 1):
        piece = base if number == 1 else f"{base}:{number}"
        yield piece, ladder.records[start : start + limit]
    if ladder.steps:
        yield name, ladder.steps


def _ladders(rules: Iterable[Rule], names: LabelNames) -> Iterator[_Ladder]:
    """A group's alerts in order; records after the last one are a ladder without steps."""
    records: list[Rule] = []
    steps: list[Rule] = []
    for rule in rules:
        if steps and not _is_step(rule, names):
            yield _Ladder(tuple(records), tuple(steps))
            records, steps = [], []
        (steps if isinstance(rule, AlertRule) else records).append(rule)
    if records or steps:
        yield _Ladder(tuple(records), tuple(steps))


def _is_step(rule: Rule, names: LabelNames) -> bool:
    return isinstance(rule, AlertRule) and names.level in rule.labels


def _is_marker(rule: Rule, names: LabelNames) -> bool:
    return rule.labels.get(names.kind) == MARKER


def _identity(rule: Rule, names: LabelNames) -> Iterator[str]:
    """What tells an alert from its namesakes: name, service, SLO, pair, severity."""
    assert isinstance(rule, AlertRule)
    yield rule.alert
    for label in (names.service, names.slo, names.pair, names.severity):
        if label in rule.labels:
            yield rule.labels[label]


def _numbered(name: str, used: Counter[str]) -> str:
    used[name] += 1
    return name if used[name] == 1 else f"{name}:{used[name]}"


def _held(piece: RuleGroup, limit: int) -> bool:
    return len(piece.rules) > limit


def _too_long(piece: RuleGroup, limit: int) -> Finding:
    first = piece.rules[0]
    assert isinstance(first, AlertRule)
    message = (
        f"{first.alert} and its later steps are {len(piece.rules)} rules that must stay in one "
        f"group, limits.rules_per_group allows {limit}"
    )
    hint = "shorten its escalation policy, or raise limits.rules_per_group"
    return error("group-limit", message, _place(piece), hint)


# --------------------------------------------------------------------------- names


def duplicate_groups(groups: Iterable[RuleGroup]) -> tuple[Finding, ...]:
    """Group names must be unique in a file, or Prometheus refuses the whole configuration."""
    seen: set[tuple[str, str]] = set()
    findings = []
    for group in groups:
        key = (group.file, group.name)
        if key in seen:
            message = f"two rule groups would be named {group.name!r}"
            hint = "rename one of the alerts"
            findings.append(error("duplicate-group", message, _place(group), hint))
        seen.add(key)
    return tuple(findings)


def _place(group: RuleGroup) -> Place | None:
    return next((rule.origin for rule in group.rules if rule.origin), None)
