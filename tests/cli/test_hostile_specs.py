"""Specs made to harm: each ends as a finding and exit code 1, within a second and bounded memory.

Every case runs `tocsin check` in a process of its own that may hold one gigabyte.
"""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.conftest import ROOT

PLATFORM = """\
version: 1
targets: {alertmanager: "0.28"}
fallback: hook
channels: {hook: {webhook: {url_file: /s/hook}}}
escalation: {only: [{notify: [hook]}]}
defaults: {routing: {critical: only, warning: only, info: only}}
"""
HEAD = "version: 1\ntenant: acme\nowner: {team: core}\n"
PACK = """\
version: 1
pack: bad
title: Bad
category: system
description: Made to harm.
parameters: {word: {type: string, default: x, description: Any.}}
metrics: {up: {type: gauge}}
alerts:
  Bad:
    threshold: {expr: max(up), above: 1}
    for: 5m
    summary: '%s'
"""
USING = HEAD + "services: {api: {selector: {job: api}, packs: {bad: {}}}}\n"
MEMORY, SECONDS = 1_000_000_000, 20


def spec(text: str | bytes, name: str = "acme") -> Callable[[Path], None]:
    """The tenant's file."""
    content = text if isinstance(text, bytes) else text.encode()
    return lambda root: (root / f"specs/tenants/{name}.yaml").write_bytes(content) and None


def pack(summary: str) -> Callable[[Path], None]:
    """A pack whose alert has this summary, and a tenant that uses it."""

    def write(root: Path) -> None:
        (root / "specs/packs").mkdir()
        (root / "specs/packs/bad.yaml").write_text(PACK % summary.replace("'", "''"))
        (root / "specs/tenants/acme.yaml").write_text(USING)

    return write


def link(target: str) -> Callable[[Path], None]:
    """The tenant's file is a link."""
    return lambda root: (root / "specs/tenants/acme.yaml").symlink_to(target)


def pipe(root: Path) -> None:
    os.mkfifo(root / "specs/tenants/acme.yaml")


def two_cases(root: Path) -> None:
    spec(HEAD)(root)
    spec(HEAD.replace("acme", "ACME"), "ACME")(root)


