"""Every rule of the examples, evaluated by real servers on data of every metric it reads.

What the fleet's prometheus.yml includes is loaded as generated, but for what needs other machines:
targets are one loopback endpoint per tenant, there is no Alertmanager, and groups run every two
seconds.
"""

from __future__ import annotations

import json
import re
import time
import urllib.request
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest
import yaml

from generator.api import FLEET, Compilation, compile_specs
from generator.compile.series import satisfying
from generator.ir.rules import RecordingRule
from generator.promql.parser import parse
from generator.promql.tree import VectorSelector, vector_selectors
from generator.tools import Tool
from generator.values import Version
from generator.verify.stage import staged
from tests.conftest import ROOT
from tests.live.stack import World, free_port, prometheus, until, world

INTERVAL = "2s"
BOUNDS = ("0.05", "0.1", "0.3", "1", "3", "+Inf")
COUNTED = re.compile(r"_(total|count|sum|bucket)$")
LOUD = re.compile(r"level=(warn|error)|level\"?:\"?(warn|error)", re.IGNORECASE)
Series = tuple[str, tuple[tuple[str, str], ...]]


@pytest.fixture(scope="module")
def examples() -> Compilation:
    """All of specs/; the unit tests, which are slow to make, of the smallest tenant alone."""
    compilation = compile_specs(ROOT, ["tiny-radio"])
    assert compilation.fleet is not None, compilation.findings
    return compilation


@pytest.mark.live
@pytest.mark.tools
def test_every_rule_of_the_examples_is_evaluated(
    tmp_path: Path, tools: Mapping[str, Tool], examples: Compilation
) -> None:
    assert examples.fleet is not None
    trees = {name: one.artifacts for name, one in examples.tenants.items()}
    port = free_port()
    with staged({**trees, FLEET: examples.fleet}) as stage, world() as state:
        exposed = {name: series_read(examples, name) for name in examples.tenants}
        config, groups = shortened(stage, state, exposed)
        expose(state, exposed, 0)
        with prometheus(tools["prometheus"], config, tmp_path / "data", port) as log:
            ticks = iter(range(1, 10_000))

            def passing(condition: Callable[[], bool]) -> bool:
                """Time passes: the data moves on."""
                expose(state, exposed, next(ticks))
                time.sleep(0.4)
                return condition()

            until("four scrapes of all", lambda: passing(lambda: scraped(port, exposed)))
            before = runs(port)
            until(
                "two more evaluations of every group",
                lambda: passing(
                    lambda: all(runs(port).get(g, 0) >= before.get(g, 0) + 2 for g in groups)
                ),
            )
            all_is_well(port, groups)
            nothing_is_annotated(port, exposed)
            if tools["prometheus"].version >= Version(3, 0):
                assert remarks(port, "rate(queue_depth[1m])"), "a remark would not be seen"
            assert [line for line in log.read_text().splitlines() if LOUD.search(line)] == []


# --------------------------------------------------------------------------- data


def series_read(compilation: Compilation, tenant: str) -> frozenset[Series]:
    """One series for each selector of a rule that no rule writes; histograms in all buckets."""
    build = compilation.tenants[tenant].build
    assert build is not None
    rules = [rule for group in build.groups for rule in group.rules]
    made = {rule.record for rule in rules if isinstance(rule, RecordingRule)} | {"ALERTS"}
    nodes = {node for rule in rules for node in vector_selectors(parse(rule.expr))}
    return frozenset(s for node in nodes if node.name not in made for s in matching(node))


def matching(node: VectorSelector) -> Iterator[Series]:
    labels = satisfying(m for m in node.matchers if m.name not in ("le", "tenant"))
    assert node.name is not None and labels is not None
    family = re.sub(r"_(bucket|count|sum)$", "", node.name)
    if family == node.name:
        yield node.name, tuple(sorted(labels.items()))
        return
    for bound in BOUNDS:
        yield f"{family}_bucket", tuple(sorted({**labels, "le": bound}.items()))
    yield f"{family}_count", tuple(sorted(labels.items()))
    yield f"{family}_sum", tuple(sorted(labels.items()))


def expose(state: World, exposed: Mapping[str, Iterable[Series]], tick: int) -> None:
    """Counters rise, gauges swing."""
    for tenant, series in exposed.items():
        lines: list[str] = []
        kind = ""
        for name, labels in sorted(series):
            family = re.sub(r"_(bucket|count|sum)$", "", name)
            if kind != family:
                kind = family
                of = (
                    "histogram"
                    if family != name
                    else "counter"
                    if COUNTED.search(name)
                    else "gauge"
                )
                lines.append(f"# TYPE {family} {of}")
            inside = ",".join(f"{key}={json.dumps(value)}" for key, value in labels)
            value = tick * 10 if COUNTED.search(name) else 1 + tick % 3
            lines.append(f"{name}{{{inside}}} {value}")
        state.metrics[f"/{tenant}/metrics"] = "\n".join(lines) + "\n"


