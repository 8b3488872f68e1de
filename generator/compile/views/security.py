"""The security view: rows by subject, then the compliance controls with their live state."""

from __future__ import annotations

from collections.abc import Sequence

from generator.compile.context import Context
from generator.compile.plan import PlannedAlert
from generator.compile.views.controls import controls
from generator.compile.views.parts import row
from generator.compile.views.placed import Placed, drawn
from generator.compile.views.undeclared import SECURITY, undeclared
from generator.ir.dashboards import Row

_SUBJECTS = (
    ("intrusion", "Authentication and blocked requests"),
    ("access-anomaly", "Access"),
    ("audit-trail", "Audit stream"),
    ("network", "Certificates"),
    ("compliance", "Data protection"),
)
"""Packs by the subject of their panels, in the order of the view."""


def security(
    context: Context,
    placed: Sequence[Placed],
    shared: Sequence[Row],
    alerts: Sequence[PlannedAlert],
) -> tuple[Row, ...]:
    """A row for each subject that has something to show, the rest, and the controls."""
    named = dict(_SUBJECTS)
    rows = []
    for pack, title in _SUBJECTS:
        found = [one for one in placed if one.pack == pack]
        if found:
            rows.append(row(f"subject:{pack}", title, drawn(found)))
    rest = [one for one in placed if one.pack not in named]
    if rest:
        rows.append(row("signals", "Other signals", drawn(rest)))
    words = undeclared(context, SECURITY, bool(placed or shared))
    return (*rows, *shared, *controls(context, alerts), *words)
