"""What differs in inhibit rules: what mutes what. Their order and names carry no meaning."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from generator.ir.change import InhibitionChange, Sort
from generator.ir.routing import InhibitRule, Matcher

_Key = tuple[tuple[Matcher, ...], tuple[Matcher, ...]]


def inhibition_changes(
    before: Sequence[InhibitRule], after: Sequence[InhibitRule], label: str
) -> tuple[InhibitionChange, ...]:
    """Rules that are new or gone; those that differ in `equal` alone are told together.

    `label` is the tenant's, which every rule asks for.
    """
    left, right = _by_meaning(before, label), _by_meaning(after, label)
    found = []
    for key in (*right, *(k for k in left if k not in right)):
        if key not in left or key not in right:
            sort = Sort.ADDED if key in right else Sort.REMOVED
            for equal in (right if key in right else left)[key]:
                found.append(_change(sort, key, equal))
    return (*found, *_otherwise_equal(left, right))


def _by_meaning(rules: Iterable[InhibitRule], label: str) -> dict[_Key, set[frozenset[str]]]:
    """(source, target) -> labels that must agree; without the matcher that the label is there."""
    there = Matcher(label, "!=", "")
    found: dict[_Key, set[frozenset[str]]] = {}
    for rule in rules:
        source, target = (
            tuple(sorted(m for m in matchers if m != there or label not in rule.equal))
            for matchers in (rule.source, rule.target)
        )
        key = (source, target)
        found.setdefault(key, set()).add(frozenset(rule.equal))
    return found


def _otherwise_equal(
    left: dict[_Key, set[frozenset[str]]], right: dict[_Key, set[frozenset[str]]]
) -> Iterable[InhibitionChange]:
    together: dict[tuple[tuple[str, ...], tuple[str, ...]], list[InhibitionChange]] = {}
    for key, equals in right.items():
        if key not in left or left[key] == equals:
            continue
        before, after = frozenset().union(*left[key]), frozenset().union(*equals)
        added, removed = tuple(sorted(after - before)), tuple(sorted(before - after))
        one = _change(Sort.CHANGED, key, after, added, removed)
        together.setdefault((added, removed), []).append(one)
    for (added, removed), alike in together.items():
        first = alike[0]
        yield InhibitionChange(
            Sort.CHANGED, first.source, first.target, first.equal, added, removed, len(alike)
        )


def _change(
    sort: Sort,
    key: _Key,
    equal: frozenset[str],
    added: tuple[str, ...] = (),
    removed: tuple[str, ...] = (),
) -> InhibitionChange:
    source, target = (_written(matchers) for matchers in key)
    return InhibitionChange(sort, source, target, tuple(sorted(equal)), added, removed)


def _written(matchers: Iterable[Matcher]) -> str:
    return ", ".join(f'{m.name}{m.op}"{m.value}"' for m in matchers)
