"""The configuration that a server prints of what it loaded, as plain values."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import yaml

from generator.servers.alertmanager import Alertmanager
from generator.servers.http import ServerFailed
from generator.servers.prometheus import Prometheus


def running_configuration(server: Prometheus | Alertmanager) -> Mapping[str, Any]:
    """What it runs with, defaults filled in and secrets hidden. Raises ServerFailed."""
    try:
        found = yaml.load(server.configuration(), Loader=yaml.CSafeLoader)
    except yaml.YAMLError as problem:
        raise ServerFailed(f"{server.server.url} prints no YAML: {problem}") from None
    return found if isinstance(found, dict) else {}
