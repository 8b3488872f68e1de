"""Scrape jobs of a spec."""

from __future__ import annotations

from typing import Any

from generator.spec.model import (
    Collect,
    Platform,
)
from generator.spec.scalars import (
    RESERVED_LABELS,
    Reading,
    duration,
    flag,
    mapping,
    static_labels,
    string,
    strings,
)
from generator.spec.source import Node
from generator.spec.validate import one_of

DISCOVERIES = ("targets", "dns", "file", "http", "kubernetes")


def read_collect(node: Node | None, platform: Platform, reading: Reading) -> tuple[Collect, ...]:
    """The scrape jobs, in the file\'s order."""
    jobs: list[Collect] = []
    for index, item in enumerate(node.items if node else ()):
        if not reading.usable("collect", index):
            continue
        name = item.get("job")
        assert name is not None
        reading.findings += one_of(item, DISCOVERIES, "a scrape job", "discovery")
        if any(job.job == string(name) for job in jobs):
            message = f"two jobs are named {string(name)!r}"
            reading.error("duplicate-name", message, name.place, "rename one of them")
        jobs.append(_job(item, platform, reading))
    return tuple(jobs)


def _job(node: Node, platform: Platform, reading: Reading) -> Collect:
    def raw(key: str) -> Any:
        found = node.get(key)
        return found.data() if found is not None else None

    params = node.get("params")
    interval, timeout = node.get("interval"), node.get("timeout")
    scrape = duration(interval, platform.scrape_interval)
    if timeout is not None and duration(timeout) > scrape:
        message = f"a scrape's timeout cannot exceed its interval ({scrape})"
        reading.error("bad-value", message, timeout.place)
    tls = node.get("tls")
    if tls is not None and flag(tls.get("insecure_skip_verify"), False):
        message = "the target's certificate is not checked"
        place = tls.key_place("insecure_skip_verify")
        reading.warning("tls-unchecked", message, place, "name the authority with ca_file")
    reserved = (platform.labels.written | RESERVED_LABELS) - {platform.labels.service} | {
        "job",
        "instance",
    }
    return Collect(
        job=string(node.get("job")),
        place=node.place,
        targets=strings(node.get("targets")),
        dns=raw("dns"),
        file=raw("file"),
        http=raw("http"),
        kubernetes=raw("kubernetes"),
        labels=static_labels(node.get("labels"), reading, reserved),
        scheme=string(node.get("scheme"), "https" if tls is not None else "http"),
        path=string(node.get("path"), "/metrics"),
        params={k: strings(v) for k, _, v in params.values()} if params else {},
        interval=duration(interval) if interval else None,
        timeout=duration(timeout) if timeout else None,
        tls=raw("tls") or {},
        authorization=mapping(node.get("authorization")),
        basic_auth=mapping(node.get("basic_auth")),
        limits=raw("limits") or {},
    )
