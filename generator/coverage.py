"""What commands count: alerts with unit tests, expectations met, rules, panels and their cost."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal

from generator.compilation import Compilation
from generator.findings import (
    Finding,
    Place,
    error,
)
from generator.ir.build import Build
from generator.values import plain
from generator.verify.expectations import check_expectations

MANY = 20
"""From more tenants than these on, what is alike is told once."""


@dataclass(frozen=True, slots=True)
class Counts:
    """What a tenant has how many of."""

    rules: int
    panels: int
    alerts: int
    untested: tuple[str, ...]
    """Alerts without a unit test, by slug."""
    spec_file: str

    @property
    def tested(self) -> int:
        """Alerts with a unit test."""
        return self.alerts - len(self.untested)


def counts_of(build: Build) -> Counts:
    """The numbers of a tenant that compiles."""
    return Counts(
        rules=sum(len(group.rules) for group in build.groups),
        panels=sum(len(row.panels) for d in build.dashboards for row in d.rows),
        alerts=len(build.alerts),
        untested=build.untested,
        spec_file=build.spec_file,
    )


def wanted_counts(compilation: Compilation) -> Mapping[str, Counts]:
    """The numbers of the wanted tenants that compile."""
    builds = ((name, compilation.tenants[name].build) for name in compilation.wanted)
    return {name: counts_of(build) for name, build in builds if build is not None}


def coverage(tenants: Mapping[str, Counts]) -> list[str]:
    """How many alerts have unit tests, tenant by tenant, and which have none."""
    some = {name: counts for name, counts in tenants.items() if counts.alerts}
    whole = [counts for counts in some.values() if not counts.untested]
    if len(whole) <= MANY:
        return list(_covered(some))
    alerts = sum(counts.alerts for counts in whole)
    told = f"{len(whole)} tenants: all {alerts} alerts have unit tests"
    return [told, *_covered({n: c for n, c in some.items() if c.untested})]


def _covered(tenants: Mapping[str, Counts]) -> Iterator[str]:
    for name, counts in tenants.items():
        names = f", all but {', '.join(counts.untested)}" if counts.untested else ""
        yield f"{name}: {counts.tested} of {counts.alerts} alerts have unit tests{names}"


def too_few(tenants: Mapping[str, Counts], least: Decimal | None) -> list[Finding]:
    """An error for each tenant of whose alerts too few have unit tests."""
    findings = []
    for name, counts in tenants.items():
        if least is None or not counts.alerts:
            continue
        share = Decimal(counts.tested * 100) / counts.alerts
        if share < least:
            message = (
                f"{counts.tested} of {counts.alerts} alerts of {name} have unit tests: "
                f"{share:.1f} % are fewer than {plain(least)} %"
            )
            hint = f"write tests: for {', '.join(counts.untested)}"
            place = Place(counts.spec_file, 1, 1)
            findings.append(error("too-few-tests", message, place, hint))
    return findings


def expectations(compilation: Compilation) -> tuple[Finding, ...]:
    """What the specs expect to be told and would not be."""
    builds = (compilation.tenants[name].build for name in compilation.wanted)
    return tuple(f for build in builds if build for f in check_expectations(build))


def counted(tenants: Iterable[Counts], wanted: int) -> str:
    """`2 of 3 tenants: 120 rules, 40 panels`."""
    good = list(tenants)
    rules, panels = sum(one.rules for one in good), sum(one.panels for one in good)
    return f"{len(good)} of {wanted} tenants: {rules} rules, {panels} panels"
