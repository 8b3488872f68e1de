"""The moves of a plan, each tree whole, in an order in which every set between loads."""

from __future__ import annotations

from pathlib import Path

from generator.deliver.deploy.journal import Journal, begin
from generator.deliver.deploy.plan import FLEET, Plan
from generator.deliver.output import Step, put_tree, remove_tree


def move(folder: Path, plan: Plan, step: Step = lambda _name: None) -> Journal:
    """Put the plan's trees into place and remove what it removes.

    Returns the journal, with which all of it can be put back. Raises OutputError.
    """
    changed = [name for name in plan.trees if name in plan.changed]
    step("keep")
    journal = begin(folder, [*changed, *plan.removed])
    step("begun")
    for name in changed:
        step(f"move {name}")
        put_tree(folder, name, plan.trees[name], step if name == FLEET else lambda _name: None)
        step(f"moved {name}")
    for name in plan.removed:
        step(f"remove {name}")
        remove_tree(folder, name)
    step("moved")
    return journal
