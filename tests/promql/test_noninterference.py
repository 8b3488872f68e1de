"""Isolation, evaluated: what a tenant's expression returns does not depend on any other tenant.

Two real databases: one holds tenants a and b mixed, one holds a alone. Over random expressions,
the isolated one on the mixed database equals the original where a is alone, and no answer carries
a word that only b's series have.
"""

from __future__ import annotations

import json
import math
import random
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from typing import Any

import pytest

from generator.promql.isolate import Scope, isolate
from generator.promql.parser import parse
from generator.promql.problems import PromqlError
from generator.promql.tree import Call, walk
from generator.tools import Tool, run
from generator.values import Version
from tests.promql.sentences import CASES, SEED, Sentences, Words
from tests.promql.server import Server, serving

BEGIN = 1_700_000_000
MINUTES = 90
NOW = BEGIN + MINUTES * 60
ONLY_B = "bee"
"""Stands in the value of a label of every series of b, and in none of a's."""
WORDS = Words(
    metrics=("requests_total", "latency_bucket", "queue", "secret", "target_info", "ALERTS"),
    labels=("job", "instance", "code", "le", "secret"),
    grouping=("job", "instance", "code", "le", "secret", "tenant"),
    values=("api", "web", "i1", "200", "500", "none", ONLY_B),
    target=Version(2, 42),
    experimental=False,
    evaluated=True,
    times=(str(NOW - 600), str(NOW - 1800), "start()", "end()", f"{NOW - 90}.5"),
)
LABELLING = frozenset({"absent", "absent_over_time", "info"})
"""Their result shows the matchers themselves: isolated, it says the tenant; alone, it does not."""
NUMBERS = {"oldest": 400, "newest": 1000}


@dataclass(frozen=True)
class Databases:
    """The same time span, with b's series and without."""

    mixed: Server
    alone: Server


def exposition(tenants: Sequence[str]) -> str:
    """An hour and a half of samples for these tenants, the same for each in every exposition."""
    families: dict[str, list[str]] = {name: [] for name in WORDS.metrics}
    for tenant in tenants:
        chance = random.Random(f"samples of {tenant}")
        mark = f'tenant="{tenant}",secret="{ONLY_B if tenant == "b" else "mine"}"'
        jobs = ("api", "web") if tenant == "a" else ("api", "web", f"{ONLY_B}keeper")
        for job in jobs:
            for instance in ("i1", "i2"):
                own = f'{mark},job="{job}",instance="{instance}"'
                rows = [("requests_total", f',code="{code}"', 9.0) for code in (200, 404, 500)]
                rows += [("latency_bucket", f',le="{le}"', 5.0) for le in ("0.1", "1", "+Inf")]
                rows += [("queue", "", 0.0), ("target_info", f',data="{tenant}-data"', -1.0)]
                rows += [("ALERTS", ',alertname="X",alertstate="firing"', -1.0)]
                rows += [("secret", "", 0.0)] if tenant == "b" or job == "api" else []
                for name, more, rate in rows:
                    families[name] += _samples(name + "{" + own + more + "}", rate, chance)
    types = {"requests_total": "counter", "latency_bucket": "gauge"}
    heads = {
        name: f"# TYPE {name.removesuffix('_total')} {types.get(name, 'gauge')}\n"
        for name in families
    }
    text = "".join(heads[name] + "".join(lines) for name, lines in families.items() if lines)
    return text + "# EOF\n"


def _samples(series: str, rate: float, chance: random.Random) -> Iterator[str]:
    """One series: a counter at this rate, with a reset; a gauge at 0; the constant 1 below."""
    value = chance.randrange(100)
    for minute in range(MINUTES + 1):
        if rate > 0:
            value = 0 if chance.random() < 0.02 else value + chance.randrange(int(2 * rate))
        else:
            value = chance.randrange(100) if rate == 0 else 1
        yield f"{series} {value} {BEGIN + minute * 60}\n"


@pytest.fixture(scope="module", params=sorted(NUMBERS))
def generation(request: pytest.FixtureRequest) -> tuple[Mapping[str, Tool], int]:
    """The oldest and the newest tools, and how many expressions they evaluate."""
    return request.getfixturevalue(request.param), CASES or NUMBERS[request.param]


@pytest.fixture(scope="module")
def databases(
    generation: tuple[Mapping[str, Tool], int], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Databases]:
    tools, _ = generation
    with ExitStack() as stack:
        servers = []
        for tenants in ("ab", "a"):
            folder = tmp_path_factory.mktemp(f"only-{tenants}")
            metrics, blocks = folder / "metrics.om", folder / "prometheus"
            metrics.write_text(exposition(tenants))
            arguments = ["tsdb", "create-blocks-from", "openmetrics", str(metrics), str(blocks)]
            made = run(tools["promtool"], arguments, timeout=60)
            assert made.returncode == 0, made.stderr
            flags = ["--storage.tsdb.retention.time=100y"]
            if tools["prometheus"].version >= Version(3, 0):
                flags.append("--enable-feature=promql-experimental-functions,promql-duration-expr")
            servers.append(stack.enter_context(serving(tools["prometheus"], folder, *flags)))
        yield Databases(*servers)


