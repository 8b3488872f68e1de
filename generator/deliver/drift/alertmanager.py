"""Drift of an Alertmanager: routes, receivers, inhibitions, intervals."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from pathlib import Path

from generator.deliver.drift.prometheus import drift
from generator.deliver.live.configuration import (
    ConfigurationDifference,
    configuration_differences,
)
from generator.deliver.live.files import alertmanager_file
from generator.deliver.live.running import running_configuration
from generator.findings import Finding
from generator.servers.alertmanager import Alertmanager


def alertmanager_drift(
    server: Alertmanager, output: Path, names: Collection[str], label: str
) -> Iterator[Finding]:
    """Where the configuration it runs is not output/'s; of the named tenants alone.

    `label` is the tenant's label in routes. Raises ServerFailed and OutputError.
    """
    document = alertmanager_file(output) or {}
    running = running_configuration(server)
    for one in configuration_differences(document, running):
        if not names or any(_speaks_of(one, name, label) for name in names):
            message = f"{server.server.url}: {one.path} {one.what}"
            yield drift(_code(one), message, output / "fleet" / "alertmanager.yml")


def _code(one: ConfigurationDifference) -> str:
    if one.what.startswith("is not loaded"):
        return "drift-missing"
    return "drift-extra" if one.what.startswith("is live only") else "drift-changed"


def _speaks_of(one: ConfigurationDifference, name: str, label: str) -> bool:
    return f"[{name}/" in one.path or f'[{label}="{name}"]' in one.path
