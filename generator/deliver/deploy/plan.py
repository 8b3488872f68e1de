"""What a deployment would change: the trees of output/ against those of the servers' folder.

Only reads; what is moved is `move`'s business.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from generator.deliver.output import WriteReport, compare_tree, owned_names, read_tree
from generator.ir.artifacts import Artifact

FLEET = "fleet"
_SHOWN = 20
"""Trees of which each has a line of its own."""
Tree = tuple[Artifact, ...]
"""A folder's files, the manifest among them."""


@dataclass(frozen=True, slots=True)
class Plan:
    """Trees that go out, by name and in the order of their moves, and names that are removed.

    Tenants come first, because the fleet's files speak of them; what is removed goes last.
    """

    trees: Mapping[str, Tree]
    reports: Mapping[str, WriteReport]
    removed: tuple[str, ...]

    @property
    def changed(self) -> tuple[str, ...]:
        """The trees in which a byte would change."""
        return tuple(name for name, report in self.reports.items() if report.touched)

    @property
    def touched(self) -> bool:
        """Whether the deployment changes anything on disk."""
        return bool(self.changed or self.removed)

    def told(self, planned: bool = False) -> Iterator[str]:
        """What changes (`planned`: would), a line for each tree, and those of many together."""
        would = "would change " if planned else ""
        shown = self.changed[-_SHOWN:]
        if len(self.changed) > _SHOWN:
            yield f"{would}{len(self.changed) - _SHOWN} folders from {self.changed[0]} on"
        for name in shown:
            report = self.reports[name]
            parts = (
                ("added", report.added),
                ("changed", report.changed),
                ("removed", report.removed),
            )
            counts = [f"{len(paths)} {word}" for word, paths in parts if paths]
            yield f"{would}{name}: {', '.join(counts)}"
        for name in self.removed:
            yield f"{would}{name}: removed"
        same = len(self.reports) - len(self.changed)
        if same:
            yield f"{same} of {len(self.reports)} folders are unchanged"


def plan(folder: Path, trees: Mapping[str, Tree], removed: Collection[str]) -> Plan:
    """Compare the trees with what lies in the servers' folder.

    Raises OutputError for a file that is in the way: then nothing has been moved.
    """
    names = [name for name in sorted(trees) if name != FLEET]
    ordered = {name: trees[name] for name in (*names, *({FLEET} & trees.keys()))}
    reports = {name: compare_tree(folder, name, tree) for name, tree in ordered.items()}
    return Plan(ordered, reports, tuple(sorted(removed)))


def deployed(folder: Path) -> Mapping[str, Tree]:
    """The trees of ours that lie in the servers' folder, by name."""
    return {name: read_tree(folder, name) for name in owned_names(folder)}
