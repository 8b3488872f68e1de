"""The AI/ML view: a row for each service's models, in the order of what is asked of them."""

from __future__ import annotations

from collections.abc import Sequence

from generator.compile.context import Context
from generator.compile.views.parts import row
from generator.compile.views.placed import Placed, by_service, drawn
from generator.compile.views.undeclared import MODELS, undeclared
from generator.ir.dashboards import Row


def models(context: Context, placed: Sequence[Placed], shared: Sequence[Row]) -> tuple[Row, ...]:
    """What packs and users draw of each service, then what alerts watch, closed."""
    rows = []
    for service, found in by_service(placed).items():
        name = service or "Models"
        shown = drawn(one for one in found if one.alert is None)
        watched = drawn(one for one in found if one.alert is not None)
        if shown:
            rows.append(row(f"model:{service or '-'}", name, shown))
        if watched:
            title = f"{name}: what alerts watch"
            closed = bool(shown)
            rows.append(row(f"alerts:{service or '-'}", title, watched, collapsed=closed))
    return (*rows, *shared, *undeclared(context, MODELS, bool(rows or shared)))
