"""One tenant's spec, its layers merged, to a typed `Tenant`; packs included."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from graphlib import CycleError, TopologicalSorter
from typing import Any

from generator.spec.files import reserved_name, same_file
from generator.spec.model import (
    Alert,
    Collect,
    Correlate,
    CustomPanel,
    Dashboards,
    Metric,
    Owner,
    PackUse,
    Platform,
    RecordingSpec,
    Service,
    Slo,
    Tenant,
)
from generator.spec.pack_parameters import parameter_values
from generator.spec.packs import Pack, rendered
from generator.spec.read_channels import read_channels
from generator.spec.read_expect import read_expectations
from generator.spec.read_notify import (
    Known,
    read_flapping,
    read_maintenance,
    read_people,
    read_policies,
    read_routing,
    read_service_policies,
    read_windows,
)
from generator.spec.read_schedules import Staffing, read_holidays, read_schedules
from generator.spec.read_signals import (
    Around,
    read_alerts,
    read_panels,
    read_severity_model,
)
from generator.spec.read_slos import check_composites, read_slos
from generator.spec.scalars import (
    RESERVED_LABELS,
    Reading,
    decimal,
    duration,
    flag,
    mapping,
    static_labels,
    string,
    strings,
    text,
    zone,
)
from generator.spec.source import Node, merged
from generator.spec.validate import did_you_mean, one_of, validate

VIEWS = ("executive", "technical", "security", "ml")
DISCOVERIES = ("targets", "dns", "file", "http", "kubernetes")


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What a tenant's spec is read in: the platform, its defaults and the packs."""

    platform: Platform
    pack_defaults: Node | None
    packs: Mapping[str, Pack]


def read_tenant(root: Node, content: bytes, around: Surroundings, reading: Reading) -> Tenant:
    """The tenant of a file whose layers are merged already; findings go to `reading`."""
    platform = around.platform
    reserved = _reserved(platform)
    timezone = root.get("timezone")
    zone_name = string(timezone, "UTC")
    local = zone(zone_name, timezone.place if timezone else root.place, reading)
    names = _Names(root)
    owner = _owner(root.get("owner"), Owner("unowned"), reading)
    metrics = read_metrics(root.get("metrics"), reading)
    if platform.metrics_strict and not metrics:
        message = "the platform asks every tenant to declare its metrics"
        reading.error("metrics-missing", message, root.place, "add metrics:")
    people = read_people(root.get("people"), reading)
    windows = read_windows(root.get("time_windows"), local.key, reading)
    days = read_holidays(root.get("holidays"), reading)
    staffing = Staffing(
        names("people"), windows, names("time_windows"), days, names("holidays"), local.key
    )
    oncall = read_schedules(root.get("oncall"), staffing, reading)
    known = Known(
        names("channels"), people, names("people"), names("oncall"), names("time_windows")
    )
    policies = read_policies(root.get("escalation"), known, reading)
    services = _services(root.get("services"), owner, names, around, reserved, reading)
    own = Around(
        services=names("services"),
        policies=names("escalation"),
        severities=platform.severities,
        reserved=reserved - {platform.labels.kind},
        metrics=metrics,
        slo_defaults=root.get("slo"),
        base=(),
    )
    bundle = _own_content(root, own, reading)
    for service in services.values():
        for use in service.packs:
            _add_pack(bundle, service, use, around, own, reading)
    slo_names = {**names("slos"), **bundle.slos}
    _check_duplicates(bundle, reading)
    _check_files(services, bundle, reading)
    _check_correlations(bundle, slo_names, reading)
    check_composites(bundle.slos, slo_names, reading)
    dashboards = root.get("dashboards")
    views = strings(dashboards.get("views") if dashboards else None) or VIEWS
    return Tenant(
        id=string(root.get("tenant")),
        file=root.place.file,
        spec_hash=hashlib.sha256(content).hexdigest(),
        description=string(root.get("description")),
        tier=string(root.get("tier")),
        timezone=local.key,
        owner=owner,
        labels=static_labels(root.get("labels"), reading, reserved),
        compliance=strings(root.get("compliance")),
        collect=_collect(root.get("collect"), platform, reading),
        metrics={**bundle.metrics, **metrics} if metrics else {},
        services=services,
        slos=bundle.slos,
        alerts=tuple(bundle.alerts),
        recordings=tuple(bundle.recordings),
        severity_model=read_severity_model(root.get("severity_model"), slo_names, own, reading),
        channels=read_channels(root.get("channels"), reading, shared=False),
        people=people,
        oncall=oncall,
        escalation=policies,
        routing=read_routing(
            root.get("routing"), names("escalation"), platform.severities, reading
        ),
        time_windows=windows,
        maintenance=read_maintenance(root.get("maintenance"), names("services"), local, reading),
        dashboards=Dashboards(views, tuple(bundle.panels)),
        place=root.place,
        flapping=read_flapping(root.get("flapping"), reading),
        expect=read_expectations(root.get("expect"), known, local, reading),
    )


