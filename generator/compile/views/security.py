"""The security view: its alerts and panels, and the compliance controls with their live state."""

from __future__ import annotations

from collections.abc import Sequence

from generator.compile.context import Context
from generator.compile.evidence import STATE_PANEL
from generator.compile.plan import PlannedAlert
from generator.compile.views.parts import GREEN, RED, ordered, row, text_panel
from generator.ir.dashboards import Panel, Query, Row, Threshold
from generator.promql.build import selector
from generator.values import IsolatedExpr

WORDS = (
    "No security signal is declared. Give an alert `view: security`, or attach a pack of the "
    "category security (`tocsin catalog security`)."
)


def signals(panels: Sequence[Panel]) -> Row:
    """Alerts and panels of the view; words where there are none."""
    found = ordered(panels) or [text_panel("no-security", "Nothing declared", WORDS)]
    return row("signals", "Signals", found)


def controls(context: Context, alerts: Sequence[PlannedAlert]) -> tuple[Row, ...]:
    """A line per control: red while an alert that gives evidence for it fires."""
    evidence: dict[str, set[str]] = {}
    for alert in alerts:
        for control in alert.compliance:
            evidence.setdefault(control, set()).add(alert.rule.alert)
    if not evidence:
        words = "No alert gives evidence for a control. Add `compliance:` to alerts and SLOs."
        empty = text_panel("no-controls", "No controls yet", words)
        return (row("controls", "Compliance controls", [empty]),)
    queries = tuple(
        Query(_state(sorted(names), context), control)
        for control, names in sorted(evidence.items())
    )
    panel = Panel(
        key=STATE_PANEL,
        title="Controls",
        description=(
            "Red while an alert that gives evidence for the control fires. "
            "docs/compliance.md says which alerts those are, and where there are gaps."
        ),
        kind="state-timeline",
        queries=queries,
        unit="none",
        thresholds=(Threshold(None, GREEN), Threshold(1.0, RED)),
        width=24,
        height=max(6, 2 + len(queries)),
    )
    return (row("controls", "Compliance controls", [panel]),)


def _state(names: Sequence[str], context: Context) -> IsolatedExpr:
    level = context.platform.labels.level
    matchers = [("alertstate", "=", "firing"), (level, "=", "")]
    if len(names) == 1:
        matchers.append(("alertname", "=", names[0]))
    else:
        matchers.append(("alertname", "=~", "|".join(names)))
    return context.graph(f"max({selector('ALERTS', matchers)}) or vector(0)")
