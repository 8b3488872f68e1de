"""Every pack that ships, with its defaults and each preset: proven, documented and drawn.

A tenant uses all of them at once and declares a metric, so that every expression is checked
against the metrics that the packs themselves declare.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from generator.api import Compiled, compile_specs
from generator.compile.tenant import compile_tenant
from generator.findings import Level
from generator.promql.parser import parse
from generator.promql.tree import Aggregate, Binary, Call, Number, VectorSelector, unwrapped, walk
from generator.spec.load import PlatformSpec, load_platform, load_tenant
from generator.spec.pack_parameters import Parameter
from generator.spec.packs import OWN_PACKS, SHIPPED, Pack, read_packs
from generator.tools import Tool
from generator.values import Duration, plain
from generator.verify.promtool import check_rules, run_tests
from generator.verify.stage import staged
from tests.examples import test_dashboards as laws

PLATFORM = """\
version: 1
fallback: mail
channels: {mail: {email: {to: ops@example.com}}}
smtp: {smarthost: "mail:25", from: tocsin@example.com}
escalation: {mail-only: [{notify: [mail]}]}
defaults: {routing: {critical: mail-only, warning: mail-only, info: mail-only}}
"""
TENANT = """\
version: 1
tenant: acme
owner: {team: core}
metrics: {declared: {type: gauge}}
compliance: [gdpr, soc2, iso27001]
services:
"""
PACKS = {
    name: pack for name, pack in read_packs(SHIPPED)[0].items() if pack.file.startswith(OWN_PACKS)
}
PROMISED = {
    "http-api",
    "service-health",
    "resources",
    "network",
    "postgres",
    "redis",
    "containers",
    "engagement",
    "recommendation-quality",
    "playlist-conversion",
    "ml-model",
    "intrusion",
    "access-anomaly",
    "compliance",
    "audit-trail",
}
USES = {name: (name, "") for name in PACKS} | {
    f"{name}-{word}": (name, f"{parameter.name}: {word}")
    for name, pack in PACKS.items()
    for parameter in pack.parameters
    for word in parameter.presets
    if word != parameter.default
}
"""service -> (pack, its parameters): the defaults of each, and each other preset."""


@pytest.fixture(scope="module")
def compiled(tmp_path_factory: pytest.TempPathFactory) -> Compiled:
    """A tenant with a service for each use."""
    root = repository(tmp_path_factory.mktemp("packs"))
    services = "".join(
        f"  {service}: {{selector: {{job: {service}}}, packs: {{{pack}: {{{given}}}}}}}\n"
        for service, (pack, given) in USES.items()
    )
    (root / "specs" / "tenants" / "acme.yaml").write_text(TENANT + services)
    return compile_specs(root).tenants["acme"]


def repository(root: Path) -> Path:
    (root / "specs" / "tenants").mkdir(parents=True)
    (root / "specs" / "platform.yaml").write_text(PLATFORM)
    return root


def test_the_catalogue_is_whole() -> None:
    assert set(PACKS) >= PROMISED
    assert {"http-api-fastapi", "http-api-starlette", "http-api-opentelemetry"} <= set(USES)


def test_nothing_is_wrong_and_nothing_is_unproven(compiled: Compiled) -> None:
    assert [f for f in compiled.findings if f.level is not Level.INFO] == []
    assert [f.message for f in compiled.findings if f.code == "untested-alert"] == []


def test_every_alert_has_a_runbook_evidence_and_a_hold(compiled: Compiled) -> None:
    assert compiled.build is not None
    for entry in compiled.build.docs.runbooks:
        what = f"{entry.pack}: {entry.alert}"
        assert "**What it means.**" in entry.text, what
        assert "**First checks.**\n1. " in entry.text, what
        assert "**Who.**" in entry.text, what
        assert all(variant.hold.ms and variant.summary for variant in entry.variants), what
        if PACKS[entry.pack].category in ("system", "security"):
            assert entry.compliance, what


def test_all_together_leave_no_gap(compiled: Compiled) -> None:
    """Every control that a pack is said to bring is brought."""
    assert compiled.build is not None
    assert [c.control for c in compiled.build.docs.controls if c.gap] == []
    assert len(compiled.build.docs.controls) > 40


@pytest.mark.parametrize("pack", PACKS.values(), ids=list(PACKS))
def test_a_number_says_why(pack: Pack) -> None:
    for parameter in pack.parameters:
        if parameter.type in ("ratio", "duration", "number", "integer"):
            if not parameter.name.startswith("min_"):
                parts = parameter.description.replace(";", ".").rstrip(".").split(". ")
                assert len(parts) > 1, f"{parameter.name}: {parameter.description}"
            assert (
                parameter.type in ("ratio", "duration")
                or parameter.minimum is not None
                or (parameter.name == "min_ndcg")
            ), parameter.name


def expressions(compiled: Compiled) -> Iterator[tuple[str, str]]:
    """(where, expression) of every alert's rule and every panel of a pack."""
    assert compiled.build is not None
    for group in compiled.build.groups:
        for rule in group.rules:
            yield group.name, rule.expr
    for dashboard in compiled.build.dashboards:
        for row in dashboard.rows:
            for panel in row.panels:
                own = panel.key.startswith(("panel:", "alert:"))
                for query in panel.queries if own else ():
                    yield panel.key, laws.plain(query.expr)


