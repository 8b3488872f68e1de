"""`tocsin preview`: the dashboards as pages, without a Grafana."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click

from generator.cli.access import Access, access_options
from generator.cli.common import (
    end,
    find_root,
    output_option,
    print_findings,
    report_options,
    root_option,
)
from generator.values import Duration

_FILE = click.Path(path_type=Path, exists=True, dir_okay=False)


class Moment(click.ParamType[float]):
    """`2026-11-25T12:00:00Z`, without a zone UTC, or seconds since the epoch."""

    name = "time"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> float:
        """Seconds since the epoch. Fails as wrong use when it is no time."""
        if isinstance(value, float):
            return value
        try:
            return float(value)
        except ValueError:
            pass
        try:
            found = datetime.fromisoformat(value)
        except ValueError:
            self.fail(f"{value!r} is no time; write 2026-11-25T12:00:00Z", param, ctx)
        return (found if found.tzinfo else found.replace(tzinfo=UTC)).timestamp()


class Length(click.ParamType[Duration]):
    """`6h`, `30d`."""

    name = "duration"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> Duration:
        """The duration. Fails as wrong use when it is none."""
        if isinstance(value, Duration):
            return value
        try:
            found = Duration.parse(value)
        except ValueError:
            self.fail(f"{value!r} is no duration; write 6h or 30d", param, ctx)
        if found.seconds < 60:
            self.fail("a view shows a minute or more", param, ctx)
        return found


@click.command(name="preview")
@click.argument("tenant")
@root_option
@click.option("--prometheus", metavar="URL", help="A running Prometheus, Mimir or Thanos.")
@click.option(
    "--tsdb",
    type=click.Path(path_type=Path, exists=True, file_okay=False),
    help="The data folder of a Prometheus, or one that promtool made. It is only read.",
)
@click.option("--data", type=_FILE, help="OpenMetrics text with timestamps.")
@click.option("--at", type=Moment(), help="The views' now (default: now, or the newest sample).")
@click.option("--range", "length", type=Length(), help="Show this much (default: each view's own).")
@click.option("--view", "views", multiple=True, help="Only this view; may be given several times.")
@output_option("Folder for the pages (default: preview/TENANT in the repository).")
@access_options
@report_options
def command(
    tenant: str,
    root: Path | None,
    prometheus: str | None,
    tsdb: Path | None,
    data: Path | None,
    output: Path | None,
    length: Duration | None,
    at: float | None,
    views: tuple[str, ...],
    access: Access,
    form: str,
    fail_on: str,
) -> None:
    """Draw TENANT's dashboards as web pages, without a Grafana.

    One HTML file for each view, whole in itself: open it in a browser, attach it to a pull
    request. Panels show what their queries answer now; without a source they say "no data".
    Files are served by a Prometheus on loopback that lives as long as the command.

    \b
      tocsin preview acme --prometheus http://localhost:9090
      tocsin preview acme --view technical --range 24h --prometheus https://mimir/prometheus --org 7
      tocsin preview acme --data metrics.om --at 2026-11-25T12:00:00Z
    """
    from generator.api import Source, Wanted, preview

    if sum(one is not None for one in (prometheus, tsdb, data)) > 1:
        raise click.UsageError("--prometheus, --tsdb and --data exclude each other; name one")
    if prometheus is None and access.given:
        raise click.UsageError("--token-file, --ca-file and --org go with --prometheus")
    server = access.server(prometheus) if prometheus is not None else None
    found = find_root(root)
    wanted = Wanted(tenant, output or found / "preview" / tenant, views, at, length)
    outcome = preview(found, wanted, Source(server, tsdb, data), progress=form == "text")
    print_findings(outcome.findings, form)
    if form == "text":
        for line in outcome.told:
            click.echo(line)
    end(outcome.findings, fail_on)
