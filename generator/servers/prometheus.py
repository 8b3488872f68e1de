"""What Prometheus' HTTP API (v1) answers, as values. https://prometheus.io/docs/prometheus/latest/querying/api/"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from generator.servers.http import Params, Server, ServerFailed


@dataclass(frozen=True, slots=True)
class Series:
    """A series of an answer: its labels, and (seconds since the epoch, value) in order of time."""

    labels: Mapping[str, str]
    points: tuple[tuple[float, float], ...]


@dataclass(frozen=True, slots=True)
class Prometheus:
    """A running Prometheus, or what speaks like one (Mimir, Thanos)."""

    server: Server

    def ready(self) -> None:
        """Return when it is up. Raises ServerFailed."""
        self.server.text("/-/ready")

    def version(self) -> str:
        """Its version, such as `3.5.0`."""
        return str(self.ask("/api/v1/status/buildinfo")["version"])

    def flags(self) -> Mapping[str, str]:
        """The flags it runs with."""
        return {str(k): str(v) for k, v in self.ask("/api/v1/status/flags").items()}

    def configuration(self) -> str:
        """The configuration it has loaded, as YAML of its own writing."""
        return str(self.ask("/api/v1/status/config")["yaml"])

    def rule_groups(self) -> Sequence[Mapping[str, Any]]:
        """Every loaded group: `name`, `file`, `interval`, `rules` with health and lastError."""
        groups: list[Mapping[str, Any]] = self.ask("/api/v1/rules")["groups"]
        return groups

    def label_values(self, label: str, match: str = "") -> tuple[str, ...]:
        """The values of a label, sorted; of the series that `match` selects."""
        params = {"match[]": match} if match else {}
        return tuple(sorted(self.ask(f"/api/v1/label/{label}/values", params)))

    def series(self, match: str, limit: int = 0) -> tuple[Mapping[str, str], ...]:
        """The label sets of the series that a selector matches."""
        params = {"match[]": match} | ({"limit": str(limit)} if limit else {})
        return tuple(self.ask("/api/v1/series", params))

    def metadata(self) -> Mapping[str, Sequence[Mapping[str, str]]]:
        """metric -> what targets say of it: `type`, `help`, `unit`."""
        found: Mapping[str, Sequence[Mapping[str, str]]] = self.ask("/api/v1/metadata")
        return found

    def query(self, expr: str, at: float | None = None) -> tuple[Series, ...]:
        """An expression's value at a time (seconds since the epoch; None: now)."""
        params = {"query": expr} | ({} if at is None else {"time": f"{at:.3f}"})
        return _series(self._posted("/api/v1/query", params))

    def query_range(
        self, expr: str, start: float, end: float, step: timedelta
    ) -> tuple[Series, ...]:
        """An expression's values from `start` to `end`, both seconds since the epoch."""
        params = {
            "query": expr,
            "start": f"{start:.3f}",
            "end": f"{end:.3f}",
            "step": f"{step.total_seconds():g}",
        }
        return _series(self._posted("/api/v1/query_range", params))

    def reload(self) -> None:
        """Have it read its files again; needs --web.enable-lifecycle. Raises ServerFailed."""
        self.server.text("/-/reload", method="POST")

    def ask(self, path: str, params: Params = ()) -> Any:
        """The `data` of an answer. Raises ServerFailed."""
        return self._data(path, self.server.get(path, params))

    def _posted(self, path: str, params: Params) -> Any:
        return self._data(path, self.server.post(path, params))

    def _data(self, path: str, answer: Any) -> Any:
        if not isinstance(answer, dict) or answer.get("status") != "success":
            raise ServerFailed(f"{self.server.url}{path} is no Prometheus: {str(answer)[:80]}")
        return answer["data"]


def _series(data: Mapping[str, Any]) -> tuple[Series, ...]:
    kind, result = data["resultType"], data["result"]
    if kind in ("scalar", "string"):
        return (Series({}, ((float(result[0]), float(result[1])),)),) if kind == "scalar" else ()
    found = []
    for one in result:
        pairs = one.get("values") or ([one["value"]] if "value" in one else [])
        points = tuple((float(at), float(value)) for at, value in pairs)
        if points:
            found.append(Series(one["metric"], points))
    return tuple(found)
