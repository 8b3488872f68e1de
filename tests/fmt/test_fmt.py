"""The layout moves keys with their comments, and never a meaning."""

from __future__ import annotations

import json
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from generator.findings import SpecError
from generator.formatting import format_files, format_text, spec_files
from generator.spec.source import read
from tests.cli.test_commands import tocsin
from tests.conftest import ROOT
from tests.spec.bad import ADDED, BASE, WHOLE
from tests.spec.hostile import cases

WRITTEN = """\
# yaml-language-server: $schema=x.json
# Acme: a shop.

# Where it lives.
tenant: acme
version: 1   # of the language

alerts:
  # Orders pile up.
  Backlog:
    severity: warning@@@
    # Longer than a deployment.
    for: 10m
    service: 'shop'
    threshold: {above: 1_000, expr: max(depth)}
    # tuned in March
  Other: {severity: info, service: shop, expr: "up == 0"}

# They own it.
owner: {team: core}
services:
  zoo: {packs: {}, selector: {job: zoo}}
  shop:
    depends_on: [zoo]
    selector: {job: shop}
maintenance:
  - until: "2026-12-06T02:00"
    name: move
    from: "2026-12-05T22:00"
# the end


""".replace("@", " ")
LAID_OUT = """\
# yaml-language-server: $schema=x.json
# Acme: a shop.

version: 1   # of the language
# Where it lives.
tenant: acme

# They own it.
owner: {team: core}
services:
  zoo: {selector: {job: zoo}, packs: {}}
  shop:
    selector: {job: shop}
    depends_on: [zoo]

alerts:
  # Orders pile up.
  Backlog:
    service: 'shop'
    threshold: {expr: max(depth), above: 1_000}
    # Longer than a deployment.
    for: 10m
    severity: warning
    # tuned in March
  Other: {service: shop, expr: "up == 0", severity: info}
maintenance:
  - name: move
    from: "2026-12-05T22:00"
    until: "2026-12-06T02:00"
# the end
"""


def formatted(text: str) -> str:
    return format_text(text.encode(), "x.yaml")


def test_keys_go_to_their_places_with_their_comments() -> None:
    assert formatted(WRITTEN) == LAID_OUT
    assert formatted(LAID_OUT) == LAID_OUT


@pytest.mark.parametrize(
    "text",
    [
        "version: 1\nslos: &all\n  a: {service: x}\nservices: {x: {labels: *all}}\n",
        "tenant: x\nalerts: {A: {severity: info, expr: &e up, service: x}}\nexpect: [*e]\n",
        "? tenant\n: x\n? version\n: 1\n",
        "tenant: >+\n  text\n\n\nversion: 1\n",
        "version: 1\ntenant: |+\n  kept\n\n\n",
        'tenant: "a\n\n  b   \n  # no comment"\nversion: 1\n',
        "owner: {team: core, # why\n  contact: x}\nversion: 1\n",
        "version:\ntenant:\n",
        "{tenant: x, version: 1}\n",
        "{tenant: , version: 1}\n",
        "---\ntenant: x\nversion: 1\n...\n",
        "tenant: x\r\nversion: 1\r\n",
        "maintenance:\n-\n  until: a\n\n  name: b\n-   until: a\n    # c\n    name: d\n",
        "tenant: a#b\nversion: 1\n",
        "tenant: |\n  no end",
        "tenant: x\nversion: 1",
        "mystery: 1\ntenant: x\nenigma: 2\nversion: 1\n",
    ],
)
def test_meanings_stay(text: str) -> None:
    once = formatted(text)
    assert meaning(once) == meaning(text)
    assert formatted(once) == once
    assert comments(once) == comments(text)


def meaning(text: str) -> str:
    return json.dumps(read("x.yaml", text.encode()).data(), sort_keys=True)


def comments(text: str) -> Counter[str]:
    lines = (line.strip() for line in text.split("\n"))
    return Counter(line for line in lines if line.startswith("#"))


def test_every_spec_and_pack_can_be_laid_out() -> None:
    packs = sorted(p.relative_to(ROOT).as_posix() for p in ROOT.glob("templates/packs/*.yaml"))
    done, findings = format_files(ROOT, (*spec_files(ROOT), *packs, "templates/controls.yaml"))
    assert findings == ()
    assert len(done) > 18
    for one in done:
        assert comments(one.after) == comments(one.before)
        assert formatted(one.after) == one.after
        assert sorted(one.after.split()) == sorted(one.before.split()) or one.changed


