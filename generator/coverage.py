"""What commands count: alerts with unit tests, expectations met, rules, panels and their cost."""

from __future__ import annotations

from decimal import Decimal

from generator.compilation import Compilation
from generator.findings import (
    Finding,
    Place,
    error,
)
from generator.ir.cost import TenantCost
from generator.values import plain
from generator.verify.expectations import check_expectations


def coverage(compilation: Compilation) -> list[str]:
    """How many alerts have unit tests, tenant by tenant, and which have none."""
    told = []
    for name in compilation.wanted:
        build = compilation.tenants[name].build
        if build is None or not build.alerts:
            continue
        without = build.untested
        names = f", all but {', '.join(without)}" if without else ""
        tested = len(build.alerts) - len(without)
        told.append(f"{name}: {tested} of {len(build.alerts)} alerts have unit tests{names}")
    return told


def too_few(compilation: Compilation, least: Decimal | None) -> list[Finding]:
    """An error for each tenant of whose alerts too few have unit tests."""
    findings = []
    for name in compilation.wanted:
        build = compilation.tenants[name].build
        if least is None or build is None or not build.alerts:
            continue
        tested = len(build.alerts) - len(build.untested)
        share = Decimal(tested * 100) / len(build.alerts)
        if share < least:
            message = (
                f"{tested} of {len(build.alerts)} alerts of {name} have unit tests: "
                f"{share:.1f} % are fewer than {plain(least)} %"
            )
            hint = f"write tests: for {', '.join(build.untested)}"
            findings.append(error("too-few-tests", message, Place(build.spec_file, 1, 1), hint))
    return findings


def expectations(compilation: Compilation) -> tuple[Finding, ...]:
    """What the specs expect to be told and would not be."""
    builds = (compilation.tenants[name].build for name in compilation.wanted)
    return tuple(f for build in builds if build for f in check_expectations(build))


def costs(compilation: Compilation) -> tuple[TenantCost, ...]:
    """What the rules of each tenant that was asked for cost."""
    builds = [compilation.tenants[name].build for name in compilation.wanted]
    return tuple(build.cost for build in builds if build is not None)


def counted(compilation: Compilation) -> str:
    """`2 of 3 tenants: 120 rules, 40 panels`."""
    builds = [compilation.tenants[n].build for n in compilation.wanted]
    good = [b for b in builds if b is not None]
    rules = sum(len(g.rules) for b in good for g in b.groups)
    panels = sum(len(r.panels) for b in good for d in b.dashboards for r in d.rows)
    return f"{len(good)} of {len(builds)} tenants: {rules} rules, {panels} panels"
