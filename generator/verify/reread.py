"""Finished files read again: every expression in them must still be the tenant's alone.

What the compilers promised is not believed here. The second reader (promql-parser) shares no code
with our parser; where it is too old for an expression, our own re-reading stands in and says so.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import Any

import yaml

from generator.findings import Finding, error, info
from generator.ir.artifacts import Artifact
from generator.promql.isolate import Scope, second_reader_agrees
from generator.promql.problems import PromqlError


def reread(artifacts: Sequence[Artifact], scope: Scope) -> list[Finding]:
    """Findings of one tenant's rule files and dashboards; none when all is pinned."""
    findings: list[Finding] = []
    for artifact in artifacts:
        if artifact.path.startswith("prometheus/rules/"):
            findings += _rules(artifact, scope)
        elif artifact.path.startswith("grafana/") and artifact.path.endswith(".json"):
            findings += _dashboard(artifact, scope)
    return findings


def _rules(artifact: Artifact, scope: Scope) -> Iterator[Finding]:
    document = yaml.compose(artifact.content, Loader=yaml.CSafeLoader)
    for group in _entries(document)["groups"].value:
        for one in _entries(group)["rules"].value:
            rule = _entries(one)
            name = (rule.get("alert") or rule["record"]).value
            labels = _entries(rule["labels"]) if "labels" in rule else {}
            if scope.label not in labels or labels[scope.label].value != scope.tenant:
                message = f"{artifact.path}: {name} does not carry the tenant label"
                yield error("not-isolated", message)
            yield from _expression(rule["expr"].value, f"{artifact.path}: {name}", scope)


def _entries(node: Any) -> dict[str, Any]:
    """A mapping of a YAML document, whose values stay nodes: their texts are all that is read."""
    return {key.value: value for key, value in node.value}


def _dashboard(artifact: Artifact, scope: Scope) -> Iterator[Finding]:
    document = json.loads(artifact.content)
    for title, expr in _queries(document):
        yield from _expression(expr, f"{artifact.path}: {title}", scope)


def _queries(value: Any, title: str = "") -> Iterator[tuple[str, str]]:
    """(panel title, expression) of everything in a dashboard that Prometheus evaluates."""
    if isinstance(value, dict):
        title = value.get("title") or title
        for key, item in value.items():
            if key == "expr" and isinstance(item, str) and item:
                yield title, item
            else:
                yield from _queries(item, title)
    elif isinstance(value, list):
        for item in value:
            yield from _queries(item, title)


def _expression(expr: str, where: str, scope: Scope) -> Iterator[Finding]:
    try:
        agrees = second_reader_agrees(expr, scope)
    except PromqlError as problem:
        yield error("not-isolated", f"{where} cannot be read again: {problem}")
        return
    if agrees is False:
        yield error("not-isolated", f"{where} reads what is not the tenant's: {expr}")
    elif agrees is None:
        message = f"{where} is too new for the second reader; our own re-reading stands for it"
        yield info("second-reader-silent", message)