class _Names:
    """The keys of a top-level mapping: a name counts as known even if its value is wrong."""

    def __init__(self, root: Node) -> None:
        self.root = root

    def __call__(self, key: str) -> dict[str, object]:
        node = self.root.get(key)
        return dict.fromkeys(node.entries, True) if node else {}


def _reserved(platform: Platform) -> frozenset[str]:
    labels = platform.labels
    written = {
        labels.tenant,
        labels.service,
        labels.team,
        labels.severity,
        labels.slo,
        labels.pair,
        labels.level,
        labels.kind,
        labels.shard,
    }
    return frozenset(written) | RESERVED_LABELS


def _owner(node: Node | None, default: Owner, reading: Reading) -> Owner:
    """Who owns; the team becomes a label, which Prometheus would expand as a template."""
    if node is None:
        return default
    team = node.get("team")
    if team is not None and "{{" in string(team):
        message = "the team is a label of every alert; a template in it would be expanded"
        reading.error("templated-label", message, team.place, "write the team's name")
    return Owner(string(team, default.team), string(node.get("contact")))


def read_metrics(node: Node | None, reading: Reading) -> dict[str, Metric]:
    """Declared metrics by name."""
    metrics: dict[str, Metric] = {}
    for name, place, value in node.values() if node else ():
        if not reading.usable("metrics", name):
            continue
        labels, buckets, series = value.get("labels"), value.get("buckets"), value.get("series")
        kind = string(value.get("type"))
        if buckets is not None and kind != "histogram":
            hint = "remove them, or write type: histogram"
            message = f"a {kind} has no buckets"
            reading.error("bad-buckets", message, value.key_place("buckets"), hint)
        bounds = tuple(decimal(n, Decimal(0), reading) for n in buckets.items) if buckets else ()
        if list(bounds) != sorted(set(bounds)):
            assert buckets is not None
            reading.error("bad-buckets", "buckets should rise", buckets.place)
        metrics[name] = Metric(
            name,
            kind,
            frozenset(strings(labels)) if labels else None,
            string(value.get("help")),
            bounds,
            place,
            int(decimal(series, Decimal(1), reading)) if series else None,
        )
    return metrics


def _services(
    node: Node | None,
    owner: Owner,
    names: _Names,
    around: Surroundings,
    reserved: frozenset[str],
    reading: Reading,
) -> dict[str, Service]:
    services: dict[str, Service] = {}
    known = names("services")
    for name, place, value in node.values() if node else ():
        upstream = value.get("depends_on")
        for item in upstream.items if upstream else ():
            if string(item) == name:
                reading.error("dependency-cycle", f"{name} depends on itself", item.place)
            else:
                reading.reference(string(item), known, "service", item.place)
        if not reading.usable("services", name):
            continue
        selector = mapping(value.get("selector"))
        if around.platform.labels.tenant in selector:
            label = around.platform.labels.tenant
            hint = "remove it: every selector gets the tenant anyway"
            message = f"the selector names the label {label!r}"
            selected = value.get("selector")
            assert selected is not None
            reading.error("tenant-label", message, selected.key_place(label), hint)
            del selector[label]
        services[name] = Service(
            name=name,
            selector=selector,
            depends_on=tuple(s for s in strings(upstream) if s in known and s != name),
            owner=_owner(value.get("owner"), owner, reading),
            labels=static_labels(value.get("labels"), reading, reserved),
            packs=_uses(value.get("packs"), around, reading),
            place=place,
            description=string(value.get("description")),
            escalation=read_service_policies(
                value.get("escalation"),
                names("escalation"),
                around.platform.severities,
                reading,
            ),
        )
    _check_cycles(services, reading)
    return services


def _check_cycles(services: Mapping[str, Service], reading: Reading) -> None:
    graph = {s.name: set(s.depends_on) for s in services.values()}
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as problem:
        circle = problem.args[1][::-1]
        first = min(s for s in circle if s in services)
        turn = circle.index(first)
        path = " → ".join([*circle[turn:-1], *circle[:turn], first])
        message = f"the services depend on each other in a circle: {path}"
        hint = "remove one of the dependencies; an outage could mute its own cause"
        reading.error("dependency-cycle", message, services[first].place, hint)


def _uses(node: Node | None, around: Surroundings, reading: Reading) -> tuple[PackUse, ...]:
    uses = []
    for name, place, given in node.values() if node else ():
        pack = around.packs.get(name)
        if pack is None:
            hint = did_you_mean(name, around.packs) or f"there are: {', '.join(around.packs)}"
            sized = place.over(len(name))
            reading.error("unknown-pack", f"there is no pack {name!r}", sized, hint)
            continue
        defaults = around.pack_defaults.get(name) if around.pack_defaults else None
        own = given if given.kind == "map" else None
        both = (
            merged(defaults, own) if defaults is not None and own is not None else own or defaults
        )
        values = parameter_values(pack.parameters, name, both, place, reading)
        uses.append(PackUse(name, values, place))
    return tuple(uses)