def test_expressions_keep_the_laws(compiled: Compiled) -> None:
    """Divisors are guarded against zero, percentiles keep le, regexes are none that are literal."""
    seen = 0
    for where, text in expressions(compiled):
        for node in walk(parse(text)):
            seen += 1
            match node:
                case Binary(op="/") if not isinstance(unwrapped(node.rhs), Number):
                    inner = [n.op for n in walk(node.rhs) if isinstance(n, Binary)]
                    assert ">" in inner, f"{where}: {text}"
                case Call(function="histogram_quantile"):
                    found = unwrapped(node.args[1])
                    assert isinstance(found, Aggregate) and "le" in found.labels, text
                case VectorSelector():
                    for matcher in node.matchers:
                        if matcher.op in ("=~", "!~"):
                            assert set(matcher.value) & set(".|*+[("), f"{where}: {text}"
    assert seen > 2000


def test_panels_rate_over_grafanas_own_interval(compiled: Compiled) -> None:
    assert compiled.build is not None
    for dashboard in compiled.build.dashboards:
        for panel in (panel for row in dashboard.rows for panel in row.panels):
            for query in panel.queries:
                assert not re.search(r"\brate\([^\[]*\[(?!\$__)", query.expr), panel.key


def test_the_dashboards_keep_the_laws_of_all(compiled: Compiled) -> None:
    boards = [
        ("acme", artifact.path, json.loads(artifact.content))
        for artifact in compiled.artifacts
        if artifact.path.startswith("grafana/") and artifact.path.endswith(".json")
    ]
    assert len(boards) == len(laws.VIEWS)
    laws.test_ids_are_unique_and_uids_are_valid(boards)
    laws.test_panels_do_not_overlap_and_fit_the_grid(boards)
    laws.test_every_query_is_pinned_to_the_tenant(boards)
    laws.test_every_panel_says_what_it_shows(boards)


def test_every_panel_says_what_to_do_and_has_limits(compiled: Compiled) -> None:
    assert compiled.build is not None
    drawn: dict[str, set[str]] = {}
    for dashboard in compiled.build.dashboards:
        for row in dashboard.rows:
            for panel in row.panels:
                if not panel.key.startswith("panel:"):
                    continue
                service = panel.key.split(":")[1]
                drawn.setdefault(USES[service][0], set()).add(dashboard.view)
                said = panel.description.replace(";", ".").rstrip(".").split(". ")
                assert len(said) > 1, f"{panel.key}: {panel.description}"
                assert panel.unit and panel.thresholds[0].value is None, panel.key
    assert set(drawn) == set(PACKS)
    for name, pack in PACKS.items():
        if pack.category == "security":
            assert drawn[name] >= {"security"}, name
        if pack.category == "ml":
            assert drawn[name] >= {"ml", "executive"}, name
        if pack.category == "business":
            assert "executive" in drawn[name], name


