"""The memory of a deployment: what is being moved, and the trees that stood there before.

A run that is killed while it moves leaves a journal behind; the next one puts the trees back
before it does anything else. After a deployment the journal stays: it is what `roll_back` needs.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from generator.deliver.output import (
    STAGING,
    OutputError,
    Step,
    locked,
    put_tree,
    read_tree,
    remove_tree,
)

JOURNAL = "deploy.json"
PREVIOUS = "deploy.previous"
LOCK = "_deploy"
"""Name of the lock of a whole deployment: no tenant's id begins so."""
MOVING, VERIFIED, ROLLED_BACK = "moving", "verified", "rolled back"


@dataclass(frozen=True, slots=True)
class Journal:
    """The last deployment into a folder. `before` and `after`: trees that were there, that came."""

    folder: Path
    state: str
    before: tuple[str, ...]
    changed: tuple[str, ...]
    """Names in the order of their moves."""

    @property
    def unfinished(self) -> bool:
        """Whether a run ended in the middle of its moves, or before its servers were verified."""
        return self.state == MOVING


@contextlib.contextmanager
def alone(folder: Path) -> Iterator[None]:
    """One deployment into a folder at a time; another waits and says so. Raises OutputError."""
    with contextlib.ExitStack() as stack:
        try:
            stack.enter_context(locked(folder, LOCK))
        except OSError as problem:
            raise OutputError(f"{folder} cannot be written: {problem.strerror}") from problem
        yield


def read_journal(folder: Path) -> Journal | None:
    """The folder's journal; None when nothing was ever deployed there. Raises OutputError."""
    path = folder / STAGING / JOURNAL
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
        before, changed = tuple(document["before"]), tuple(document["changed"])
        return Journal(folder, str(document["state"]), before, changed)
    except FileNotFoundError:
        return None
    except (OSError, ValueError, KeyError, TypeError) as problem:
        raise OutputError(f"{path} cannot be read as a journal: {problem}") from problem


def begin(folder: Path, changed: Sequence[str]) -> Journal:
    """Keep the trees that are going to be changed, then say on disk that moves begin."""
    staging = folder / STAGING
    kept = staging / PREVIOUS
    try:
        (staging / JOURNAL).unlink(missing_ok=True)
        shutil.rmtree(kept, ignore_errors=True)
        kept.mkdir(parents=True)
        before = []
        for name in changed:
            tree = read_tree(folder, name)
            if tree:
                put_tree(kept, name, tree)
                before.append(name)
        journal = Journal(folder, MOVING, tuple(before), tuple(changed))
        _write(journal)
    except OSError as problem:
        raise OutputError(f"{staging} cannot be written: {problem.strerror}") from problem
    return journal


def end(journal: Journal, state: str) -> None:
    """Say on disk how the deployment ended. Raises OutputError."""
    try:
        _write(Journal(journal.folder, state, journal.before, journal.changed))
    except OSError as problem:
        raise OutputError(f"the journal cannot be written: {problem.strerror}") from problem


def put_back(journal: Journal, step: Step = lambda _name: None) -> None:
    """Make every tree what it was before, the last moved first; may be repeated.

    Raises OutputError; then the journal stays unfinished, and the next run tries again.
    """
    kept = journal.folder / STAGING / PREVIOUS
    for name in reversed(journal.changed):
        step(f"put back {name}")
        if name in journal.before:
            put_tree(journal.folder, name, read_tree(kept, name))
        else:
            remove_tree(journal.folder, name)


def _write(journal: Journal) -> None:
    """Whole or not at all, and on disk when this returns."""
    path = journal.folder / STAGING / JOURNAL
    new = path.with_suffix(".new")
    document = {
        "state": journal.state,
        "before": list(journal.before),
        "changed": list(journal.changed),
    }
    with new.open("w", encoding="utf-8") as file:
        file.write(json.dumps(document, indent=2) + "\n")
        file.flush()
        os.fsync(file.fileno())
    new.rename(path)
