"""No input makes a traceback: anything at all is a spec or a set of findings."""

from __future__ import annotations

import contextlib
import random
import tempfile
from functools import cache
from pathlib import Path

import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from generator.api import check_loaded
from generator.findings import Place, SpecError
from generator.spec.load import PlatformSpec, load_tenant
from generator.spec.source import read
from tests.promql.sentences import CASES
from tests.spec.test_bad_specs import ROOT, repository

GOLD = (ROOT / "specs" / "tenants" / "spotify-tenant-1.yaml").read_text()
SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20)
VALUES = st.recursive(
    SCALARS,
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=12), inner, max_size=4)
    ),
    max_leaves=12,
)


@cache
def place() -> tuple[Path, PlatformSpec]:
    folder = Path(tempfile.mkdtemp(prefix="tocsin-fuzz-"))
    return folder, repository(folder)


def survive(content: bytes) -> None:
    """Load and, when it can be loaded, compile; findings have places inside the file."""
    folder, spec = place()
    (folder / "specs" / "tenants" / "acme.yaml").write_bytes(content)
    loaded = load_tenant(folder, "acme", spec)
    lines = content.count(b"\n") + content.count(b"\r") + 1
    for finding in (*loaded.findings, *check_loaded(loaded, spec.platform)):
        assert finding.message
        where: Place | None = finding.place
        if where is not None and where.file.endswith("acme.yaml"):
            assert 1 <= where.line <= lines + 1
            assert where.column >= 1


@settings(max_examples=min(CASES, 5000) or 300, deadline=None)
@given(st.binary(max_size=200))
def test_any_bytes(content: bytes) -> None:
    with contextlib.suppress(SpecError):
        read("x.yaml", content)


@settings(max_examples=min(CASES, 5000) or 150, deadline=None)
@given(st.text(alphabet="abc:{}[]-&*!|>'\"%@`#,?\n\t \u00e9\ufeff\x00~0123456789", max_size=80))
def test_yaml_like_text(text: str) -> None:
    survive(text.encode())


@settings(max_examples=min(CASES, 5000) or 150, deadline=None)
@given(st.dictionaries(st.sampled_from(sorted(yaml.safe_load(GOLD))), VALUES, max_size=8))
def test_known_keys_with_any_values(content: dict[str, object]) -> None:
    whole = {"version": 1, "tenant": "acme", "owner": {"team": "core"}, **content}
    survive(yaml.safe_dump(whole, allow_unicode=True).encode())


@settings(max_examples=min(CASES, 5000) or 150, deadline=None)
@given(st.integers(0, 2**32), st.integers(1, 4))
def test_the_gold_example_mutated(seed: int, changes: int) -> None:
    """Values of the big example replaced, moved or removed anywhere in its tree."""
    chance = random.Random(seed)
    content = yaml.safe_load(GOLD.replace("spotify-tenant-1", "acme"))
    for _ in range(changes):
        mutate(content, chance)
    survive(yaml.safe_dump(content, allow_unicode=True).encode())


ODD = [
    None,
    True,
    0,
    -1,
    1e400,
    "",
    "x",
    "{{",
    "up{",
    "0s",
    "1y",
    [],
    {},
    ["a"],
    {"a": 1},
    "é" * 300,
]


def mutate(content: object, chance: random.Random) -> None:
    while True:
        if isinstance(content, dict) and content:
            key: object = chance.choice(sorted(content, key=str))
        elif isinstance(content, list) and content:
            key = chance.randrange(len(content))
        else:
            return
        inner = content[key]  # type: ignore[index]
        if isinstance(inner, dict | list) and inner and chance.random() < 0.8:
            content = inner
            continue
        if isinstance(content, dict) and chance.random() < 0.2:
            del content[key]
        else:
            content[key] = chance.choice(ODD)  # type: ignore[index]
        return
