"""Small values that every room shares: durations, ratios, versions and the proof of isolation.

Nothing here knows a spec, a rule or a file. This module imports nothing of ours.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal
from typing import NewType

IsolatedExpr = NewType("IsolatedExpr", str)
"""PromQL text that passed `promql.isolate`; a test holds that nothing else constructs it."""

_UNITS: tuple[tuple[str, int], ...] = (
    ("y", 365 * 86_400_000),
    ("w", 7 * 86_400_000),
    ("d", 86_400_000),
    ("h", 3_600_000),
    ("m", 60_000),
    ("s", 1_000),
    ("ms", 1),
)
_DURATION = re.compile(
    r"(?:(\d+)y)?(?:(\d+)w)?(?:(\d+)d)?(?:(\d+)h)?(?:(\d+)m)?(?:(\d+)s)?(?:(\d+)ms)?"
)


@dataclass(frozen=True, slots=True, order=True)
class Duration:
    """A Prometheus duration; `ms` is whole milliseconds, never negative."""

    ms: int

    @classmethod
    def parse(cls, text: str) -> Duration:
        """Read `1h30m`, `30d`, `0`. Raises ValueError for anything Prometheus would refuse."""
        if text == "0":
            return cls(0)
        match = _DURATION.fullmatch(text)
        if not text or match is None:
            raise ValueError(f"{text!r} is not a Prometheus duration")
        return cls(sum(int(n) * ms for n, (_, ms) in zip(match.groups(), _UNITS, strict=True) if n))

    @classmethod
    def of(cls, *, days: int = 0, hours: int = 0, minutes: int = 0, seconds: int = 0) -> Duration:
        """Build from whole units."""
        return cls((((days * 24 + hours) * 60 + minutes) * 60 + seconds) * 1000)

    @property
    def seconds(self) -> Decimal:
        """The length in seconds, exactly."""
        return Decimal(self.ms) / 1000

    def __str__(self) -> str:
        """The shortest text in whole units that Prometheus reads back as the same length.

        Days and below only (`30d`, not `4w2d`): recorded names and users speak of days.
        """
        rest, parts = self.ms, []
        for unit, size in _UNITS[2:]:
            count, rest = divmod(rest, size)
            if count:
                parts.append(f"{count}{unit}")
        return "".join(parts) or "0s"

    def __mul__(self, factor: int) -> Duration:
        return Duration(self.ms * factor)

    def __add__(self, other: Duration) -> Duration:
        return Duration(self.ms + other.ms)


def plain(number: Decimal) -> str:
    """The shortest exact decimal text of a number, never in exponent form: `0.001`, `30`."""
    text = format(number.normalize(), "f")
    return "0" if text == "-0" else text


@dataclass(frozen=True, slots=True, order=True)
class Version:
    """A major.minor version of a target program, as `platform.yaml` names it."""

    major: int
    minor: int

    @classmethod
    def parse(cls, text: str) -> Version:
        """Read `2.42`, `v3.5.1`, `0.25.0+ds`; the patch level is ignored. Raises ValueError."""
        match = re.match(r"v?(\d+)\.(\d+)", text)
        if match is None:
            raise ValueError(f"{text!r} is not a version")
        return cls(int(match[1]), int(match[2]))

    def __str__(self) -> str:
        return f"{self.major}.{self.minor}"
