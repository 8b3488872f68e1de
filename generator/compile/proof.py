"""What is asked about one alert, and the data that proves it. `proving` finds it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from generator.compile.stimulus import Levels, Phase, Source
from generator.compile.timeline import Grid
from generator.compile.unusual import UnusualCase, Usual
from generator.ir.rules import RecordingRule
from generator.promql.tree import Expr


@dataclass(frozen=True, slots=True)
class Subject:
    """An alert as data is sought for it: all times in seconds."""

    alert: str
    labels: Mapping[str, str]
    expr: Expr
    rules: Sequence[RecordingRule]
    hold: float
    keep: float
    step: float
    """The platform's evaluation interval."""
    latches: bool = False
    """Whether it reads its own `ALERTS`: then it does not resolve at the level where it began."""
    usual: Usual | None = None
    """For anomalies: what is usual before something odd happens."""
    of_alerts: Mapping[str, str] = field(default_factory=dict)
    """Labels of the alerts it reads, beside those that its matchers ask for."""


@dataclass(frozen=True, slots=True)
class Resolution:
    """The last evaluation at which the alert fires, and the first at which it does not."""

    fires_until: float
    silent_from: float


@dataclass(frozen=True, slots=True)
class Proof:
    """Phases in which the alert fires, and others in which it does not."""

    grid: Grid
    sources: tuple[Source, ...]
    hot: tuple[Phase, ...]
    fires: float
    """The first evaluation at which it fires, by the later reading."""
    quiet_until: float
    """The last evaluation at which it does not, by the earlier reading."""
    count: int
    calm: tuple[Phase, ...]
    resolves: Resolution | None
    """How it ends; None where the data does not come back."""
    base: Levels = field(default_factory=dict)
    """The levels of the sources where nothing is asked of them."""
    sides: tuple[Shown, ...] = ()
    """What shows that each side of `and`, `or` and `unless` matters."""
    unusual: tuple[UnusualCase, ...] = ()
    """What needs a past of several parts: of anomalies the edges of the band and its guards."""


@dataclass(frozen=True, slots=True)
class Shown:
    """Data in which one condition alone decides; `what` is its part of the expression, or the
    name of the alert that it reads.

    `proof`: the alert fires when it holds and not before; None: it is silent in `calm`, because
    the condition fails, or, after `unless`, holds.
    """

    what: Expr | str
    op: str
    calm: tuple[Phase, ...]
    proof: Proof | None
