"""Whole Alertmanager configurations: of one tenant alone, and what all tenants' have in common."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any

from generator.compile.directory import SHARED, channel_member
from generator.compile.escalation import MUTES_LABEL
from generator.compile.inhibition import inhibit_rules
from generator.compile.kinds import MARKER
from generator.compile.receivers import TEMPLATES, integration
from generator.ir.routing import (
    AlertmanagerConfig,
    Matcher,
    Mutable,
    Receiver,
    Route,
    TenantRouting,
)
from generator.ir.share import Share
from generator.spec.model import Platform
from generator.values import Version

NOBODY = f"{SHARED}/nobody"
"""The receiver of markers: it has no integrations."""
FLEET_TEMPLATES = "alertmanager/templates/"
"""Where the fleet's alertmanager.yml finds its templates."""

RULE_NAMES = Version(0, 30)
"""From this version on inhibit rules may have names, which alerts and the log then tell."""
START_DELAYS = Version(0, 30)
START_DELAY = "--dispatch.start-delay=1m"
"""After a restart, wait until Prometheus has sent everything again (its resend delay): muted
alerts would be told before those that mute them are known."""


def tenant_config(platform: Platform, routing: TenantRouting) -> AlertmanagerConfig:
    """One tenant alone: for Mimir, and for reading. Its templates lie beside it."""
    config = _common(platform, [routing.mutable], routing.receivers, "")
    route = replace(config.route, routes=(*config.route.routes, routing.route))
    return replace(config, route=route, intervals=routing.intervals)


def fleet_config(platform: Platform, shares: Iterable[Share]) -> AlertmanagerConfig:
    """What the configuration of all tenants has that is no tenant's own.

    The tenants' nodes, receivers and time intervals join it as lines: see `render.fleet`.
    """
    all_ = list(shares)
    receivers = [receiver for share in all_ for receiver in share.receivers]
    return _common(platform, [share.mutable for share in all_], receivers, FLEET_TEMPLATES)


def _common(
    platform: Platform,
    tenants: Sequence[Mutable],
    more: Iterable[Receiver],
    templates: str,
) -> AlertmanagerConfig:
    """The root with the fallback, and below it where markers go; `more` receivers."""
    names, timing, target = platform.labels, platform.timing, platform.targets.alertmanager
    found, _ = integration(platform.fallback, platform)
    fallback = Receiver(
        f"{SHARED}/{platform.fallback.name}",
        {found.section: (found.fields,)} if found else {},
        (channel_member(platform.fallback),),
    )
    receivers = {fallback.name: fallback}
    routes: tuple[Route, ...] = ()
    if any(one.markers for one in tenants):
        receivers[NOBODY] = Receiver(NOBODY)
        marker = (Matcher(names.kind, "=", MARKER),)
        told = "markers only mute (see inhibit_rules)"
        routes = (Route(matchers=marker, receiver=NOBODY, comment=told),)
    receivers |= {r.name: r for r in more}
    root = Route(
        receiver=fallback.name,
        routes=routes,
        group_by=(
            names.tenant,
            "alertname",
            names.service,
            names.severity,
            names.slo,
            names.level,
        ),
        group_wait=timing.group_wait,
        group_interval=timing.group_interval,
        repeat_interval=timing.repeat_interval,
    )
    return AlertmanagerConfig(
        globals_=_globals(platform),
        templates=tuple(f"{templates}{name}" for name in TEMPLATES),
        route=root,
        receivers=tuple(r for _, r in sorted(receivers.items())),
        inhibit_rules=inhibit_rules(platform, tenants),
        intervals=(),
        vocabulary=_vocabulary(platform),
        named_rules=target >= RULE_NAMES,
        flags=(START_DELAY,) if target >= START_DELAYS else (),
    )


def _globals(platform: Platform) -> dict[str, Any]:
    smtp = platform.smtp
    if smtp is None:
        return {}
    found: dict[str, Any] = {
        "smtp_smarthost": smtp.smarthost,
        "smtp_from": smtp.from_,
        "smtp_hello": smtp.hello,
        "smtp_auth_username": smtp.username,
        "smtp_auth_password_file": smtp.password_file,
    }
    return {**{k: v for k, v in found.items() if v}, "smtp_require_tls": smtp.require_tls}


def _vocabulary(platform: Platform) -> dict[str, str]:
    names = platform.labels
    return {
        "tenant": names.tenant,
        "service": names.service,
        "team": names.team,
        "severity": names.severity,
        "level": names.level,
        "mutes": MUTES_LABEL,
        "pair": names.pair,
        "alertmanager": platform.urls.alertmanager,
        "kind": names.kind,
        "urgent": platform.severities[0],
        "informational": platform.severities[-1],
    }
