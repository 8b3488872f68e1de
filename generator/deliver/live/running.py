"""What a server tells of what it loaded: its configuration as plain values, its groups."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import yaml

from generator.deliver.live.groups import LoadedGroup, groups_of_server
from generator.servers.alertmanager import Alertmanager
from generator.servers.http import ServerFailed
from generator.servers.prometheus import Prometheus


def running_configuration(server: Prometheus | Alertmanager) -> Mapping[str, Any]:
    """What it runs with, defaults filled in and secrets hidden. Raises ServerFailed."""
    try:
        found = yaml.load(server.configuration(), Loader=yaml.CSafeLoader)
    except (yaml.YAMLError, KeyError, TypeError) as problem:
        raise ServerFailed(f"{server.server.url} prints no configuration: {problem}") from None
    return found if isinstance(found, dict) else {}


def running_groups(server: Prometheus) -> tuple[LoadedGroup, ...]:
    """The groups that it evaluates. Raises ServerFailed."""
    try:
        return groups_of_server(server.rule_groups())
    except (AttributeError, KeyError, TypeError, ValueError) as problem:
        told = f"{server.server.url}/api/v1/rules is no answer of a Prometheus: {problem!r}"
        raise ServerFailed(told) from None
