"""Our parser against Prometheus' own: what it accepts and which selectors it finds.

`/api/v1/parse_query` of the newest Prometheus, its experimental syntax on, judges a large corpus
of random sentences, whole and broken; the older generations judge it through one promtool run.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from generator.promql.durations import seconds
from generator.promql.isolate import Scope, isolate
from generator.promql.lexer import tokens
from generator.promql.parser import parse
from generator.promql.problems import PromqlError
from generator.promql.tree import At, Expr, RangeSelector, Span, Subquery, VectorSelector, walk
from generator.promql.types import check_types
from generator.tools import Tool
from generator.values import Version
from tests.promql.sentences import ANY, CASES, SEED, Sentences
from tests.promql.server import Server, serving
from tests.promql.syntax import ACCEPTED, ACCEPTED_SINCE, EXPERIMENTAL, GONE, REJECTED
from tests.promql.test_promtool import refused

NUMBER = CASES or 3000
FEATURES = "promql-experimental-functions,promql-duration-expr"
pytestmark = [pytest.mark.tools, pytest.mark.live]


DIFFERENCES = {
    "3.5 takes NaN in an offset, later versions refuse it as we do": re.compile(
        r"(?i)\boffset\b[^{}\[\]\"'`]*\bnan\b"
    ),
}
"""Where the real parser and ours may differ, and why."""


@pytest.fixture(scope="module")
def server(
    newest: Mapping[str, Tool], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Server]:
    folder = tmp_path_factory.mktemp("official")
    with serving(newest["prometheus"], folder, f"--enable-feature={FEATURES}") as running:
        yield running


def corpus(seed: str) -> list[str]:
    """As many different sentences, half of them broken, and every row of the tables."""
    made = Sentences(ANY, seed)
    newer = [text for texts in ACCEPTED_SINCE.values() for text in texts]
    tables = [*ACCEPTED, *newer, *EXPERIMENTAL, *GONE, *REJECTED]
    texts = made.distinct(NUMBER // 2) + made.distinct(NUMBER - NUMBER // 2, made.broken)
    return [text for text in dict.fromkeys(texts + tables) if text.strip()]


def known(text: str) -> bool:
    return any(pattern.search(text) for pattern in DIFFERENCES.values())


def ours(text: str, target: Version, *, experimental: bool) -> Expr | None:
    """Our tree, or None for a refusal."""
    try:
        tree = parse(text)
    except PromqlError:
        return None
    return None if check_types(tree, target, experimental=experimental) else tree


def test_the_newest_prometheus_accepts_what_we_do_and_finds_the_same_selectors(
    server: Server, newest: Mapping[str, Tool]
) -> None:
    target = newest["prometheus"].version
    texts = corpus("official")
    answers = server.answers("/api/v1/parse_query", [{"query": text} for text in texts])
    verdicts, found, both = {}, {}, 0
    for text, answer in zip(texts, answers, strict=True):
        tree = ours(text, target, experimental=True)
        if (tree is None) is (answer["status"] == "success"):
            if not known(text):
                verdicts[text] = answer.get("error", "accepted")
        elif tree is not None:
            both += 1
            pair = (list(our_selectors(tree)), list(their_selectors(answer["data"])))
            if not all(map(same, *pair)) or len(pair[0]) != len(pair[1]):
                found[text] = pair
    assert verdicts == {}, f"seed {SEED}"
    assert found == {}, f"seed {SEED}"
    assert len(texts) >= NUMBER
    assert NUMBER // 2 <= both <= NUMBER * 9 // 10, "the corpus has both kinds"


def test_the_newest_prometheus_finds_every_selector_pinned(
    server: Server, newest: Mapping[str, Tool]
) -> None:
    """Isolated text, read by the official parser: one tenant matcher each, all else as it was."""
    scope = Scope("tenant", "a", newest["prometheus"].version, experimental=True)
    pairs, refused = [], Counter[str]()
    for text in corpus("pinned"):
        try:
            pairs.append((text, isolate(text, scope)))
        except PromqlError as failure:
            refused.update(problem.code for problem in failure.problems)
    before = server.answers("/api/v1/parse_query", [{"query": text} for text, _ in pairs])
    after = server.answers("/api/v1/parse_query", [{"query": expr} for _, expr in pairs])
    pin = ("tenant", "=", "a")
    wrong = []
    for (_, expr), old, new in zip(pairs, before, after, strict=True):
        pinned = [s for s in their_selectors(new["data"]) if s[0] != "subquery"]
        plain = [s for s in their_selectors(old["data"]) if s[0] != "subquery"]
        expected = [(kind, matchers | {pin}, *rest) for kind, matchers, *rest in plain]
        on_label = [[m for m in s[1] if m[0] == "tenant"] for s in pinned]
        if pinned != expected or any(found != [pin] for found in on_label):
            wrong.append(expr)
    assert wrong == [], f"seed {SEED}"
    assert len(pairs) >= NUMBER // 3
    assert "isolation-proof" not in refused
    assert refused["isolation-info"] > 0


def test_every_promtool_accepts_what_we_do(tools: Mapping[str, Tool], tmp_path: Path) -> None:
    promtool = tools["promtool"]
    texts = tuple(text for text in corpus("promtool") if text.isascii() and "\x0b" not in text)
    verdicts = refused(promtool, texts, tmp_path)
    differences = {
        text: verdicts.get(row, "accepted")
        for row, text in enumerate(texts)
        if (ours(text, promtool.version, experimental=False) is None) is not (row in verdicts)
        if not known(text)
    }
    assert differences == {}, f"seed {SEED}"


# what a selector is, as both sides say it ---------------------------------------------------------

_Selector = tuple[object, ...]
UNKNOWN = "computed"
"""A duration made by arithmetic: Prometheus does not say in its answer what it comes to."""


def same(ours: _Selector, theirs: _Selector) -> bool:
    return len(ours) == len(theirs) and all(
        a in (UNKNOWN, b) for a, b in zip(ours, theirs, strict=True)
    )


def our_selectors(tree: Expr) -> Iterator[_Selector]:
    """Selectors, ranges and subqueries with all that moves them in time, in order."""
    inside = set()
    for node in walk(tree):
        match node:
            case VectorSelector() if id(node) not in inside:
                yield ("vector", _matchers(node), *_time(node.offset, node.at))
            case RangeSelector():
                inside.add(id(node.selector))
                moved = _time(node.offset, node.at)
                yield ("range", _matchers(node.selector), *moved, _ms(node.range))
            case Subquery():
                step = _ms(node.step) if node.step else 0
                yield ("subquery", *_time(node.offset, node.at), _ms(node.range), step)
            case _:
                pass


def _matchers(node: VectorSelector) -> frozenset[tuple[str, str, str]]:
    found = {(_text(m.name), m.op, _text(m.value)) for m in node.matchers}
    return frozenset(found | ({("__name__", "=", node.metric)} if node.metric else set()))


def _text(value: str) -> str:
    """Single bytes that are no UTF-8 are told as U+FFFD over HTTP."""
    return value.encode("utf-8", "surrogateescape").decode("utf-8", "replace")


def _ms(span: Span) -> object:
    return UNKNOWN if span.ms is None else round(span.ms)


def _time(offset: Span | None, at: At | None) -> tuple[object, object, object]:
    moved = 0 if offset is None else _ms(offset)
    if at is None:
        return moved, None, None
    if at.time in ("start()", "end()"):
        return moved, None, at.time[:-2]
    *sign, (kind, text, start), _ = tokens(at.time)
    value = seconds(kind, text, start) * (-1 if sign and sign[0][0] == "-" else 1)
    return moved, round(value * 1000), None


def their_selectors(node: Any) -> Iterator[Any]:
    """The same of parse_query's JSON tree."""
    moved = (node.get("offset"), node.get("timestamp"), node.get("startOrEnd"))
    match node["type"]:
        case "vectorSelector":
            yield ("vector", _their_matchers(node), *moved)
        case "matrixSelector":
            yield ("range", _their_matchers(node), *moved, node["range"])
        case "subquery":
            yield ("subquery", *moved, node["range"], node["step"])
        case _:
            pass
    for name in ("param", "expr", "lhs", "rhs"):
        if node.get(name):
            yield from their_selectors(node[name])
    for argument in node.get("args") or ():
        yield from their_selectors(argument)


def _their_matchers(node: Any) -> frozenset[tuple[str, str, str]]:
    return frozenset((m["name"], m["type"], m["value"]) for m in node["matchers"])
