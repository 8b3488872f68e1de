"""What a running Prometheus has, as a proposal for a tenant's spec."""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from pathlib import Path

from generator.servers.prometheus import Prometheus
from generator.spec.packs import read_packs
from generator.spec.proposal import FoundMetric, FoundService, Proposal, declared, packs_for

_TYPES = {"counter": "counter", "gauge": "gauge", "histogram": "histogram", "summary": "summary"}
_ADDRESS = re.compile(r"[A-Za-z0-9._-]+:[0-9]+|\[[0-9a-fA-F:]+\]:[0-9]+")
_OWN = frozenset({"__name__", "job", "instance", "le", "quantile"})
_NAME = re.compile(r"[^A-Za-z0-9_.-]+")
_SERIES = 1000
"""Series of a metric that are looked at for their labels."""


def discovered(server: Prometheus, root: Path, jobs: Sequence[str], tenant_label: str) -> Proposal:
    """Jobs, services, metrics and the packs that fit; tenant and team are left to the caller.

    `jobs`: only these (none: all). Raises ServerFailed, and ValueError when a job is not there.
    """
    there = server.label_values("job")
    unknown = [job for job in jobs if job not in there]
    if unknown:
        known = ", ".join(there) or "none"
        raise ValueError(f"{server.server.url} has no job {', '.join(unknown)}; it has: {known}")
    wanted = tuple(jobs) or there
    services = tuple(_distinct(s for job in wanted for s in _services(server, job)))
    packs, _ = read_packs(root)
    families = _metrics(server, wanted, frozenset({*_OWN, tenant_label}))
    return Proposal(
        tenant="",
        team="",
        jobs={job: found for job in wanted if (found := _targets(server, job))},
        services=services,
        packs={s.name: packs_for(s.series, packs.values()) for s in services},
        metrics=tuple(families),
        source=server.server.url,
    )


def _targets(server: Prometheus, job: str) -> tuple[str, ...]:
    instances = server.label_values("instance", _selector(job=job))
    return tuple(one for one in instances if _ADDRESS.fullmatch(one))


def _services(server: Prometheus, job: str) -> Iterator[FoundService]:
    """A job is a service, unless its series name several."""
    named = server.label_values("service", _selector(job=job))
    if len(named) < 2:
        series = server.label_values("__name__", _selector(job=job))
        yield FoundService(_service_name(job), {"job": job}, frozenset(series))
        return
    for name in named:
        series = server.label_values("__name__", _selector(job=job, service=name))
        selector = {"job": job, "service": name}
        yield FoundService(_service_name(name), selector, frozenset(series))


def _distinct(services: Iterator[FoundService]) -> Iterator[FoundService]:
    seen: set[str] = set()
    for one in services:
        if one.name.casefold() not in seen:
            seen.add(one.name.casefold())
            yield one


def _service_name(text: str) -> str:
    return _NAME.sub("-", text).strip("-._")[:63] or "service"


def _metrics(
    server: Prometheus, jobs: Collection[str], own: frozenset[str]
) -> Iterator[FoundMetric]:
    told = _metadata(server)
    names: dict[str, str] = {}
    for job in jobs:
        for series in server.label_values("__name__", _selector(job=job)):
            family = series if series in told else re.sub(r"_(bucket|sum|count)$", "", series)
            if _TYPES.get(told.get(family, {}).get("type", "")):
                names.setdefault(family, job)
    found = [
        FoundMetric(name, _TYPES[told[name]["type"]], told[name].get("help", "")) for name in names
    ]
    for one in declared(found):
        yield _looked_at(server, one, tuple(jobs), own)


def _metadata(server: Prometheus) -> Mapping[str, Mapping[str, str]]:
    """metric -> type and help; what targets disagree about is left out."""
    found = {}
    for name, said in server.metadata().items():
        if len({one.get("type") for one in said}) == 1:
            found[name] = said[0]
    return found


def _looked_at(
    server: Prometheus, one: FoundMetric, jobs: Sequence[str], own: frozenset[str]
) -> FoundMetric:
    """The metric with its labels and buckets; a histogram without buckets is a native one."""
    series = f"{one.name}_bucket" if one.type == "histogram" else one.name
    listed = [_selector(__name__=series, job=job) for job in jobs]
    sets = [labels for match in listed for labels in server.series(match, _SERIES)]
    labels = tuple(sorted({name for found in sets for name in found} - own))
    if one.type != "histogram":
        return FoundMetric(one.name, one.type, one.help, labels)
    bounds = sorted({float(s["le"]) for s in sets if "le" in s} - {float("inf")})
    kind = "histogram" if bounds else "native_histogram"
    return FoundMetric(one.name, kind, one.help, labels, tuple(bounds))


def _selector(**labels: str) -> str:
    matchers = (f"{name}={json.dumps(value, ensure_ascii=False)}" for name, value in labels.items())
    return f"{{{','.join(matchers)}}}"