# --------------------------------------------------------------------------- content


@dataclass(slots=True)
class _Bundle:
    """Alerts, SLOs, panels and records of the tenant and of its packs, in order."""

    alerts: list[Alert]
    slos: dict[str, Slo]
    panels: list[CustomPanel]
    recordings: list[RecordingSpec]
    metrics: dict[str, Metric]


def _own_content(root: Node, own: Around, reading: Reading) -> _Bundle:
    dashboards = root.get("dashboards")
    custom = dashboards.get("custom") if dashboards else None
    return _Bundle(
        alerts=list(read_alerts(root.get("alerts"), own, reading)),
        slos=read_slos(root.get("slos"), own, reading),
        panels=list(read_panels(custom, ("dashboards", "custom"), own, reading)),
        recordings=[],
        metrics={},
    )


def _add_pack(
    bundle: _Bundle,
    service: Service,
    use: PackUse,
    around: Surroundings,
    own: Around,
    reading: Reading,
) -> None:
    pack = around.packs[use.pack]
    node = rendered(pack, use.parameters, service.name, service.selector, reading)
    told, unusable = validate(node, "rendered")
    reading.findings += told
    reading = Reading(reading.findings, unusable)
    inside = Around(
        own.services,
        own.policies,
        own.severities,
        own.reserved,
        own.metrics,
        own.slo_defaults,
        (),
        service.name,
        pack.name,
    )
    bundle.alerts += [
        replace(alert, compliance=alert.compliance or pack.compliance)
        for alert in read_alerts(node.get("alerts"), inside, reading)
    ]
    bundle.slos |= {
        name: replace(slo, compliance=slo.compliance or pack.compliance)
        for name, slo in read_slos(node.get("slos"), inside, reading).items()
    }
    bundle.panels += read_panels(node.get("panels"), ("panels",), inside, reading)
    recordings = node.get("recordings")
    for item in recordings.items if recordings else ():
        name = string(item.get("record"))
        expr = text(item.get("expr"))
        bundle.recordings.append(RecordingSpec(name, expr, service.name, pack.name, item.place))
    bundle.metrics |= read_metrics(node.get("metrics"), reading)


def _check_duplicates(bundle: _Bundle, reading: Reading) -> None:
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


def _check_files(services: Mapping[str, Service], bundle: _Bundle, reading: Reading) -> None:
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


def _check_correlations(bundle: _Bundle, slos: Mapping[str, object], reading: Reading) -> None:
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


def _collect(node: Node | None, platform: Platform, reading: Reading) -> tuple[Collect, ...]:
    jobs: list[Collect] = []
    for index, item in enumerate(node.items if node else ()):
        if not reading.usable("collect", index):
            continue
        name = item.get("job")
        assert name is not None
        reading.findings += one_of(item, DISCOVERIES, "a scrape job", "discovery")
        if any(job.job == string(name) for job in jobs):
            message = f"two jobs are named {string(name)!r}"
            reading.error("duplicate-name", message, name.place, "rename one of them")
        jobs.append(_job(item, platform, reading))
    return tuple(jobs)


def _job(node: Node, platform: Platform, reading: Reading) -> Collect:
    def raw(key: str) -> Any:
        found = node.get(key)
        return found.data() if found is not None else None

    params = node.get("params")
    interval, timeout = node.get("interval"), node.get("timeout")
    scrape = duration(interval, platform.scrape_interval)
    if timeout is not None and duration(timeout) > scrape:
        message = f"a scrape's timeout cannot exceed its interval ({scrape})"
        reading.error("bad-value", message, timeout.place)
    tls = node.get("tls")
    if tls is not None and flag(tls.get("insecure_skip_verify"), False):
        message = "the target's certificate is not checked"
        place = tls.key_place("insecure_skip_verify")
        reading.warning("tls-unchecked", message, place, "name the authority with ca_file")
    reserved = _reserved(platform) - {platform.labels.service} | {"job", "instance"}
    return Collect(
        job=string(node.get("job")),
        place=node.place,
        targets=strings(node.get("targets")),
        dns=raw("dns"),
        file=raw("file"),
        http=raw("http"),
        kubernetes=raw("kubernetes"),
        labels=static_labels(node.get("labels"), reading, reserved),
        scheme=string(node.get("scheme"), "https" if tls is not None else "http"),
        path=string(node.get("path"), "/metrics"),
        params={k: strings(v) for k, _, v in params.values()} if params else {},
        interval=duration(interval) if interval else None,
        timeout=duration(timeout) if timeout else None,
        tls=raw("tls") or {},
        authorization=mapping(node.get("authorization")),
        basic_auth=mapping(node.get("basic_auth")),
        limits=raw("limits") or {},
    )
