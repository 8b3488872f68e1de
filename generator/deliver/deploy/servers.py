"""The servers of a deployment: who they are, what they run with, and their reload."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from generator.deliver.deploy.plan import FLEET
from generator.findings import Finding, error, info, warning
from generator.servers.alertmanager import Alertmanager
from generator.servers.http import ServerFailed
from generator.servers.prometheus import Prometheus
from generator.values import Duration, Version

RELOAD = 300.0
"""Seconds for one reload: Prometheus takes 35 for 100,000 rules on a small machine."""
PROMETHEUS_FLAGS, ALERTMANAGER_FLAGS = "prometheus.flags", "alertmanager.flags"


@dataclass(frozen=True, slots=True)
class Servers:
    """Everything that reads the folder: replicas read the same one."""

    prometheus: tuple[Prometheus, ...] = ()
    alertmanager: tuple[Alertmanager, ...] = ()

    @property
    def all(self) -> tuple[Prometheus | Alertmanager, ...]:
        """Alertmanagers first: who is told must be known before what is new can fire."""
        return (*self.alertmanager, *self.prometheus)


def versions(servers: tuple[Prometheus, ...] | tuple[Alertmanager, ...]) -> frozenset[Version]:
    """The versions that run. Raises ServerFailed."""
    return frozenset(Version.parse(server.version()) for server in servers)


def reload(servers: Servers) -> Iterator[Finding]:
    """Have every server read its files again; those that refuse are found, the others go on."""
    for server in servers.all:
        patient = replace(server.server, timeout=max(server.server.timeout, RELOAD))
        try:
            replace(server, server=patient).reload()
        except ServerFailed as problem:
            hint = "its log says more"
            if problem.status in (403, 405):
                hint = "start prometheus with --web.enable-lifecycle"
            yield error("deploy-reload", f"{problem}", None, hint)


def unreloadable(servers: Servers) -> Iterator[Finding]:
    """Servers that would refuse to reload, as their flags say. Raises ServerFailed."""
    for server in servers.prometheus:
        if server.flags().get("web.enable-lifecycle") == "false":
            message = f"{server.server.url} does not reload over HTTP: nothing was moved"
            yield error("deploy-reload", message, None, "start it with --web.enable-lifecycle")


def wanted_flags(folder: Path, name: str) -> tuple[tuple[str, str], ...]:
    """(flag, value) pairs that a generated file of flags recommends; none without the file."""
    path = folder / FLEET / name
    if not path.is_file():
        return ()
    lines = path.read_text(encoding="utf-8").splitlines()
    found = []
    for line in lines:
        if line.startswith("--"):
            flag, _, value = line.removeprefix("--").partition("=")
            found.append((flag, value or "true"))
    return tuple(found)


def flag_findings(servers: Servers, folder: Path) -> Iterator[Finding]:
    """Where a server runs with other flags than are recommended; what cannot be seen is said."""
    wanted = wanted_flags(folder, PROMETHEUS_FLAGS)
    for server in servers.prometheus:
        flags = server.flags()
        for name, value in wanted:
            if not _same(flags.get(name, ""), value):
                runs = flags.get(name) or "unset"
                message = f"{server.server.url} runs with --{name}={runs}, not {value}"
                hint = f"see {folder / FLEET / PROMETHEUS_FLAGS}; a restart takes it on"
                yield warning("server-flag", message, None, hint)
    unseen = [f"--{name}={value}" for name, value in wanted_flags(folder, ALERTMANAGER_FLAGS)]
    if unseen:
        for one in servers.alertmanager:
            message = f"{one.server.url} does not tell its flags; it should run with " + " ".join(
                unseen
            )
            yield info("server-flag-unseen", message)


def _same(runs: str, wanted: str) -> bool:
    if runs == wanted:
        return True
    try:
        return Duration.parse(runs) == Duration.parse(wanted)
    except ValueError:
        return False