ALIASES = "a: &a [x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"{new}: &{new} [{', '.join([f'*{old}'] * 9)}]\n"
    for old, new in zip("abcdefgh", "bcdefghi", strict=True)
)
ALERT = (
    HEAD + "services: {api: {selector: {job: api}}}\nalerts:\n  A: {service: api, for: 5m, %s}\n"
)
DEEP = "(" * 50_000 + "up" + ")" * 50_000
LOOPS = "[% for a in 'xxxxxxxxxxxxxxxxxxxx' %]" * 5 + "x" + "[% endfor %]" * 5
NESTED = "[[ " + "(" * 3000 + "1" + ")" * 3000 + " ]]"
BROKEN = "services: {api: {selector: {job: api}, packs: {resources: {no_disks: '(((('}}}}\n"
CASES: dict[str, tuple[str, Callable[[Path], None]]] = {
    "aliases that expand": ("too-many-values", spec(HEAD + ALIASES)),
    "deep lists": ("nested-too-deep", spec(HEAD + "labels: " + "[" * 100_000)),
    "deep maps": ("nested-too-deep", spec(HEAD + "labels: " + "{a: " * 50_000)),
    "a huge scalar": ("file-too-large", spec(HEAD + "description: " + "x" * 6_000_000)),
    "very many keys": (
        "unknown-key",
        spec(HEAD + "".join(f"k{n}: 1\n" for n in range(20_000))),
    ),
    "an anchor inside itself": ("recursive-alias", spec(HEAD + "labels: &a {a: *a}\n")),
    "a tag of Python": (
        "unknown-tag",
        spec(HEAD + "description: !!python/object/apply:os.system ['true']\n"),
    ),
    "no text": ("not-utf8", spec(b"\xff\xfe\x00version")),
    "a zero byte": ("control-character", spec(HEAD + "description: 'a\x00b'\n")),
    "text that turns around": ("misleading-character", spec(HEAD + "description: a\u202eb\n")),
    "parentheses without end": ("promql-syntax", spec(ALERT % f"expr: '{DEEP}'")),
    "another tenant": (
        "isolation-label",
        spec(ALERT % "expr: 'up{tenant=\"globex\"} > 0'"),
    ),
    "a query in an annotation": (
        "template-query",
        spec(ALERT % "expr: up > 0, summary: '{{ query \"secret\" }}'"),
    ),
    "a broken regular expression": ("bad-parameter", spec(HEAD + BROKEN)),
    "loop": ("pack-template", pack("[% for i in range(10**9) %]x[% endfor %]")),
    "loops inside loops": ("pack-template", pack(LOOPS)),
    "text times a number": ("pack-template", pack("[[ 'x' * 1000000000 ]]")),
    "a power": ("pack-template", pack("[[ 9 ** 9 ** 9 ]]")),
    "a wide format": ("pack-template", pack("[[ '%999999999d' | format(1) ]]")),
    "attributes of Python": ("pack-template", pack("[[ word.__class__.__mro__ ]]")),
    "a call": ("pack-template", pack("[[ word.upper() ]]")),
    "doubling": ("pack-template", pack("[% set a = word %]" + "[% set a = a ~ a %]" * 60)),
    "a template nested deep": (
        "pack-template",
        pack(NESTED),
    ),
    "a link out": ("outside-repository", link("/etc/passwd")),
    "a link to itself": ("file-unreadable", link("acme.yaml")),
    "an endless device": ("outside-repository", link("/dev/zero")),
    "a pipe": ("file-unreadable", pipe),
    "a device's name": ("tenant-name", spec(HEAD.replace("acme", "con"), "con")),
    "the fleet's folder": ("tenant-name", spec(HEAD.replace("acme", "fleet"), "fleet")),
    "names that differ by case": ("tenant-name", two_cases),
    "a name that looks alike": ("tenant-name", spec(HEAD.replace("acme", "аcme"), "аcme")),
    "a key in a comment": (
        "secret-in-spec",
        spec(HEAD + "# was: xoxb-123456789012-abcdefGHIJKL\n"),
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_harm_ends_as_a_finding(name: str, tmp_path: Path) -> None:
    code, write = CASES[name]
    (tmp_path / "specs" / "tenants").mkdir(parents=True)
    (tmp_path / "specs" / "platform.yaml").write_text(PLATFORM)
    write(tmp_path)
    answer = check(tmp_path)
    assert "Traceback" not in answer.stderr
    assert "fault in tocsin" not in answer.stderr, answer.stderr
    assert answer.returncode == 1, answer.stderr
    assert len(answer.stdout) < 20_000_000
    found = json.loads(answer.stdout)
    told = {f["code"] for f in found}
    assert code in told, sorted(told)
    assert all(len(f["message"]) < 2_000 for f in found)


def test_a_name_cannot_leave_the_folder(tmp_path: Path) -> None:
    (tmp_path / "specs" / "tenants").mkdir(parents=True)
    (tmp_path / "specs" / "platform.yaml").write_text(PLATFORM)
    (tmp_path / "outside.yaml").write_text("password: not for you\n")
    read, missing = 1, 2
    for name, code in (
        ("../../outside", read),
        (str(tmp_path / "outside"), missing),
        ("../../../../etc/hostname", missing),
    ):
        answer = check(tmp_path, name)
        assert answer.returncode == code
        assert "not for you" not in answer.stdout + answer.stderr


def check(root: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """`tocsin check` with little memory and little time, without the real tools."""
    return subprocess.run(
        [sys.executable, "-m", "generator", "check", "--format=json", *arguments],
        cwd=root,
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
        env={"PYTHONPATH": str(ROOT), "PATH": "/nowhere", "TOCSIN_TOOLS": str(root)},
        preexec_fn=_limited,
    )


def _limited() -> None:
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
