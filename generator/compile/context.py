"""What every compiler needs to make an expression of one tenant: isolation, checks, labels."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property, lru_cache

from generator.findings import Finding, Text, has_errors
from generator.promql.catalogue import Catalogue, MetricInfo, interned
from generator.promql.check import check
from generator.promql.isolate import Scope, isolate, isolate_text, wrap_isolated
from generator.promql.parser import parse
from generator.promql.problems import Problem, PromqlError
from generator.spec.model import Platform, Service, Tenant
from generator.values import Duration, IsolatedExpr

WIDTH = 96
"""Columns of a wrapped expression in a rule file."""


@dataclass(frozen=True)
class Context:
    """One tenant on its platform."""

    tenant: Tenant
    platform: Platform

    @cached_property
    def scope(self) -> Scope:
        """The tenant's isolation scope."""
        return Scope(
            label=self.platform.labels.tenant,
            tenant=self.tenant.id,
            target=self.platform.targets.prometheus,
            shared=self.platform.shared_metrics,
        )

    @cached_property
    def catalogue(self) -> Catalogue:
        """The declared metrics, perhaps none, and the scrape jobs."""
        metrics = {
            name: MetricInfo(metric.type, metric.labels, metric.buckets)
            for name, metric in self.tenant.metrics.items()
        }
        own = {key for job in self.tenant.collect for key in job.labels}
        selected = {key for s in self.tenant.services.values() for key in s.selector}
        targets = frozenset({"instance", "job", self.platform.labels.tenant} | own | selected)
        return interned(Catalogue(metrics, targets, self.platform.metrics_strict, self.jobs))

    @cached_property
    def jobs(self) -> frozenset[str]:
        """Every job that the tenant collects or names; empty when it collects nothing itself."""
        if not self.tenant.collect:
            return frozenset()
        labelled = {job.labels["job"] for job in self.tenant.collect if "job" in job.labels}
        chosen = {s.selector["job"] for s in self.tenant.services.values() if "job" in s.selector}
        return frozenset({job.job for job in self.tenant.collect} | labelled | chosen)

    def own(self, expr: str, *, constant: bool = False) -> IsolatedExpr:
        """An expression of ours, isolated and laid out. A fault in it is a fault of ours."""
        return wrap_isolated(isolate(expr, self.scope, allow_constant=constant), WIDTH)

    def graph(self, expr: str) -> IsolatedExpr:
        """An expression of ours for a panel, which may hold Grafana variables."""
        return isolate(expr, self.scope, variables=True)

    def author(
        self,
        text: Text,
        *,
        alert: bool = False,
        level: tuple[str, float] | None = None,
        variables: bool = False,
    ) -> tuple[IsolatedExpr | None, tuple[Finding, ...]]:
        """An author's expression, isolated and checked; None when it cannot be used.

        `alert`: every sample of it fires; `level`: an alert compares it with (operator, number).
        """
        expr, findings = isolate_text(text, self.scope, variables=variables)
        if expr is None:
            return None, findings
        told = list(findings)
        scraped = None if variables else self.platform.scrape_interval
        retention = self.platform.retention
        problems = _doubts(text.value, variables, self.catalogue, alert, level, scraped, retention)
        told += [problem.finding(text) for problem in problems]
        if has_errors(told):
            return None, tuple(told)
        return expr, tuple(told)

    def service(self, name: str | None) -> Service | None:
        """A service by name."""
        return self.tenant.services.get(name) if name else None

    def labels(self, service: str | None, severity: str, own: Mapping[str, str]) -> dict[str, str]:
        """The static labels of an alert: the author's, then those that nobody may override."""
        names = self.platform.labels
        found = self.service(service)
        owner = found.owner if found else self.tenant.owner
        labels = {**self.tenant.labels, **(found.labels if found else {}), **own}
        labels |= {names.tenant: self.tenant.id, names.team: owner.team, names.severity: severity}
        if service:
            labels[names.service] = service
        return dict(sorted(labels.items()))

    def record_labels(self, service: str | None = None, slo: str | None = None) -> dict[str, str]:
        """The static labels of a recorded series."""
        names = self.platform.labels
        labels = {names.tenant: self.tenant.id}
        if service:
            labels[names.service] = service
        if slo:
            labels[names.slo] = slo
        return dict(sorted(labels.items()))


@lru_cache(maxsize=4096)
def _doubts(
    text: str,
    variables: bool,
    catalogue: Catalogue,
    alert: bool,
    level: tuple[str, float] | None,
    scrape_interval: Duration | None,
    retention: Duration | None,
) -> tuple[Problem, ...]:
    """What `check` finds, once for all tenants that have the same text: packs give it to many."""
    return tuple(
        check(
            parse(text, variables=variables),
            text,
            catalogue,
            alert=alert,
            level=level,
            scrape_interval=scrape_interval,
            retention=retention,
        )
    )


def findings_of(problem: PromqlError, text: Text) -> tuple[Finding, ...]:
    """The problems of an author's expression at their places in the spec."""
    return tuple(p.finding(text) for p in problem.problems)
