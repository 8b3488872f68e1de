"""Scrape jobs as plain values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from generator.values import Duration


@dataclass(frozen=True, slots=True)
class RelabelConfig:
    """One relabelling step; None leaves Prometheus' default."""

    action: str = "replace"
    source_labels: tuple[str, ...] = ()
    separator: str | None = None
    target_label: str | None = None
    regex: str | None = None
    replacement: str | None = None


@dataclass(frozen=True, slots=True)
class ScrapeJob:
    """One `scrape_configs` entry. `discovery` maps `static_configs`, … to their data."""

    job_name: str
    discovery: Mapping[str, tuple[Mapping[str, Any], ...]]
    relabel_configs: tuple[RelabelConfig, ...]
    metric_relabel_configs: tuple[RelabelConfig, ...] = ()
    scrape_interval: Duration | None = None
    scrape_timeout: Duration | None = None
    metrics_path: str = "/metrics"
    scheme: str = "http"
    params: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    http: Mapping[str, Any] = field(default_factory=dict)
    """`tls_config`, `authorization`, `basic_auth`, … in Prometheus' own fields, secrets by file."""
    limits: Mapping[str, Any] = field(default_factory=dict)
    """`sample_limit`, `label_limit`, `body_size_limit`, … in Prometheus' own fields."""
