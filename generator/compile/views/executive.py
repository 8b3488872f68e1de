"""The executive view: promises, business figures, incidents; then the services in short."""

from __future__ import annotations

from collections.abc import Sequence

from generator.compile.context import Context
from generator.compile.views.incidents import operations
from generator.compile.views.parts import row
from generator.compile.views.placed import Placed, drawn
from generator.compile.views.promises import promises
from generator.compile.views.undeclared import BUSINESS, undeclared
from generator.ir.dashboards import Row

_SYSTEMS = frozenset({"system", "security"})
"""Categories of packs whose figures are not the business's own."""


def executive(context: Context, placed: Sequence[Placed], shared: Sequence[Row]) -> tuple[Row, ...]:
    """The rows in the order in which a manager reads."""
    figures = [one for one in placed if one.category not in _SYSTEMS]
    systems = [one for one in placed if one.category in _SYSTEMS]
    kept = promises(context)
    rows = [*kept]
    shown = [one for one in figures if one.alert is None]
    watched = [one for one in figures if one.alert is not None]
    if shown:
        rows.append(row("business", "Business", drawn(shown)))
    if watched:
        title = "Business: what alerts watch"
        rows.append(row("alerts:business", title, drawn(watched), collapsed=bool(shown)))
    rows.append(operations(context))
    if systems:
        rows.append(row("systems", "Services in short", drawn(systems)))
    return (*rows, *shared, *undeclared(context, BUSINESS, bool(figures)))
