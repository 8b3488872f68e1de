"""The AI/ML view: models' quality, drift, inference and freshness, from packs and alerts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from generator.compile.views.parts import ordered, row, text_panel
from generator.ir.dashboards import Panel, Row

WORDS = (
    "No model is declared. Attach the pack `ml-model` to the service that serves it, or give an "
    "alert `view: ml`."
)


def models(panels: Mapping[str | None, Sequence[Panel]]) -> tuple[Row, ...]:
    """A row for each service that has something to show; words where none has."""
    rows = [
        row(f"model:{service or '-'}", service or "Models", ordered(found))
        for service, found in panels.items()
        if found
    ]
    if rows:
        return tuple(rows)
    return (row("models", "Models", [text_panel("no-models", "Nothing declared", WORDS)]),)
