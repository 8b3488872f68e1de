"""`forecast`: a gauge that, extended in a line, will cross a level."""

from __future__ import annotations

from generator.compile.context import Context
from generator.compile.plan import Compiled
from generator.compile.signals.registry import Draft, compiles, finished, plain_selector, read
from generator.compile.wording import operand, told_value
from generator.findings import Finding, error
from generator.promql.build import with_range
from generator.promql.tree import Call, Expr, walk
from generator.spec.model import Alert, Forecast
from generator.values import Duration, plain

LEAST_FOR = Duration.of(minutes=10)
"""A line through noise crosses anything for a moment."""
_RATES = frozenset({"rate", "irate", "increase"})


@compiles(Forecast)
def forecast(alert: Alert, context: Context) -> Compiled:
    """`predict_linear` past the level, with guards against what has no trend.

    - The value was on the good side within the history: what always stood past the level (a
      read-only file system) is not told, what has just run full is told on.
    - The series is at least half a history old: two samples make no line.
    - Only past `guard`, where one is given.
    """
    signal = alert.signal
    assert isinstance(signal, Forecast)
    tree, findings = read(signal.expr, context)
    if tree is None:
        return Compiled((), findings)
    wrong = _refused(tree, signal)
    if wrong:
        return Compiled((), (*findings, *wrong))
    level, history = plain(signal.level), _history(tree, signal, context)
    back, best = (">", "max") if signal.op == "<" else ("<", "min")
    value = operand(signal.expr.value)
    expr = (
        f"{value} and predict_linear({history}, {plain(signal.within.seconds)}) "
        f"{signal.op} {level} and {best}_over_time({history}) {back} {level} "
        f"and {_earlier(tree, signal, context)}"
    )
    if signal.guard is not None:
        expr += f" and {value} {signal.op} {plain(signal.guard)}"
    side = "below" if signal.op == "<" else "above"
    draft = Draft(
        expr=expr,
        kind="forecast",
        source=signal.expr,
        summary=f"{told_value(alert.unit)} now, {side} {level} within {signal.within}",
        description=f"The last {signal.history}, carried on in a line, come {side} {level} "
        f"within {signal.within}.",
        value=signal.expr.value,
        level=float(signal.level),
        above=signal.op == ">",
        least_for=LEAST_FOR,
    )
    return finished(draft, alert, context, findings)


def _history(tree: Expr, signal: Forecast, context: Context) -> str:
    """The gauge over its history; an expression becomes a subquery."""
    if plain_selector(tree) is not None:
        return with_range(signal.expr.value, signal.history)
    return f"{operand(signal.expr.value)}[{signal.history}:{_step(signal, context)}]"


def _step(signal: Forecast, context: Context) -> Duration:
    """About a hundred points, never finer than the evaluations."""
    whole = signal.history.ms // 100 // 60_000 * 60_000
    return Duration(max(whole, context.platform.evaluation_interval.ms))


def _earlier(tree: Expr, signal: Forecast, context: Context) -> str:
    """The gauge half a history ago."""
    half = Duration(signal.history.ms // 2_000 * 1_000)
    node = plain_selector(tree)
    if node is not None and node.offset is None and node.at is None:
        return f"{signal.expr.value.strip()} offset {half}"
    step = _step(signal, context)
    return f"last_over_time({operand(signal.expr.value)}[{step * 2}:{step}] offset {half})"


def _refused(tree: Expr, signal: Forecast) -> tuple[Finding, ...]:
    """A rate has no trend worth a line through hours, and rises from nothing at each start."""
    rates = [n for n in walk(tree) if isinstance(n, Call) and n.function in _RATES]
    if not rates:
        return ()
    place = signal.expr.at(rates[0].start, rates[0].end - rates[0].start)
    message = f"a forecast draws a line through a gauge, not through {rates[0].function}()"
    return (error("forecast-gauge", message, place, "forecast the gauge itself"),)
