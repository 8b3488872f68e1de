"""Grafana's provisioning files: data sources, and a dashboard provider per tenant.

Files can make folders and fill them, but neither say who may read them nor make organisations
(grafana/grafana#30936): that is `render.grafana_bundle`'s, for the HTTP API.
https://grafana.com/docs/grafana/latest/administration/provisioning/
"""

from __future__ import annotations

from typing import Any

from generator.ir.artifacts import Artifact
from generator.ir.provisioning import (
    MAIN_ORGANISATION,
    Access,
    Backend,
    Datasource,
    Folder,
    GrafanaProvisioning,
)
from generator.render.grafana_bundle import bundle
from generator.render.prometheus import header
from generator.render.yaml import document

OUTPUT_VARIABLE = "TOCSIN_OUTPUT"
"""Environment variable of Grafana: where output/ lies on its machine."""
_SOURCE = "specs/"

_LINT: dict[str, str] = {
    "template-job-rule": "a dashboard is one tenant's; jobs are told apart by service",
    "template-instance-rule": "a dashboard is one tenant's; instances are summed up in the rules",
    "target-job-rule": "queries are pinned to the tenant's label instead of a job",
    "target-instance-rule": "queries are pinned to the tenant's label instead of an instance",
}
_OPEN = (
    "Every query of a dashboard is pinned to its tenant. This data source alone does not stop",
    "people from writing other queries in Explore: for that, give each tenant a data source that",
    "answers for it alone (specs/platform.yaml, grafana.datasources).",
)
_SCOPED = (
    "Each data source answers for one tenant, whatever it is asked. Who may use which is settled",
    "by organisations, or by Grafana Enterprise's permissions of data sources.",
)


def provisioning_files(grafana: GrafanaProvisioning) -> tuple[Artifact, ...]:
    """`grafana/provisioning/…` and `grafana/api.json`, relative to the fleet's folder."""
    known = [folder for folder in grafana.folders if folder.organisation]
    return (
        _datasources(grafana),
        *(_provider(folder) for folder in known if grafana.from_files),
        bundle(grafana),
    )


def lint_file() -> Artifact:
    """`grafana/.lint`: which rules of Grafana's dashboard-linter do not apply, and why."""
    exclusions = {rule: {"reason": reason} for rule, reason in sorted(_LINT.items())}
    return Artifact("grafana/.lint", document({"exclusions": exclusions}).encode())


def _datasources(grafana: GrafanaProvisioning) -> Artifact:
    content: dict[str, Any] = {"apiVersion": 1}
    if grafana.removed:
        content["deleteDatasources"] = [
            {"name": name, "orgId": MAIN_ORGANISATION} for name in grafana.removed
        ]
    content["datasources"] = [
        _datasource(source, grafana.backend, grafana.access) for source in grafana.datasources
    ]
    scoped = all(source.tenant for source in grafana.datasources)
    lines = (*header(_SOURCE), *(_SCOPED if scoped else _OPEN))
    path = "grafana/provisioning/datasources/tocsin.yaml"
    return Artifact(path, document(content, lines).encode())


def _datasource(source: Datasource, backend: Backend, access: Access) -> dict[str, Any]:
    """One entry. `manageAlerts` lets the dashboards' list of alerts read the rules' state."""
    settings: dict[str, Any] = {
        "allowAsRecordingRulesTarget": False,
        "httpMethod": "POST",
        "manageAlerts": True,
        "prometheusType": backend.kind,
        "timeInterval": str(backend.scrape_interval),
    }
    if backend.version:
        settings["prometheusVersion"] = f"{backend.version}.0"
    secret: dict[str, str] = {}
    headers = [(source.header, _escaped(source.tenant))] if source.header else []
    if access.token_file:
        headers.append(("Authorization", f"Bearer {_from_file(access.token_file)}"))
    for number, (name, value) in enumerate(headers, 1):
        settings[f"httpHeaderName{number}"] = name
        secret[f"httpHeaderValue{number}"] = value
    if access.ca_file:
        settings["tlsAuthWithCACert"] = True
        secret["tlsCACert"] = _from_file(access.ca_file)
    entry: dict[str, Any] = {
        "name": source.name,
        "uid": source.uid,
        "type": "prometheus",
        "access": "proxy",
        "orgId": source.organisation,
        "url": _escaped(source.url),
        "isDefault": source.default,
        "editable": False,
    }
    if access.username:
        entry |= {"basicAuth": True, "basicAuthUser": _escaped(access.username)}
        secret["basicAuthPassword"] = _from_file(access.password_file)
    entry["jsonData"] = dict(sorted(settings.items()))
    if secret:
        entry["secureJsonData"] = dict(sorted(secret.items()))
    return entry


def _provider(folder: Folder) -> Artifact:
    provider = {
        "name": f"tocsin-{folder.tenant}",
        "orgId": folder.organisation,
        "type": "file",
        "folder": _escaped(folder.title),
        "folderUid": folder.uid,
        "allowUiUpdates": False,
        "disableDeletion": True,
        "updateIntervalSeconds": 30,
        "options": {"path": f"${{{OUTPUT_VARIABLE}}}/{folder.tenant}/grafana"},
    }
    lines = (*header(_SOURCE), f"Grafana reads {OUTPUT_VARIABLE} from its environment.")
    content = {"apiVersion": 1, "providers": [provider]}
    path = f"grafana/provisioning/dashboards/{folder.tenant}.yaml"
    return Artifact(path, document(content, lines).encode())


def _escaped(text: str) -> str:
    """Text in which Grafana expands no variable."""
    return text.replace("$", "$$")


def _from_file(path: str) -> str:
    """What Grafana puts a file's content for, when it reads its provisioning."""
    return f"$__file{{{_escaped(path)}}}"
