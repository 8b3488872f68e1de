"""Whether servers run what lies in their folder: loaded, the same, evaluated without errors.

A server that answers `reload` with success may still run old files, another folder's, or rules
that fail at their first evaluation.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from generator.deliver.live.configuration import configuration_differences
from generator.deliver.live.files import (
    alertmanager_file,
    alertmanager_hash,
    groups_to_load,
    prometheus_file,
)
from generator.deliver.live.groups import (
    Key,
    LoadedGroup,
    Side,
    group_differences,
)
from generator.deliver.live.running import running_configuration, running_groups
from generator.findings import Finding, Place, error, warning
from generator.servers.alertmanager import Alertmanager
from generator.servers.prometheus import Prometheus

Broken = frozenset[tuple[str, str, str]]
"""(file, group, rule) of rules whose evaluation fails."""
_SHOWN = 10
"""Differences told of one server; they tend to have one cause."""
_POLL = 0.25


@dataclass(frozen=True, slots=True)
class Waiting:
    """How long to wait for evaluations, in seconds, and what to do between looks (to sleep)."""

    limit: float
    sleep: Callable[[float], None] = time.sleep


def loaded_in_prometheus(server: Prometheus, folder: Path) -> Iterator[Finding]:
    """Whether it took the last reload, and has exactly the groups and settings of the files."""
    if _metric(server.server.text("/metrics"), "prometheus_config_last_reload_successful") == 0:
        message = f"{server.server.url} says that its last reload failed"
        yield error("deploy-reload", message, None, "its log says why")
    live = running_groups(server)
    found = list(group_differences(groups_to_load(folder), live))
    for difference in found[:_SHOWN]:
        only = {Side.FILES: "is not loaded", Side.SERVER: "is loaded but in no file"}
        what = only.get(difference.side, "is not loaded as written")
        message = (
            f"{server.server.url}: group {difference.group} of {difference.file} {what}: "
            f"{difference.what}"
        )
        yield error("deploy-not-loaded", message, None, _other_folder(server, folder))
    document = prometheus_file(folder)
    if document is not None:
        running = running_configuration(server)
        yield from _configured(server.server.url, document, running)


def loaded_in_alertmanager(server: Alertmanager, folder: Path) -> Iterator[Finding]:
    """Whether it took the last reload, and runs the very bytes of the file."""
    document = alertmanager_file(folder)
    if document is None:
        return
    metrics = server.server.text("/metrics")
    if _metric(metrics, "alertmanager_config_last_reload_successful") == 0:
        message = f"{server.server.url} says that its last reload failed"
        yield error("deploy-reload", message, None, "its log says why")
    taken = _metric(metrics, "alertmanager_config_hash")
    if taken == alertmanager_hash(folder):
        return
    running = running_configuration(server)
    differences = list(_configured(server.server.url, document, running))
    yield from differences
    if not differences and taken is not None:
        message = f"{server.server.url} runs another file than {folder}/fleet/alertmanager.yml"
        yield error("deploy-not-loaded", message, None, "is this the folder that it reads?")


def _configured(
    url: str, written: Mapping[str, Any], running: Mapping[str, Any]
) -> Iterator[Finding]:
    found = list(configuration_differences(written, running))
    for difference in found[:_SHOWN]:
        message = f"{url}: {difference.path} is not as written: {difference.what}"
        yield error("deploy-not-loaded", message)


def _other_folder(server: Prometheus, folder: Path) -> str:
    return f"does {server.server.url} read {folder}?"


def _metric(text: str, name: str) -> float | None:
    match = re.search(rf"^{name} (\S+)$", text, re.MULTILINE)
    return float(match[1]) if match else None


# --------------------------------------------------------------------------- evaluation


def broken_rules(groups: Iterable[LoadedGroup]) -> Broken:
    """The rules whose last evaluation failed."""
    return frozenset(
        (*group.key, rule.written)
        for group in groups
        for rule in group.rules
        if rule.health == "err"
    )


def evaluated(
    server: Prometheus, changed: frozenset[str], before: Broken, waiting: Waiting
) -> Iterator[Finding]:
    """Wait until each changed group was evaluated once more, and tell which rules fail.

    Only rules of tenants that `changed` and that did not fail `before` are errors: what failed
    already is told, and is no reason to go back.
    """
    start = running_groups(server)
    since: dict[Key, str] = {group.key: group.evaluated for group in start}
    end = time.monotonic() + waiting.limit
    while True:
        groups = running_groups(server)
        ours = [group for group in groups if group.tenant in changed]
        pending = [group for group in ours if group.evaluated == since.get(group.key)]
        failing = broken_rules(ours) - before
        if not pending or failing or time.monotonic() > end:
            break
        waiting.sleep(_POLL)
    yield from _failing(server, groups, changed, before)
    if pending and not failing:
        names = ", ".join(sorted({group.file for group in pending})[:3])
        message = f"{server.server.url}: not evaluated within {waiting.limit:g}s: {names}"
        yield warning("deploy-not-evaluated", message, None, "wait longer with --wait")


def _failing(
    server: Prometheus, groups: Iterable[LoadedGroup], changed: frozenset[str], before: Broken
) -> Iterator[Finding]:
    for group in groups:
        for rule in group.rules:
            if rule.health != "err":
                continue
            known = (*group.key, rule.written) in before or group.tenant not in changed
            message = f"{server.server.url}: {rule.written} of {group.file} fails: {rule.error}"
            if known:
                yield warning("rule-fails", f"{message} (it did before)", _place(group))
            else:
                yield error("rule-fails", message, _place(group), "change its expression")


def _place(group: LoadedGroup) -> Place:
    return Place(f"output/{group.file}", 1, 1)
