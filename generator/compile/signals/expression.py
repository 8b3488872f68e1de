"""`expr`: any PromQL that returns a vector; the alert fires for every sample."""

from __future__ import annotations

from generator.compile.context import Context
from generator.compile.plan import Compiled
from generator.compile.signals.registry import Draft, compiles, finished, read
from generator.compile.wording import told_value
from generator.promql.tree import COMPARISON, Binary, Expr, Number, unwrapped
from generator.spec.model import Alert, Expression


@compiles(Expression)
def expression(alert: Alert, context: Context) -> Compiled:
    """The author's expression as it is, isolated."""
    signal = alert.signal
    assert isinstance(signal, Expression)
    tree, findings = read(signal.expr, context, condition=True)
    if tree is None:
        return Compiled((), findings)
    value, level, above = _graphed(tree, signal.expr.value)
    draft = Draft(
        expr=signal.expr.value,
        kind="expr",
        source=signal.expr,
        summary=f"its condition holds at {told_value(alert.unit)}",
        description="The condition of this alert holds.",
        value=value,
        level=level,
        above=above,
    )
    return finished(draft, alert, context, findings)


def _graphed(tree: Expr, text: str) -> tuple[str, float | None, bool]:
    """What a panel draws: the side that is compared with a number, else the whole."""
    top = unwrapped(tree)
    if isinstance(top, Binary) and top.op in COMPARISON and isinstance(top.rhs, Number):
        value = text[top.lhs.start : top.lhs.end]
        return value, top.rhs.value, top.op in (">", ">=", "!=")
    return text, None, True
