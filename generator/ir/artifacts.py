"""A generated file: what `render` makes, `verify` reads and `deliver` writes."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Artifact:
    """`path` is relative to the tenant's (or the fleet's) folder, with `/` between its parts."""

    path: str
    content: bytes


class ExtraMissing(Exception):
    """An optional package that artifacts need is not installed; the message says how to get it."""
