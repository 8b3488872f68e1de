"""Drift of a Prometheus: its rules as trees, its settings, its scrape jobs."""

from __future__ import annotations

import time
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path
from typing import Any

from generator.deliver.live.configuration import configuration_differences
from generator.deliver.live.files import groups_to_load, jobs_to_load, prometheus_file
from generator.deliver.live.groups import (
    GroupDifference,
    Side,
    group_differences,
)
from generator.deliver.live.running import running_configuration, running_groups
from generator.findings import Finding, Level, Place
from generator.servers.http import ServerFailed
from generator.servers.prometheus import Prometheus

_CODES = {Side.FILES: "drift-missing", Side.SERVER: "drift-extra", Side.BOTH: "drift-changed"}
_SETTLING = 6.0
"""Seconds after a reload within which Prometheus takes its new jobs up (5s by default)."""
HINTS = {
    "drift-missing": "it was never deployed, or removed there: tocsin deploy",
    "drift-extra": "write it into a spec, or remove it there: tocsin deploy",
    "drift-changed": "it was changed there, or not deployed since: tocsin deploy",
}


def prometheus_drift(server: Prometheus, output: Path, names: Collection[str]) -> Iterator[Finding]:
    """Everything that the server and output/ do not have alike; of the named tenants alone.

    Raises ServerFailed and OutputError.
    """
    url = server.server.url
    live = running_groups(server)
    for difference in group_differences(groups_to_load(output), live):
        if not names or difference.file.partition("/")[0] in names:
            yield _group(url, output, difference)
    if names:
        return
    document = prometheus_file(output) or {}
    running = running_configuration(server)
    for one in configuration_differences(document, running):
        message = f"{url}: {one.path} {one.what}"
        yield drift("drift-changed", message, output / "fleet" / "prometheus.yml")
    yield from _jobs(server, output)


def drift(code: str, message: str, file: Path | None) -> Finding:
    """A finding of drift, at the file of output/ that it is about."""
    place = Place(file.as_posix(), 1, 1) if file is not None else None
    return Finding(code, Level.ERROR, message, place, HINTS[code])


def _group(url: str, output: Path, difference: GroupDifference) -> Finding:
    code = _CODES[difference.side]
    where = f"group {difference.group} of {difference.file}"
    words = {
        Side.FILES: f"{url} has not, in {where}: {difference.what}",
        Side.SERVER: f"{url} has, and output/ has not, in {where}: {difference.what}",
        Side.BOTH: f"{url}, {where}: {difference.what}",
    }
    file = output / difference.file
    return drift(code, words[difference.side], file if file.is_file() else None)


def _jobs(server: Prometheus, output: Path) -> Iterator[Finding]:
    """Jobs by name: the files that Prometheus includes are not in what it prints of itself."""
    url, file = server.server.url, output / "fleet" / "prometheus.yml"
    written = set(jobs_to_load(output))
    end = time.monotonic() + _SETTLING
    live = _pools(server)
    while live is not None and live != written and time.monotonic() < end:
        time.sleep(0.5)
        live = _pools(server)
    for job in sorted(written - live) if live is not None else ():
        yield drift("drift-missing", f"{url} does not scrape {job}", file)
    for job in sorted(live - written) if live is not None else ():
        yield drift("drift-extra", f"{url} scrapes {job}, which output/ has not", file)


def _pools(server: Prometheus) -> set[str] | None:
    """The jobs that are scraped; None from a server that cannot list them."""
    try:
        answer: Mapping[str, Any] = server.ask("/api/v1/scrape_pools")
    except ServerFailed as problem:
        if problem.status != 404:
            raise
        return None
    return set(answer.get("scrapePools") or ())