def shortened(stage: Path, state: World, exposed: Iterable[str]) -> tuple[Path, list[str]]:
    """The generated configuration with loopback targets and quick groups, and their names."""
    groups = []
    for file in stage.glob("*/prometheus/rules/*.yml"):
        document = yaml.safe_load(file.read_text())
        for group in document["groups"]:
            assert group["interval"]
            group["interval"] = INTERVAL
            groups.append(group["name"])
        file.write_text(yaml.safe_dump(document, sort_keys=False))
    config = stage / FLEET / "prometheus.yml"
    document = yaml.safe_load(config.read_text())
    assert document.pop("alerting")
    document.pop("scrape_config_files", None)
    document["global"] |= {"scrape_interval": "1s", "evaluation_interval": INTERVAL}
    document["scrape_configs"] = [
        {
            "job_name": tenant,
            "honor_labels": True,
            "metrics_path": f"/{tenant}/metrics",
            "static_configs": [
                {"targets": [f"127.0.0.1:{state.port}"], "labels": {"tenant": tenant}}
            ],
        }
        for tenant in exposed
    ]
    config.write_text(yaml.safe_dump(document, sort_keys=False))
    return config, sorted(groups)


# --------------------------------------------------------------------------- answers


def scraped(port: int, tenants: Iterable[str]) -> bool:
    """Whether every tenant's endpoint has been scraped four times: then all rates exist."""
    up = f'count_over_time(up{{job=~"{"|".join(tenants)}"}}[1m]) >= 4'
    found = {one["metric"]["job"] for one in asked(port, "query", query=up)["data"]["result"]}
    return found == set(tenants)


def runs(port: int) -> dict[str, float]:
    """How often each group has run, by its name."""
    found = counters(port, "prometheus_rule_group_iterations_total")
    return {labels.split(";")[1].rstrip('"}'): count for labels, count in found.items()}


def all_is_well(port: int, written: Sequence[str]) -> None:
    groups = asked(port, "rules")["data"]["groups"]
    assert sorted(group["name"] for group in groups) == list(written)
    rules = [rule for group in groups for rule in group["rules"]]
    assert len(rules) > 200
    wrong = [(r["name"], r.get("lastError")) for r in rules if r["health"] != "ok"]
    assert wrong == []
    assert not [rule["name"] for rule in rules if rule.get("lastError")]
    for metric in ("evaluation_failures_total", "group_iterations_missed_total"):
        found = counters(port, f"prometheus_rule_{metric}")
        assert len(found) == len(groups)
        assert {name: count for name, count in found.items() if count} == {}, metric


def nothing_is_annotated(port: int, exposed: Mapping[str, Iterable[Series]]) -> None:
    """Each rule's expression, asked alone: Prometheus has nothing to remark on it."""
    known = asked(port, "label/__name__/values")["data"]
    assert {name for series in exposed.values() for name, _ in series} <= set(known)
    rules = [r for group in asked(port, "rules")["data"]["groups"] for r in group["rules"]]
    found = {query: remarks(port, query) for query in sorted({rule["query"] for rule in rules})}
    found = {
        query: [one for one in said if not _named_otherwise(one)] for query, said in found.items()
    }
    assert {query: said for query, said in found.items() if said} == {}


_UNNAMED = ('"pg_stat_', '"node_vmstat_')
"""Counters of exporters that do not end in _total, by which Prometheus guesses what is one."""


def _named_otherwise(remark: str) -> bool:
    """Whether a remark is about the name of an exporter's counter alone."""
    return "might not be a counter" in remark and any(name in remark for name in _UNNAMED)


def remarks(port: int, query: str) -> list[str]:
    """Warnings and notes that a query's answer carries (from 2.48 on)."""
    answer = asked(port, "query", query=query)
    return [*answer.get("warnings", ()), *answer.get("infos", ())]


def asked(port: int, what: str, **parameters: str) -> dict[str, Any]:
    url = f"http://127.0.0.1:{port}/api/v1/{what}?{urlencode(parameters)}"
    with urllib.request.urlopen(url, timeout=10) as answer:
        found: dict[str, Any] = json.load(answer)
    assert found["status"] == "success"
    return found


def counters(port: int, metric: str) -> dict[str, float]:
    """A metric of the server itself, by its labels' text: one series per rule group."""
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=10) as answer:
        lines = answer.read().decode().splitlines()
    found = [line.rsplit(" ", 1) for line in lines if line.startswith(f"{metric}{{")]
    return {labels: float(count) for labels, count in found}
