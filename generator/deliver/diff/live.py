"""What running servers have loaded, read into what is compared."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import yaml

from generator.deliver.diff.read_alertmanager import alertmanager_config, unsharded
from generator.deliver.diff.read_rules import groups_of_server
from generator.deliver.diff.reading import Unreadable, jobs_of, shared_settings
from generator.ir.deployed import Deployed, DeployedFleet, Side
from generator.ir.routing import AlertmanagerConfig
from generator.servers.alertmanager import Alertmanager
from generator.servers.prometheus import Prometheus
from generator.spec.model import LabelNames


def live_side(
    prometheus: Prometheus,
    alertmanager: Alertmanager | None,
    names: LabelNames,
    vocabulary: Mapping[str, str],
) -> Side:
    """Rules, scrape jobs and routing of every tenant that a server knows.

    Raises ServerFailed, and Unreadable for a configuration that is none.
    """
    groups = groups_of_server(prometheus.rule_groups(), names.tenant)
    shared = {"prometheus.yml": _document(prometheus, prometheus.configuration())}
    jobs = _jobs(shared["prometheus.yml"])
    config = None
    if alertmanager is not None:
        shared["alertmanager.yml"] = _document(alertmanager, alertmanager.configuration())
        config = _routing(alertmanager, shared["alertmanager.yml"], vocabulary)
        config = replace(config, route=unsharded(config.route, names.shard))
    tenants = {name: Deployed(its, config) for name, its in groups.items()}
    unread = ["dashboards"]
    if jobs is None:
        unread.append("scrape jobs (the server includes files of them)")
    else:
        tenants = {name: replace(one, jobs=_of(name, jobs)) for name, one in tenants.items()}
    if config is None:
        unread.append("who is told (no --alertmanager)")
    name = prometheus.server.url + (f" and {alertmanager.server.url}" if alertmanager else "")
    settings = {file: shared_settings(file, document) for file, document in shared.items()}
    return Side(name, tenants, DeployedFleet(settings), unread=tuple(unread))


def _document(server: Prometheus | Alertmanager, text: str) -> Mapping[str, Any]:
    """A configuration as a server writes it."""
    try:
        document = yaml.load(text, Loader=yaml.CSafeLoader)
    except yaml.YAMLError as problem:
        raise Unreadable(f"{server.server.url} answers no YAML: {problem}") from None
    if not isinstance(document, Mapping):
        raise Unreadable(f"{server.server.url} answers no configuration")
    return document


def _routing(
    alertmanager: Alertmanager, document: Mapping[str, Any], vocabulary: Mapping[str, str]
) -> AlertmanagerConfig:
    try:
        return alertmanager_config(document, vocabulary)
    except ValueError as problem:
        raise Unreadable(f"{alertmanager.server.url} answers no configuration: {problem}") from None


def _jobs(document: Mapping[str, Any]) -> Mapping[str, Mapping[str, Any]] | None:
    """A server's scrape jobs; None when it includes files of them, which it does not show."""
    return None if document.get("scrape_config_files") else jobs_of(document)


def _of(tenant: str, jobs: Mapping[str, Mapping[str, Any]]) -> Mapping[str, Mapping[str, Any]]:
    return {name: job for name, job in jobs.items() if name.startswith(f"{tenant}/")}
