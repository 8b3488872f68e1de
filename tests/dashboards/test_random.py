"""Laws of every tenant's dashboards: Grafana's schemas and rules, isolation, links, ids."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from generator.compile.tenant import compile_tenant
from generator.spec.model import CustomPanel, Dashboards, Tenant
from generator.values import Duration
from tests.builders import PLACE, platform, text
from tests.compile_rules.random_tenants import tenants
from tests.dashboards.drawn import complaints, ids, links

_VIEWS = ("executive", "technical", "security", "ml")
_EXPRESSIONS = (
    "sum by (queue) (queue_depth)",
    "sum(rate(requests_total[$__rate_interval]))",
    "max(slo_info) or vector(0)",
)


@st.composite
def panels(draw: st.DrawFn, number: int) -> CustomPanel:
    kind = draw(st.sampled_from(["timeseries", "stat", "gauge", "bargauge", "table"]))
    compare = None if kind == "table" else draw(st.sampled_from([None, Duration.of(days=7)]))
    asked = draw(st.lists(st.sampled_from(_EXPRESSIONS), min_size=1, max_size=3, unique=True))
    return CustomPanel(
        key=f"panel:{number}",
        view=draw(st.sampled_from(_VIEWS)),
        title=f"Panel {number}",
        description="What it shows, and what to do.",
        kind=kind,
        queries=tuple((text(expr), f"line {i}") for i, expr in enumerate(asked)),
        unit=draw(st.sampled_from(["short", "percentunit", "s"])),
        thresholds=(),
        service=draw(st.sampled_from([None, "api", "db"])),
        place=PLACE,
        signal=draw(st.sampled_from(["", "rate", "saturation"])),
        compare=compare,
    )


@st.composite
def drawn_tenants(draw: st.DrawFn) -> Tenant:
    """Any tenant, any views in any order, any panels."""
    made = draw(tenants())
    views = tuple(draw(st.lists(st.sampled_from(_VIEWS), min_size=1, max_size=4, unique=True)))
    wanted = tuple(draw(panels(number)) for number in range(draw(st.integers(0, 4))))
    return replace(made, dashboards=Dashboards(views, wanted))


@settings(
    max_examples=20,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(tenant=drawn_tenants())
def test_grafana_takes_every_tenants_dashboards(
    tenant: Tenant, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    build = compile_tenant(tenant, platform(), proven=False)
    told = complaints(build, tmp_path / "boards", capsys)
    assert told == []
    assert set(links(build)) <= ids(build)
    found = [f.message for f in build.findings if f.code in ("dashboard-record", "panel-id")]
    assert all(" reads pack:" in message for message in found), "these may be recorded or not"
