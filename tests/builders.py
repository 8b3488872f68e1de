"""Small complete model values for tests of the later rooms; override what a test is about."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import Any

from generator.findings import Place, Text
from generator.spec.model import (
    Alert,
    Channel,
    Dashboards,
    EventsSli,
    LabelNames,
    Owner,
    Person,
    Platform,
    Policy,
    Recipient,
    Service,
    Slo,
    Smtp,
    Step,
    Targets,
    Tenant,
    Threshold,
    Timing,
    Urls,
)
from generator.values import Duration

PLACE = Place("specs/tenants/acme.yaml", 1, 1)


def text(value: str) -> Text:
    return Text(value, tuple(replace(PLACE, line=i + 1) for i in range(value.count("\n") + 1)))


def channel(name: str = "chat", kind: str = "slack", **fields: Any) -> Channel:
    defaults: dict[str, dict[str, Any]] = {
        "slack": {"channel": "#alerts", "api_url_file": "/etc/alertmanager/secrets/slack"},
        "email": {"to": "team@example.com"},
        "webhook": {"url_file": "/etc/alertmanager/secrets/hook"},
    }
    return Channel(name, kind, fields or defaults[kind], PLACE)


def platform(**changes: Any) -> Platform:
    base = Platform(
        file="specs/platform.yaml",
        labels=LabelNames(),
        targets=Targets(),
        scrape_interval=Duration.of(seconds=15),
        evaluation_interval=Duration.of(seconds=30),
        severities=("critical", "warning", "info"),
        urls=Urls(
            prometheus="https://prometheus.example.com",
            alertmanager="https://alertmanager.example.com",
            grafana="https://grafana.example.com",
            runbooks="https://runbooks.example.com",
        ),
        smtp=Smtp("smtp.example.com:587", "tocsin@example.com"),
        timing=Timing(),
        shared_metrics=frozenset(),
        metrics_strict=False,
        external_labels={},
        fallback=replace(channel("fallback", "email"), shared=True),
        place=PLACE,
    )
    return replace(base, **changes)


def service(name: str = "api", **changes: Any) -> Service:
    base = Service(name, {"service": name}, (), Owner("core"), {}, (), PLACE)
    return replace(base, **changes)


def slo(name: str = "availability", **changes: Any) -> Slo:
    base = Slo(
        name=name,
        service="api",
        objective=Decimal("99.9"),
        window=Duration.of(days=30),
        sli=EventsSli(
            total=text("http_requests_total"), errors=text('http_requests_total{code=~"5.."}')
        ),
        group_by=(),
        pairs=None,
        page_severity="critical",
        ticket_severity="warning",
        min_events=Decimal(0),
        description="",
        labels={},
        compliance=(),
        runbook="",
        place=PLACE,
        objective_place=PLACE,
    )
    return replace(base, **changes)


def alert(name: str = "QueueBacklog", **changes: Any) -> Alert:
    base = Alert(
        name=name,
        signal=Threshold(text("sum by (queue) (queue_depth)"), ">", Decimal(1000)),
        service="api",
        for_=Duration.of(minutes=10),
        keep_firing_for=Duration(0),
        severity="warning",
        labels={},
        summary=text(""),
        description=text(""),
        runbook="",
        runbook_text="",
        dashboard="",
        compliance=(),
        escalation=None,
        unit="",
        view="technical",
        tests=(),
        place=PLACE,
    )
    return replace(base, **changes)


def policy(name: str = "urgent", *steps: Step) -> Policy:
    first = Step(Duration(0), (Recipient("channel", "chat"),), None, None, PLACE)
    return Policy(name, steps or (first,), PLACE)


def tenant(**changes: Any) -> Tenant:
    base = Tenant(
        id="acme",
        file="specs/tenants/acme.yaml",
        spec_hash="0" * 64,
        description="Acme",
        tier="",
        timezone="Europe/Paris",
        owner=Owner("core", "core@example.com"),
        labels={},
        compliance=(),
        collect=(),
        metrics={},
        services={"api": service()},
        slos={},
        alerts=(),
        recordings=(),
        severity_model=None,
        channels={"chat": channel()},
        people={"ann": Person("ann", {"email": "ann@example.com", "sms": "+33600000001"}, PLACE)},
        oncall={},
        escalation={"urgent": policy("urgent"), "relaxed": policy("relaxed")},
        routing={"critical": "urgent", "warning": "relaxed", "info": "relaxed"},
        time_windows={},
        maintenance=(),
        dashboards=Dashboards(("executive", "technical", "security", "ml"), ()),
        place=PLACE,
    )
    return replace(base, **changes)
