"""Finished files are read again: what is not the tenant's alone is found, whoever wrote it."""

from __future__ import annotations

import json

import pytest

from generator.ir.artifacts import Artifact
from generator.promql.isolate import Scope
from generator.render.prometheus import rule_files
from generator.values import Version
from generator.verify.reread import reread
from tests.compile_rules.test_slo_table import groups

SCOPE = Scope("tenant", "acme", Version(2, 42), frozenset())
OWN = 'up{tenant="acme",job="api"}'


def rule(expr: str, labels: str = "tenant: acme") -> Artifact:
    text = f"groups: [{{name: g, rules: [{{record: a:b, expr: '{expr}', labels: {{{labels}}}}}]}}]"
    return Artifact("prometheus/rules/api.yml", text.encode())


def board(expr: str) -> Artifact:
    content = {"panels": [{"title": "P", "panels": [{"targets": [{"expr": expr}]}]}]}
    return Artifact("grafana/technical.json", json.dumps(content).encode())


def test_what_we_make_is_pinned() -> None:
    assert reread(rule_files(groups(), "x"), SCOPE) == []
    assert reread([rule(OWN), board(f"sum(rate({OWN}[$__rate_interval]))")], SCOPE) == []


@pytest.mark.parametrize(
    "expr",
    [
        'up{job="api"}',
        'up{tenant="globex"}',
        'up{tenant=~"acme|globex"}',
        'up{tenant!=""}',
        f'{OWN} / ignoring(job) up{{job="x"}}',
        'label_replace(up{tenant="globex"}, "tenant", "acme", "", "")',
        "up{",
    ],
)
def test_what_leaves_the_tenant_is_found(expr: str) -> None:
    for artifact in (rule(expr), board(expr)):
        assert [f.code for f in reread([artifact], SCOPE)] == ["not-isolated"]


def test_a_rule_without_the_tenant_label_is_found() -> None:
    for labels in ("", "tenant: globex"):
        assert [f.code for f in reread([rule(OWN, labels)], SCOPE)] == ["not-isolated"]
