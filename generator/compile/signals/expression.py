"""`expr`: any PromQL that returns a vector; the alert fires for every sample."""

from __future__ import annotations

from generator.compile.context import Context
from generator.compile.plan import Compiled
from generator.compile.signals.registry import Draft, compiles, finished, read
from generator.compile.watched import watched_condition
from generator.compile.wording import told_value
from generator.spec.model import Alert, Expression


@compiles(Expression)
def expression(alert: Alert, context: Context) -> Compiled:
    """The author's expression as it is, isolated."""
    signal = alert.signal
    assert isinstance(signal, Expression)
    tree, findings = read(signal.expr, context, condition=True)
    if tree is None:
        return Compiled((), findings)
    shown = watched_condition(signal.expr.value)
    draft = Draft(
        expr=signal.expr.value,
        kind="expr",
        source=signal.expr,
        summary=f"its condition holds at {told_value(alert.unit)}",
        description="The condition of this alert holds.",
        value=shown.value,
        level=shown.level,
        above=shown.above,
        lines=shown.lines,
    )
    return finished(draft, alert, context, findings)
