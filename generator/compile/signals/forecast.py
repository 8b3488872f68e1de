"""`forecast`: a gauge that, extended in a line, will cross a level."""

from __future__ import annotations

from generator.compile.context import Context
from generator.compile.plan import Compiled
from generator.compile.signals.registry import Draft, compiles, finished, plain_selector, read
from generator.compile.wording import operand, told_value
from generator.findings import Finding, error, has_errors
from generator.promql.build import with_range
from generator.promql.lints.metrics import raw_counters
from generator.promql.tree import Call, Expr, walk
from generator.spec.model import Alert, Forecast
from generator.values import Duration, plain

LEAST_FOR = Duration.of(minutes=10)
"""A line through noise crosses anything for a moment."""
_RATES = frozenset({"rate", "irate", "increase"})
_NONE = Duration(0)


@compiles(Forecast)
def forecast(alert: Alert, context: Context) -> Compiled:
    """`predict_linear` past the level, with guards against what has no trend.

    - The last quarter of the history leads past the level too, unless the value is there already:
      after a clean-up, a restart or one big step the long line alone points there for hours.
    - The value was on the good side within the history: what always stood past the level (a
      read-only file system) is not told, what has just run full is told on.
    - The series is at least half a history old: two samples make no line.
    - Only past `guard`, where one is given: a value, or a part of the capacity.
    """
    signal = alert.signal
    assert isinstance(signal, Forecast)
    tree, findings = read(signal.expr, context)
    if tree is None:
        return Compiled((), findings)
    wrong = _refused(tree, signal, context)
    if wrong:
        return Compiled((), (*findings, *wrong))
    guard, told = _guard(signal, context)
    findings = (*findings, *told)
    if has_errors(findings):
        return Compiled((), findings)
    side, level = "below" if signal.op == "<" else "above", plain(signal.level)
    draft = Draft(
        expr=_condition(tree, signal, context) + guard,
        kind="forecast",
        source=signal.expr,
        summary=f"{told_value(alert.unit)} now, {side} {level} within {signal.within}",
        description=f"The last {signal.history}, carried on in a line, come {side} {level} "
        f"within {signal.within}.",
        value=signal.expr.value,
        level=float(signal.level),
        above=signal.op == ">",
        lines=((_ahead(tree, signal, context, signal.history), f"in {signal.within}"),),
        least_for=LEAST_FOR,
    )
    return finished(draft, alert, context, findings)


def _condition(tree: Expr, signal: Forecast, context: Context) -> str:
    def past(length: Duration, ago: Duration = _NONE) -> str:
        return _range(tree, signal, context, length, ago)

    def ahead(length: Duration) -> str:
        return f"{_ahead(tree, signal, context, length)} {signal.op} {level}"

    value, level = operand(signal.expr.value), plain(signal.level)
    back, best = (">", "max") if signal.op == "<" else ("<", "min")
    half, quarter = (Duration(signal.history.ms // n // 1000 * 1000) for n in (2, 4))
    return (
        f"{value} and {ahead(signal.history)} "
        f"and ({ahead(quarter)} or {value} {signal.op}= {level}) "
        f"and {best}_over_time({past(signal.history)}) {back} {level} "
        f"and present_over_time({past(half, half)})"
    )


def _ahead(tree: Expr, signal: Forecast, context: Context, length: Duration) -> str:
    """Where the line through a length of history comes within `within`."""
    history = _range(tree, signal, context, length)
    return f"predict_linear({history}, {plain(signal.within.seconds)})"


def _range(
    tree: Expr, signal: Forecast, context: Context, length: Duration, ago: Duration = _NONE
) -> str:
    """The gauge over a length that ended some time ago; an expression becomes a subquery."""
    offset = f" offset {ago}" if ago.ms else ""
    node = plain_selector(tree)
    if node is not None and not (ago.ms and (node.offset or node.at)):
        return with_range(signal.expr.value, length) + offset
    return f"{operand(signal.expr.value)}[{length}:{_step(signal, context)}]{offset}"


def _step(signal: Forecast, context: Context) -> Duration:
    """About a hundred points, never finer than the evaluations."""
    whole = signal.history.ms // 100 // 60_000 * 60_000
    return Duration(max(whole, context.platform.evaluation_interval.ms))


def _guard(signal: Forecast, context: Context) -> tuple[str, tuple[Finding, ...]]:
    """` and value < guard`, or a part of the capacity; what is wrong with the capacity."""
    if signal.guard is None:
        return "", ()
    value, level = operand(signal.expr.value), plain(signal.guard)
    if signal.capacity is None:
        return f" and {value} {signal.op} {level}", ()
    tree, findings = read(signal.capacity, context)
    if tree is None:
        return "", findings
    return f" and {value} / {operand(signal.capacity.value)} {signal.op} {level}", findings


def _refused(tree: Expr, signal: Forecast, context: Context) -> tuple[Finding, ...]:
    """A rate has no trend worth a line through hours and rises from nothing at each start; a
    counter only ever rises, and begins anew with its process.
    """
    rates = [n for n in walk(tree) if isinstance(n, Call) and n.function in _RATES]
    if rates:
        place = signal.expr.at(rates[0].start, rates[0].end - rates[0].start)
        message = f"a forecast draws a line through a gauge, not through {rates[0].function}()"
        return (error("forecast-gauge", message, place, "forecast the gauge itself"),)
    for node in raw_counters(tree, context.catalogue):
        place = signal.expr.at(node.start, node.end - node.start)
        message = f"a forecast draws a line through a gauge, and {node.name} is a counter"
        return (error("forecast-gauge", message, place, "forecast a gauge"),)
    return ()
