"""Which rule groups a test needs: an alert's own and all that record what it reads."""

from __future__ import annotations

from collections.abc import Sequence

from generator.compile.stimulus import recorded_by
from generator.ir.rules import RecordingRule, RuleGroup
from generator.promql.parser import parse
from generator.promql.tree import vector_selectors


class Needs:
    """Which rule groups a group reads, directly or through others."""

    def __init__(self, groups: Sequence[RuleGroup]) -> None:
        self.groups = groups
        self.recorders: dict[str, list[tuple[int, RecordingRule]]] = {}
        for index, group in enumerate(groups):
            for rule in group.rules:
                if isinstance(rule, RecordingRule):
                    self.recorders.setdefault(rule.record, []).append((index, rule))
        self.known: dict[int, tuple[int, ...]] = {}

    def of(self, name: str, apart: frozenset[str] = frozenset()) -> tuple[RuleGroup, ...]:
        """The group of this name (and its further pieces) with all it reads, in order.

        Groups named in `apart` are left out: what they record is then given as data.
        """
        wanted = {
            i for i, g in enumerate(self.groups) if g.name == name or g.name.startswith(f"{name}:")
        }
        todo = sorted(wanted)
        while todo:
            for index in self._read_by(todo.pop()):
                if index not in wanted and self.groups[index].name not in apart:
                    wanted.add(index)
                    todo.append(index)
        return tuple(self.groups[index] for index in sorted(wanted))

    def _read_by(self, index: int) -> tuple[int, ...]:
        if index not in self.known:
            found: dict[int, None] = {}
            for rule in self.groups[index].rules:
                for node in vector_selectors(parse(rule.expr)):
                    for other, record in self.recorders.get(node.name or "", ()):
                        if recorded_by(node, [record]):
                            found[other] = None
            self.known[index] = tuple(found)
        return self.known[index]
