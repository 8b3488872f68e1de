"""What else fires around an alert: what one says, and the markers that follow from it.

Markers (upstream outages, maintenance) are alert rules like others: their expressions are evaluated
at the moment that is asked about, over what fires then.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import datetime

from generator.compile.history import Series
from generator.compile.kinds import MARKER
from generator.compile.simulation import Evaluation
from generator.compile.vectors import Unsupported
from generator.ir.rules import AlertRule, RecordingRule, RuleGroup
from generator.promql.labels import output_labels
from generator.promql.parser import parse
from generator.verify.notify.incident import labels_of
from generator.verify.notify.routing import Labels

_NAMED = re.compile(r"([A-Za-z_][A-Za-z0-9_]*)(?:\{(.*)\})?")
_LABEL = re.compile(r'\s*([A-Za-z_][A-Za-z0-9_]*)\s*=\s*"((?:[^"\\]|\\.)*)"\s*(?:,|$)')


class Circumstances:
    """The alerts that are said to fire, and the tenant's markers by their expressions."""

    def __init__(
        self, groups: Sequence[RuleGroup], words: Mapping[str, str], said: Sequence[Labels]
    ) -> None:
        self.said = tuple(said)
        self._kind = words["kind"]
        marking = [g for g in groups if any(self._marks(rule) for rule in g.rules)]
        self._rules = [r for g in marking for r in g.rules if isinstance(r, RecordingRule)]
        every = [r for g in marking for r in g.rules if isinstance(r, AlertRule)]
        self._markers = [rule for rule in every if self._marks(rule)]
        self._trees = [parse(rule.expr) for rule in self._markers]

    def at(self, moment: datetime) -> tuple[Labels, ...]:
        """Everything else that fires at a moment (aware)."""
        return (*self.said, *self.markers(moment))

    def markers(self, moment: datetime) -> tuple[Labels, ...]:
        """The markers that fire at a moment (aware). One that asks for history does not."""
        if not self._markers:
            return ()
        time = float(int(moment.timestamp()))
        series = [_firing(labels) for labels in self.said]
        world = Evaluation(series, time, time, self._rules)
        found: list[Labels] = []
        for rule, tree in zip(self._markers, self._trees, strict=True):
            try:
                vector = world.vector(tree, time)
            except Unsupported:
                continue
            for sample in vector:
                own = {k: v for k, v in sample.labels.items() if k != "__name__"}
                found.append(labels_of(rule, own))
                series.append(_firing(found[-1]))
        return tuple(found)

    def _marks(self, rule: object) -> bool:
        return isinstance(rule, AlertRule) and rule.labels.get(self._kind) == MARKER


def read_named(text: str) -> tuple[str, dict[str, str]] | None:
    """`Alert` or `Alert{service="x"}` as name and labels; None when it is neither."""
    match = _NAMED.fullmatch(text.strip())
    if match is None:
        return None
    labels, rest = {}, match[2] or ""
    while rest.strip():
        label = _LABEL.match(rest)
        if label is None:
            return None
        labels[label[1]] = re.sub(r"\\(.)", r"\1", label[2])
        rest = rest[label.end() :]
    return match[1], labels


def assumed(rule: AlertRule, given: Labels, around: Labels) -> dict[str, str]:
    """The labels of a firing alert: its rule's, the ones given, and for what its expression would
    give, the values of the alert that is asked about."""
    own = labels_of(rule, given)
    named = output_labels(parse(rule.expr), {}).named
    return {**{n: around[n] for n in sorted(named) if n in around and n not in own}, **own}


def _firing(labels: Labels) -> Series:
    """The series by which other rules see an alert fire, at the one moment there is."""
    pairs = {**labels, "alertstate": "firing"}
    return Series("ALERTS", tuple(sorted(pairs.items())), (1.0, 1.0))
