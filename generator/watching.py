"""Rebuild and reload on every edit: what `tocsin watch` does.

One loop looks, builds and reloads in turn: edits that come meanwhile are seen by its next turn,
because what it compares is the disk with what it last built.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import jinja2

from generator.building import Manner, Run
from generator.deliver.output import OutputError, WriteReport
from generator.findings import Finding, SpecError, has_errors, in_order
from generator.inputs import Stamp, stamp, touched, watched_folders
from generator.judgement import Outcome
from generator.production import Production
from generator.records import Records, kept_records
from generator.reloading import Reloads
from generator.tools import ToolFailed

QUIET = 100
"""Milliseconds without an edit after which a row of edits is taken for finished."""
PATIENCE = 1000
"""Milliseconds after which edits that do not end are taken as they are."""
LOOK = 1000
"""Milliseconds between two looks at the disk where the system tells of no edit."""
MANY = 6
"""From so many tenants on they are counted, not named."""
VANISHED = 0.5
"""Seconds that a deleted file has to come back: some editors delete before they write."""


@dataclass(frozen=True, slots=True)
class Event:
    """Something to tell: `kind` is a word for programs, `message` a line for people.

    Kinds: watching, edited, compiling, built, held (errors: what runs is left alone), failed (a
    tool or the disk), reloaded, refused (by a server), waiting (no reload while specs have errors).
    """

    kind: str
    message: str
    hint: str = ""
    files: tuple[str, ...] = ()
    findings: tuple[Finding, ...] = ()
    """Those that were not told before, and every error."""
    seconds: float | None = None


Tell = Callable[[Event], None]


@dataclass(slots=True)
class Watch:
    """A repository under watch: `wanted` tenants (none: all) are built into `output`."""

    root: Path
    output: Path
    tell: Tell
    wanted: tuple[str, ...] = ()
    verify_mode: str = "auto"
    reloads: Reloads = field(default_factory=Reloads)
    progress: bool = False
    """A bar on a terminal while many tenants are compiled."""
    _records: Records | None = field(default=None, init=False)
    _left: contextlib.ExitStack = field(default_factory=contextlib.ExitStack, init=False)
    _known: frozenset[Finding] = frozenset()
    _seen: Stamp = field(default_factory=dict)
    idle: bool = field(default=False, init=False)
    """Whether nothing is being built or reloaded."""

    def once(self) -> bool:
        """Build what is not built, reload what is not reloaded; whether all of it went well."""
        self._seen = stamp(self.root)
        return self._turn()

    def run(self) -> None:
        """Build, then build again at every edit, until interrupted (KeyboardInterrupt)."""
        first = True
        for _ in _looks(watched_folders(self.root)):
            if first:
                self.once()
                self.tell(Event("watching", f"watching {self._about()}; Ctrl-C ends it"))
                first = False
            elif edited := self._edits():
                self.tell(Event("edited", _named(edited), files=edited))
                self._turn()

    def _about(self) -> str:
        names = ", ".join(self.wanted) or "specs/ and packs"
        return f"{names}, and reload {self.reloads.named()}" if self.reloads.servers else names

    def _edits(self) -> tuple[str, ...]:
        """What was edited since the last look; a file that vanished gets a moment to come back."""
        now = stamp(self.root)
        if self._seen.keys() - now.keys():
            time.sleep(VANISHED)
            now = stamp(self.root)
        changed = touched(self._seen, now)
        self._seen = now
        return tuple(
            p.relative_to(self.root).as_posix() if p.is_relative_to(self.root) else str(p)
            for p in changed
        )

    def _turn(self) -> bool:
        self.idle = False
        good = self._built_and_reloaded()
        self.idle = True
        return good

    def _built_and_reloaded(self) -> bool:
        try:
            good = self._build()
        except (OutputError, ToolFailed) as problem:
            self.tell(Event("failed", f"{problem}", "mended? save any file of specs/ again"))
            return False
        except jinja2.TemplateError as problem:
            where = f"{getattr(problem, 'name', None) or 'templates/docs'}"
            line = getattr(problem, "lineno", None)
            self._hold(f"the template {where}{f', line {line}' if line else ''}: {problem}")
            return False
        return self._reload(good)

    def _build(self) -> bool:
        started = time.monotonic()
        try:
            manner = Manner(self.verify_mode, progress=self.progress)
            run = Run(self.root, self.wanted, manner, self._kept())
            outcome, made = run.build(self.output, self._compiling)
        except SpecError as problem:
            self._hold("nothing was built", problem.findings)
            return False
        self._judge(made, outcome, time.monotonic() - started)
        return not has_errors(outcome.findings)

    def _kept(self) -> Records:
        """The records, open as long as the watch: they may be kept nowhere else."""
        if self._records is None:
            self._records = self._left.enter_context(kept_records())
        return self._records

    def _compiling(self, names: tuple[str, ...]) -> None:
        told = ", ".join(names) if len(names) < MANY else f"{len(names)} tenants"
        self.tell(Event("compiling", f"compiling {told}"))

    def _judge(self, made: Production, outcome: Outcome, seconds: float) -> None:
        """Tell what a build came to."""
        self.reloads.changed(outcome.reports)
        changed = [f"{n}: {_counted(r)}" for n, r in outcome.reports.items() if r.touched]
        fresh = self._fresh(outcome.findings)
        if has_errors(outcome.findings):
            broken = ", ".join(made.broken)
            why = f"{broken} has errors" if broken else "the output would not be valid"
            written = f"; written: {'; '.join(changed)}" if changed else ""
            self._hold(f"{why}{written}", fresh)
            return
        told = "; ".join(changed) if len(changed) < MANY else f"{len(changed)} folders changed"
        compiled = f"{len(made.anew)} of {len(made.order.names)} tenants compiled"
        missing = [line for line in outcome.told if line.startswith("not verified")]
        self.tell(
            Event(
                "built",
                "; ".join([told or "no file changes", compiled, *missing]),
                findings=fresh,
                seconds=round(seconds, 2),
            )
        )

    def _hold(self, why: str, findings: tuple[Finding, ...] = ()) -> None:
        left = "the servers keep what they run" if self.reloads.servers else "output/ stays"
        self.tell(Event("held", f"{why}; {left} until this is mended", findings=findings))

    def _fresh(self, findings: tuple[Finding, ...]) -> tuple[Finding, ...]:
        """Findings that were not told at the last build, and every error."""
        fresh = [f for f in findings if f not in self._known or has_errors([f])]
        self._known = frozenset(findings)
        return in_order(fresh)

    def _reload(self, good: bool) -> bool:
        if not self.reloads.due:
            return good
        if not good:
            return False
        for answer in self.reloads.run():
            kind = "refused" if answer.hint else "reloaded"
            self.tell(Event(kind, answer.message, answer.hint))
        return not self.reloads.due


def _looks(folders: tuple[Path, ...]) -> Iterator[None]:
    """A turn at each edit, and one every LOOK ms: some disks tell of no edit."""
    import watchfiles  # only a watch that runs pays for it

    try:
        yield from (
            None
            for _ in watchfiles.watch(
                *folders,
                watch_filter=None,
                debounce=PATIENCE,
                step=QUIET,
                rust_timeout=LOOK,
                yield_on_timeout=True,
                ignore_permission_denied=True,
            )
        )
    except OSError:  # no watches left: https://watchfiles.helpmanual.io/api/watch/#force-polling
        while True:
            yield None
            time.sleep(LOOK / 1000)


def _named(files: tuple[str, ...]) -> str:
    shown = ", ".join(files[:4])
    return f"{shown} and {len(files) - 4} more changed" if len(files) > 4 else f"{shown} changed"


def _counted(report: WriteReport) -> str:
    counts = [
        f"{len(paths)} {what}"
        for what, paths in (
            ("added", report.added),
            ("changed", report.changed),
            ("removed", report.removed),
        )
        if paths
    ]
    return ", ".join(counts)
