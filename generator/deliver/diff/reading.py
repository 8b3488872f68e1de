"""A tenant's or the fleet's files, by their paths, read into what is compared."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import PurePosixPath
from typing import Any

import yaml

from generator.deliver.diff.read_alertmanager import alertmanager_config
from generator.deliver.diff.read_dashboards import dashboard, further
from generator.deliver.diff.read_rules import groups_of_file
from generator.ir.dashboards import Dashboard
from generator.ir.deployed import Deployed, DeployedFleet
from generator.ir.routing import AlertmanagerConfig
from generator.ir.rules import RuleGroup

Files = Mapping[str, bytes]
"""Path below the folder -> content."""

_OWN_SETTINGS = {
    "prometheus.yml": frozenset({"rule_files", "scrape_config_files", "scrape_configs"}),
    "alertmanager.yml": frozenset({"receivers", "inhibit_rules", "time_intervals"}),
}
"""What of the fleet's files is the tenants' own, and told with them."""
_SCRAPE, _ROUTING = "prometheus/scrape.yml", "alertmanager/alertmanager.yml"
_RULES, _VIEWS = "prometheus/rules/*.yml", "grafana/*.json"
_FILES = frozenset({_SCRAPE, _ROUTING, "manifest.json"})
_PATTERNS = (_RULES, _VIEWS)
_TENANTS_FOLDERS = "grafana/provisioning/dashboards/"


class Unreadable(Exception):
    """A side of the comparison cannot be read; the message is whole."""


def deployed(files: Files, vocabulary: Mapping[str, str], where: str) -> Deployed:
    """What a tenant's files say. `where` names the folder in errors. Raises Unreadable."""
    groups: list[RuleGroup] = []
    dashboards: list[Dashboard] = []
    rest: dict[str, Mapping[str, Any]] = {}
    config: AlertmanagerConfig | None = None
    jobs: Mapping[str, Mapping[str, Any]] = {}
    for path, content in sorted(files.items()):
        pure = PurePosixPath(path)
        place = f"{where}/{path}"
        try:
            if pure.match(_RULES):
                groups += groups_of_file(pure.stem, _yaml(content))
            elif path == _SCRAPE:
                jobs = jobs_of(_yaml(content))
            elif path == _ROUTING:
                config = alertmanager_config(_yaml(content), vocabulary)
            elif pure.match(_VIEWS):
                document = json.loads(content)
                dashboards.append(dashboard(pure.stem, document))
                rest[pure.stem] = further(document)
        except (yaml.YAMLError, ValueError, KeyError, TypeError, AttributeError) as problem:
            said = " ".join(str(problem).split())[:200]
            raise Unreadable(f"{place} is not as it was generated: {said}") from problem
    return Deployed(tuple(groups), config, tuple(dashboards), rest, jobs)


def deployed_fleet(files: Files, where: str) -> DeployedFleet:
    """The settings that the fleet's files share. Raises Unreadable."""
    found: dict[str, Mapping[str, Any]] = {}
    for path, content in sorted(files.items()):
        if path.startswith(_TENANTS_FOLDERS) or path == "grafana/api.json":
            continue
        try:
            if path.endswith((".yml", ".yaml")):
                found[path] = shared_settings(path, _yaml(content))
            elif path.endswith(".tmpl"):
                found[path] = {"text": content.decode()}
        except (yaml.YAMLError, ValueError, AttributeError) as problem:
            said = " ".join(str(problem).split())[:200]
            raise Unreadable(f"{where}/{path} is not as it was generated: {said}") from problem
    return DeployedFleet(found)


def is_compared(path: str) -> bool:
    """Whether a tenant's file, by its path, is read here: documents and unit tests are not."""
    pure = PurePosixPath(path)
    return path in _FILES or any(pure.match(pattern) for pattern in _PATTERNS)


def jobs_of(document: Mapping[str, Any]) -> Mapping[str, Mapping[str, Any]]:
    """Scrape jobs by name."""
    return {job["job_name"]: job for job in document.get("scrape_configs") or ()}


def shared_settings(path: str, document: Mapping[str, Any]) -> Mapping[str, Any]:
    """What all tenants share of one of the fleet's files, with the receiver of last resort."""
    own = _OWN_SETTINGS.get(path, frozenset())
    kept = {key: value for key, value in document.items() if key not in own}
    if isinstance(kept.get("route"), Mapping):
        fallback = kept["route"].get("receiver")
        found = [r for r in document.get("receivers") or () if r.get("name") == fallback]
        kept["fallback"] = {k: v for receiver in found for k, v in receiver.items()}
        kept["route"] = {k: v for k, v in kept["route"].items() if k != "routes"}
    return kept


def _yaml(content: bytes) -> Any:
    document = yaml.load(content, Loader=yaml.CSafeLoader)
    if not isinstance(document, Mapping):
        raise ValueError("it is no mapping")
    return document
