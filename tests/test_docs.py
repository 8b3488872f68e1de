"""Documents that are made are fresh, and their links lead somewhere."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest

from generator.api import compile_specs
from generator.findings import Level
from generator.render.channels_page import channels_page
from generator.render.packs_page import packs_page
from generator.render.reference import reference
from generator.report import render
from tests.conftest import ROOT

PAGES = sorted(
    p.relative_to(ROOT).as_posix()
    for folder in (".", "docs", "docs/adr", "docs/ci", "output/spotify-tenant-1/docs")
    for p in (ROOT / folder).glob("*.md")
)
HEADING = re.compile(r"^#+ (.*)$", re.M)
LINK = re.compile(r"\]\(([^)\s]+)\)")


def anchors(text: str) -> set[str]:
    """Anchors as GitHub makes them."""
    heads = {re.sub(r"[^\w\- ]", "", h.lower()).replace(" ", "-") for h in HEADING.findall(text)}
    return heads | set(re.findall(r'<a (?:id|name)="([^"]+)"', text))


def test_the_reference_is_what_the_schemas_say() -> None:
    assert (ROOT / "docs" / "reference.md").read_text() == reference(), "run make golden"


def test_the_catalogue_is_what_the_packs_say() -> None:
    assert (ROOT / "docs" / "packs.md").read_text() == packs_page(), "run make golden"


def test_the_page_of_channels_is_what_the_table_says() -> None:
    assert (ROOT / "docs" / "channels.md").read_text() == channels_page(), "run make golden"


def test_the_readmes_tenant_compiles_and_its_mistake_is_answered_so(tmp_path: Path) -> None:
    readme = (ROOT / "README.md").read_text()
    mark = "# specs/tenants/acme.yaml\n"
    spec = mark + readme.split(f"```yaml\n{mark}")[1].split("```")[0]
    answer = readme.split("A mistake is answered at its place:\n\n```\n")[1].split("```")[0]
    shutil.copytree(ROOT / "specs", tmp_path / "specs")
    path = tmp_path / "specs" / "tenants" / "acme.yaml"
    path.write_text(spec)
    compiled = compile_specs(tmp_path, ["acme"]).tenants["acme"]
    assert compiled.build is not None
    assert [f for f in compiled.findings if f.level is not Level.INFO] == []
    path.write_text(spec.replace("notify: [mail]", "notify: [mial]"))
    findings = compile_specs(tmp_path, ["acme"]).tenants["acme"].findings
    assert render(findings, "text").strip() == answer.strip()


@pytest.mark.parametrize("page", PAGES)
def test_links_lead_somewhere(page: str) -> None:
    path = ROOT / page
    text = re.sub(r"```.*?```", "", path.read_text(), flags=re.S)
    text = re.sub(r"`[^`\n]*`", "", text)
    for link in LINK.findall(text):
        if link.startswith(("http://", "https://", "mailto:")):
            continue
        file, _, anchor = link.partition("#")
        target = path.parent / file if file else path
        assert target.exists(), f"{page}: {link}"
        if anchor and target.suffix == ".md":
            assert anchor in anchors(target.read_text()), f"{page}: {link}"
