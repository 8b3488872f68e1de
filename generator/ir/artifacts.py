"""A generated file: what `render` makes, `verify` reads and `deliver` writes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Artifact:
    """`path` is relative to the tenant's (or the fleet's) folder, with `/` between its parts."""

    path: str
    content: bytes


@dataclass(frozen=True, slots=True)
class Streamed:
    """A generated file that may be too large for memory; `chunks` gives the same bytes each time.

    `path` as of `Artifact`.
    """

    path: str
    chunks: Callable[[], Iterator[bytes]]

    @property
    def whole(self) -> Artifact:
        """The file in memory."""
        return Artifact(self.path, b"".join(self.chunks()))


class ExtraMissing(Exception):
    """An optional package that artifacts need is not installed; the message says how to get it."""
