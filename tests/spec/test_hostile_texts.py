"""No text of a spec breaks out: what is written comes back from the finished files as it was."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import promql_parser
import pytest
import yaml
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from generator.api import compile_specs
from generator.findings import Finding
from tests.spec.hostile import LINES, TEXTS, cases

PLATFORM = """\
version: 1
targets: {alertmanager: "0.28"}
fallback: hook
channels: {hook: {webhook: {url_file: /s/hook}, people: true}}
escalation: {only: [{notify: [hook]}]}
defaults: {routing: {critical: only, warning: only, info: only}}
"""
FIELDS = [
    "about",
    "team",
    "contact",
    "product",
    "service_about",
    "selector",
    "service_label",
    "slo_about",
    "alert_label",
    "summary",
    "more",
    "help",
    "title",
    "panel_about",
    "legend",
    "target",
    "param",
    "chat",
    "runbook",
]
"""Every place of the small tenant below that takes free text."""


def tenant(texts: Mapping[str, str]) -> dict[str, Any]:
    """A small tenant with a text in every free place."""
    return {
        "version": 1,
        "tenant": "acme",
        "description": texts["about"],
        "owner": {"team": texts["team"], "contact": texts["contact"]},
        "labels": {"product": texts["product"]},
        "collect": [
            {
                "job": "api",
                "targets": ["api:80"],
                "labels": {"site": texts["target"]},
                "params": {"q": [texts["param"]]},
            }
        ],
        "metrics": {
            "http_requests_total": {"type": "counter", "help": texts["help"]},
            "queue_depth": {"type": "gauge", "help": texts["help"]},
        },
        "services": {
            "api": {
                "selector": {"job": texts["selector"]},
                "description": texts["service_about"],
                "labels": {"part": texts["service_label"]},
                "packs": {"service-health": {}},
            }
        },
        "slos": {
            "answers": {
                "service": "api",
                "description": texts["slo_about"],
                "objective": "99%",
                "sli": {
                    "events": {
                        "total": "http_requests_total",
                        "errors": 'http_requests_total{code="500"}',
                    }
                },
            }
        },
        "alerts": {
            "Deep": {
                "service": "api",
                "threshold": {"expr": "max(queue_depth)", "above": 5},
                "for": "5m",
                "severity": "warning",
                "labels": {"note": texts["alert_label"]},
                "summary": texts["summary"],
                "description": texts["more"],
                "runbook_text": texts["runbook"],
            }
        },
        "channels": {"chat": {"slack": {"channel": texts["chat"], "api_url_file": "/s/chat"}}},
        "escalation": {"mine": [{"notify": ["chat"]}]},
        "routing": {"warning": "mine"},
        "dashboards": {
            "custom": {
                "depth": {
                    "view": "technical",
                    "title": texts["title"],
                    "description": texts["panel_about"],
                    "queries": [{"expr": "max(queue_depth)", "legend": texts["legend"]}],
                }
            }
        },
    }


@cache
def repository() -> Path:
    root = Path(tempfile.mkdtemp(prefix="tocsin-hostile-"))
    (root / "specs" / "tenants").mkdir(parents=True)
    (root / "specs" / "platform.yaml").write_text(PLATFORM)
    return root


def built(texts: Mapping[str, str]) -> tuple[dict[str, bytes], tuple[Finding, ...]]:
    """The tenant's and the fleet's files by path; no files when there is an error."""
    path = repository() / "specs" / "tenants" / "acme.yaml"
    # JSON is YAML 1.2; PyYAML would write 1e3 without quotes, which is a number there
    path.write_text(json.dumps(tenant(texts), ensure_ascii=False), encoding="utf-8")
    whole = compile_specs(repository(), proven=False)
    files = {a.path: a.content for a in whole.tenants["acme"].artifacts}
    files |= {f"fleet/{a.path}": a.content for a in whole.fleet or ()}
    return files, whole.findings


ONE_LINE = {"team", "contact", "product", "selector", "service_label", "alert_label", "chat"}
ONE_LINE |= {"target", "param", "title", "legend"}
TENANTS = st.fixed_dictionaries({name: LINES if name in ONE_LINE else TEXTS for name in FIELDS})


@settings(max_examples=cases(40), deadline=None, phases=(Phase.explicit, Phase.generate))
@given(TENANTS)
def test_every_text_comes_back_as_it_was(texts: Mapping[str, str]) -> None:
    files, findings = built(texts)
    assert files, [f.message for f in findings]
    everything = {path: _read(path, content) for path, content in files.items()}
    _check_rules(everything, texts)
    _check_scrape(everything["prometheus/scrape.yml"], texts)
    _check_alertmanager(everything["alertmanager/alertmanager.yml"], texts)
    _check_dashboards(everything, texts)
    for path, content in files.items():
        if path.endswith(".md"):
            _check_markdown(content.decode(), path)


def _read(path: str, content: bytes) -> Any:
    if path.endswith(".json"):
        return json.loads(content)
    return yaml.safe_load(content) if path.endswith((".yml", ".yaml")) else content.decode()


def _rules(everything: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    for path, document in everything.items():
        if path.startswith("prometheus/rules/"):
            for group in document["groups"]:
                yield from group["rules"]


def _check_rules(everything: Mapping[str, Any], texts: Mapping[str, str]) -> None:
    names, selected = set(), set()
    for rule in _rules(everything):
        names.add(rule.get("alert"))
        assert rule["labels"]["tenant"] == "acme"
        for matchers in selectors(promql_parser.parse(rule["expr"])):
            assert [m for m in matchers if m[0] == "tenant"] == [("tenant", "acme")]
            selected |= {value for name, value in matchers if name == "job"}
        if "alert" in rule and rule["labels"].get("kind") != "marker":
            assert rule["labels"]["team"] == texts["team"]
            assert rule["labels"]["product"] == texts["product"]
        if rule.get("alert") == "Deep" and "escalation_level" not in rule["labels"]:
            assert rule["labels"]["note"] == texts["alert_label"]
            assert rule["annotations"]["summary"] == texts["summary"]
            assert rule["annotations"]["description"] == texts["more"]
    assert selected == {texts["selector"]}, "the pack's selector is the service's"
    assert not any("Injected" in str(name) for name in names)


def selectors(node: Any) -> Iterator[list[tuple[str, str]]]:
    """(name, value) of the matchers of every selector below a node of promql-parser's tree."""
    if isinstance(node, promql_parser.VectorSelector):
        yield [(m.name, m.value) for m in node.matchers.matchers]
    for name in ("expr", "lhs", "rhs", "vector_selector", "vs", "param"):
        child = getattr(node, name, None)
        if child is not None and not isinstance(child, str):
            yield from selectors(child)
    for child in getattr(node, "args", None) or ():
        yield from selectors(child)


