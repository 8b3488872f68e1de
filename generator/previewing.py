"""A tenant's dashboards as pages, without a Grafana: what `tocsin preview` does."""

from __future__ import annotations

import contextlib
import json
import os
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from generator.compilation import Compilation, compile_specs
from generator.findings import Finding, Place, SpecError, error, in_order, warning
from generator.ir.build import Build
from generator.ir.dashboards import Dashboard
from generator.judgement import Outcome
from generator.render.grafana import dashboard_json
from generator.render.preview.page import Page, preview_page
from generator.servers.dashboards import Times, answered
from generator.servers.http import Server
from generator.servers.prometheus import Prometheus
from generator.servers.temporary import blocks_from, copied, newest, prometheus_over, workspace
from generator.tools import need
from generator.values import Duration

SCRAPE = 15.0
"""Seconds: what Grafana takes for a data source that does not say how often it scrapes."""


@dataclass(frozen=True, slots=True)
class Source:
    """Where a preview's data is from: a server, a TSDB's folder or OpenMetrics text; or nowhere."""

    server: Server | None = None
    tsdb: Path | None = None
    data: Path | None = None

    def told(self) -> str:
        """For the foot of the page; without what differs from one machine to the next."""
        if self.server is not None:
            return f"Data from {self.server.url}."
        found = self.tsdb or self.data
        return f"Data from {found.name}." if found else ""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What to draw: of which tenant, which views (none: all), of what time, into which folder."""

    tenant: str
    output: Path
    views: tuple[str, ...] = ()
    at: float | None = None
    """Seconds since the epoch; None: now, or the newest sample of a file."""
    range: Duration | None = None
    """Instead of each view's own."""


def preview(root: Path, wanted: Wanted, source: Source, *, progress: bool = False) -> Outcome:
    """Write `<view>.html` for each view. What queries fail of is told and shown in their panels.

    Raises ServerFailed when the server does not answer at all, ToolMissing and ToolFailed when
    data of files cannot be served.
    """
    try:
        compilation = compile_specs(root, [wanted.tenant], progress, proven=False)
    except SpecError as problem:
        return Outcome(problem.findings)
    build = compilation.tenants[wanted.tenant].build
    if build is None:
        return Outcome(compilation.findings)
    views = [d for d in build.dashboards if not wanted.views or d.view in wanted.views]
    missing = _missing(build, wanted)
    if missing:
        return Outcome(missing)
    with _opened(root, compilation, source) as (prometheus, end):
        at = wanted.at if wanted.at is not None else end
        return _drawn(build, views, prometheus, replace(wanted, at=at), source, progress)


def _missing(build: Build, wanted: Wanted) -> tuple[Finding, ...]:
    known = [d.view for d in build.dashboards]
    place = Place(build.spec_file, 1, 1)
    return tuple(
        error("preview-view", f"{build.tenant} has no view {name!r}", place,
              f"it has {', '.join(known)}; see dashboards: {{views: ...}}")
        for name in wanted.views
        if name not in known
    )  # fmt: skip


@contextlib.contextmanager
def _opened(
    root: Path, compilation: Compilation, source: Source
) -> Iterator[tuple[Prometheus | None, float]]:
    """A server that answers, and the time that is now for it."""
    if source.server is not None:
        prometheus = Prometheus(source.server)
        prometheus.query("vector(1)")
        yield prometheus, time.time()
        return
    if source.tsdb is None and source.data is None:
        yield None, time.time()
        return
    target = compilation.platform.targets.prometheus
    server = need("prometheus", target, root)
    with workspace() as folder:
        if source.data is not None:
            data = folder / "data"
            data.mkdir()
            blocks_from(need("promtool", target, root), source.data, data)
        else:
            assert source.tsdb is not None
            data = copied(source.tsdb, folder)
        end = newest(data)
        with prometheus_over(server, data, folder) as prometheus:
            yield prometheus, time.time() if end is None else end


def _drawn(
    build: Build,
    views: Sequence[Dashboard],
    prometheus: Prometheus | None,
    wanted: Wanted,
    source: Source,
    progress: bool,
) -> Outcome:
    findings: list[Finding] = []
    told = []
    documents = [json.loads(dashboard_json(view)) for view in views]
    total = sum(
        len(d["panels"]) + sum(len(p.get("panels", ())) for p in d["panels"]) for d in documents
    )
    with _bar(total, progress) as advance:
        for view, document in zip(views, documents, strict=True):
            times = _times(view, wanted)
            found = answered(document, prometheus, times, advance)
            links = [(d["title"].rpartition(" / ")[2], f"{v.view}.html", v is view)
                     for v, d in zip(views, documents, strict=True)]  # fmt: skip
            page = Page(
                document,
                found.sections,
                found.answers,
                times.start,
                times.end,
                links,
                found.variables,
                found.events,
                source.told() if prometheus else "",
                _zone(document),
            )
            path = wanted.output / f"{view.view}.html"
            _write(path, preview_page(page))
            told.append(f"{path}: {len(found.answers)} panels")
            findings += (
                warning("preview-query", f"{view.view}, {what}: {problem}",
                        Place(build.spec_file, 1, 1))
                for what, problem in found.problems
            )  # fmt: skip
    return Outcome(in_order(findings), told)


def _times(view: Dashboard, wanted: Wanted) -> Times:
    length = wanted.range or Duration.parse(view.time_from.removeprefix("now-"))
    assert wanted.at is not None
    return Times(wanted.at - float(length.seconds), wanted.at, SCRAPE)


def _zone(document: dict[str, Any]) -> str:
    """The dashboard's time zone; the reader's own is not known here, and would not be the same."""
    zone = str(document.get("timezone", "utc"))
    return "UTC" if zone in ("browser", "utc", "") else zone


def _write(path: Path, content: bytes) -> None:
    """Whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_name(f".{path.name}.new")
    beside.write_bytes(content)
    beside.replace(path)


@contextlib.contextmanager
def _bar(total: int, shown: bool) -> Iterator[Callable[[], None]]:
    if not shown or not sys.stderr.isatty() or os.environ.get("TERM") == "dumb":
        yield lambda: None
        return
    from rich.console import Console
    from rich.progress import Progress

    with Progress(console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("asking", total=total)
        yield lambda: bar.advance(task)
