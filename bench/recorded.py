"""What a tenant's rules would have recorded over data of the past: recorded series and ALERTS.

Rules are asked of a real Prometheus over the whole time, those first that need no other; each
layer's answers become blocks, and the next layer is asked of them. A rule that reads its own
alert (to clear it at another value) is taken without that part.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import yaml

from generator.promql.parser import parse
from generator.promql.tree import vector_selectors
from generator.servers.http import ServerFailed
from generator.servers.prometheus import Prometheus, Series
from generator.servers.temporary import blocks_from, prometheus_over, workspace
from generator.tools import Tool
from generator.values import Duration

STEP = 60.0
Points = dict[float, float]


@dataclass(frozen=True)
class Rule:
    data: Mapping[str, Any]
    needs: frozenset[str]

    @property
    def name(self) -> str:
        return str(self.data.get("record") or f"alert:{self.data['alert']}")


def rules_of(folder: Path) -> list[Rule]:
    found = []
    for file in sorted(folder.glob("*.yml")):
        for group in yaml.safe_load(file.read_text())["groups"]:
            found += [Rule(rule, _needs(rule["expr"])) for rule in group["rules"]]
    return found


def _needs(expr: str) -> frozenset[str]:
    names = set()
    for selector in vector_selectors(parse(expr)):
        if (selector.name or "").startswith("ALERTS"):
            for matcher in selector.matchers:
                if matcher.name == "alertname" and matcher.op in ("=", "=~"):
                    names |= {f"alert:{name}" for name in matcher.value.split("|")}
        elif selector.name:
            names.add(selector.name)
    return frozenset(names)


def layers(rules: Sequence[Rule]) -> Iterator[list[Rule]]:
    """Rules that need only what is there; where they wait for each other, all that are left."""
    left = list(rules)
    while left:
        ready = [rule for rule in left if not any(_waits(rule, other) for other in left)] or left
        yield ready
        left = [rule for rule in left if rule not in ready]


def _waits(rule: Rule, other: Rule) -> bool:
    """Whether a rule reads what another is yet to record; rules that read each other do not."""
    together = other.name == rule.name and rule.name in other.needs
    return other is not rule and other.name in rule.needs and not together


def record(
    tools: tuple[Tool, Tool],
    rules: Sequence[Rule],
    data: Path,
    start: float,
    end: float,
    every: float = STEP,
) -> list[str]:
    """Add to a TSDB's folder what the rules record from `start` to `end`; what failed is told.

    `tools` are prometheus and promtool; `every`: seconds between evaluations, STEP for alerts.
    """
    failed = []
    for layer in layers(rules):
        with workspace() as folder:
            with prometheus_over(tools[0], data, folder) as server:

                def ask(rule: Rule, server: Prometheus = server) -> tuple[Rule, Any]:
                    try:
                        step = timedelta(seconds=every)
                        return rule, server.query_range(rule.data["expr"], start, end, step)
                    except ServerFailed as problem:
                        return rule, str(problem)

                with ThreadPoolExecutor(2) as pool:
                    answers = list(pool.map(ask, layer))
            failed += [f"{rule.name}: {found}" for rule, found in answers if isinstance(found, str)]
            made: dict[str, dict[str, Points]] = {}
            for rule, found in answers:
                if not isinstance(found, str):
                    for name, labels, points in _made(rule, found):
                        made.setdefault(name, {}).setdefault(labels, {}).update(points)
            if made:
                text = folder / "recorded.om"
                text.write_text("".join(_text(made)))
                blocks_from(tools[1], text, data)
    return failed


def _made(rule: Rule, found: Sequence[Series]) -> Iterator[tuple[str, str, Points]]:
    for series in found:
        own = {k: v for k, v in series.labels.items() if k != "__name__"}
        own |= {k: str(v) for k, v in (rule.data.get("labels") or {}).items()}
        if "record" in rule.data:
            yield rule.name, _labels(own), dict(series.points)
        else:
            own["alertname"] = str(rule.data["alert"])
            yield from _states(rule, own, series)


def _states(rule: Rule, own: dict[str, str], series: Series) -> Iterator[tuple[str, str, Points]]:
    """An alert is pending for its `for`, then fires until `keep_firing_for` after the last."""
    wait, keep = (
        float(Duration.parse(str(rule.data.get(key) or "0s")).seconds)
        for key in ("for", "keep_firing_for")
    )
    states: dict[str, Points] = {"pending": {}, "firing": {}}
    since: Points = {}
    began = last = series.points[0][0]
    for at, _ in series.points:
        if at - last > STEP * 1.5:
            if last - began >= wait:
                held = int(min(keep, at - last) // STEP)
                states["firing"] |= {last + i * STEP: 1.0 for i in range(1, held)}
            began = at
        states["firing" if at - began >= wait else "pending"][at] = 1.0
        since[at] = began
        last = at
    for state, points in states.items():
        if points:
            yield "ALERTS", _labels(own | {"alertstate": state}), points
    yield "ALERTS_FOR_STATE", _labels(own), since


def _labels(own: Mapping[str, str]) -> str:
    def escaped(value: str) -> str:
        return value.replace("\\", r"\\").replace('"', r"\"").replace("\n", r"\n")

    return ",".join(f'{k}="{escaped(v)}"' for k, v in sorted(own.items()))


def _text(made: Mapping[str, Mapping[str, Points]]) -> Iterator[str]:
    for name, series in sorted(made.items()):
        yield f"# TYPE {name} unknown\n"
        for labels, points in sorted(series.items()):
            for at, value in sorted(points.items()):
                yield f"{name}{{{labels}}} {_number(value)} {at:.0f}\n"
    yield "# EOF\n"


def _number(value: float) -> str:
    return f"{value:.12g}".replace("inf", "Inf").replace("nan", "NaN")
