"""A dashboard's questions, asked of a Prometheus: variables, panels, annotations, firing alerts.

Steps and intervals are Grafana's: as many points as a panel has pixels, `$__rate_interval` four
scrapes or more.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from generator.promql.interpolate import Chosen, interpolated
from generator.promql.problems import PromqlError
from generator.render.preview.frames import Asked, Column, Frame, Line, framed
from generator.render.preview.layout import Section, Spot, sections
from generator.render.preview.page import Answer, Event
from generator.servers.http import ServerFailed
from generator.servers.prometheus import Prometheus, Series
from generator.values import Duration

WIDTH = 1200
"""Pixels of a dashboard, for which points are asked."""
AT_ONCE = 4
"""Queries at a time: a preview must not be felt by the server."""
EVENTS = 60
_STEPS = (
    1, 2, 5, 10, 15, 20, 30, 60, 120, 300, 600, 900, 1200, 1800, 3600, 7200, 10800, 21600, 43200,
    86400,
)  # fmt: skip
_QUERY = re.compile(r"\s*(label_values|query_result)\((.*)\)\s*", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Times:
    """From when to when (seconds since the epoch), and how often targets are scraped (seconds)."""

    start: float
    end: float
    scrape: float


@dataclass(slots=True)
class Answered:
    """A dashboard with its answers, in the order of the sections' spots."""

    sections: tuple[Section, ...]
    answers: list[Answer]
    variables: list[tuple[str, str]] = field(default_factory=list)
    events: list[Event] = field(default_factory=list)
    problems: list[tuple[str, str]] = field(default_factory=list)
    """(what was asked for, what the server said)."""


def answered(
    dashboard: Mapping[str, Any],
    prometheus: Prometheus | None,
    times: Times,
    advance: Callable[[], None] = lambda: None,
) -> Answered:
    """Ask all that a dashboard asks; without a server everything is empty.

    What a single query fails of is kept with its panel. Raises nothing of it.
    """
    asking = _Asking(prometheus, times)
    chosen, listed, told = asking.variables(dashboard["templating"]["list"])
    laid = sections(dashboard, chosen, listed)
    spots = [spot for section in laid for spot in section.spots]
    with ThreadPoolExecutor(AT_ONCE) as pool:
        answers = []
        for answer in pool.map(asking.panel, spots):
            answers.append(answer)
            advance()
    problems = [
        (f"panel {spot.panel.get('title')!r}", answer.problem)
        for spot, answer in zip(spots, answers, strict=True)
        if answer.problem
    ]
    events = asking.events(dashboard["annotations"]["list"], chosen)
    return Answered(laid, answers, told, events, [*asking.problems, *problems])


