"""Every derived name: files, groups, panels, uids, receivers, links.

Names derive from the spec's own names only, so that an edit elsewhere never renames them.
"""

from __future__ import annotations

import hashlib
import re
from urllib.parse import quote

from generator.spec.model import Platform

SLO_FILE = "slos"
TENANT_FILE = "tenant"
"""Rule file of what belongs to no service."""


def dashboard_uid(tenant: str, view: str) -> str:
    """Grafana uid of a tenant's view: at most 40 of `[A-Za-z0-9_-]`, readable where it fits."""
    uid = f"{tenant}-{view}"
    if len(uid) <= 40 and re.fullmatch(r"[A-Za-z0-9_-]+", uid):
        return uid
    digest = hashlib.sha256(uid.encode()).hexdigest()[:10]
    return f"{re.sub(r'[^A-Za-z0-9_-]', '-', uid)[:29]}-{digest}"


def panel_id(key: str) -> int:
    """Grafana panel id of a panel's key: 1 .. 2^31-1, the same whatever stands around it."""
    return int.from_bytes(hashlib.sha256(key.encode()).digest()[:4], "big") % (2**31 - 1) + 1


def alert_panel_key(service: str | None, alert: str) -> str:
    """Key of the panel that draws an alert's expression."""
    return f"alert:{service or '-'}:{alert}"


def slo_panel_key(slo: str, what: str) -> str:
    """Key of a panel about an SLO; `what` is burn, budget, ratio, …"""
    return f"slo:{slo}:{what}"


def rule_file(service: str | None) -> str:
    """Stem of the rule file of a service's alerts."""
    return service or TENANT_FILE


def group_name(tenant: str, *parts: str) -> str:
    """Name of a rule group, unique over the fleet: `<tenant>:<part>:<part>`."""
    return ":".join((tenant, *parts))


SLO_GROUPS = ("sli", "budget")
"""The groups of an SLO: what changes by the minute, then what sums days."""


def slo_group(tenant: str, slo: str, kind: str) -> str:
    """Name of one of an SLO's groups."""
    return group_name(tenant, "slo", slo, kind)


def test_slug(alert: str, *parts: str) -> str:
    """Folder of an alert's unit tests: the alert's name, then what tells namesakes apart."""
    return ".".join((alert, *(re.sub(r"[^A-Za-z0-9_-]", "-", p) for p in parts if p)))


def dashboard_url(platform: Platform, tenant: str, view: str, panel: str | None = None) -> str:
    """Link to a view, focused on a panel when one is named; a path when no base is configured."""
    url = f"{platform.urls.grafana}/d/{dashboard_uid(tenant, view)}"
    return f"{url}?viewPanel={panel_id(panel)}" if panel else url


def runbook_anchor(alert: str, service: str | None) -> str:
    """Anchor of an alert in the tenant's runbooks.md, as Markdown renderers make it."""
    return f"{alert}-{service}".lower() if service else alert.lower()


def runbook_url(platform: Platform, tenant: str, alert: str, service: str | None) -> str:
    """Link to an alert's generated runbook."""
    base = platform.urls.runbooks
    anchor = quote(runbook_anchor(alert, service))
    return (
        f"{base}/{tenant}/docs/runbooks.md#{anchor}"
        if base
        else f"{tenant}/docs/runbooks.md#{anchor}"
    )


def shard_of(tenant: str, shards: int) -> str:
    """The shard of a tenant, as Prometheus' relabelling action `hashmod` computes it."""
    digest = hashlib.md5(tenant.encode(), usedforsecurity=False).digest()
    return str(int.from_bytes(digest[8:], "big") % shards)


def receiver(tenant: str, *parts: str) -> str:
    """Name of a tenant's receiver or time interval: `<tenant>/<part>/<part>`."""
    return "/".join((tenant, *parts))
