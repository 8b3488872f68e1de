"""The canonical order of keys: as the documentation tells them, then as the schemas list them.

Maps whose keys are the author's own names (services, alerts, people) keep their order.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from generator.spec.validate import schema

Schema = Mapping[str, Any]

_NOTIFY = ("people", "channels", "oncall", "holidays", "escalation", "routing", "flapping")
FIRST: Mapping[str, tuple[str, ...]] = {
    "tenant": (
        *("version", "tenant", "description", "tier", "timezone", "owner", "labels"),
        *("compliance", "collect", "metrics", "services", "slo", "slos", "alerts"),
        *("severity_model", *_NOTIFY, "time_windows", "maintenance", "expect", "dashboards"),
    ),
    "platform": (
        *("version", "labels", "targets", "intervals", "retention", "severities", "urls", "smtp"),
        *("timing", "alertmanagers", "external_labels", "shared_metrics", "metrics", "limits"),
        *("sharding", "output", "fallback", "channels", "people", "oncall", "holidays"),
        *("escalation", "time_windows", "defaults", "tiers", "packs", "security"),
    ),
    "pack": (
        *("version", "pack", "title", "category", "description", "scoped", "parameters"),
        *("compliance", "metrics", "recordings", "alerts", "slos", "panels"),
    ),
    "pack/parameters/*": ("type", "enum", "default", "minimum", "maximum", "description"),
    "#/$defs/panel": (
        *("view", "title", "description", "kind", "unit", "service", "thresholds", "queries"),
    ),
    "#/$defs/metric": ("type", "labels", "buckets", "help"),
    "#/$defs/alert": (
        *("service", "threshold", "forecast", "anomaly", "absent", "correlate", "expr", "for"),
        *("keep_firing_for", "severity", "view", "unit", "labels", "compliance", "escalation"),
        *("flapping", "summary", "description", "runbook", "runbook_text", "dashboard", "tests"),
    ),
    "#/$defs/defaults": ("timezone", "owner", "labels", "compliance", "slo", *_NOTIFY),
}
"""Of a kind of file, or a part of the schemas: keys that come first."""


class Shape:
    """What a place in a file may hold: the order of its keys, and the shapes below it."""

    def __init__(self, kind: str, here: Schema | None = None, name: str = "") -> None:
        self.kind = kind
        self.name = name if here is not None else kind
        self.here: Schema = schema(kind) if here is None else here

    def below(self, key: str) -> Shape | None:
        """The shape of a key's value; None where the schema says nothing of it."""
        found = self.here.get("properties", {}).get(key)
        if found is not None:
            return self._resolved(found, key)
        return self._resolved(self.here.get("additionalProperties"), "*")

    def item(self) -> Shape | None:
        """The shape of a list's items."""
        return self._resolved(self.here.get("items"), "-")

    def ordered(self, keys: Sequence[str]) -> list[int]:
        """The positions of keys in canonical order; unknown ones come last, in their order."""
        known = self.here.get("properties", {})
        first = FIRST.get(self.name, ())
        listed = {key: rank for rank, key in enumerate(dict.fromkeys((*first, *known)))}
        if not known:
            return list(range(len(keys)))
        return sorted(range(len(keys)), key=lambda i: listed.get(keys[i], len(listed)))

    def _resolved(self, found: Any, step: str) -> Shape | None:
        if not isinstance(found, Mapping):
            return None
        if "$ref" not in found:
            return Shape(self.kind, found, f"{self.name}/{step}")
        name = str(found["$ref"])
        found = schema(self.kind)
        for part in name.removeprefix("#/").split("/"):
            found = found[part]
        return Shape(self.kind, found, name)
