"""What series an expression reads, and how each behaves over the phases of a test.

A `Source` is one series (or histogram) with one number that says how it behaves; a phase gives
that number for every source for a while. Which numbers make an alert fire is `inversion`'s, the
values of the series are made in `samples`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from generator.compile.selection import may_select
from generator.compile.series import accepts, satisfying, violating
from generator.compile.vectors import Unsupported
from generator.ir.rules import RecordingRule
from generator.promql.parser import parse
from generator.promql.tree import (
    Binary,
    Call,
    Expr,
    Matcher,
    RangeSelector,
    VectorSelector,
    children,
    unwrapped,
)

GAUGE, COUNTER, LINE, AGE, STEPS = "gauge", "counter", "line", "age", "steps"
DROPS, SWING, HISTOGRAM, ALERT = "drops", "swing", "histogram", "alert"
ALERTS = "ALERTS"
"""The metric in which Prometheus keeps alerts."""
_ORDER = (HISTOGRAM, COUNTER, LINE, DROPS, STEPS, SWING, AGE, ALERT, GAUGE)
BUSY = 100.0
"""Events a second, and the value of a gauge, where nothing else is asked."""

Levels = Mapping["Source", "float | None"]


@dataclass(frozen=True, slots=True)
class Source:
    """One series, or the buckets of one histogram. What its level means, by `kind`:

    gauge: the value. counter: the rise a second. line: the rise a second of a gauge that begins
    at 100. age: seconds since the time it holds. steps: changes a second, drops: falls a second.
    swing: how far it swings around 100 from sample to sample. histogram: the time below which
    all observations lie. alert: 1 while it fires. None: there is no such series.
    """

    metric: str
    labels: tuple[tuple[str, str], ...]
    kind: str
    shard: str = ""
    """A label in which it is two series, of three quarters and one quarter; empty: one series."""
    copy: bool = False
    """One of several that differ in a label nobody asks for."""

    @property
    def base(self) -> float | None:
        """Its level where nothing is asked of it."""
        if self.kind == ALERT:
            return None
        if self.kind in (LINE, STEPS, DROPS, SWING, AGE):
            return 0.0
        if self.kind == HISTOGRAM or is_flag(self.metric):
            return 1.0
        return BUSY


def is_flag(metric: str) -> bool:
    """Whether the metric says yes or no."""
    return metric == "up" or metric.endswith("_success")


@dataclass(frozen=True, slots=True)
class Phase:
    """How every source behaves for `seconds`; `noise` is the relative swing around the level."""

    seconds: float
    levels: Levels
    noise: float = 0.0
    period: float = 0.0
    """Seconds of one swing: a third of it above, a third on the level, a third below."""


# --------------------------------------------------------------------------- sources


def sources(
    expr: Expr,
    rules: Sequence[RecordingRule],
    own_alert: str = "",
    of_alerts: Mapping[str, str] | None = None,
) -> tuple[Source, ...]:
    """Every series that the expression reads, through recording rules too.

    `of_alerts`: labels that other alerts carry beside those that matchers ask of them.

    Where one selector is narrower than another, a series that only the wider selects is added.
    `ALERTS` of the alert itself are no input. Raises Unsupported.
    """
    kinds: dict[tuple[str, tuple[tuple[str, str], ...]], str] = {}
    selectors: dict[str, list[tuple[Matcher, ...]]] = {}
    for node, kind in selectors_read(expr, rules):
        if node.name is None:
            raise Unsupported("a selector without a metric's name")
        if node.name == ALERTS and _equals(node, "alertname") == own_alert:
            continue
        used = ALERT if node.name == ALERTS else kind
        matchers = tuple(m for m in node.matchers if used != HISTOGRAM or m.name != "le")
        selectors.setdefault(node.name, []).append(matchers)
        labels = satisfying(matchers)
        if labels is None:
            raise Unsupported("matchers that no labels satisfy")
        if used == ALERT and of_alerts:
            labels = {**of_alerts, **labels}
        _note(kinds, node.name, labels, used)
    for name, found in selectors.items():
        for narrow in found:
            for wide in found:
                labels = satisfying(wide) or {}
                beyond = [m for m in narrow if m not in wide]
                rest = violating(beyond, labels) if beyond and narrow != wide else None
                if rest is not None and accepts(wide, rest):
                    _note(kinds, name, rest, kinds[name, tuple(sorted(labels.items()))])
    return tuple(Source(name, labels, kind) for (name, labels), kind in kinds.items())


def _note(
    kinds: dict[tuple[str, tuple[tuple[str, str], ...]], str],
    name: str,
    labels: Mapping[str, str],
    kind: str,
) -> None:
    key = (name, tuple(sorted(labels.items())))
    known = kinds.get(key, GAUGE)
    kinds[key] = min(known, kind, key=_ORDER.index)


def _equals(node: VectorSelector, label: str) -> str | None:
    return next((m.value for m in node.matchers if m.name == label and m.op == "="), None)


def recorded_by(node: VectorSelector, rules: Sequence[RecordingRule]) -> list[RecordingRule]:
    """The rules whose series a selector may select."""
    return [rule for rule in rules if may_select(node, rule)]


def selectors_read(
    expr: Expr, rules: Sequence[RecordingRule], kind: str = GAUGE
) -> Iterable[tuple[VectorSelector, str]]:
    """Every raw selector with the kind of series it wants, from how it is used.

    Recordings are followed to what they read.
    """
    match expr:
        case VectorSelector():
            made = recorded_by(expr, rules)
            for rule in made:
                yield from selectors_read(parse(rule.expr), rules)
            if not made:
                yield expr, kind
        case RangeSelector():
            yield from selectors_read(expr.selector, rules, kind)
        case Call():
            wanted = _WANTED.get(expr.function, kind)
            if wanted == COUNTER and kind == HISTOGRAM:
                wanted = HISTOGRAM
            for arg in expr.args:
                yield from selectors_read(arg, rules, wanted)
        case Binary(op="-") if _is_time(expr.lhs) or _is_time(expr.rhs):
            for side in (expr.lhs, expr.rhs):
                yield from selectors_read(side, rules, AGE)
        case _:
            for child in children(expr):
                yield from selectors_read(child, rules, kind)


_WANTED = {
    "rate": COUNTER,
    "irate": COUNTER,
    "increase": COUNTER,
    "predict_linear": LINE,
    "deriv": LINE,
    "delta": LINE,
    "idelta": LINE,
    "changes": STEPS,
    "resets": DROPS,
    "stddev_over_time": SWING,
    "stdvar_over_time": SWING,
    "histogram_quantile": HISTOGRAM,
}


def _is_time(expr: Expr) -> bool:
    inner = unwrapped(expr)
    return isinstance(inner, Call) and inner.function == "time"
