"""What the files in a folder say that servers are to load: groups, configurations, their hash.

The folder lies as output/ does; only what the fleet's files include is read.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from generator.deliver.live.groups import LoadedGroup, groups_in_files
from generator.deliver.output import OutputError
from generator.values import Duration

_FLEET = "fleet"
_DEFAULT_INTERVAL = Duration.of(minutes=1)


def prometheus_file(folder: Path) -> Mapping[str, Any] | None:
    """The fleet's prometheus.yml; None when there is none. Raises OutputError."""
    return _document(folder / _FLEET / "prometheus.yml")


def alertmanager_file(folder: Path) -> Mapping[str, Any] | None:
    """The fleet's alertmanager.yml; None when there is none. Raises OutputError."""
    return _document(folder / _FLEET / "alertmanager.yml")


def alertmanager_hash(folder: Path) -> float:
    """What Alertmanager's `alertmanager_config_hash` is when it has read the file as it is now."""
    content = (folder / _FLEET / "alertmanager.yml").read_bytes()
    digest = hashlib.md5(content, usedforsecurity=False).digest()
    return float(int.from_bytes(digest[:6], "little"))


def jobs_to_load(folder: Path) -> tuple[str, ...]:
    """The names of all scrape jobs: prometheus.yml's own and those of the files it includes.

    Raises OutputError.
    """
    document = prometheus_file(folder) or {}
    found = list(document.get("scrape_configs") or ())
    for pattern in document.get("scrape_config_files") or ():
        for path in sorted(_included(folder / _FLEET, str(pattern))):
            found += (_document(path) or {}).get("scrape_configs") or ()
    return tuple(str(job["job_name"]) for job in found)


def groups_to_load(folder: Path) -> tuple[LoadedGroup, ...]:
    """The groups of all files that prometheus.yml includes. Raises OutputError."""
    document = prometheus_file(folder) or {}
    interval = (document.get("global") or {}).get("evaluation_interval", str(_DEFAULT_INTERVAL))
    files: list[Path] = []
    for pattern in document.get("rule_files") or ():
        files += sorted(_included(folder / _FLEET, str(pattern)))
    try:
        return groups_in_files(files, float(Duration.parse(str(interval)).seconds))
    except (OSError, ValueError, KeyError, TypeError, yaml.YAMLError) as problem:
        raise OutputError(f"the rules below {folder} cannot be read: {problem}") from problem


def _included(base: Path, pattern: str) -> list[Path]:
    """The files of a pattern as Prometheus finds them: relative to its configuration."""
    while pattern.startswith("../"):
        base, pattern = base.parent, pattern.removeprefix("../")
    return list(base.glob(pattern))


def _document(path: Path) -> Mapping[str, Any] | None:
    if not path.is_file():
        return None
    try:
        found = yaml.load(path.read_text(encoding="utf-8"), Loader=yaml.CSafeLoader)
    except (OSError, yaml.YAMLError) as problem:
        raise OutputError(f"{path} cannot be read: {problem}") from problem
    return found if isinstance(found, dict) else {}
