"""Alerts, SLOs, panels and records of a tenant and of its packs, and how they fit together."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from graphlib import CycleError, TopologicalSorter

from generator.spec.files import reserved_name, same_file
from generator.spec.model import (
    Alert,
    Correlate,
    CustomPanel,
    Metric,
    PackUse,
    RecordingSpec,
    Service,
    Slo,
)
from generator.spec.packs import rendered
from generator.spec.read_panels import read_panels
from generator.spec.read_services import Surroundings, read_metrics
from generator.spec.read_signals import (
    Around,
    read_alerts,
)
from generator.spec.read_slos import check_composites, read_slos
from generator.spec.scalars import (
    Reading,
    string,
    text,
)
from generator.spec.source import Node


@dataclass(slots=True)
class Content:
    """Alerts, SLOs, panels and records of the tenant and of its packs, in order."""

    alerts: list[Alert]
    slos: dict[str, Slo]
    panels: list[CustomPanel]
    recordings: list[RecordingSpec]
    metrics: dict[str, Metric]


def read_content(root: Node, own: Around, reading: Reading) -> Content:
    """What the tenant itself declares."""
    dashboards = root.get("dashboards")
    custom = dashboards.get("custom") if dashboards else None
    return Content(
        alerts=list(read_alerts(root.get("alerts"), own, reading)),
        slos=read_slos(root.get("slos"), own, reading),
        panels=list(read_panels(custom, ("dashboards", "custom"), own, reading)),
        recordings=[],
        metrics={},
    )


def add_pack(
    bundle: Content,
    service: Service,
    use: PackUse,
    around: Surroundings,
    own: Around,
    reading: Reading,
) -> None:
    """Add what a pack brings to a service."""
    pack = around.packs[use.pack]
    made = rendered(pack, use.parameters, service.name, service.selector)
    node = made.node
    reading.findings += made.findings
    reading = Reading(reading.findings, made.unusable)
    inside = own.of_pack(service.name, pack.name)
    bundle.alerts += [
        replace(alert, compliance=alert.compliance or pack.compliance)
        for alert in read_alerts(node.get("alerts"), inside, reading)
    ]
    bundle.slos |= {
        name: replace(slo, compliance=slo.compliance or pack.compliance)
        for name, slo in read_slos(node.get("slos"), inside, reading).items()
    }
    bundle.panels += (
        replace(panel, category=pack.category)
        for panel in read_panels(node.get("panels"), ("panels",), inside, reading)
    )
    recordings = node.get("recordings")
    for item in recordings.items if recordings else ():
        name = string(item.get("record"))
        expr = text(item.get("expr"))
        bundle.recordings.append(RecordingSpec(name, expr, service.name, pack.name, item.place))
    bundle.metrics |= read_metrics(node.get("metrics"), reading)


def _check_duplicates(bundle: Content, reading: Reading) -> None:
    seen: dict[tuple[str, str | None], Alert] = {}
    for alert in bundle.alerts:
        key = (alert.name, alert.service)
        if key in seen:
            first = seen[key].place
            message = (
                f"{alert.service or 'the tenant'} has an alert {alert.name!r} already "
                f"({first.file}:{first.line})"
            )
            place = alert.place if not alert.pack else first
            reading.error("duplicate-alert", message, place, "rename one of them")
        seen.setdefault(key, alert)


def _check_files(services: Mapping[str, Service], bundle: Content, reading: Reading) -> None:
    """Names that become files of output/ can be checked out on every system."""
    places = {name: service.place for name, service in services.items()}
    for name, place in places.items():
        if reserved_name(name):
            message = f"the service {name!r} would become a file that Windows cannot have"
            reading.error("bad-name", message, place, "choose another name")
    named = {f"{a.name} of {a.service or 'the tenant'}": a.place for a in bundle.alerts}
    slos = {name: slo.place for name, slo in bundle.slos.items()}
    for what, found in (("services", places), ("alerts", named), ("SLOs", slos)):
        for first, later in same_file(found):
            message = (
                f"the {what} {first!r} and {later!r} would be one file where case does not matter"
            )
            reading.error("duplicate-name", message, found[later], "rename one of them")


def _check_correlations(bundle: Content, slos: Mapping[str, object], reading: Reading) -> None:
    """Members of correlations exist, and no correlation waits for itself."""
    alerts = {alert.name: alert for alert in bundle.alerts}
    graph: dict[str, set[str]] = {}
    for alert in bundle.alerts:
        if not isinstance(alert.signal, Correlate):
            continue
        for member in alert.signal.members:
            kind, colon, rest = member.value.partition(":")
            if colon and kind == "slo":
                reading.reference(rest, slos, "SLO", member.place)
            elif reading.reference(member.value, alerts, "alert", member.place):
                graph.setdefault(alert.name, set()).add(member.value)
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as problem:
        first = min(problem.args[1])
        message = f"the alert {first} waits for itself through its correlation"
        reading.error("correlation-cycle", message, alerts[first].place)


def check_content(
    content: Content,
    services: Mapping[str, Service],
    slos: Mapping[str, object],
    reading: Reading,
) -> None:
    """Names are unique and become files, correlations and journeys name what is there.

    `slos` has every name that the spec declares, also of SLOs that cannot be used.
    """
    _check_duplicates(content, reading)
    _check_files(services, content, reading)
    _check_correlations(content, slos, reading)
    check_composites(content.slos, slos, reading)
