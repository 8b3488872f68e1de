"""Annotations of alerts: summary, description, links, compliance.

Authors' texts are Go templates and pass as they are once checked; names that we write ourselves
are escaped, so that no name can become a template.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from generator.compile.context import Context
from generator.compile.naming import dashboard_uid, dashboard_url, panel_id, runbook_url
from generator.findings import Finding, Text
from generator.promql.labels import LabelSet
from generator.promql.template import check_template


def literal(text: str) -> str:
    """A text that a Go template prints as it stands."""
    return text.replace("{{", '{{ "{{" }}')


def alert_annotations(
    context: Context,
    *,
    alert: str,
    service: str | None,
    summary: str,
    description: str,
    view: str,
    panel_key: str,
    runbook: str = "",
    dashboard: str = "",
    compliance: Sequence[str] = (),
) -> dict[str, str]:
    """All annotations of an alert; `summary` and `description` are templates already checked.

    `view` is empty for a tenant without dashboards: then nothing links to one.
    """
    tenant, platform = context.tenant.id, context.platform
    found = {
        "compliance": literal(", ".join(compliance)),
        "dashboard_url": literal(dashboard),
        "description": description,
        "runbook_url": literal(runbook) or runbook_url(platform, tenant, alert, service),
        "summary": summary,
    }
    if view:
        found["__dashboardUid__"] = dashboard_uid(tenant, view)
        found["__panelId__"] = str(panel_id(panel_key))
        if not dashboard:
            found["dashboard_url"] = dashboard_url(platform, tenant, view, panel_key)
    return {name: value for name, value in sorted(found.items()) if value}


def template_findings(
    context: Context, texts: Sequence[Text], labels: LabelSet | None, static: Mapping[str, str]
) -> tuple[Finding, ...]:
    """What is wrong with the author's templates, given the labels that the expression returns."""
    found: list[Finding] = []
    for text in texts:
        if text.value:
            found += check_template(text, labels=labels, scope=context.scope, static=static)
    return tuple(found)
