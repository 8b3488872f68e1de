"""`collect` to scrape jobs: targets labelled with their tenant, whatever they expose.

Secrets are named by file only; the spec's schema knows no other way.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from generator.ir.scrape import RelabelConfig, ScrapeJob
from generator.spec.model import Collect, Platform, Tenant

_LIMITS = {
    "samples": "sample_limit",
    "labels": "label_limit",
    "label_name_length": "label_name_length_limit",
    "label_value_length": "label_value_length_limit",
    "targets": "target_limit",
    "body": "body_size_limit",
}


def compile_scrape(tenant: Tenant, platform: Platform) -> tuple[ScrapeJob, ...]:
    """One scrape job per `collect` entry, in the spec's order.

    Job names are `<tenant>/<job>`, unique over the fleet; the label `job` is the user's name.
    """
    return tuple(_job(collect, tenant, platform) for collect in tenant.collect)


def _job(collect: Collect, tenant: Tenant, platform: Platform) -> ScrapeJob:
    label = platform.labels.tenant
    forced = RelabelConfig(target_label=label, replacement=tenant.id)
    job = RelabelConfig(target_label="job", replacement=_escaped(collect.job))
    own = tuple(
        RelabelConfig(target_label=name, replacement=_escaped(value))
        for name, value in sorted(collect.labels.items())
        if name not in (label, "job")
    )
    return ScrapeJob(
        job_name=f"{tenant.id}/{collect.job}",
        discovery=_discovery(collect),
        relabel_configs=(*_kubernetes_labels(collect), *own, job, forced),
        metric_relabel_configs=(
            RelabelConfig(action="labeldrop", regex=f"exported_{label}"),
            forced,
        ),
        scrape_interval=collect.interval,
        scrape_timeout=_timeout(collect, platform),
        metrics_path=collect.path,
        scheme=collect.scheme,
        params=collect.params,
        http=_http(collect, platform),
        limits={_LIMITS[key]: value for key, value in collect.limits.items()},
    )


def _escaped(value: str) -> str:
    """A relabelling replacement that means the value itself: `$1` would be a group."""
    return value.replace("$", "$$")


def _discovery(collect: Collect) -> dict[str, tuple[Mapping[str, Any], ...]]:
    if collect.targets:
        return {"static_configs": ({"targets": list(collect.targets)},)}
    for name, given in (
        ("dns_sd_configs", collect.dns),
        ("file_sd_configs", collect.file),
        ("http_sd_configs", collect.http),
    ):
        if given:
            return {name: (dict(given),)}
    return {"kubernetes_sd_configs": (_kubernetes(collect.kubernetes or {}),)}


def _kubernetes(given: Mapping[str, Any]) -> dict[str, Any]:
    config: dict[str, Any] = {"role": given["role"]}
    if given.get("namespaces"):
        config["namespaces"] = {"names": list(given["namespaces"])}
    if given.get("selector"):
        labels = ",".join(f"{k}={v}" for k, v in sorted(given["selector"].items()))
        config["selectors"] = [{"role": given["role"], "label": labels}]
    return config


def _kubernetes_labels(collect: Collect) -> tuple[RelabelConfig, ...]:
    """Where a discovered target runs, by the names people query by."""
    if collect.kubernetes is None:
        return ()
    role = str(collect.kubernetes["role"])
    found = [("__meta_kubernetes_namespace", "namespace")]
    if role in ("pod", "endpoints", "endpointslice"):
        found.append(("__meta_kubernetes_pod_name", "pod"))
    if role == "node":
        found = [("__meta_kubernetes_node_name", "node")]
    return tuple(RelabelConfig(source_labels=(meta,), target_label=name) for meta, name in found)


def _timeout(collect: Collect, platform: Platform) -> Any:
    """Prometheus refuses a timeout above the interval: its default of 10 s is cut to fit."""
    interval = collect.interval or platform.scrape_interval
    if collect.timeout is not None:
        return collect.timeout
    return interval if interval.ms < 10_000 else None


def _http(collect: Collect, platform: Platform) -> dict[str, Any]:
    config: dict[str, Any] = {}
    tls = collect.tls or (platform.security.scrape if collect.scheme == "https" else {})
    if tls:
        config["tls_config"] = dict(tls)
    if collect.authorization:
        config["authorization"] = dict(collect.authorization)
    if collect.basic_auth:
        config["basic_auth"] = dict(collect.basic_auth)
    return config
