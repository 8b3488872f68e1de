"""Every expression that the packages of `tests/judges.py` publish: read, isolated, laid out."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from generator.promql.format import wrap
from generator.promql.isolate import Scope, isolate, second_reader_agrees
from generator.promql.parser import parse
from generator.promql.problems import PromqlError
from generator.promql.tree import same, vector_selectors
from generator.promql.variables import isolate_variable_query
from generator.values import Version
from tests.conftest import ROOT
from tests.judges import published

SCOPE = Scope("tenant", "a", Version(3, 5))


@pytest.fixture(scope="module")
def folder() -> Path:
    return published(ROOT)


def test_every_published_rule(folder: Path) -> None:
    rules = sorted({text for path in _files(folder, "yml", "yaml") for text in _rules(path)})
    assert _failures(rules, variables=False) == {}
    assert len(rules) >= 271


def test_every_published_panel(folder: Path) -> None:
    panels = sorted({text for path in _files(folder, "json") for text in _queries(path, "expr")})
    refused = {text for text in panels if text.startswith("topk($topk,")}
    assert _failures(sorted({*panels} - refused), variables=True) == {}
    for text in refused:  # the reader of the dashboard could write any expression for $topk
        with pytest.raises(PromqlError, match="a variable here could bring in another tenant"):
            isolate(text, SCOPE, variables=True)
    assert len(panels) >= 224
    assert len(refused) <= 3


def test_every_published_variable(folder: Path) -> None:
    queries = sorted(
        {
            text
            for path in _files(folder, "json")
            for text in _queries(path, "query")
            if text.startswith("label_values")
        }
    )
    isolated = [isolate_variable_query(text, SCOPE) for text in queries]
    assert all('tenant="a"' in text for text in isolated)
    assert len(queries) >= 18


def _failures(texts: list[str], *, variables: bool) -> dict[str, str]:
    """What goes wrong with which: reading, isolating, the second reader, laying out."""
    found = {}
    for text in texts:
        try:
            expr = isolate(text, SCOPE, variables=variables, allow_constant=True)
        except PromqlError as problem:
            found[text] = str(problem)
            continue
        tree = parse(expr, variables=variables)
        laid_out = wrap(expr, 40)
        if not all(
            [(m.op, m.value) for m in node.matchers if m.name == "tenant"] == [("=", "a")]
            for node in vector_selectors(tree)
        ):
            found[text] = "not pinned"
        elif not same(tree, parse(laid_out, variables=variables)) or wrap(laid_out, 40) != laid_out:
            found[text] = f"laid out as {laid_out}"
        elif second_reader_agrees(expr, SCOPE) is not True:
            found[text] = "the second reader does not agree"
    return found


def _files(folder: Path, *kinds: str) -> list[Path]:
    return sorted(path for kind in kinds for path in folder.rglob(f"*.{kind}"))


def _rules(path: Path) -> Iterator[str]:
    """The expressions of a rule file; any other YAML has none."""
    document = yaml.safe_load(path.read_text(encoding="utf-8"))
    for group in (document.get("groups") or ()) if isinstance(document, dict) else ():
        for rule in group.get("rules") or ():
            yield str(rule["expr"])


def _queries(path: Path, key: str) -> Iterator[str]:
    """Every text under this key of a dashboard, at any depth."""
    stack: list[Any] = [json.loads(path.read_text(encoding="utf-8"))]
    while stack:
        match stack.pop():
            case dict() as found:
                if isinstance(found.get(key), str) and found[key].strip():
                    yield found[key]
                stack += found.values()
            case list() as found:
                stack += found
            case _:
                pass
