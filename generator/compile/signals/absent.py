"""`absent`: no series matches a selector."""

from __future__ import annotations

from generator.compile.context import Context
from generator.compile.plan import Compiled
from generator.compile.signals.registry import Draft, compiles, finished, plain_selector, read
from generator.findings import error
from generator.spec.model import Absent, Alert


@compiles(Absent)
def absent(alert: Alert, context: Context) -> Compiled:
    """`absent(selector)`."""
    signal = alert.signal
    assert isinstance(signal, Absent)
    tree, findings = read(signal.selector, context)
    if tree is None:
        return Compiled((), findings)
    if plain_selector(tree) is None:
        message = "absent needs a plain selector: what must exist"
        hint = 'write a metric with matchers, like up{job="api"}'
        wrong = error("absent-selector", message, signal.selector.place, hint)
        return Compiled((), (*findings, wrong))
    draft = Draft(
        expr=f"absent({signal.selector.value})",
        kind="absent",
        source=signal.selector,
        summary="there is no such series any more",
        description="What is watched here is not measured: other alerts on it are blind.",
        value=f"count({signal.selector.value})",
        above=False,
    )
    return finished(draft, alert, context, findings)
