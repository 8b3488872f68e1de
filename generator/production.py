"""Every tenant of a repository made, or found as it was made before: a chunk at a time.

What a process holds does not grow with the fleet: files go to the disk as they are made, and so do
the lines that the fleet's files are joined from.
"""

from __future__ import annotations

import contextlib
import gc
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from generator.compilation import progress_bar
from generator.compile.derived import Kept
from generator.deliver.batch import Batch
from generator.deliver.manifest import MANIFEST, WriteReport, is_whole, stamp
from generator.deliver.output import read_tree
from generator.derivations import kept_derivations
from generator.findings import Finding, SpecError, has_errors, in_order
from generator.judgement import NONE, Case, Judges, judged
from generator.making import Made, Recipe, Task, about, made, unreadable
from generator.records import Known, Record, Records, Tree
from generator.side_by_side import CHUNK, Work, begun
from generator.spec.load import tenant_text

LOCAL = "local"
Begin = Callable[[tuple[str, ...]], None]


@dataclass(frozen=True, slots=True)
class Order:
    """What is wanted of a repository's tenants."""

    root: Path
    recipe: Recipe
    names: tuple[str, ...]
    wanted: frozenset[str]
    """Those whose files are made; of the others only what the fleet's files need."""
    output: Path | None = None
    """Where files are staged; None: nowhere."""
    by: Judges = NONE
    proven: bool = False
    """Whether unit tests are made even if they are not written."""
    parts: Mapping[str, Path] = field(default_factory=dict)
    """Folders of other machines that hold tenants' files already, by tenant."""
    executor: str = LOCAL
    """`local`, or the address of a cluster where tenants are made."""

    @property
    def chosen(self) -> tuple[str, ...]:
        """The wanted tenants, sorted."""
        return tuple(name for name in self.names if name in self.wanted)


@dataclass(frozen=True, slots=True)
class Done:
    """A tenant that was made: its files are staged, and its lines are in the records."""

    record: Record
    report: WriteReport | None = None
    verdict: tuple[Finding, ...] = ()


@dataclass(slots=True)
class Production:
    """What an order came to."""

    order: Order
    records: dict[str, Record] = field(default_factory=dict)
    keys: dict[str, str] = field(default_factory=dict)
    reports: dict[str, WriteReport] = field(default_factory=dict)
    verdicts: list[Finding] = field(default_factory=list)
    anew: tuple[str, ...] = ()
    """Tenants that were made in this run."""

    @property
    def broken(self) -> tuple[str, ...]:
        """Tenants with errors."""
        return tuple(n for n in self.order.names if self.records[n].share is None)

    @property
    def staged(self) -> tuple[str, ...]:
        """Tenants whose files wait to be put in place."""
        return tuple(name for name, report in self.reports.items() if report.touched)


def produced(
    order: Order,
    records: Records,
    jobs: int = 0,
    progress: bool = False,
    begin: Begin = lambda _names: None,
) -> Production:
    """Make what is not there. `begin` is told which, before.

    Raises OutputError, ToolFailed and ExtraMissing.
    """
    result = Production(order)
    tasks = _survey(order, records, result)
    result.anew = tuple(task.name for task in tasks)
    if not tasks:
        return result
    begin(result.anew)
    chunks = [tasks[start : start + CHUNK] for start in range(0, len(tasks), CHUNK)]

    with _seldom_collected():
        results = _results(order, chunks, records, jobs)  # processes before the bar's thread
        with progress_bar(len(tasks), "compiling", progress) as advance:
            for number, some in results:
                for task, one in zip(chunks[number], some, strict=True):
                    _take(result, task, one)
                    advance()
    return result


def _results(
    order: Order, chunks: Sequence[Sequence[Task]], records: Records, jobs: int
) -> Iterator[tuple[int, list[Done]]]:
    """Each chunk's tenants with its number, as they are done."""
    if order.executor != LOCAL:
        return _from_afar(order, chunks, records)

    def done(some: Sequence[Task], means: _Means) -> list[Done]:
        return means.done(order, some)

    return begun(Work(done, chunks, lambda: _means(records.path)), jobs, 1)


def _from_afar(
    order: Order, chunks: Sequence[Sequence[Task]], records: Records
) -> Iterator[tuple[int, list[Done]]]:
    """Made on a cluster, judged and staged here."""
    from generator.on_dask import made_on_dask

    with _means(records.path) as means:
        for number, some in made_on_dask(order.executor, order.recipe, chunks):
            yield number, list(means.settled(order, chunks[number], some))


@contextlib.contextmanager
def _seldom_collected() -> Iterator[None]:
    """Trees of syntax hold no circles: to look for garbage in them often is a tenth of the time."""
    usual = gc.get_threshold()
    gc.freeze()
    gc.set_threshold(50_000, 20, 50)
    try:
        yield
    finally:
        gc.set_threshold(*usual)
        gc.unfreeze()


def remember(result: Production, records: Records) -> None:
    """How the folders of the wanted tenants are left, once they are in their places."""
    output = result.order.output
    if output is not None:
        names = [name for name in (*result.anew, *result.order.parts) if name in result.reports]
        records.left(output, {n: Tree(result.keys[n], stamp(output / n)) for n in names})


