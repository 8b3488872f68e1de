"""Tenants compiled side by side, in processes of this machine."""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from functools import partial
from typing import Any, Generic, TypeVar

from generator.compile.derived import Kept
from generator.derivations import Derivations, kept_derivations, place

Task = TypeVar("Task")
Made = TypeVar("Made")

CHUNK = 8
"""Tenants that a process is given at once."""
WORTH = 2 * CHUNK
"""From so many tenants on, processes are worth their start."""


@dataclass(frozen=True, slots=True)
class Work(Generic[Task, Made]):
    """What is done with each task, with what was derived before; `do` and results are pickled."""

    do: Callable[[Task, Kept], Made]
    tasks: Sequence[Task]

    def __iter__(self) -> Iterator[tuple[int, Made]]:
        """The results one after the other in this process, each with the number of its task."""
        with kept_derivations() as kept:
            for number, task in enumerate(self.tasks):
                yield number, self.do(task, kept)


def cores() -> int:
    """How many processors this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def processes_for(tasks: int, jobs: int) -> int:
    """How many processes to start for so many tasks; `jobs`: at most, 0 for one a processor.

    One means none beside this: few tasks, one processor, or a program with threads or without
    `fork`, whose memory must not be copied.
    """
    wanted = jobs or cores()
    alone = threading.active_count() > 1 or "fork" not in multiprocessing.get_all_start_methods()
    if alone or tasks < WORTH:
        return 1
    return min(wanted, -(-tasks // CHUNK))


def begun(work: Work[Task, Made], jobs: int) -> Iterator[tuple[int, Made]]:
    """The results as they are made, each with the number of its task; work has begun on return.

    A process that dies (out of memory, killed) loses nothing: what it had is done here. An
    interruption lets the processes end what they have at hand.
    """
    processes = processes_for(len(work.tasks), jobs)
    if processes == 1:
        return iter(work)
    context, begin = multiprocessing.get_context("fork"), partial(_begin, work)
    pool = ProcessPoolExecutor(processes, context, begin)
    numbers = range(len(work.tasks))
    futures: dict[Future[list[Any]], range] = {
        pool.submit(_chunk, list(numbers[start : start + CHUNK])): numbers[start : start + CHUNK]
        for start in numbers[::CHUNK]
    }
    return _results(work, pool, futures)


def _results(
    work: Work[Task, Made],
    pool: ProcessPoolExecutor,
    futures: dict[Future[list[Any]], range],
) -> Iterator[tuple[int, Made]]:
    lost: list[int] = []
    try:
        for future in as_completed(futures):
            numbers = futures.pop(future)
            try:
                made = future.result()
            except BrokenProcessPool:
                lost += numbers
                continue
            yield from zip(numbers, made, strict=True)
    finally:
        pool.shutdown(wait=True, cancel_futures=True)
    lost.sort()
    again = Work(work.do, [work.tasks[number] for number in lost])
    for index, result in again if lost else ():
        yield lost[index], result


# --------------------------------------------------------------------------- in a process


_work: Work[Any, Any]
_kept: Derivations


def _begin(work: Work[Any, Any]) -> None:
    """A process begins: an interruption is its parent's affair."""
    global _work, _kept
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    _work, _kept = work, Derivations(place())


def _chunk(numbers: Sequence[int]) -> list[Any]:
    made = [_work.do(_work.tasks[number], _kept) for number in numbers]
    _kept.flush()
    return made
