"""One tenant's spec, its layers merged, to a typed `Tenant`; packs included."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass

from generator.spec.model import (
    Dashboards,
    Metric,
    Owner,
    Person,
    Platform,
    Policy,
    Schedule,
    Tenant,
    TimeWindow,
)
from generator.spec.read_channels import read_channels
from generator.spec.read_collect import read_collect
from generator.spec.read_content import add_pack, check_content, read_content
from generator.spec.read_expect import read_expectations
from generator.spec.read_grafana import read_deployments
from generator.spec.read_notify import (
    Known,
    read_flapping,
    read_maintenance,
    read_people,
    read_policies,
    read_routing,
    read_windows,
)
from generator.spec.read_panels import attached_panels, read_own
from generator.spec.read_schedules import Staffing, read_holidays, read_schedules
from generator.spec.read_services import (
    Names,
    Surroundings,
    read_metrics,
    read_owner,
    read_services,
)
from generator.spec.read_signals import (
    Around,
    read_severity_model,
)
from generator.spec.scalars import (
    RESERVED_LABELS,
    Reading,
    static_labels,
    string,
    strings,
    zone,
)
from generator.spec.source import Node

VIEWS = ("executive", "technical", "security", "ml")


def read_tenant(root: Node, written: bytes, around: Surroundings, reading: Reading) -> Tenant:
    """The tenant of a file whose layers are merged already; findings go to `reading`."""
    platform = around.platform
    reserved = platform.labels.written | RESERVED_LABELS
    timezone = root.get("timezone")
    zone_name = string(timezone, "UTC")
    local = zone(zone_name, timezone.place if timezone else root.place, reading)
    names = Names(root)
    owner = read_owner(root.get("owner"), Owner("unowned"), reading)
    metrics = read_metrics(root.get("metrics"), reading)
    if platform.metrics_strict and not metrics:
        message = "the platform asks every tenant to declare its metrics"
        reading.error("metrics-missing", message, root.place, "add metrics:")
    telling = _telling(root, names, local.key, reading)
    services = read_services(root.get("services"), owner, names, around, reserved, reading)
    own = _surrounding(root, names, metrics, platform)
    content = read_content(root, own, reading)
    for service in services.values():
        for use in service.packs:
            add_pack(content, service, use, around, own, reading)
    content.panels += attached_panels(root, services, own, reading)
    slo_names = {**names("slos"), **content.slos}
    check_content(content, services, slo_names, reading)
    dashboards = root.get("dashboards")
    views = strings(dashboards.get("views") if dashboards else None) or VIEWS
    return Tenant(
        id=string(root.get("tenant")),
        file=root.place.file,
        spec_hash=hashlib.sha256(written).hexdigest(),
        description=string(root.get("description")),
        tier=string(root.get("tier")),
        timezone=local.key,
        owner=owner,
        labels=static_labels(root.get("labels"), reading, reserved),
        compliance=strings(root.get("compliance")),
        collect=read_collect(root.get("collect"), platform, reading),
        metrics={**content.metrics, **metrics} if metrics else {},
        services=services,
        slos=content.slos,
        alerts=tuple(content.alerts),
        recordings=tuple(content.recordings),
        severity_model=read_severity_model(root.get("severity_model"), slo_names, own, reading),
        channels=read_channels(root.get("channels"), reading, shared=False),
        people=telling.people,
        oncall=telling.oncall,
        escalation=telling.policies,
        routing=read_routing(
            root.get("routing"), names("escalation"), platform.severities, reading
        ),
        time_windows=telling.windows,
        maintenance=read_maintenance(root.get("maintenance"), names("services"), local, reading),
        dashboards=Dashboards(
            views,
            tuple(content.panels),
            read_own(dashboards.get("own") if dashboards else None, own, reading),
            read_deployments(dashboards.get("deployments") if dashboards else None),
        ),
        place=root.place,
        flapping=read_flapping(root.get("flapping"), reading),
        expect=read_expectations(root.get("expect"), telling.known, local, reading),
    )


@dataclass(frozen=True, slots=True)
class _Telling:
    """Who can be told: what policies, routes and expectations may name."""

    people: Mapping[str, Person]
    windows: Mapping[str, TimeWindow]
    oncall: Mapping[str, Schedule]
    policies: Mapping[str, Policy]
    known: Known


def _telling(root: Node, names: Names, timezone: str, reading: Reading) -> _Telling:
    people = read_people(root.get("people"), reading)
    windows = read_windows(root.get("time_windows"), timezone, reading)
    days = read_holidays(root.get("holidays"), reading)
    staffing = Staffing(
        names("people"), windows, names("time_windows"), days, names("holidays"), timezone
    )
    oncall = read_schedules(root.get("oncall"), staffing, reading)
    known = Known(
        names("channels"), people, names("people"), names("oncall"), names("time_windows")
    )
    policies = read_policies(root.get("escalation"), known, reading)
    return _Telling(people, windows, oncall, policies, known)


def _surrounding(
    root: Node, names: Names, metrics: Mapping[str, Metric], platform: Platform
) -> Around:
    return Around(
        services=names("services"),
        policies=names("escalation"),
        severities=platform.severities,
        reserved=(platform.labels.written | RESERVED_LABELS) - {platform.labels.kind},
        metrics=metrics,
        slo_defaults=root.get("slo"),
        base=(),
    )