def _take(result: Production, task: Task, one: Done) -> None:
    result.records[task.name], result.keys[task.name] = one.record, task.key
    result.verdicts += one.verdict
    if one.report is not None:
        result.reports[task.name] = one.report


# --------------------------------------------------------------------------- what is there


def _survey(order: Order, records: Records, result: Production) -> list[Task]:
    """Take what is known and still so; the rest is to be made."""
    texts = dict(_texts(order, result))
    keys = {name: order.recipe.key(text) for name, text in texts.items()}
    known = records.known(list(keys.values()))
    trees = records.trees(order.output) if order.output is not None else {}
    seen: dict[str, Tree] = {}
    tasks = []
    for name, text in texts.items():
        key, whole = keys[name], name in order.wanted
        proven = whole and (order.proven or order.recipe.spec.platform.write_unit_tests)
        found = known.get(key)
        if found is None or not order.recipe.fresh(found.record):
            tasks.append(Task(name, text, key, whole, proven))
        elif not whole or found.record.share is None:
            result.records[name], result.keys[name] = found.record, key
        elif (
            found.record.whole
            and (found.record.proven or not proven)
            and order.by.name in (*found.verdicts, "")
            and _is_there(order, name, found.record, trees.get(name), key, seen)
        ):
            result.records[name], result.keys[name] = found.record, key
            result.verdicts += found.verdicts.get(order.by.name, ())
            if order.output is not None:
                result.reports[name] = WriteReport((), (), (), 0)
        elif not _moved(order, name, found, key, result):
            tasks.append(Task(name, text, key, whole, proven))
    if order.output is not None and seen:
        records.left(order.output, seen)
    return tasks


def _texts(order: Order, result: Production) -> Iterator[tuple[str, bytes]]:
    for name in order.names:
        try:
            yield name, tenant_text(order.root, name)
        except SpecError as problem:
            result.records[name] = unreadable(name, problem).record
            result.keys[name] = ""


def _is_there(
    order: Order, name: str, record: Record, tree: Tree | None, key: str, seen: dict[str, Tree]
) -> bool:
    """Whether a tenant's folder holds its files; what had to be read for it is `seen`."""
    if order.output is None:
        return True
    folder = order.output / name
    if folder.is_symlink():
        return False
    now = Tree(key, stamp(folder))
    if tree == now:
        return True
    if not is_whole(folder, record.manifest):
        return False
    seen[name] = now
    return True


def _moved(order: Order, name: str, found: Known, key: str, result: Production) -> bool:
    """Whether another machine has made a tenant's files, which are then staged."""
    part = order.parts.get(name)
    if part is None or order.output is None or order.by.name not in (*found.verdicts, ""):
        return False
    if not is_whole(part / name, found.record.manifest):
        return False
    files = [file for file in read_tree(part, name) if file.path != MANIFEST]
    report = Batch(order.output).stage(name, files, about(name, found.record.spec_hash))
    result.records[name], result.keys[name] = found.record, key
    result.verdicts += found.verdicts.get(order.by.name, ())
    result.reports[name] = report
    return True


# --------------------------------------------------------------------------- in a process


@dataclass(frozen=True, slots=True)
class _Means:
    """What a process makes tenants with."""

    kept: Kept
    records: Records

    def done(self, order: Order, tasks: Sequence[Task]) -> list[Done]:
        """Some tenants made, judged together, kept and staged."""
        some = [made(order.recipe, task, self.kept) for task in tasks]
        return list(self.settled(order, tasks, some))

    def settled(self, order: Order, tasks: Sequence[Task], some: Sequence[Made]) -> Iterator[Done]:
        """What was made of some tenants, judged together, kept and staged."""
        for task, one in zip(tasks, some, strict=True):
            self.records.keep(task.key, one.record, one.cost, one.lines)
        whole = {one.record.tenant: one for one in some if one.artifacts}
        verdicts = _verdicts(order, whole)
        for task in tasks:
            said = verdicts.get(task.name, ())
            if order.by.name and task.name in whole and not has_errors(said):
                self.records.passed(task.key, order.by.name, said)
        for one in some:
            name = one.record.tenant
            report = None
            if order.output is not None and name in whole and not has_errors(verdicts[name]):
                described = about(name, one.record.spec_hash)
                report = Batch(order.output).stage(name, one.artifacts, described)
            yield Done(one.record, report, verdicts.get(name, ()))


@contextlib.contextmanager
def _means(path: Path) -> Iterator[_Means]:
    records = Records(path)
    try:
        with kept_derivations() as kept:
            yield _Means(kept, records)
    finally:
        records.close()


def _verdicts(order: Order, whole: Mapping[str, Made]) -> dict[str, tuple[Finding, ...]]:
    """What the tools say of each; together, and one by one where that is not well."""
    if not order.by.name or not whole:
        return dict.fromkeys(whole, ())
    together = _judged(order, whole.values())
    if not has_errors(together) or len(whole) == 1:
        return dict.fromkeys(whole, together)
    return {name: _judged(order, [one]) for name, one in whole.items()}


def _judged(order: Order, some: Iterable[Made]) -> tuple[Finding, ...]:
    cases = {
        one.record.tenant: Case(one.artifacts, one.record.share, one.lines, one.origins)
        for one in some
        if one.record.share is not None and one.lines is not None and one.origins is not None
    }
    return in_order(judged(order.recipe.spec.platform, cases, order.by))
