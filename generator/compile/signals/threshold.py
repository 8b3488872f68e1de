"""`threshold`: a value above or below a level, with hysteresis where a clearing level is given."""

from __future__ import annotations

from generator.compile.context import Context
from generator.compile.plan import Compiled
from generator.compile.signals.registry import Draft, compiles, finished, read, while_firing
from generator.compile.watched import watched_value
from generator.compile.wording import operand, told_value
from generator.spec.model import Alert, Threshold
from generator.values import plain


@compiles(Threshold)
def threshold(alert: Alert, context: Context) -> Compiled:
    """`expr > level`; with `clear`, also while it already fires and has not come back past it.

    While the alert is pending only the outer level counts, so a clearing level cannot start it.
    A value that is missing for an evaluation ends the alert unless `keep_firing_for` bridges it.
    """
    signal = alert.signal
    assert isinstance(signal, Threshold)
    tree, findings = read(signal.expr, context, level=(signal.op, float(signal.level)))
    if tree is None:
        return Compiled((), findings)
    value = operand(signal.expr.value)
    expr = f"{value} {signal.op} {plain(signal.level)}"
    side = "above" if signal.op == ">" else "below"
    description = f"The value has been {side} {plain(signal.level)}."
    if signal.clear is not None:
        back = "below" if signal.op == ">" else "above"
        expr += f" or {value} {signal.op} {plain(signal.clear)} and {while_firing(alert, context)}"
        description += f" The alert ends when it comes back {back} {plain(signal.clear)}."
    shown = watched_value(signal.expr.value, signal.level, signal.op == ">")
    draft = Draft(
        expr=expr,
        kind="threshold",
        source=signal.expr,
        summary=f"{told_value(alert.unit)}, {side} {plain(signal.level)}",
        description=description,
        value=shown.value,
        level=shown.level,
        above=shown.above,
        lines=shown.lines,
        clear=None if signal.clear is None else float(signal.clear),
    )
    return finished(draft, alert, context, findings)
