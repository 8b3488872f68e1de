"""What a change means, in sections of sentences that text and Markdown lay out."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from collections.abc import Set as AbstractSet

from generator.compile.kinds import DEPENDENCY_INFO, MARKER
from generator.ir.change import (
    Changes,
    CostChange,
    DashboardChange,
    Facet,
    JobChange,
    RecordingChange,
    Sort,
    TenantChange,
)
from generator.render.changes.alerts import alert_lines, counted, slo_line, state_lines
from generator.render.changes.facets import code_of, facet_texts, moved
from generator.render.changes.muting import inhibition_line, muting_lines
from generator.render.changes.phrases import MARKS, Line, Section, count, named, plural
from generator.render.changes.told import routing_lines
from generator.render.cost import told as number_text


def sections(change: TenantChange) -> tuple[Section, ...]:
    """Everything that changes for a tenant, the most important first; no section is empty."""
    alerts = [one for one in change.alerts if one.kind != MARKER]
    slos = {one.slo for one in change.slos}
    found = (
        Section("SLOs", tuple(map(slo_line, change.slos))),
        Section("Alerts", tuple(alert_lines(alerts))),
        Section("Who is told", tuple(routing_lines(change))),
        Section("Pending state that is lost", tuple(state_lines(change.alerts))),
        Section("Muting", tuple(muting_lines(change))),
        Section("Recorded series", tuple(_recordings(change.recordings, slos))),
        Section("Dashboards", tuple(line for d in change.dashboards for line in _dashboard(d))),
        Section("Scraping", tuple(map(_job, change.jobs))),
        Section("Cost", tuple(_cost(change.cost))),
    )
    return tuple(section for section in found if section.lines)


def fleet_sections(changes: Changes) -> tuple[Section, ...]:
    """What changes for all tenants together."""
    settings = [_setting(facet) for facet in changes.fleet]
    muting = [inhibition_line(one) for one in changes.inhibitions]
    found = (Section("Settings", tuple(settings)), Section("Muting", tuple(muting)))
    return tuple(section for section in found if section.lines)


def summary(change: TenantChange) -> str:
    """One line: `2 alerts added, 1 alert loosened, who is told changes for 3 alerts, 4 panels`."""
    if change.sort is not Sort.CHANGED:
        said = "a new tenant" if change.sort is Sort.ADDED else "the tenant is gone"
        alerts = sum(one.kind != MARKER for one in change.alerts)
        return f"{said}, with {count(alerts, 'alert')} and {count(len(change.slos), 'SLO')}"
    told = [one for one in change.routing if one.sort is Sort.CHANGED]
    panels = sum(len(one.panels) or 1 for one in change.dashboards)
    lost = sum(bool(one.state) for one in change.alerts)
    parts = [
        *counted(change.alerts),
        plural(len(change.slos), "SLO changed", "SLOs changed"),
        _told_of(sum(len(one.alerts) for one in told)),
        plural(len(change.receivers), "message changed", "messages changed"),
        plural(lost, "alert loses its pending state", "alerts lose their pending state"),
        plural(_others(change), "recorded series", "recorded series"),
        plural(len(change.inhibitions), "muting rule", "muting rules"),
        plural(panels, "panel", "panels"),
        plural(len(change.jobs), "scrape job", "scrape jobs"),
    ]
    return ", ".join(part for part in parts if part)


def _recordings(recordings: Iterable[RecordingChange], slos: AbstractSet[str]) -> Iterator[Line]:
    """All but those of SLOs that are told already."""
    for one in recordings:
        if one.record == DEPENDENCY_INFO and one.sort is not Sort.CHANGED:
            continue
        if one.slo in slos:
            continue
        labels = ", ".join(f'{k}="{v}"' for k, v in one.labels)
        parts = facet_texts(one.facets)
        if one.read_by:
            parts.append(f"read by {named(one.read_by)}")
        told = f": {'; '.join(parts)}" if parts else ""
        code = code_of(one.facets) if one.sort is Sort.CHANGED else (("", one.expr),)
        yield Line(MARKS[one.sort], f"{one.record}{{{labels}}}{told}", code)


def _dashboard(one: DashboardChange) -> Iterator[Line]:
    if one.sort is not Sort.CHANGED:
        yield Line(MARKS[one.sort], f"view {one.view} with {count(one.count, 'panel')}")
    elif one.facets:
        yield Line("~", f"view {one.view}: {'; '.join(facet_texts(one.facets))}")
    for panel in one.panels:
        kind = panel.kind if panel.kind in ("variable", "annotation") else "panel"
        told = "; ".join(facet_texts(panel.facets))
        text = f"{one.view}: {kind} {panel.title}"
        yield Line(MARKS[panel.sort], f"{text}: {told}" if told else text, code_of(panel.facets))


def _job(one: JobChange) -> Line:
    told = "; ".join(facet_texts(one.facets))
    return Line(MARKS[one.sort], f"{one.job}: {told}" if told else one.job)


def _cost(cost: CostChange | None) -> Iterator[Line]:
    if cost is None:
        return
    what = {
        "alerts": "alerts",
        "rules": "rules",
        "groups": "groups",
        "recorded_series": "recorded series",
        "samples_per_second": "samples read per second",
    }
    parts = []
    for key, name in what.items():
        before, after = (number_text(getattr(side, key)) for side in (cost.before, cost.after))
        if before != after:
            parts.append(f"{before} -> {after} {name}")
    if parts:
        yield Line("~", f"at most {', '.join(parts)}")


def _setting(facet: Facet) -> Line:
    mark = "+" if not facet.before else "-" if not facet.after else "~"
    return Line(mark, f"{facet.about}: {moved(facet)}")


def _others(change: TenantChange) -> int:
    """Recorded series that no SLO is told with."""
    slos = {one.slo for one in change.slos}
    return sum(one.slo not in slos for one in change.recordings)


def _told_of(number: int) -> str:
    return f"who is told changes for {count(number, 'alert')}" if number else ""
