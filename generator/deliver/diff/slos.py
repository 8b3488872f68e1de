"""What differs in SLOs: they are told by the series `slo_info` and by what their events count."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from generator.deliver.diff.recordings import SLO_INFO
from generator.ir.change import Facet, RecordingChange, SloChange, Sort
from generator.ir.rules import AlertRule, RecordingRule, RuleGroup
from generator.spec.model import LabelNames

_COUNTED = "slo:sli_"
"""The recorded series that count events, which all others are made of, begin like this."""


@dataclass(frozen=True, slots=True)
class _Slo:
    labels: Mapping[str, str]
    pairs: tuple[str, ...]


def slo_changes(
    before: Sequence[RuleGroup],
    after: Sequence[RuleGroup],
    recordings: Iterable[RecordingChange],
    names: LabelNames,
) -> tuple[SloChange, ...]:
    """SLOs that are new, gone or different; `recordings` are all that differ."""
    left, right = _slos(before, names), _slos(after, names)
    changed: dict[str, list[RecordingChange]] = {}
    for recording in recordings:
        changed.setdefault(recording.slo, []).append(recording)
    found = []
    for slo in (*right, *(name for name in left if name not in right)):
        one, other = left.get(slo), right.get(slo)
        shown = other or one
        assert shown is not None
        facets: tuple[Facet, ...] = ()
        if one is not None and other is not None:
            facets = (*_facets(one, other), *_counting(changed.get(slo, ())))
            if not facets and not changed.get(slo):
                continue
        found.append(
            SloChange(
                sort=Sort.ADDED if one is None else Sort.REMOVED if other is None else Sort.CHANGED,
                slo=slo,
                service=shown.labels.get(names.service, ""),
                objective=shown.labels.get("objective", ""),
                window=shown.labels.get("window", ""),
                facets=facets,
                series=len(changed.get(slo, ())),
            )
        )
    return tuple(found)


def _slos(groups: Sequence[RuleGroup], names: LabelNames) -> dict[str, _Slo]:
    infos: dict[str, Mapping[str, str]] = {}
    pairs: dict[str, list[str]] = {}
    for rule in (rule for group in groups for rule in group.rules):
        slo = rule.labels.get(names.slo)
        if slo is None:
            continue
        if isinstance(rule, RecordingRule) and rule.record == SLO_INFO:
            infos[slo] = rule.labels
        elif isinstance(rule, AlertRule) and names.pair in rule.labels:
            pairs.setdefault(slo, []).append(rule.labels[names.pair])
    return {
        slo: _Slo(labels, tuple(dict.fromkeys(pairs.get(slo, ())))) for slo, labels in infos.items()
    }


def _facets(one: _Slo, other: _Slo) -> Iterable[Facet]:
    for label, aspect in (("objective", "objective"), ("window", "period"), ("sli", "indicator")):
        before, after = one.labels.get(label, ""), other.labels.get(label, "")
        if before != after:
            yield Facet(aspect, before, after)
    rest = {*one.labels, *other.labels} - {"objective", "window", "sli"}
    for name in sorted(rest):
        before, after = one.labels.get(name, ""), other.labels.get(name, "")
        if before != after:
            yield Facet("label", before, after, about=name)
    if set(one.pairs) != set(other.pairs):
        yield Facet("pairs", ", ".join(one.pairs), ", ".join(other.pairs))


def _counting(changed: Sequence[RecordingChange]) -> Iterable[Facet]:
    """How the events are counted, where that is what differs."""
    counts = [
        one for one in changed if one.record.startswith(_COUNTED) and "ratio" not in one.record
    ]
    found = (facet for one in counts for facet in one.facets)
    return dict.fromkeys(found)
