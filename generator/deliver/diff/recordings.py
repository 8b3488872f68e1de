"""Recorded series that mean something else now, and everything that reads them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from generator.compile.cardinality import compatible
from generator.deliver.diff.alerts import facets_of
from generator.ir.change import Facet, RecordingChange, Sort
from generator.ir.rules import AlertRule, RecordingRule, Rule, RuleGroup
from generator.promql.edits import edits
from generator.promql.parser import parse
from generator.promql.problems import PromqlError
from generator.promql.tree import VectorSelector, vector_selectors

SLO_INFO = "slo_info"
"""Facts about an SLO, as labels."""


@dataclass(frozen=True, slots=True)
class RecordingPair:
    """A recorded series on both sides, with the interval of its group in milliseconds."""

    before: tuple[RecordingRule, int] | None
    after: tuple[RecordingRule, int] | None
    facets: tuple[Facet, ...] = ()

    @property
    def shown(self) -> RecordingRule:
        """The later side's, else the earlier's."""
        found = self.after or self.before
        assert found is not None
        return found[0]


def recording_pairs(
    before: Sequence[RuleGroup], after: Sequence[RuleGroup], label: str
) -> tuple[RecordingPair, ...]:
    """Every recorded series of either side, by its name and labels; `label` is the tenant's."""
    left, right = _by_name(before), _by_name(after)
    pairs = []
    for key, found in right.items():
        known = left.get(key)
        facets = _facets(known, found, label) if known is not None else ()
        pairs.append(RecordingPair(known, found, facets))
    return (
        *pairs,
        *(RecordingPair(found, None) for key, found in left.items() if key not in right),
    )


def recording_changes(
    pairs: Sequence[RecordingPair],
    groups: Sequence[RuleGroup],
    written: Mapping[int, str],
    slo: str,
) -> tuple[RecordingChange, ...]:
    """Those that are new, gone or different. `groups` are the later side's, `written` are the
    names of its alerts by the id of their rule, `slo` is the label that names an SLO. The facts
    about SLOs are told with them."""
    readers = Readers(groups)
    found = []
    for pair in (p for p in pairs if p.shown.record != SLO_INFO):
        sort = Sort.ADDED if pair.before is None else Sort.REMOVED if pair.after is None else None
        if sort is None and not pair.facets:
            continue
        rule = pair.shown
        reading = () if sort is Sort.REMOVED else readers.of(rule)
        names = [written[id(r)] for r in reading if id(r) in written]
        labels = tuple(sorted(rule.labels.items()))
        found.append(
            RecordingChange(
                sort or Sort.CHANGED, rule.record, labels, rule.expr, pair.facets,
                tuple(dict.fromkeys(names)), rule.labels.get(slo, ""),
            )
        )  # fmt: skip
    return tuple(found)


def inputs(
    pairs: Sequence[RecordingPair], groups: Sequence[RuleGroup]
) -> Mapping[int, tuple[str, ...]]:
    """id of an alert rule of the later side -> what it reads, at any distance, that changed."""
    readers = Readers(groups)
    found: dict[int, list[str]] = {}
    for pair in pairs:
        if pair.after is not None and pair.facets:
            for rule in readers.of(pair.after[0]):
                found.setdefault(id(rule), []).append(pair.after[0].record)
    return {key: tuple(dict.fromkeys(records)) for key, records in found.items()}


class Readers:
    """Which alerts depend on a recorded series, through other recordings as well."""

    def __init__(self, groups: Sequence[RuleGroup]) -> None:
        self._reading: dict[str, list[tuple[Rule, VectorSelector]]] = {}
        for rule in (rule for group in groups for rule in group.rules):
            for node in _selectors(rule):
                self._reading.setdefault(node.name or "", []).append((rule, node))

    def of(self, rule: RecordingRule) -> tuple[AlertRule, ...]:
        """The alert rules that read it, in the order of the rules."""
        seen: set[int] = set()
        found: dict[int, AlertRule] = {}
        left: list[RecordingRule] = [rule]
        while left:
            one = left.pop()
            for reader, node in self._reading.get(one.record, ()):
                if id(reader) in seen or not compatible(node.matchers, one.labels):
                    continue
                seen.add(id(reader))
                if isinstance(reader, RecordingRule):
                    left.append(reader)
                else:
                    found[id(reader)] = reader
        return tuple(found.values())


def _by_name(
    groups: Iterable[RuleGroup],
) -> dict[tuple[str, tuple[tuple[str, str], ...]], tuple[RecordingRule, int]]:
    return {
        (rule.record, tuple(sorted(rule.labels.items()))): (rule, group.interval.ms)
        for group in groups
        for rule in group.rules
        if isinstance(rule, RecordingRule)
    }


def _facets(
    before: tuple[RecordingRule, int], after: tuple[RecordingRule, int], label: str
) -> tuple[Facet, ...]:
    (one, every), (other, later) = before, after
    found = facets_of(edits(one.expr, other.expr), label)
    if every != later:
        found += (Facet("interval", f"{every / 1000:g}s", f"{later / 1000:g}s"),)
    return found


def _selectors(rule: Rule) -> tuple[VectorSelector, ...]:
    try:
        return vector_selectors(parse(rule.expr))
    except PromqlError:
        return ()
