"""What Alertmanager's HTTP API (v2) answers. https://github.com/prometheus/alertmanager/blob/main/api/v2/openapi.yaml"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from generator.servers.http import Server, ServerFailed


@dataclass(frozen=True, slots=True)
class Alertmanager:
    """A running Alertmanager."""

    server: Server

    def ready(self) -> None:
        """Return when it is up. Raises ServerFailed."""
        self.server.text("/-/ready")

    def version(self) -> str:
        """Its version, such as `0.28.1`."""
        return str(self._status()["versionInfo"]["version"])

    def configuration(self) -> str:
        """The configuration it has loaded, as it read it; secrets are hidden."""
        return str(self._status()["config"]["original"])

    def alerts(self) -> Sequence[Mapping[str, Any]]:
        """Every alert it holds, with receivers and what silences or inhibits it."""
        return self._listed("/api/v2/alerts")

    def silences(self) -> Sequence[Mapping[str, Any]]:
        """Every silence, with matchers, state and end."""
        return self._listed("/api/v2/silences")

    def reload(self) -> None:
        """Have it read its files again. Raises ServerFailed."""
        self.server.text("/-/reload", method="POST")

    def _status(self) -> Mapping[str, Any]:
        found = self.server.get("/api/v2/status")
        if not isinstance(found, dict) or "versionInfo" not in found or "config" not in found:
            raise ServerFailed(f"{self.server.url} is no Alertmanager: {str(found)[:80]}")
        return found

    def _listed(self, path: str) -> Sequence[Mapping[str, Any]]:
        found = self.server.get(path)
        if not isinstance(found, list):
            raise ServerFailed(f"{self.server.url}{path} is no Alertmanager: {str(found)[:80]}")
        return found
