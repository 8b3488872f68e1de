"""Every panel of a tenant with where it belongs: those of users and packs, then of alerts."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from generator.compile.context import Context
from generator.compile.plan import PlannedAlert
from generator.compile.views.of_alerts import alert_panel
from generator.compile.views.of_users import custom_panel
from generator.compile.views.parts import ordered
from generator.compile.wording import drawn_view
from generator.findings import Finding
from generator.ir.dashboards import Panel

SATURATION = "saturation"
_SIGNALS = {"forecast": SATURATION}
"""What alerts of a kind tell of their service: what fills up is saturation."""


@dataclass(frozen=True, slots=True)
class Placed:
    """A panel, its view, and what decides on its row."""

    panel: Panel
    view: str
    service: str | None
    local: str
    """Its name among its service's panels; the same on each service that uses the same pack."""
    pack: str = ""
    category: str = ""
    signal: str = ""
    alert: PlannedAlert | None = None


def placed_panels(
    context: Context, alerts: Sequence[PlannedAlert]
) -> tuple[tuple[Placed, ...], tuple[Finding, ...]]:
    """Users' and packs' panels first, then what alerts watch; SLOs have rows of their own."""
    found: list[Placed] = []
    findings: list[Finding] = []
    for wanted in context.tenant.dashboards.panels:
        made, told = custom_panel(wanted, context)
        findings += told
        if made is not None:
            local = wanted.key.replace(f":{wanted.service}:", ":", 1)
            place = (drawn_view(context.tenant, wanted.view), wanted.service, local)
            found.append(Placed(made, *place, wanted.pack, wanted.category, wanted.signal))
    for alert in alerts:
        if alert.view and not alert.panel_key.startswith("slo:"):
            found.append(_of_alert(alert, context))
    return tuple(found), tuple(findings)


def _of_alert(alert: PlannedAlert, context: Context) -> Placed:
    return Placed(
        panel=alert_panel(alert, context),
        view=alert.view,
        service=alert.service,
        local=f"alert:{alert.rule.alert}",
        pack=alert.pack,
        signal=_SIGNALS.get(alert.kind, ""),
        alert=alert,
    )


def drawn(placed: Iterable[Placed]) -> list[Panel]:
    """The panels themselves in the order of a row, each once."""
    return ordered([one.panel for one in placed])


def by_service(placed: Iterable[Placed]) -> Mapping[str | None, list[Placed]]:
    """Panels by the service that they belong to, in order."""
    found: dict[str | None, list[Placed]] = {}
    for one in placed:
        found.setdefault(one.service, []).append(one)
    return found