@pytest.mark.tools
def test_promtool_agrees(compiled: Compiled, tools: Mapping[str, Tool]) -> None:
    with staged({"acme": compiled.artifacts}) as folder:
        rules = sorted(folder.glob("acme/prometheus/rules/*.yml"))
        assert check_rules(tools["promtool"], rules, folder, {}) == []
        tests = sorted(folder.glob("acme/prometheus/tests/*/test.yml"))
        assert len(tests) >= 80
        findings, _ = run_tests(tools["promtool"], tests, folder, {}, None)
        assert findings == []


# --------------------------------------------------------------------------- any parameters


def drawn_value(parameter: Parameter) -> st.SearchStrategy[Any]:
    """Values that the parameter allows, as a user would write them."""
    if parameter.choices:
        return st.sampled_from(parameter.choices)
    low, high = parameter.minimum, parameter.maximum
    match parameter.type:
        case "ratio":
            return st.decimals(0, 1, places=3).map(plain)
        case "number":
            return st.decimals(Decimal(str(low or 0)), Decimal(str(high or 10**6)), places=2).map(
                plain
            )
        case "integer":
            return st.integers(int(low or 0), int(high or 1000)).map(str)
        case "duration":
            first = Duration.parse(low).ms if low else 1
            last = Duration.parse(high).ms if high else Duration.of(days=90).ms
            return st.integers(first, last).map(lambda ms: str(Duration(ms)))
        case "boolean":
            return st.sampled_from(["true", "false"])
        case "metric":
            return st.from_regex(r"[a-z][a-z0-9_:]{0,8}", fullmatch=True).map(
                lambda text: f"{parameter.name}_{text}"
            )
        case "label":
            return st.from_regex(r"[a-z][a-z0-9_]{0,8}", fullmatch=True).map(
                lambda text: f"l_{parameter.name}_{text}"
            )
        case "regex":
            return st.sampled_from(["ext4|xfs", "a.*", '"[^\\\\\\\\"]+"', "\\\\d+"])
        case _:
            return st.just(str(parameter.default))


@st.composite
def uses(draw: st.DrawFn) -> tuple[str, dict[str, str]]:
    """A pack and values for some of its parameters."""
    pack = draw(st.sampled_from(sorted(PACKS)))
    chosen = draw(st.lists(st.sampled_from(PACKS[pack].parameters), unique_by=lambda p: p.name))
    return pack, {p.name: draw(drawn_value(p)) for p in chosen}


@pytest.fixture(scope="module")
def platform(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, PlatformSpec]:
    root = repository(tmp_path_factory.mktemp("any"))
    return root, load_platform(root)


@settings(max_examples=100, deadline=None, suppress_health_check=list(HealthCheck))
@given(use=uses())
def test_allowed_parameters_never_break_a_tenant(
    platform: tuple[Path, PlatformSpec], use: tuple[str, dict[str, str]]
) -> None:
    root, spec = platform
    pack, values = use
    given_ = "".join(f"        {name}: {quoted(value)}\n" for name, value in values.items())
    service = f"  svc:\n    selector: {{job: svc}}\n    packs:\n      {pack}:\n{given_}"
    (root / "specs" / "tenants" / "acme.yaml").write_text(
        TENANT + (service if values else service.rstrip("\n") + " {}\n")
    )
    loaded = load_tenant(root, "acme", spec)
    assert [f for f in loaded.findings if f.level is Level.ERROR] == []
    assert loaded.tenant is not None
    build = compile_tenant(loaded.tenant, spec.platform, proven=False)
    assert [f for f in build.findings if f.level is Level.ERROR] == []


def quoted(value: str) -> str:
    return f"'{value}'" if set(value) & set(':|.*"[') else value
