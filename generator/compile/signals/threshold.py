"""`threshold`: a value above or below a level, with hysteresis where a clearing level is given."""

from __future__ import annotations

from generator.compile.context import Context
from generator.compile.plan import Compiled
from generator.compile.signals.registry import Draft, compiles, finished, own_series, read
from generator.compile.wording import operand, told_value
from generator.promql.build import label_name, selector
from generator.spec.model import Alert, Threshold
from generator.values import plain


@compiles(Threshold)
def threshold(alert: Alert, context: Context) -> Compiled:
    """`expr > level`; with `clear`, also while it already fires and has not come back past it."""
    signal = alert.signal
    assert isinstance(signal, Threshold)
    tree, findings = read(signal.expr, context)
    if tree is None:
        return Compiled((), findings)
    value = operand(signal.expr.value)
    expr = f"{value} {signal.op} {plain(signal.level)}"
    side = "above" if signal.op == ">" else "below"
    description = f"The value has been {side} {plain(signal.level)}."
    if signal.clear is not None:
        back = "below" if signal.op == ">" else "above"
        expr += f" or {value} {signal.op} {plain(signal.clear)} and {_firing(alert, context)}"
        description += f" The alert ends when it comes back {back} {plain(signal.clear)}."
    draft = Draft(
        expr=expr,
        kind="threshold",
        source=signal.expr,
        summary=f"{told_value(alert.unit)}, {side} {plain(signal.level)}",
        description=description,
        value=signal.expr.value,
        level=float(signal.level),
        above=signal.op == ">",
    )
    return finished(draft, alert, context, findings)


def _firing(alert: Alert, context: Context) -> str:
    """Matches the series for which this alert fires already.

    `ALERTS` carries the expression's own labels plus the rule's; the rule's are ignored. While
    the alert is pending only the outer level counts, so a clearing level cannot start it.
    """
    ignored = [
        "alertname",
        "alertstate",
        *sorted(context.labels(alert.service, alert.severity, alert.labels)),
    ]
    firing = selector("ALERTS", [*own_series(alert, context), ("alertstate", "=", "firing")])
    return f"ignoring ({', '.join(map(label_name, ignored))}) {firing}"
