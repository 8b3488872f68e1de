"""The metrics a tenant declares, and what series they make: names, types, labels, buckets."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from functools import cached_property, lru_cache

COUNTER, GAUGE, HISTOGRAM, NATIVE = "counter", "gauge", "histogram", "native_histogram"
SUMMARY, INFO = "summary", "info"

BUILT_IN = frozenset(
    {
        "up",
        "ALERTS",
        "ALERTS_FOR_STATE",
        "scrape_duration_seconds",
        "scrape_samples_post_metric_relabeling",
        "scrape_samples_scraped",
        "scrape_series_added",
    }
)
"""Series that Prometheus itself makes; nobody declares them."""


@dataclass(frozen=True, slots=True)
class MetricInfo:
    """A declared metric. `type` is counter, gauge, histogram, native_histogram, summary or info.

    `labels` None means: not stated, any label may exist. `buckets` are a histogram's upper bounds.
    """

    type: str
    labels: frozenset[str] | None = None
    buckets: tuple[Decimal, ...] = ()


@dataclass(frozen=True, slots=True)
class Series:
    """One series name of a declared metric: `x_bucket` of the histogram `x`.

    `cumulative`: it only rises, so it is read through rate(). `labels` as in MetricInfo, with
    what the type adds (`le`, `quantile`).
    """

    metric: str
    info: MetricInfo
    cumulative: bool
    labels: frozenset[str] | None


@dataclass(frozen=True)
class Catalogue:
    """Declared metrics by name. `target_labels` come with every scraped series.

    `strict`: an undeclared metric is an error, otherwise a warning. `jobs`: every scrape job that
    the tenant collects or names, where it collects all; empty: not known.
    """

    metrics: Mapping[str, MetricInfo] = field(default_factory=dict)
    target_labels: frozenset[str] = frozenset({"instance", "job"})
    strict: bool = False
    jobs: frozenset[str] = frozenset()

    def __hash__(self) -> int:
        """By content, though mappings have none of their own."""
        return hash((frozenset(self.metrics.items()), self.target_labels, self.strict, self.jobs))

    def series(self, name: str) -> Series | None:
        """The declared metric that makes series of this name; None when none does."""
        info = self.metrics.get(name)
        if info is not None and info.type != HISTOGRAM:
            extra = frozenset({"quantile"}) if info.type == SUMMARY else frozenset()
            return _series(name, info, info.type in (COUNTER, NATIVE), extra)
        base, _, suffix = name.rpartition("_")
        info = self.metrics.get(base)
        if info is None:
            return None
        if info.type == HISTOGRAM and suffix in ("bucket", "sum", "count"):
            extra = frozenset({"le"}) if suffix == "bucket" else frozenset()
            return _series(base, info, True, extra)
        if info.type == SUMMARY and suffix in ("sum", "count"):
            return _series(base, info, True, frozenset())
        return None

    def names(self) -> frozenset[str]:
        """Every series name the declared metrics make."""
        made: set[str] = set()
        for name, info in self.metrics.items():
            if info.type != HISTOGRAM:
                made.add(name)
            if info.type in (HISTOGRAM, SUMMARY):
                made |= {f"{name}_sum", f"{name}_count"}
            if info.type == HISTOGRAM:
                made.add(f"{name}_bucket")
        return frozenset(made)

    def labels_of(self, name: str) -> frozenset[str] | None:
        """Every label the series of this name can carry; None when that is not stated."""
        series = self.series(name)
        if series is None or series.labels is None:
            return None
        return series.labels | self.target_labels

    def known(self) -> dict[str, frozenset[str]]:
        """Series name to labels, for `labels.output_labels`; not to be changed."""
        return self._known

    @cached_property
    def _known(self) -> dict[str, frozenset[str]]:
        found = ((name, self.labels_of(name)) for name in sorted(self.names()))
        return {name: labels for name, labels in found if labels is not None}


def _series(name: str, info: MetricInfo, cumulative: bool, extra: frozenset[str]) -> Series:
    return Series(name, info, cumulative, None if info.labels is None else info.labels | extra)


@lru_cache(maxsize=64)
def interned(catalogue: Catalogue) -> Catalogue:
    """The first of equal catalogues: tenants of a fleet declare the same, and one is compared."""
    return catalogue