def _check_scrape(document: Any, texts: Mapping[str, str]) -> None:
    (job,) = document["scrape_configs"]
    assert job["params"] == {"q": [texts["param"]]}
    labels = {r["target_label"]: r for r in job["relabel_configs"]}
    written = labels["site"]["replacement"]
    assert "$" not in written.replace("$$", ""), "Prometheus would expand it as a group"
    assert written.replace("$$", "$") == texts["target"]


def _check_alertmanager(document: Any, texts: Mapping[str, str]) -> None:
    slack = [c for r in document["receivers"] for c in r.get("slack_configs", ())]
    assert {c["channel"] for c in slack} == {texts["chat"]}
    assert all(r["name"].startswith(("acme/", "fallback", "tocsin", "null")) or "/" in r["name"]
               for r in document["receivers"])  # fmt: skip


def _check_dashboards(everything: Mapping[str, Any], texts: Mapping[str, str]) -> None:
    titles, legends = set(), set()
    for path, document in everything.items():
        if path.startswith("grafana/") and "panels" in document:
            for panel in _panels(document["panels"]):
                titles.add(panel["title"])
                legends |= {t.get("legendFormat") for t in panel.get("targets", ())}
    assert texts["title"] in titles
    assert texts["legend"] in legends


def _panels(panels: Any) -> Iterator[Any]:
    for panel in panels:
        yield panel
        yield from _panels(panel.get("panels") or ())


def _check_markdown(text: str, path: str) -> None:
    """No tag but our own anchors and first line, no link but where we or a person may lead."""
    for token in _tokens(MarkdownIt("commonmark", {"html": True}).enable("table").parse(text)):
        if token.type in ("html_block", "html_inline"):
            tag = token.content.strip()
            own = tag.startswith(("<!-- Generated by tocsin", '<a id="')) or tag == "</a>"
            assert own, (path, tag)
        for target in (token.attrGet("href"), token.attrGet("src")):
            assert target is None or not str(target).lower().startswith(
                ("javascript:", "data:", "vbscript:")
            ), (path, target)
        if token.type == "heading_open":
            assert "Injected" not in token.content


def _tokens(tokens: Any) -> Iterator[Any]:
    for token in tokens or ():
        yield token
        yield from _tokens(token.children)


TEMPLATE = '{{ query "up" }}'
REFUSED = {
    "team": "templated-label",
    "product": "templated-label",
    "service_label": "templated-label",
    "alert_label": "templated-label",
    "summary": "template-query",
    "more": "template-query",
    "target": "templated-label",
}


@pytest.mark.parametrize("field", FIELDS)
def test_a_template_is_refused_or_never_expanded(field: str) -> None:
    """Prometheus expands labels and annotations of alerts; `query` there reads every tenant."""
    files, findings = built({**dict.fromkeys(FIELDS, "x"), field: TEMPLATE})
    errors = {f.code for f in findings if f.level.value == "error"}
    if field in REFUSED:
        assert errors == {REFUSED[field]}
        return
    assert not errors
    for rule in _rules({path: _read(path, content) for path, content in files.items()}):
        for where, text in [*rule["labels"].items(), *rule.get("annotations", {}).items()]:
            assert "query" not in text.replace('{{ "{{" }} query', ""), (where, text)


@pytest.mark.parametrize("code", [0x202E, 0x2066, 0x200F, 0x200B, 0x2028, 0x85, 0xAD, 0xE0041])
def test_what_a_reviewer_cannot_see_is_refused(code: int) -> None:
    files, findings = built({**dict.fromkeys(FIELDS, "x"), "summary": f"ab{chr(code)}c"})
    assert not files
    (found,) = [f for f in findings if f.level.value == "error"]
    assert found.code == "misleading-character"
    assert f"U+{code:04X}" in found.message
    assert found.place is not None and chr(code) not in found.place.source
