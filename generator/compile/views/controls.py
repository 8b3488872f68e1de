"""The compliance controls: red while what gives evidence for one fires, or where there is none."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from generator.compile.context import Context
from generator.compile.evidence import STATE_PANEL, control_evidence, framework_of
from generator.compile.plan import PlannedAlert
from generator.compile.views.parts import (
    ALARM,
    STATES,
    firing,
    one_of,
    row,
    text_panel,
    told_height,
)
from generator.ir.dashboards import Panel, Query, Row
from generator.ir.docs import ControlEvidence
from generator.promql.build import quote


def controls(context: Context, alerts: Sequence[PlannedAlert]) -> tuple[Row, ...]:
    """A line per control by framework, and the controls that nothing gives evidence for."""
    giving: dict[str, list[PlannedAlert]] = {}
    for alert in alerts:
        for control in alert.compliance:
            giving.setdefault(control, []).append(alert)
    told = control_evidence(context.tenant, context.platform, alerts)
    panels = [_states(context, giving)] if giving else []
    gaps = [one for one in told if not one.alerts and not one.slos]
    if gaps:
        panels.append(_gaps(gaps))
    if not panels:
        words = "No alert gives evidence for a control. Add `compliance:` to alerts and SLOs."
        panels = [text_panel("no-controls", "No controls yet", words)]
    return (row("controls", "Compliance controls", panels),)


def _states(context: Context, giving: dict[str, list[PlannedAlert]]) -> Panel:
    frameworks: dict[str, list[str]] = {}
    for control in sorted(giving):
        frameworks.setdefault(framework_of(control), []).append(control)
    queries = tuple(
        Query(
            context.graph(" or ".join(_state(c, giving[c], context) for c in found)),
            "{{ framework }} {{ control }}",
        )
        for found in frameworks.values()
    )
    return Panel(
        key=STATE_PANEL,
        title="Controls",
        description=(
            "Red while an alert that gives evidence for the control fires. "
            "docs/compliance.md says which alerts those are, and where there are gaps."
        ),
        kind="state-timeline",
        queries=queries,
        unit="none",
        thresholds=ALARM,
        width=24,
        height=max(6, min(30, 3 + len(giving) * 2 // 3)),
        mappings=STATES,
    )


def _state(control: str, alerts: Sequence[PlannedAlert], context: Context) -> str:
    """1 while one of the alerts fires, else 0, with the control and its framework as labels."""
    state = f"max({' or '.join(_selectors(alerts, context))}) or vector(0)"
    framework, _, name = control.partition(":")
    told = f'label_replace({state}, "control", {quote(name or control)}, "", "")'
    return f'label_replace({told}, "framework", {quote(framework)}, "", "")'


def _selectors(alerts: Iterable[PlannedAlert], context: Context) -> list[str]:
    """The firing series of the alerts: of their services, of their SLOs, and of no other's."""
    labels = context.platform.labels
    names: dict[tuple[str, tuple[str, ...]], set[str]] = {}
    owners: dict[tuple[str, str], set[str]] = {}
    for alert in alerts:
        slo = alert.rule.labels.get(labels.slo, "")
        owners.setdefault((alert.rule.alert, labels.slo if slo else labels.service), set()).add(
            slo or alert.service or ""
        )
    for (name, label), values in owners.items():
        names.setdefault((label, tuple(sorted(values))), set()).add(name)
    return [
        firing(
            context,
            one_of("alertname", sorted(found)),
            *([] if "" in values else [one_of(label, values)]),
        )
        for (label, values), found in sorted(names.items())
    ]


def _gaps(gaps: Sequence[ControlEvidence]) -> Panel:
    lines = []
    for gap in gaps:
        packs = " or ".join(f"`{pack}`" for pack in gap.packs)
        lines.append(f"- **{gap.control}** {gap.title}" + (f": attach {packs}" if packs else ""))
    words = "Nothing gives evidence for these controls yet.\n\n" + "\n".join(lines)
    height = min(12, told_height(len(gaps)))
    return text_panel("control-gaps", "Controls without evidence", words, height=height)
