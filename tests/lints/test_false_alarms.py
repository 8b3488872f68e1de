"""Lints on what is known to be right: the examples, every pack with every preset, our own rules.

docs/lints/README.md tells the numbers.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace

import pytest

from generator.compile.tenant import compile_tenant
from generator.findings import Finding
from generator.ir.build import Build
from generator.ir.rules import AlertRule
from generator.lints import LINTS
from generator.promql.check import check
from generator.promql.parser import parse
from generator.spec.load import load_platform, load_tenant, tenant_names
from generator.values import Duration
from tests.conftest import ROOT
from tests.examples.test_packs import TENANT, USES
from tests.lints.tenants import Specs

SCRAPE = Duration.of(seconds=15)
PACKED = TENANT + "".join(
    f"  {service}: {{selector: {{service: {service}}}, packs: {{{pack}: {{{parameters}}}}}}}\n"
    for service, (pack, parameters) in USES.items()
)


def linted(findings: tuple[Finding, ...]) -> list[str]:
    return [f"{f.place} {f.code}: {f.message}" for f in findings if f.code in LINTS]


def rules(builds: list[Build]) -> Iterator[tuple[str, bool]]:
    for build in builds:
        for group in build.groups:
            for rule in group.rules:
                yield rule.expr, isinstance(rule, AlertRule)


@pytest.fixture(scope="module")
def builds(specs: Specs) -> list[Build]:
    """The examples and a tenant with every pack, compiled; none has a finding of a lint."""
    (specs.folder / "specs" / "tenants" / "acme.yaml").write_text(PACKED)
    examples = load_platform(ROOT)
    platform = replace(specs.platform.platform, retention=Duration.of(days=400))
    loaded = [(load_tenant(ROOT, name, examples), examples.platform) for name in tenant_names(ROOT)]
    loaded.append((load_tenant(specs.folder, "acme", specs.platform), platform))
    made = []
    for one, around in loaded:
        assert one.tenant is not None, one.findings
        build = compile_tenant(one.tenant, around, proven=False)
        assert linted((*one.findings, *build.findings)) == []
        made.append(build)
    return made


def test_what_is_compiled_is_clean_and_as_many_as_the_page_says(builds: list[Build]) -> None:
    found, alerts, count = [], 0, 0
    for expr, alert in rules(builds):
        count += 1
        alerts += alert
        problems = check(parse(expr), expr, alert=alert, scrape_interval=SCRAPE)
        found += [f"{p.code}: {p.message} in {expr}" for p in problems]
    assert found == []
    page = (ROOT / "docs" / "lints" / "README.md").read_text()
    told = re.search(r"more than (\d+) rules, (\d+) of them alerts", page)
    assert told is not None and count > int(told[1]) and alerts > int(told[2]), (count, alerts)
