"""What people see while they write a spec: yaml-language-server with the published schemas."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count
from pathlib import Path

import pytest

from tests.conftest import ROOT
from tests.editor.language_server import LanguageServer
from tests.judges import language_server

HEAD = "# yaml-language-server: $schema=../../generator/spec/schema/tenant.json\n"
BASE = HEAD + "version: 1\ntenant: written-now\nowner: {team: core}\n"
DOCUMENTS = [
    ROOT / "specs" / "platform.yaml",
    *sorted((ROOT / "specs" / "tenants").glob("*.yaml")),
    *sorted((ROOT / "specs" / "packs").glob("*.yaml")),
    *sorted((ROOT / "templates" / "packs").glob("*.yaml")),
]


NUMBERS = count()


def unwritten() -> Path:
    """A tenant's file that is only open in the editor; another one each time."""
    return ROOT / "specs" / "tenants" / f"written-now-{next(NUMBERS)}.yaml"


@pytest.fixture(scope="module")
def server() -> Iterator[LanguageServer]:
    program = language_server(ROOT)
    with LanguageServer(program, ROOT) as running:
        yield running


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_example_is_without_a_mark(path: Path, server: LanguageServer) -> None:
    text = path.read_text(encoding="utf-8")
    assert text.startswith("# yaml-language-server: $schema="), "editors would not know its schema"
    found = server.diagnostics(path, text)
    assert [f"{d['range']['start']['line'] + 1}: {d['message']}" for d in found] == []


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("lables: {}\n", 4),
        ("services:\n  api:\n    selector: {job: api}\n    depend_on: [x]\n", 7),
        ("alerts:\n  A:\n    expr: up == 0\n    for: soon\n", 7),
        ("dashboards:\n  views: [techncal]\n", 5),
        ("channels: {chat: {slack: {channel: x, api_url: https://x}}}\n", 4),
    ],
)
def test_a_fault_is_marked_in_its_line(text: str, line: int, server: LanguageServer) -> None:
    found = server.diagnostics(unwritten(), BASE + text)
    assert line in [d["range"]["start"]["line"] for d in found], found


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("", {"alerts", "services", "slos", "channels", "escalation"}),
        ("alerts:\n  A:\n    expr: up == 0\n    ", {"for", "severity", "summary", "runbook"}),
        ("slos:\n  a:\n    ", {"objective", "sli", "window", "service"}),
        ("channels:\n  chat:\n    ", {"slack", "email", "webhook", "pagerduty"}),
    ],
)
def test_keys_are_offered_with_what_they_mean(
    text: str, wanted: set[str], server: LanguageServer
) -> None:
    whole = BASE + text
    column = len(whole.rpartition("\n")[2])
    offered = server.completion(unwritten(), whole, whole.count("\n"), column)
    by_name = {item["label"]: item for item in offered}
    assert wanted <= set(by_name), sorted(by_name)
    assert all(by_name[name].get("documentation") for name in wanted)


def test_choices_are_offered(server: LanguageServer) -> None:
    whole = BASE + "metrics:\n  depth:\n    type: "
    offered = server.completion(unwritten(), whole, whole.count("\n"), len("    type: "))
    assert {"counter", "gauge", "histogram"} <= {item["label"] for item in offered}
