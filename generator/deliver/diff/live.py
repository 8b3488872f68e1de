"""What running servers have loaded, read into what is compared."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import yaml

from generator.deliver.diff.read_alertmanager import alertmanager_config
from generator.deliver.diff.read_rules import groups_of_server
from generator.deliver.diff.reading import Unreadable, jobs_of
from generator.ir.deployed import Deployed, Side
from generator.ir.routing import AlertmanagerConfig
from generator.servers.alertmanager import Alertmanager
from generator.servers.prometheus import Prometheus


def live_side(
    prometheus: Prometheus,
    alertmanager: Alertmanager | None,
    label: str,
    vocabulary: Mapping[str, str],
) -> Side:
    """Rules, scrape jobs and routing of every tenant that a server knows; `label` names it.

    Raises ServerFailed, and Unreadable for a configuration that is none.
    """
    groups = groups_of_server(prometheus.rule_groups(), label)
    config = _routing(alertmanager, vocabulary) if alertmanager else None
    jobs = _jobs(prometheus)
    tenants = {name: Deployed(its, config) for name, its in groups.items()}
    unread = ["dashboards"]
    if jobs is None:
        unread.append("scrape jobs (the server includes files of them)")
    else:
        tenants = {name: replace(one, jobs=_of(name, jobs)) for name, one in tenants.items()}
    if config is None:
        unread.append("who is told (no --alertmanager)")
    name = prometheus.server.url + (f" and {alertmanager.server.url}" if alertmanager else "")
    return Side(name, tenants, None, tuple(unread))


def _routing(alertmanager: Alertmanager, vocabulary: Mapping[str, str]) -> AlertmanagerConfig:
    text = alertmanager.configuration()
    try:
        return alertmanager_config(yaml.load(text, Loader=yaml.CSafeLoader), vocabulary)
    except (yaml.YAMLError, ValueError) as problem:
        raise Unreadable(f"{alertmanager.server.url} answers no configuration: {problem}") from None


def _jobs(prometheus: Prometheus) -> Mapping[str, Mapping[str, object]] | None:
    """Its scrape jobs; None when it includes files, which it does not show."""
    try:
        document = yaml.load(prometheus.configuration(), Loader=yaml.CSafeLoader)
    except yaml.YAMLError as problem:
        raise Unreadable(f"{prometheus.server.url} answers no YAML: {problem}") from None
    if document.get("scrape_config_files"):
        return None
    return jobs_of(document)


def _of(
    tenant: str, jobs: Mapping[str, Mapping[str, object]]
) -> Mapping[str, Mapping[str, object]]:
    return {name: job for name, job in jobs.items() if name.startswith(f"{tenant}/")}
