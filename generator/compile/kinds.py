"""Values of the label `kind`, and the names of the alerts that Tocsin makes to mute others."""

from __future__ import annotations

from typing import Final

OUTAGE: Final = "outage"
"""On alerts that say: this service is down."""
MARKER: Final = "marker"
"""On alerts that notify nobody and only mute."""
FLAPPING: Final = "flapping"
"""On notices that say: the alert of this name fires again and again."""

DEPENDENCY_INFO: Final = "service_dependency_info"
UPSTREAM_ALERT: Final = "UpstreamDown"
"""Something that a service depends on is down."""
OUTAGE_ALERT: Final = "ServiceOutage"
"""The service itself is down: its own symptoms say nothing new."""
MAINTENANCE_ALERT: Final = "MaintenanceWindow"
TENANT_MAINTENANCE_ALERT: Final = "TenantMaintenance"