@pytest.mark.tools
@pytest.mark.live
def test_a_tenant_sees_the_same_with_others_around(
    generation: tuple[Mapping[str, Tool], int], databases: Databases
) -> None:
    tools, number = generation
    version = tools["prometheus"].version
    scope = Scope("tenant", "a", version, experimental=version >= Version(3, 0))
    pairs = list(isolated(scope, number))
    originals = [question(text, index) for index, (text, _) in enumerate(pairs)]
    pinned = [question(text, index) for index, (_, text) in enumerate(pairs)]
    mixed = list(map(result, ask(databases.mixed, pinned)))
    alone = list(map(result, ask(databases.alone, pinned)))
    plain = list(map(result, ask(databases.alone, originals)))
    leaks, changed, compared = [], [], 0
    for index, (text, expr) in enumerate(pairs):
        labelling = labels_by_matchers(text)
        own_word = labelling and ONLY_B in text
        if foreign(mixed[index]) or (ONLY_B in json.dumps(mixed[index]) and not own_word):
            leaks.append(expr)
        if not equal(mixed[index], alone[index]):
            changed.append((pinned[index], mixed[index], alone[index]))
        compared += not labelling
        if not labelling and not equal(mixed[index], plain[index]):
            changed.append((originals[index], mixed[index], plain[index]))
    unsteady = [one for one in changed if varies(databases.alone, one[0])]
    assert leaks == [], f"seed {SEED}"
    assert [one for one in changed if one not in unsteady] == [], f"seed {SEED}"
    assert len(unsteady) <= 0.02 * number
    told = sum(bool(answer["result"]) for answer in mixed)
    assert (len(pairs), compared >= 0.8 * number) == (number, True)
    assert told >= 0.4 * number, f"only {told} of {number} answers say anything"


@pytest.mark.tools
@pytest.mark.live
def test_without_isolation_the_answers_would_differ(
    generation: tuple[Mapping[str, Tool], int], databases: Databases
) -> None:
    """The test above can fail: the same expressions, not isolated, see b."""
    tools, _ = generation
    scope = Scope("tenant", "a", tools["prometheus"].version)
    texts = [question(text, index) for index, (text, _) in enumerate(isolated(scope, 100))]
    mixed = list(map(result, ask(databases.mixed, texts)))
    alone = list(map(result, ask(databases.alone, texts)))
    assert sum(one != other for one, other in zip(mixed, alone, strict=True)) >= 25
    assert any(map(foreign, mixed))


def isolated(scope: Scope, number: int) -> Iterator[tuple[str, str]]:
    """So many different expressions that isolation takes, each with its isolated text."""
    words = replace(WORDS, target=scope.target, experimental=scope.experimental)
    sentences = Sentences(words, f"noninterference {scope.target}")
    seen: set[str] = set()
    while len(seen) < number:
        text = sentences.sentence()
        if text in seen:
            continue
        try:
            expr = isolate(text, scope)
        except PromqlError:
            continue
        seen.add(text)
        yield text, expr


def question(expr: str, index: int) -> Mapping[str, str]:
    """Every third is a range query, the others are instant ones at several times."""
    if index % 3 == 0:
        return {"query": expr, "start": str(NOW - 1200), "end": str(NOW), "step": "300"}
    return {"query": expr, "time": str(NOW - 37 * (index % 7))}


def ask(server: Server, questions: Sequence[Mapping[str, str]]) -> list[Any]:
    """The answers in the order of the questions; the two kinds have an address each."""
    found: dict[int, Any] = {}
    for path, key in (("/api/v1/query", "time"), ("/api/v1/query_range", "step")):
        indexes = [index for index, q in enumerate(questions) if key in q]
        answers = server.answers(path, [questions[index] for index in indexes])
        found.update(zip(indexes, answers, strict=True))
    return [found[index] for index in range(len(questions))]


def varies(server: Server, question: Mapping[str, str]) -> bool:
    """Whether Prometheus answers this differently over one and the same database.

    `topk` over aggregated ties takes whichever comes first, and that order is not fixed.
    """
    first, *more = map(result, ask(server, [question] * 20))
    return not all(equal(first, other) for other in more)


def result(answer: Mapping[str, Any]) -> dict[str, Any]:
    """What an answer says, its series sorted; of an error its kind alone, for its text may vary."""
    if answer["status"] != "success":
        return {"error": answer["errorType"], "result": []}
    data = answer["data"]
    rows = data["result"]
    if data["resultType"] in ("vector", "matrix"):
        rows = sorted(rows, key=lambda row: json.dumps(row["metric"], sort_keys=True))
    return {"type": data["resultType"], "result": rows}


def equal(one: Any, other: Any) -> bool:
    """Equal apart from the last digits: Prometheus adds up series in no fixed order."""
    match one, other:
        case {}, {}:
            return one.keys() == other.keys() and all(equal(one[k], other[k]) for k in one)
        case [*_], [*_]:
            return len(one) == len(other) and all(map(equal, one, other))
        case str(), str():
            return one == other or _is_close(one, other)
        case _:
            return bool(one == other)


def _is_close(one: str, other: str) -> bool:
    """Whether two samples are the same number; what is no number differs."""
    try:
        return math.isclose(float(one), float(other), rel_tol=1e-9, abs_tol=1e-9)
    except ValueError:
        return False


def foreign(answer: Mapping[str, Any]) -> bool:
    """Whether a series of the answer carries another tenant's label."""
    rows = [row for row in answer["result"] if isinstance(row, dict)]
    return any(row["metric"].get("tenant", "a") != "a" for row in rows)


def labels_by_matchers(text: str) -> bool:
    return any(isinstance(node, Call) and node.function in LABELLING for node in walk(parse(text)))