@dataclass(slots=True)
class _Asking:
    prometheus: Prometheus | None
    times: Times
    problems: list[tuple[str, str]] = field(default_factory=list)

    def variables(
        self, wanted: Sequence[Mapping[str, Any]]
    ) -> tuple[dict[str, Chosen], dict[str, list[str]], list[tuple[str, str]]]:
        """(variable -> what is chosen, variable -> all values, (label, chosen) for people)."""
        chosen: dict[str, Chosen] = {}
        listed: dict[str, list[str]] = {}
        told = []
        for one in wanted:
            name = str(one["name"])
            values = self._values(one, chosen)
            every = bool(one.get("includeAll"))
            listed[name] = values
            if every:
                chosen[name] = Chosen(tuple(values), True, str(one.get("allValue") or ""))
            else:
                current = one.get("current", {}).get("value")
                first = current if isinstance(current, str) and current in values else None
                picked = first or (values[0] if values else str(current or ""))
                chosen[name] = Chosen((picked,), bool(one.get("multi")))
            if one["type"] != "datasource" and one.get("hide") != 2:
                told.append((one.get("label") or name, "All" if every else chosen[name].text()))
        return chosen, listed, told

    def _values(self, one: Mapping[str, Any], chosen: Mapping[str, Chosen]) -> list[str]:
        if one["type"] != "query":
            given = [str(option["value"]) for option in one.get("options", ())]
            return [v for v in given if v != "$__all"] or [str(one.get("query", ""))]
        query = one["query"]["query"] if isinstance(one["query"], Mapping) else str(one["query"])
        found = _QUERY.fullmatch(query)
        if found is None or self.prometheus is None:
            return []
        try:
            if found[1] == "label_values":
                match, _, label = found[2].rpartition(",")
                inner = self._put(match.strip(), chosen) if match else ""
                return list(self.prometheus.label_values(label.strip(), inner))
            series = self.prometheus.query(self._put(found[2], chosen), self.times.end)
        except (ServerFailed, PromqlError) as problem:
            self.problems.append((f"variable {one['name']!r}", self._said(problem)))
            return []
        return _chosen_by(str(one.get("regex", "")), [_written(line) for line in series])

    def panel(self, spot: Spot) -> Answer:
        """What a panel's queries answer."""
        start, end, step = self._range(spot)
        if self.prometheus is None:
            return Answer(start=start, end=end)
        try:
            if spot.panel["type"] == "alertlist":
                return Answer(self._firing(spot), "", start, end)
            frames: list[Frame] = []
            targets = [t for t in spot.panel.get("targets", ()) if t.get("expr")]
            for target in targets:
                frames += self._target(target, spot, (start, end, step), len(targets) == 1)
            return Answer(tuple(frames), "", start, end)
        except (ServerFailed, PromqlError) as problem:
            return Answer((), self._said(problem), start, end)

    def _said(self, problem: Exception) -> str:
        """Without the server's address, which for data of files is another each time."""
        base = self.prometheus.server.url if self.prometheus else ""
        return str(problem).replace(base, "") if base else str(problem)

    def _range(self, spot: Spot) -> tuple[float, float, float]:
        """(start, end, step): whole steps, so that the same data gives the same picture."""
        length = self.times.end - self.times.start
        own = str(spot.panel.get("timeFrom") or "")
        if own:
            length = float(Duration.parse(own).seconds)
        pixels = max(60, WIDTH * spot.width // 24)
        wanted = max(length / pixels, self.times.scrape)
        step = float(next((s for s in _STEPS if s >= wanted), math.ceil(wanted / 86400) * 86400))
        end = math.floor(self.times.end / step) * step
        return end - math.floor(length / step) * step, end, step

    def _target(
        self,
        target: Mapping[str, Any],
        spot: Spot,
        times: tuple[float, float, float],
        alone: bool,
    ) -> Sequence[Frame]:
        assert self.prometheus is not None
        start, end, step = times
        legend = str(target.get("legendFormat", ""))
        form, instant = str(target.get("format", "time_series")), bool(target.get("instant"))
        expr = self._put(target["expr"], spot.chosen, end - start, step)
        asked = Asked(str(target["refId"]), expr, legend, form, instant, start, end, step)
        if instant:
            found = self.prometheus.query(expr, self.times.end)
        else:
            found = self.prometheus.query_range(expr, start, end, timedelta(seconds=step))
        return framed(asked, [Line(line.labels, line.points) for line in found], alone)

    def _put(
        self, expr: str, chosen: Mapping[str, Chosen], length: float = 0, step: float = 0
    ) -> str:
        """The expression with Grafana's own variables and the dashboard's."""
        length = length or self.times.end - self.times.start
        step = step or self.times.scrape
        rate = max(step + self.times.scrape, 4 * self.times.scrape)
        own = {
            "__interval": f"{step:g}s",
            "__interval_ms": f"{step * 1000:g}",
            "__rate_interval": f"{rate:g}s",
            "__range": f"{length:.0f}s",
            "__range_s": f"{length:.0f}",
            "__range_ms": f"{length * 1000:.0f}",
            "__from": f"{self.times.start * 1000:.0f}",
            "__to": f"{self.times.end * 1000:.0f}",
        }
        return interpolated(expr, {**chosen, **{k: Chosen((v,)) for k, v in own.items()}})

    def _firing(self, spot: Spot) -> tuple[Frame, ...]:
        """Alerts as Prometheus knows them, for Grafana's list of its own."""
        assert self.prometheus is not None
        labels = str(spot.panel.get("options", {}).get("alertInstanceLabelFilter") or "{}")
        labels = self._put(labels, spot.chosen) if labels != "{}" else ""
        found = self.prometheus.query(f"ALERTS{labels}", self.times.end)
        since = self.prometheus.query(f"ALERTS_FOR_STATE{labels}", self.times.end)
        began = {_plain(line.labels): line.points[-1][1] for line in since}
        rows = sorted(
            (
                line.labels.get("alertstate", ""),
                line.labels.get("alertname", ""),
                ", ".join(f"{k}={v}" for k, v in _plain(line.labels) if k != "alertname"),
                began.get(_plain(line.labels)),
            )
            for line in found
        )
        if not rows:
            return ()
        states, names, about, times = zip(*rows, strict=True)
        columns = (
            Column("state", "string", states),
            Column("alert", "string", names),
            Column("about", "string", about),
            Column("since", "number", times),
        )
        return (Frame("A", columns),)

    def events(
        self, wanted: Sequence[Mapping[str, Any]], chosen: Mapping[str, Chosen]
    ) -> list[Event]:
        """Annotations: stretches of time in which their query has a series."""
        made: list[Event] = []
        for one in wanted:
            if self.prometheus is None or not one.get("enable") or not one.get("expr"):
                continue
            length = self.times.end - self.times.start
            least = float(Duration.parse(str(one.get("step") or "1m")).seconds)
            step = max(least, math.ceil(length / 1000 / 15) * 15.0)
            end = math.floor(self.times.end / step) * step
            try:
                found = self.prometheus.query_range(
                    self._put(str(one["expr"]), chosen),
                    end - math.floor(length / step) * step,
                    end,
                    timedelta(seconds=step),
                )
            except (ServerFailed, PromqlError) as problem:
                self.problems.append((f"annotation {one['name']!r}", self._said(problem)))
                continue
            made += _stretches(one, found, step)
        made.sort(key=lambda e: (-e.at, e.name, e.title, e.text))
        return made[:EVENTS]


def _stretches(one: Mapping[str, Any], found: Sequence[Series], step: float) -> list[Event]:
    made: list[Event] = []
    for line in found:
        title, text = (
            re.sub(
                r"\{\{\s*(\w+)\s*\}\}",
                lambda m, labels=line.labels: labels.get(m[1], ""),  # type: ignore[misc]
                str(one.get(key, "")),
            )
            for key in ("titleFormat", "textFormat")
        )
        began = last = line.points[0][0]
        for at, _ in (*line.points[1:], (math.inf, 0.0)):
            if at - last > step * 1.5:
                color, name = str(one.get("iconColor", "red")), str(one["name"])
                made.append(Event(began, last, name, color, title, text))
                began = at
            last = at
    return made


def _plain(labels: Mapping[str, str]) -> tuple[tuple[str, str], ...]:
    return tuple(
        (k, v) for k, v in sorted(labels.items()) if k not in ("__name__", "alertstate", "tenant")
    )


def _written(line: Series) -> str:
    name = line.labels.get("__name__", "")
    inner = ",".join(f'{k}="{v}"' for k, v in sorted(line.labels.items()) if k != "__name__")
    at, value = line.points[-1]
    return f"{name}{{{inner}}} {value:g} {at * 1000:.0f}"


def _chosen_by(regex: str, texts: Sequence[str]) -> list[str]:
    """What a variable's `regex` keeps of each text: its first group, else all that it matches."""
    pattern = re.compile(regex.strip("/") or "(?s:.+)")
    found = [m[(m.lastindex and 1) or 0] for t in texts if (m := pattern.search(t))]
    return sorted(set(found))
