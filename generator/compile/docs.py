"""A tenant's documents: runbooks, catalogue, compliance matrix, filled from what was compiled.

Who is told when is simulated elsewhere (`operations`).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from generator.compile.escalation import policy_of
from generator.compile.evidence import control_evidence, controls_url
from generator.compile.naming import (
    dashboard_url,
    runbook_anchor,
    runbook_url,
    slo_panel_key,
)
from generator.compile.oncall import on_duty
from generator.compile.plan import PlannedAlert
from generator.compile.sli import texts_of
from generator.compile.wording import drawn_view
from generator.ir.dashboards import Dashboard
from generator.ir.docs import (
    CatalogueEntry,
    RunbookEntry,
    SloEntry,
    TenantDocs,
    Variant,
)
from generator.ir.rules import RecordingRule, RuleGroup
from generator.spec.model import CompositeSli, LatencySli, Platform, Slo, Tenant
from generator.values import plain


def compile_docs(
    tenant: Tenant,
    platform: Platform,
    alerts: Sequence[PlannedAlert],
    dashboards: Sequence[Dashboard],
    groups: Sequence[RuleGroup],
) -> TenantDocs:
    """Everything the documents say. `groups` are all rule groups of the tenant, in order."""
    return TenantDocs(
        tenant=tenant.id,
        description=tenant.description,
        team=tenant.owner.team,
        contact=tenant.owner.contact,
        source=tenant.file,
        runbooks=_runbooks(tenant, platform, alerts),
        slos=tuple(_slo(slo, tenant, platform) for slo in tenant.slos.values()),
        services=_services(tenant),
        recordings=_recordings(groups, platform),
        panels=_panels(tenant, platform, dashboards),
        channels=_channels(tenant),
        metrics=tuple(
            CatalogueEntry(m.name, m.type, m.help, ", ".join(sorted(m.labels or ())))
            for m in sorted(tenant.metrics.values(), key=lambda m: m.name)
        ),
        frameworks=tenant.compliance,
        controls=control_evidence(tenant, platform, alerts),
        controls_url=controls_url(tenant, platform),
    )


# --------------------------------------------------------------------------- runbooks


def _runbooks(
    tenant: Tenant, platform: Platform, alerts: Sequence[PlannedAlert]
) -> tuple[RunbookEntry, ...]:
    """One entry per name and service, tenant-wide ones first, then by service and name."""
    together: dict[str, list[PlannedAlert]] = {}
    for alert in alerts:
        together.setdefault(runbook_anchor(alert.rule.alert, alert.service), []).append(alert)
    entries = [_runbook(anchor, found, tenant, platform) for anchor, found in together.items()]
    return tuple(sorted(entries, key=lambda e: (e.service, e.alert)))


def _runbook(
    anchor: str, alerts: Sequence[PlannedAlert], tenant: Tenant, platform: Platform
) -> RunbookEntry:
    first = alerts[0]
    service = tenant.services.get(first.service or "")
    generated = runbook_url(platform, tenant.id, first.rule.alert, first.service)
    told = first.rule.annotations.get("runbook_url", "")
    return RunbookEntry(
        anchor=anchor,
        alert=first.rule.alert,
        service=first.service or "",
        team=(service.owner if service else tenant.owner).team,
        text=next((a.runbook_text for a in alerts if a.runbook_text), ""),
        url="" if told == generated else told,
        compliance=_unique(control for a in alerts for control in a.compliance),
        depends_on=service.depends_on if service else (),
        pack=first.pack,
        variants=tuple(_variant(a, tenant, platform) for a in alerts),
    )


def _variant(alert: PlannedAlert, tenant: Tenant, platform: Platform) -> Variant:
    names, rule = platform.labels, alert.rule
    url = dashboard_url(platform, tenant.id, alert.view, alert.panel_key) if alert.view else ""
    policy = policy_of(alert, tenant)
    return Variant(
        severity=alert.severity,
        kind=alert.kind,
        summary=rule.annotations.get("summary", ""),
        description=rule.annotations.get("description", ""),
        expr=rule.expr,
        hold=rule.for_,
        labels=tuple((k, rule.labels[k]) for k in (names.slo, names.pair) if k in rule.labels),
        policy=policy.name if policy else "",
        panel_url=url,
        slug=alert.slug,
        origin=alert.place.file,
    )


# --------------------------------------------------------------------------- catalogue


def _slo(slo: Slo, tenant: Tenant, platform: Platform) -> SloEntry:
    view = drawn_view(tenant, "executive")
    key = slo_panel_key(slo.name, "budget")
    kind = type(slo.sli).__name__.removesuffix("Sli").lower()
    counted = " / ".join(text.value.strip() for text in reversed(texts_of(slo)))
    if isinstance(slo.sli, CompositeSli):
        counted = " and ".join(member.value for member in slo.sli.members)
    below = f" below {slo.sli.below}" if isinstance(slo.sli, LatencySli) else ""
    return SloEntry(
        name=slo.name,
        service=slo.service,
        objective=f"{plain(slo.objective)} %",
        window=slo.calendar or str(slo.window),
        sli=f"{kind}{below}: {counted}",
        group_by=slo.group_by,
        description=slo.description,
        compliance=slo.compliance,
        panel_url=dashboard_url(platform, tenant.id, view, key) if view else "",
        pack=slo.pack,
    )


def _services(tenant: Tenant) -> tuple[CatalogueEntry, ...]:
    return tuple(
        CatalogueEntry(
            name=service.name,
            kind=service.owner.team,
            about=service.description,
            where=", ".join(service.depends_on),
        )
        for service in tenant.services.values()
    )


def _recordings(groups: Iterable[RuleGroup], platform: Platform) -> tuple[CatalogueEntry, ...]:
    """Every recorded series once per service and SLO, in the order of its name."""
    names = platform.labels
    found: dict[tuple[str, str], CatalogueEntry] = {}
    for group in groups:
        for rule in group.rules:
            if isinstance(rule, RecordingRule):
                told = (names.service, names.slo, "anomaly")
                about = ", ".join(f"{k} {rule.labels[k]}" for k in told if k in rule.labels)
                where = f"prometheus/rules/{group.file}.yml"
                entry = CatalogueEntry(rule.record, "recorded", about, where)
                found.setdefault((rule.record, about), entry)
    return tuple(found[key] for key in sorted(found))


def _panels(
    tenant: Tenant, platform: Platform, dashboards: Iterable[Dashboard]
) -> tuple[CatalogueEntry, ...]:
    return tuple(
        CatalogueEntry(
            name=panel.title,
            kind=dashboard.view,
            about=row.title,
            where=dashboard_url(platform, tenant.id, dashboard.view, panel.key),
        )
        for dashboard in dashboards
        for row in dashboard.rows
        for panel in row.panels
        if panel.kind != "text"
    )


def _channels(tenant: Tenant) -> tuple[CatalogueEntry, ...]:
    """Channels, people and rotations with the policies that tell them; no addresses."""
    users: dict[tuple[str, str], list[str]] = {}
    for policy in tenant.escalation.values():
        for step in policy.steps:
            for who in step.notify:
                users.setdefault((who.kind, who.name), []).append(policy.name)
    entries = [
        CatalogueEntry(c.name, c.kind, "the platform's" if c.shared else "the tenant's own")
        for c in tenant.channels.values()
    ]
    entries += [
        CatalogueEntry(p.name, "person", ", ".join(p.contacts)) for p in tenant.people.values()
    ]
    entries += [
        CatalogueEntry(s.name, "on-call rotation", ", ".join(on_duty(s)))
        for s in tenant.oncall.values()
    ]
    kinds = {"person": "person", "on-call rotation": "oncall"}
    return tuple(
        CatalogueEntry(
            e.name,
            e.kind,
            e.about,
            ", ".join(_unique(users.get((kinds.get(e.kind, "channel"), e.name), ()))),
        )
        for e in entries
    )


def _unique(items: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(items))
