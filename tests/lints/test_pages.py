"""Every lint has its page, and what the page shows is true: one example is found, one is clean."""

from __future__ import annotations

import re
import textwrap

import pytest

from generator.lints import LINTS, PAGES, page_of
from tests.conftest import ROOT
from tests.lints.tenants import Specs

FOLDER = ROOT / PAGES
INDEX = (FOLDER / "README.md").read_text()
EXAMPLE = re.compile(r"^```(promql|yaml)\n(.*?)^```$", re.M | re.S)
LEVEL = re.compile(r"^\*\*(error|warning|info)\*\* · (\S.*)$", re.M)
BASE = EXAMPLE.findall(INDEX)[0][1]


def spec(language: str, example: str) -> str:
    if language == "yaml":
        return BASE + example
    expr = textwrap.indent(example, "      ")
    return f"{BASE}alerts:\n  Example:\n    for: 10m\n    expr: |\n{expr}"


def page(code: str) -> str:
    return (FOLDER / f"{code}.md").read_text()


def test_there_is_a_page_for_every_lint_and_no_other() -> None:
    assert sorted(p.stem for p in FOLDER.glob("*.md") if p.stem != "README") == sorted(LINTS)


def test_the_index_tells_every_lint_with_its_level() -> None:
    rows = re.findall(r"^\| \[([a-z-]+)\]\(\1\.md\) \| (\w+) \| (.+) \|$", INDEX, re.M)
    told = {code: (level, what) for code, level, what in rows}
    assert told == {c: LEVEL.findall(page(c))[0] for c in LINTS}
    assert list(told) == sorted(told)


@pytest.mark.parametrize("code", sorted(LINTS))
def test_the_example_is_found_and_the_mended_one_is_clean(code: str, specs: Specs) -> None:
    text = page(code)
    assert text.startswith(f"# {code}\n") and text.count("\n") <= 25
    assert LEVEL.findall(text)[0][0] == LINTS[code]
    bad, mended = EXAMPLE.findall(text)
    found = specs.lints(spec(*bad))
    assert {f.code for f in found} == {code}
    assert all(f.place and f.place.line > BASE.count("\n") for f in found)
    assert specs.lints(spec(*mended)) == []


def test_the_index_shows_ignores_that_hold(specs: Specs) -> None:
    shown = EXAMPLE.findall(INDEX)[1][1]
    assert specs.lints(BASE + shown) == []
    assert [f.code for f in specs.findings(BASE + shown) if f.code.startswith("ignore")] == []
    codes = re.findall(r"tocsin: ignore (\S+)", shown)
    bare = re.sub(r" *# tocsin.*", "", shown)
    assert sorted(f.code for f in specs.lints(BASE + bare)) == sorted(codes)


def test_only_lints_have_pages() -> None:
    assert page_of("promql-never") == "docs/lints/promql-never.md"
    assert page_of("unknown-key") is None
