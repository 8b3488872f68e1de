"""The compliance matrix: which alerts, SLOs and panels give evidence for which control, and gaps.

A gap is a control of a framework the tenant names that some pack could show and nothing does.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from generator.compile.naming import dashboard_url, runbook_anchor, slo_panel_key
from generator.compile.plan import PlannedAlert
from generator.compile.wording import drawn_view
from generator.ir.docs import ControlEvidence
from generator.spec.model import Control, Framework, Platform, Slo, Tenant

STATE_PANEL = "controls"
"""Key of the security view's panel with the live state of every control."""


def control_evidence(
    tenant: Tenant, platform: Platform, alerts: Sequence[PlannedAlert]
) -> tuple[ControlEvidence, ...]:
    """Every control that something names, and the gaps of the frameworks the tenant names.

    In the frameworks' own order; what no framework knows comes last.
    """
    named = {control for alert in alerts for control in alert.compliance}
    named |= {control for slo in tenant.slos.values() for control in slo.compliance}
    gaps = {control.id for control in _bringable(tenant, platform)} - named
    rows = [_evidence(name, tenant, platform, alerts) for name in _ordered(named | gaps, platform)]
    told = {row.framework for row in rows}
    return (*rows, *(_unknown(f, platform) for f in tenant.compliance if f not in told))


def controls_url(tenant: Tenant, platform: Platform) -> str:
    """The panel with the controls' live state; empty when the tenant has no security view."""
    if "security" not in tenant.dashboards.views:
        return ""
    return dashboard_url(platform, tenant.id, "security", STATE_PANEL)


def framework_of(control: str) -> str:
    """The framework of a control: `soc2` of `soc2:A1.1`."""
    return control.partition(":")[0]


def _bringable(tenant: Tenant, platform: Platform) -> Iterable[Control]:
    """Controls of the tenant's frameworks that some pack gives evidence for."""
    for name in tenant.compliance:
        framework = platform.frameworks.get(name)
        if framework is not None:
            yield from (control for control in framework.controls.values() if control.packs)


def _ordered(names: Iterable[str], platform: Platform) -> list[str]:
    known = [control for one in platform.frameworks.values() for control in one.controls.values()]
    place = {control.id: index for index, control in enumerate(known)}
    return sorted(names, key=lambda name: (place.get(name, len(place)), name))


def _evidence(
    name: str, tenant: Tenant, platform: Platform, alerts: Sequence[PlannedAlert]
) -> ControlEvidence:
    framework = _framework(framework_of(name), platform)
    control = framework.controls.get(name, Control(name, ""))
    giving = [alert for alert in alerts if name in alert.compliance]
    slos = [slo for slo in tenant.slos.values() if name in slo.compliance]
    panels = {_alert_panel(a, tenant, platform) for a in giving if a.view}
    panels |= {_budget(slo, tenant, platform) for slo in slos}
    return ControlEvidence(
        control=name,
        title=control.title,
        framework=framework.name,
        framework_title=framework.title,
        alerts=tuple(sorted({_alert(a, tenant, platform) for a in giving})),
        slos=tuple((slo.name, _budget(slo, tenant, platform)[1]) for slo in slos),
        dashboards=tuple(sorted(panel for panel in panels if panel[1])),
        packs=control.packs,
    )


def _unknown(name: str, platform: Platform) -> ControlEvidence:
    """A framework of which nothing is watched and nothing could be."""
    framework = _framework(name, platform)
    return ControlEvidence(name, framework.title, framework.name, framework.title, (), ())


def _framework(name: str, platform: Platform) -> Framework:
    return platform.frameworks.get(name, Framework(name, name, {}))


def _alert(alert: PlannedAlert, tenant: Tenant, platform: Platform) -> tuple[str, str, str]:
    name = alert.rule.alert
    told = f"{name} ({alert.service})" if alert.service else name
    url = dashboard_url(platform, tenant.id, alert.view, alert.panel_key) if alert.view else ""
    return told, runbook_anchor(name, alert.service), url


def _alert_panel(alert: PlannedAlert, tenant: Tenant, platform: Platform) -> tuple[str, str]:
    told, _, url = _alert(alert, tenant, platform)
    return f"{alert.view}: {told}", url


def _budget(slo: Slo, tenant: Tenant, platform: Platform) -> tuple[str, str]:
    """The panel of an SLO's budget, where a view is drawn that has it."""
    view = drawn_view(tenant, "executive")
    if not view:
        return f"SLO {slo.name}", ""
    url = dashboard_url(platform, tenant.id, view, slo_panel_key(slo.name, "budget"))
    return f"{view}: SLO {slo.name}", url
