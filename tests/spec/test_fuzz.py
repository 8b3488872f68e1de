"""No input makes a traceback: anything at all is a spec or a set of findings.

`TOCSIN_CASES=5000 pytest tests/spec/test_fuzz.py` tries as many of each.
"""

from __future__ import annotations

import contextlib
import random
import tempfile
from functools import cache
from pathlib import Path

import jinja2
import promql_parser
import yaml
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from generator.api import check_loaded
from generator.findings import Place, SpecError
from generator.promql.isolate import Scope, isolate
from generator.promql.problems import PromqlError
from generator.spec.load import PlatformSpec, load_platform, load_tenant
from generator.spec.pack_template import MAX_RENDERED, holds, render
from generator.spec.source import read
from generator.values import Version
from tests.spec.hostile import FRAGMENTS, cases
from tests.spec.test_bad_specs import PLATFORM, ROOT, repository
from tests.spec.test_hostile_texts import selectors

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


@settings(max_examples=cases(300), deadline=None)
@given(st.binary(max_size=200))
def test_any_bytes(content: bytes) -> None:
    with contextlib.suppress(SpecError):
        read("x.yaml", content)


@settings(max_examples=cases(150), deadline=None)
@given(st.text(alphabet="abc:{}[]-&*!|>'\"%@`#,?\n\t \u00e9\ufeff\x00~0123456789", max_size=80))
def test_yaml_like_text(text: str) -> None:
    survive(text.encode())


@settings(max_examples=cases(150), deadline=None)
@given(st.dictionaries(st.sampled_from(sorted(yaml.safe_load(GOLD))), VALUES, max_size=8))
def test_known_keys_with_any_values(content: dict[str, object]) -> None:
    whole = {"version": 1, "tenant": "acme", "owner": {"team": "core"}, **content}
    survive(yaml.safe_dump(whole, allow_unicode=True).encode())


@settings(max_examples=cases(150), deadline=None)
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


# --------------------------------------------------------------------------- packs and platforms

QUICK = (Phase.explicit, Phase.generate)
"""Without shrinking: what is tried here is too slow to be tried a thousand times more."""
PACKS = {
    path.stem: path.read_text() for path in sorted((ROOT / "templates" / "packs").glob("*.yaml"))
}
WHOLE = (ROOT / "specs" / "platform.yaml").read_text()


@settings(max_examples=cases(60), deadline=None, phases=QUICK)
@given(st.sampled_from(sorted(PACKS)), st.integers(0, 2**32), st.integers(1, 4))
def test_a_pack_mutated(name: str, seed: int, changes: int) -> None:
    """A pack with values replaced or removed, used by a tenant."""
    chance = random.Random(seed)
    content = yaml.safe_load(PACKS[name])
    for _ in range(changes):
        mutate(content, chance)
    content["pack"] = "mutated"
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        (root / "specs" / "tenants").mkdir(parents=True)
        (root / "templates" / "packs").mkdir(parents=True)
        (root / "specs" / "platform.yaml").write_text(PLATFORM)
        written = yaml.safe_dump(content, allow_unicode=True)
        (root / "templates" / "packs" / "mutated.yaml").write_text(written)
        tenant = "version: 1\ntenant: acme\nowner: {team: a}\n"
        use = "services: {api: {selector: {job: api}, packs: {mutated: {}}}}\n"
        (root / "specs" / "tenants" / "acme.yaml").write_text(tenant + use)
        with contextlib.suppress(SpecError):
            spec = load_platform(root)
            check_loaded(load_tenant(root, "acme", spec), spec.platform)


@settings(max_examples=cases(60), deadline=None, phases=QUICK)
@given(st.integers(0, 2**32), st.integers(1, 4))
def test_a_platform_mutated(seed: int, changes: int) -> None:
    chance = random.Random(seed)
    content = yaml.safe_load(WHOLE)
    for _ in range(changes):
        mutate(content, chance)
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "specs").mkdir()
        (Path(folder) / "templates" / "packs").mkdir(parents=True)
        written = yaml.safe_dump(content, allow_unicode=True)
        (Path(folder) / "specs" / "platform.yaml").write_text(written)
        with contextlib.suppress(SpecError):
            load_platform(Path(folder))


PIECES = st.sampled_from(
    (
        *FRAGMENTS,
        *[
            "[[",
            "]]",
            "[%",
            "%]",
            "[#",
            "#]",
            "if",
            "else",
            "endif",
            "for",
            "in",
            "endfor",
            "set",
            "macro",
            "call",
            "x",
            "y",
            "word",
            "service.name",
        ],
        *[
            "~",
            "+",
            "-",
            "*",
            "/",
            "**",
            "//",
            "%",
            "==",
            "<",
            "(",
            ")",
            "[",
            "]",
            "{",
            "}",
            ".",
            ",",
            ":",
            "|",
            "range",
            "cycler",
            "10**9",
            "'a'",
            "9",
            "1e308",
        ],
        *[
            "percent",
            "seconds",
            "join",
            "items",
            "float",
            "length",
            "upper",
            "loop.index",
            "__class__",
            "self",
        ],
    )
)
SOURCES = st.lists(PIECES, max_size=14).map(" ".join)


@settings(max_examples=cases(300), deadline=None, phases=QUICK)
@given(SOURCES, st.text(max_size=30))
def test_any_template_ends_and_stays_small(source: str, word: str) -> None:
    context = {"x": [1, 2, 3], "y": {"a": "b"}, "word": word, "service": {"name": "api"}}
    mistakes = (jinja2.TemplateError, ArithmeticError, TypeError, ValueError)
    with contextlib.suppress(*mistakes):
        assert len(render(f"[[ {source} ]]", context)) <= MAX_RENDERED
    with contextlib.suppress(*mistakes):
        assert len(render(source, context)) <= MAX_RENDERED
    with contextlib.suppress(*mistakes):
        holds(source, context)


QUERY = st.lists(
    st.sampled_from(
        (
            *FRAGMENTS,
            *[
                "up",
                "sum",
                "rate",
                "by",
                "(",
                ")",
                "{",
                "}",
                "[5m]",
                "[1h:]",
                "offset",
                "@",
                "tenant",
                "=",
                "!=",
                "=~",
                ",",
                "or",
                "and",
                "on",
            ],
            *[
                "group_left",
                "label_replace",
                "topk",
                "1",
                "-1",
                "inf",
                "$__interval",
                "${x}",
                "#",
                "bool",
                "atan2",
                "'a'",
                '"b"',
            ],
        )
    ),
    max_size=16,
).map(" ".join)


@settings(max_examples=cases(300), deadline=None, phases=QUICK)
@given(QUERY)
def test_any_expression_is_isolated_or_refused(expr: str) -> None:
    scope = Scope("tenant", "acme", Version.parse("2.42"), frozenset())
    try:
        isolated = isolate(expr, scope)
        tree = promql_parser.parse(isolated)
    except (PromqlError, ValueError):
        return  # refused, or newer than what the second reader knows
    for matchers in selectors(tree):
        assert [value for name, value in matchers if name == "tenant"] == ["acme"], isolated