def test_bad_specs_are_laid_out_or_answered() -> None:
    read_at_all, refused = 0, []
    for text in (*WHOLE.values(), *(BASE + added for added in ADDED.values())):
        try:
            once = formatted(text)
        except SpecError as problem:
            refused += [text for f in problem.findings if f.code == "fmt-refused"]
            continue
        read_at_all += 1
        assert meaning(once) == meaning(text)
        assert formatted(once) == once
    assert read_at_all > 50
    assert refused == []


KEYS = st.sampled_from(
    (
        *("version", "tenant", "owner", "team", "services", "selector", "packs", "alerts", "x"),
        *("expr", "for", "severity", "service", "threshold", "above", "maintenance", "name"),
    )
)
TEXTS = (
    *("1", "x", '"a # b"', "'it''s'", "~", "on", "10m", "[a, b]", ""),
    *("|\n@  text\n@  # not\n@\n@  more", ">-\n@  fold\n@  ed", '"two\n@  lines"'),
    *("|+\n@  kept\n\n", "{severity: info, service: x}", "[{expr: up, service: s}]"),
    "{severity: info,\n@  service: x}",
)
SCALARS = st.sampled_from(TEXTS)
COMMENTS = st.sampled_from(["", "", "", "{}# about it\n", "\n", "\n{}# after a gap\n"])


@st.composite
def blocks(draw: st.DrawFn, depth: int = 0) -> str:
    """A block mapping, indented by `depth`; `@` in scalars is the indentation."""
    space = "  " * depth
    out = ""
    for key in draw(st.lists(KEYS, min_size=1, max_size=5, unique=True)):
        out += draw(COMMENTS).format(space)
        if depth < 3 and draw(st.booleans()):
            out += f"{space}{key}:\n{draw(blocks(depth + 1))}"
            out += draw(st.sampled_from(["", f"{space}  # deeper\n"]))
        else:
            scalar = draw(SCALARS).replace("@", space)
            out += f"{space}{key}: {scalar}{draw(st.sampled_from(['', '  ', ' ']))}\n"
    return out


@settings(max_examples=cases(300), deadline=None)
@given(blocks())
def test_any_file_keeps_its_meaning_and_comments(text: str) -> None:
    once = formatted(text)
    assert meaning(once) == meaning(text)
    assert comments(once) == comments(text)
    assert formatted(once) == once


def test_the_command(tmp_path: Path) -> None:
    tenants = tmp_path / "specs" / "tenants"
    tenants.mkdir(parents=True)
    (tmp_path / "specs" / "platform.yaml").write_text("version: 1\n")
    (tenants / "acme.yaml").write_text(WRITTEN)
    (tenants / "acme.yaml").chmod(0o640)
    answer = tocsin("fmt", "--check", cwd=tmp_path)
    assert (answer.returncode, answer.stdout) == (1, "specs/tenants/acme.yaml is not formatted\n")
    answer = tocsin("fmt", "--diff", "acme", cwd=tmp_path)
    assert answer.returncode == 0
    assert "+version: 1   # of the language\n" in answer.stdout
    assert (tenants / "acme.yaml").read_text() == WRITTEN
    assert tocsin("fmt", cwd=tmp_path).stdout == "specs/tenants/acme.yaml formatted\n"
    assert (tenants / "acme.yaml").read_text() == LAID_OUT
    assert (tenants / "acme.yaml").stat().st_mode & 0o777 == 0o640
    assert [p.name for p in tenants.iterdir()] == ["acme.yaml"]
    assert tocsin("fmt", "--check", "specs/tenants/acme.yaml", cwd=tmp_path).returncode == 0
    (tenants / "acme.yaml").write_text("tenant: [\n")
    answer = tocsin("fmt", cwd=tmp_path)
    assert answer.returncode == 1
    assert "specs/tenants/acme.yaml:2:1: error: " in answer.stderr
    assert "did you mean 'acme'?" in tocsin("fmt", "acne", cwd=tmp_path).stderr
    assert tocsin("fmt", "-", "acme", cwd=tmp_path).returncode == 2


def test_standard_input(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "generator", "fmt", "-"]
    answer = subprocess.run(
        command, input=WRITTEN, text=True, capture_output=True, cwd=ROOT, check=True
    )
    assert answer.stdout == LAID_OUT


def test_a_layout_that_would_change_the_meaning_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """No file is known that does so: the layout is made wrong here, and the guard must see it."""
    for wrong in ("version: 1\ntenant: b\n", "version: '1'\ntenant: a\n", "version: ["):
        monkeypatch.setattr("generator.formatting.laid_out", lambda *_, text=wrong: text)
        with pytest.raises(SpecError) as refused:
            format_text(b"tenant: a\nversion: 1\n", "a.yaml")
        assert [f.code for f in refused.value.findings] == ["fmt-refused"]
