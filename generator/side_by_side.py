"""Work shared by processes of this machine."""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass
from multiprocessing.util import Finalize
from typing import Any, Generic, TypeVar

Task = TypeVar("Task")
Means = TypeVar("Means")
Made = TypeVar("Made")

CHUNK = 8
"""Tenants that a process is given at once."""


@dataclass(frozen=True, slots=True)
class Work(Generic[Task, Means, Made]):
    """What is done with each task; results are pickled where another process made them.

    `means` opens what a process works with, its caches: one of them in each.
    """

    do: Callable[[Task, Means], Made]
    tasks: Sequence[Task]
    means: Callable[[], AbstractContextManager[Means]]

    def __iter__(self) -> Iterator[tuple[int, Made]]:
        """The results one after the other in this process, each with the number of its task."""
        with self.means() as means:
            for number, task in enumerate(self.tasks):
                yield number, self.do(task, means)


def cores() -> int:
    """How many processors this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def processes_for(tasks: int, jobs: int, chunk: int) -> int:
    """How many processes to start for so many tasks; `jobs`: at most, 0 for one a processor.

    One means none beside this: few tasks, one processor, or a program with threads or without
    `fork`, whose memory must not be copied. A process is given `chunk` tasks at once.
    """
    wanted = jobs or cores()
    alone = threading.active_count() > 1 or "fork" not in multiprocessing.get_all_start_methods()
    if alone or tasks < 2 * chunk:
        return 1
    return min(wanted, -(-tasks // chunk))


def begun(
    work: Work[Task, Means, Made], jobs: int, chunk: int = CHUNK
) -> Iterator[tuple[int, Made]]:
    """The results as they are made, each with the number of its task; work has begun on return.

    A process that dies (out of memory, killed) loses nothing: what it had is done here. An
    interruption lets the processes end what they have at hand.
    """
    processes = processes_for(len(work.tasks), jobs, chunk)
    if processes == 1:
        return iter(work)
    context = multiprocessing.get_context("fork")
    pool = ProcessPoolExecutor(processes, context, _begin, (work,))
    numbers = range(len(work.tasks))
    futures: dict[Future[list[Any]], range] = {
        pool.submit(_chunk, list(numbers[start : start + chunk])): numbers[start : start + chunk]
        for start in numbers[::chunk]
    }
    return _results(work, pool, futures)


def _results(
    work: Work[Task, Means, Made],
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
    again = Work(work.do, [work.tasks[number] for number in lost], work.means)
    for index, result in again if lost else ():
        yield lost[index], result


# --------------------------------------------------------------------------- in a process


_work: Work[Any, Any, Any]
_means: Any


def _begin(work: Work[Any, Any, Any]) -> None:
    """A process begins: an interruption is its parent's affair."""
    global _work, _means
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    stack = ExitStack()
    _work, _means = work, stack.enter_context(work.means())
    Finalize(None, stack.close, exitpriority=1)


def _chunk(numbers: Sequence[int]) -> list[Any]:
    return [_work.do(_work.tasks[number], _means) for number in numbers]
