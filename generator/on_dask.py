"""Tenants made on a Dask cluster: the workers compile, this machine verifies and writes.

Workers need Tocsin, the very same code, and nothing of the repository: they are sent the platform
once and the text of each tenant. Dask runs a task again whose worker dies; what it gives up on is
made here. https://distributed.dask.org/en/stable/resilience.html
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Any

from generator.cache import code
from generator.derivations import kept_derivations
from generator.ir.artifacts import ExtraMissing
from generator.making import Made, Recipe, Task, made
from generator.servers import ServerFailed

SCHEMES = {"dask": "tcp", "dask+tls": "tls"}
"""How an executor is named -> how Dask names its scheduler. TLS is set up as Dask's own
configuration says."""
_AHEAD = 3
"""Chunks a thread of the cluster is given before the first comes back: what is made waits there."""
_RETRIES = 3
_PATIENCE = 10
"""Seconds that a scheduler has to answer."""


def is_dask(executor: str) -> bool:
    """Whether an executor's name is that of a cluster."""
    return executor.partition("://")[0] in SCHEMES


def made_on_dask(
    executor: str, recipe: Recipe, chunks: Sequence[Sequence[Task]]
) -> Iterator[tuple[int, list[Made]]]:
    """The tenants of each chunk, with its number, as they come.

    `executor` is `dask://host:port`. Raises ExtraMissing without the package, ServerFailed when
    the scheduler does not answer or a worker has other code.
    """
    try:
        import distributed
    except ModuleNotFoundError:
        raise ExtraMissing(
            "a Dask cluster needs a package that is not installed: pip install 'tocsin[dask]'"
        ) from None
    scheme, _, place = executor.partition("://")
    address = f"{SCHEMES[scheme]}://{place}"
    try:
        connect: Any = distributed.Client  # untyped
        client = connect(address, timeout=_PATIENCE, set_as_default=False)
    except (OSError, ValueError) as problem:
        raise ServerFailed(f"the Dask scheduler at {executor} does not answer: {problem}") from None
    with client:
        _same_code(client, executor)
        yield from _results(distributed, client, recipe, chunks)


def _same_code(client: Any, executor: str) -> None:
    """Raises ServerFailed unless every worker has our code, and there is one."""
    found = client.run(code)
    if not found:
        raise ServerFailed(f"the Dask cluster at {executor} has no workers")
    other = sorted(worker for worker, theirs in found.items() if theirs != code())
    if other:
        shown = ", ".join(other[:3]) + (" …" if len(other) > 3 else "")
        raise ServerFailed(
            f"{shown}: this worker of {executor} has another version of tocsin or of its "
            "libraries; install the same everywhere"
        )


def _results(
    distributed: Any, client: Any, recipe: Recipe, chunks: Sequence[Sequence[Task]]
) -> Iterator[tuple[int, list[Made]]]:
    shared = client.scatter(recipe, broadcast=True)
    threads = sum(client.nthreads().values())
    waiting = iter(range(len(chunks)))
    running: dict[Any, int] = {}
    completed = distributed.as_completed(loop=client.loop)

    def submit(number: int) -> None:
        future = client.submit(
            _chunk, shared, list(chunks[number]), key=f"tocsin-{number}", retries=_RETRIES
        )
        running[future] = number
        completed.add(future)

    for _ in range(_AHEAD * max(1, threads)):
        if (number := next(waiting, None)) is not None:
            submit(number)
    for future in completed:
        number = running.pop(future)
        yield number, _taken(distributed, future, partial(_chunk, recipe, chunks[number]))
        future.release()
        if (more := next(waiting, None)) is not None:
            submit(more)


def _taken(distributed: Any, future: Any, instead: Callable[[], list[Made]]) -> list[Made]:
    """A chunk's tenants; made here when the cluster has lost it for good."""
    lost = (
        distributed.scheduler.KilledWorker,
        distributed.client.FutureCancelledError,
        distributed.comm.CommClosedError,
    )
    try:
        found: list[Made] = future.result()
    except lost:
        return instead()
    return found


def _chunk(recipe: Recipe, tasks: Sequence[Task]) -> list[Made]:
    """Some tenants, made where this runs."""
    with kept_derivations() as kept:
        return [made(recipe, task, kept) for task in tasks]
