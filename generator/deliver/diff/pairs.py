"""Alerts of two sides brought together: the same by name and labels, else by what they say."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from generator.compile.families import Family, families
from generator.compile.kinds import FLAPPING
from generator.ir.rules import AlertRule, RuleGroup
from generator.promql.meaning import same_meaning
from generator.spec.model import LabelNames


@dataclass(frozen=True, slots=True)
class Placed:
    """An alert with its later steps, and the group they stand in."""

    group: RuleGroup
    rules: Family
    written: str
    """With the labels that tell it from its namesakes."""

    @property
    def first(self) -> AlertRule:
        """The alert itself."""
        return self.rules[0]


@dataclass(frozen=True, slots=True)
class Pair:
    """One alert on both sides; None where a side has it not."""

    before: Placed | None
    after: Placed | None

    @property
    def shown(self) -> Placed:
        """The later side, else the earlier."""
        found = self.after or self.before
        assert found is not None
        return found


Key = Callable[[Placed], object]


def paired(
    before: Sequence[RuleGroup], after: Sequence[RuleGroup], names: LabelNames
) -> tuple[Pair, ...]:
    """Every alert of either side once, in the order of the later side, then what is gone."""
    left, right = _placed(before, names), _placed(after, names)
    partner: dict[int, Placed] = {}
    for key in _keys(names):
        _match(left, right, partner, key)
    _closest(left, right, partner, names)
    _renamed(left, right, partner, names)
    taken = {id(one) for one in partner.values()}
    pairs = [Pair(partner.get(id(one)), one) for one in right]
    return (*pairs, *(Pair(one, None) for one in left if id(one) not in taken))


def _placed(groups: Sequence[RuleGroup], names: LabelNames) -> list[Placed]:
    found = [(group, family) for group in groups for family in families((group,), names.level)]
    namesakes: dict[tuple[str, str], list[AlertRule]] = {}
    for _, family in found:
        namesakes.setdefault(_kin(family[0], names), []).append(family[0])
    return [
        Placed(group, family, _written(family[0], namesakes[_kin(family[0], names)], names))
        for group, family in found
    ]


def _kin(rule: AlertRule, names: LabelNames) -> tuple[str, str]:
    """Notices that an alert flaps bear its name, and are no namesakes of it."""
    return rule.alert, FLAPPING if rule.labels.get(names.kind) == FLAPPING else ""


def _written(rule: AlertRule, among: Sequence[AlertRule], names: LabelNames) -> str:
    """`Alert{label="value"}` with as few labels as tell it from its namesakes."""
    first = (names.slo, names.pair, names.service, names.severity)
    left = [other for other in among if other is not rule]
    telling: list[tuple[str, str]] = []
    for name in (*first, *sorted(set(rule.labels) - set(first))):
        alike = [o for o in left if o.labels.get(name) == rule.labels.get(name)]
        if name in rule.labels and len(alike) < len(left):
            telling.append((name, rule.labels[name]))
            left = alike
    inside = ", ".join(f'{name}="{value}"' for name, value in telling)
    return f"{rule.alert}{{{inside}}}" if inside else rule.alert


def _keys(names: LabelNames) -> Sequence[Key]:
    """From all that an alert is to what it cannot be without."""
    telling = (names.service, names.slo, names.pair, names.kind, names.level)

    def by(*labels: str) -> Key:
        return lambda p: (p.first.alert, *(p.first.labels.get(name) for name in labels))

    return (
        lambda p: (p.group.name, p.first.alert, tuple(sorted(p.first.labels.items()))),
        lambda p: (p.first.alert, tuple(sorted(p.first.labels.items()))),
        by(*telling, names.severity),
        by(*telling),
    )


def _match(left: list[Placed], right: list[Placed], partner: dict[int, Placed], key: Key) -> None:
    """Bring together what has a key alone on both sides."""
    taken = {id(one) for one in partner.values()}
    free: dict[object, list[Placed]] = {}
    for one in left:
        if id(one) not in taken:
            free.setdefault(key(one), []).append(one)
    wanting: dict[object, list[Placed]] = {}
    for one in right:
        if id(one) not in partner:
            wanting.setdefault(key(one), []).append(one)
    for value, ours in wanting.items():
        theirs = free.get(value, [])
        if len(ours) == len(theirs):
            for mine, other in zip(ours, theirs, strict=True):
                partner[id(mine)] = other


def _closest(
    left: list[Placed], right: list[Placed], partner: dict[int, Placed], names: LabelNames
) -> None:
    """What is left of one name: those that share most labels. An alert of another SLO or of
    another pair of windows is another alert."""
    own = (names.slo, names.pair)
    taken = {id(one) for one in partner.values()}
    free = [one for one in left if id(one) not in taken]
    for mine in (one for one in right if id(one) not in partner):
        named = [
            o
            for o in free
            if o.first.alert == mine.first.alert
            and all(o.first.labels.get(n) == mine.first.labels.get(n) for n in own)
        ]
        if named:
            best = max(named, key=lambda o: _shared(o, mine))
            partner[id(mine)] = best
            free.remove(best)


def _shared(one: Placed, other: Placed) -> int:
    return len(set(one.first.labels.items()) & set(other.first.labels.items()))


def _renamed(
    left: list[Placed], right: list[Placed], partner: dict[int, Placed], names: LabelNames
) -> None:
    """What has another name now and says the same about the same service."""
    taken = {id(one) for one in partner.values()}
    free = [one for one in left if id(one) not in taken]
    about = (names.service, names.kind, names.slo, names.pair)
    for mine in (one for one in right if id(one) not in partner):
        for other in free:
            labels, theirs = mine.first.labels, other.first.labels
            if all(labels.get(n) == theirs.get(n) for n in about) and same_meaning(
                mine.first.expr, other.first.expr
            ):
                partner[id(mine)] = other
                free.remove(other)
                break
