"""Grafana around the dashboards: data sources, organisations and folders of the tenants.

Queries of a dashboard are pinned to its tenant in any case. What is settled here is whether the
data source answers for that tenant alone, whatever else somebody asks it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from generator.compile.deployments import posted_deployments
from generator.compile.naming import dashboard_uid
from generator.findings import Finding, Place, info, warning
from generator.ir.dashboards import Dashboard, PinnedDatasource
from generator.ir.provisioning import (
    MAIN_ORGANISATION,
    Access,
    Backend,
    Datasource,
    Folder,
    GrafanaProvisioning,
)
from generator.ir.share import Share
from generator.spec.model import Platform
from generator.spec.model.grafana import MIMIR, TENANT, V2
from generator.values import Version

ALL_NAME, ALL_UID = "Tocsin Prometheus", "tocsin-prometheus"
"""The one data source of all tenants."""
MIMIR_HEADER = "X-Scope-OrgID"
V2_SINCE = Version(12, 2)
"""The first Grafana that serves dashboard.grafana.app/v2beta1."""


def in_grafana(
    dashboards: Sequence[Dashboard], tenant: str, platform: Platform
) -> tuple[Dashboard, ...]:
    """The dashboards in the tenant's folder, asking the tenant's data source where it has one."""
    source = None
    if platform.grafana.scoped:
        source = PinnedDatasource(_uid(tenant), _name(tenant))
    folder, posted = dashboard_uid(tenant, "folder"), (posted_deployments(tenant),)
    return tuple(replace(d, datasource=source, posted=posted, folder=folder) for d in dashboards)


def provisioning(
    platform: Platform, shares: Mapping[str, Share]
) -> tuple[GrafanaProvisioning, tuple[Finding, ...]]:
    """What Grafana is told of all tenants, and what that does not keep apart."""
    grafana = platform.grafana
    folders = tuple(
        Folder(
            tenant=name,
            uid=dashboard_uid(name, "folder"),
            title=name,
            team=share.team,
            organisation=_organisation(name, platform),
            services=share.services,
        )
        for name, share in sorted(shares.items())
    )
    sources = tuple(_datasources(platform, folders))
    kept = {source.name for source in sources if source.organisation == MAIN_ORGANISATION}
    made = GrafanaProvisioning(
        datasources=sources,
        backend=_backend(platform),
        access=Access(grafana.username, grafana.password_file, grafana.token_file, grafana.ca_file),
        folders=folders,
        per_tenant=grafana.per_tenant,
        removed=() if ALL_NAME in kept else (ALL_NAME,),
        from_files=grafana.dashboard_schema != V2,
    )
    return made, tuple(_findings(platform, folders))


def _uid(tenant: str) -> str:
    return dashboard_uid(tenant, "prometheus")


def _name(tenant: str) -> str:
    return f"Tocsin {tenant}"


def _organisation(tenant: str, platform: Platform) -> int:
    if not platform.grafana.per_tenant:
        return MAIN_ORGANISATION
    return platform.grafana.organisations.get(tenant, 0)


def _backend(platform: Platform) -> Backend:
    grafana = platform.grafana
    mimir = grafana.datasources == MIMIR
    version = grafana.version if mimir else str(platform.targets.prometheus)
    return Backend("Mimir" if mimir else "Prometheus", version, platform.scrape_interval)


def _datasources(platform: Platform, folders: Sequence[Folder]) -> Iterator[Datasource]:
    grafana = platform.grafana
    if not grafana.scoped and not grafana.per_tenant:
        yield Datasource(ALL_NAME, ALL_UID, grafana.url, default=True)
        return
    header = MIMIR_HEADER if grafana.datasources == MIMIR else grafana.header
    for folder in folders:
        if not folder.organisation:
            continue
        source = Datasource(
            name=_name(folder.tenant),
            uid=_uid(folder.tenant),
            url=grafana.url.replace(TENANT, folder.tenant),
            tenant=folder.tenant,
            header=header,
            organisation=folder.organisation,
            default=grafana.per_tenant,
        )
        yield source if grafana.scoped else replace(source, name=ALL_NAME, uid=ALL_UID, tenant="")


# --------------------------------------------------------------------------- findings


def _place(platform: Platform, *keys: str) -> Place:
    places = platform.grafana.places
    return next((places[key] for key in keys if key in places), platform.place)


def _findings(platform: Platform, folders: Sequence[Folder]) -> Iterator[Finding]:
    grafana = platform.grafana
    if len(folders) > 1:
        yield from _not_apart(platform)
    if grafana.scoped and platform.shared_metrics:
        shown = ", ".join(sorted(platform.shared_metrics)[:3])
        message = f"a tenant's data source has no metrics without the tenant's label: {shown}"
        hint = "leave them out of dashboards, or let the data source serve them to every tenant"
        yield info("shared-metrics-hidden", message, _place(platform, "datasources"), hint)
    if grafana.per_tenant:
        yield from _numbers(platform, folders)
    if grafana.dashboard_schema == V2 and platform.targets.grafana < V2_SINCE:
        message = f"Grafana {platform.targets.grafana} does not know dashboards of schema v2"
        hint = f"write targets: {{grafana: {V2_SINCE}}} or later, or dashboard_schema: classic"
        yield warning("target-version", message, _place(platform, "dashboard_schema"), hint)


def _not_apart(platform: Platform) -> Iterator[Finding]:
    grafana = platform.grafana
    if not grafana.scoped:
        where = "organisation" if grafana.per_tenant else "Grafana"
        message = (
            f"the data source of a tenant's {where} answers for every tenant: dashboards are "
            "pinned, queries in Explore are not"
        )
        hint = "write grafana: {datasources: mimir} or proxy; docs/grafana.md compares them"
        place = _place(platform, "datasources", "organisation")
        yield info("grafana-not-isolated", message, place, hint)
    elif not grafana.per_tenant:
        message = (
            "tenants share an organisation of Grafana, where whoever may query one data source "
            "may query them all"
        )
        hint = "write organisation: per-tenant, or limit data sources by Enterprise's permissions"
        yield info("grafana-not-isolated", message, _place(platform, "datasources"), hint)


def _numbers(platform: Platform, folders: Sequence[Folder]) -> Iterator[Finding]:
    grafana = platform.grafana
    place = _place(platform, "organisations", "organisation")
    missing = [folder.tenant for folder in folders if not folder.organisation]
    if missing:
        shown = ", ".join(missing[:3]) + (" …" if len(missing) > 3 else "")
        message = f"{shown}: no organisation's number, so no provisioning files"
        hint = "run tocsin grafana apply and write the numbers it prints under organisations"
        yield warning("organisation-unknown", message, place, hint)
    gone = sorted(set(grafana.organisations) - {folder.tenant for folder in folders})
    if gone:
        message = f"organisations of tenants that do not exist: {', '.join(gone[:3])}"
        yield warning("organisation-unknown", message, place, "correct the name, or remove it")
