"""What `tocsin report` does: ask a Prometheus what was attained, and write it down.

(How findings are printed is `generator/report.py`'s.)
"""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from generator.attainment.periods import Wanted, period_of
from generator.attainment.recorded import Recorder
from generator.attainment.tenant import attain
from generator.compilation import load_one
from generator.compile.context import Context
from generator.deliver.report_files import write_files
from generator.findings import Finding, Level, Place, in_order, info
from generator.ir.artifacts import Artifact
from generator.ir.attainment import Period, State, TenantAttainment
from generator.render.report_csv import report_csv
from generator.render.report_html import report_html
from generator.render.report_json import report_json
from generator.render.report_markdown import report_markdown
from generator.render.report_words import coverage_of, objective_of, percent_of
from generator.servers.http import Server
from generator.servers.prometheus import Prometheus
from generator.spec.load import tenant_names
from generator.spec.model import Platform, Tenant
from generator.spec.wallclock import moment

DEFAULT_PERIOD = "last-month"
Writer = Callable[[Sequence[TenantAttainment]], str]
FORMATS: Mapping[str, tuple[str, Writer]] = {
    "html": ("html", report_html),
    "markdown": ("md", report_markdown),
    "csv": ("csv", report_csv),
    "json": ("json", report_json),
}
"""Format -> (how its files end, what writes it)."""


class PeriodUnclear(ValueError):
    """What was asked for is no period; the message says what to write instead."""


@dataclass(frozen=True, slots=True)
class Attainment:
    """What to report: a period by its name, or from and until in a tenant's wall clock."""

    server: Server
    period: str = ""
    """Empty without `start`: the last month."""
    start: str = ""
    until: str = ""
    now: datetime = field(default_factory=lambda: datetime.now(UTC))
    """Where periods without an end of their own end; aware."""


@dataclass(frozen=True, slots=True)
class Destination:
    """Where reports go: a file, or a folder."""

    path: Path
    folder: bool


def attainment(
    root: Path, wanted: Sequence[str], asked: Attainment, progress: bool = False
) -> tuple[TenantAttainment, ...]:
    """The reports of tenants (none: all), by the specs as they are now.

    Raises SpecError, PeriodUnclear, and ServerFailed when Prometheus does not answer.
    """
    names = tuple(dict.fromkeys(wanted)) or tenant_names(root)
    loaded = [load_one(root, name) for name in names]
    periods = [_period(tenant, asked) for _, tenant in loaded]
    with _progress(progress) as tell:
        return tuple(
            _attain(platform, tenant, period, asked.server, tell)
            for (platform, tenant), period in zip(loaded, periods, strict=True)
        )


def attainment_findings(
    reports: Sequence[TenantAttainment], fail_below: bool = False
) -> tuple[Finding, ...]:
    """SLOs without data or with less than all of it, and what is recorded of no SLO.

    `fail_below`: a missed objective is an error, and so is one that nobody measured.
    """
    found = [finding for report in reports for finding in _findings(report, fail_below)]
    return in_order(found)


def attainment_text(reports: Sequence[TenantAttainment], form: str) -> str:
    """One document of all reports, in one of FORMATS."""
    return FORMATS[form][1](reports)


def write_attainment(
    reports: Sequence[TenantAttainment], forms: Sequence[str], target: Destination
) -> tuple[Path, ...]:
    """The files that were written: in a folder one for each tenant and format, as
    `<tenant>-<period>.<ending>`; else one of all tenants in the first format. Raises OutputError.
    """
    if not target.folder:
        text = attainment_text(reports, forms[0])
        return write_files(target.path.parent, [Artifact(target.path.name, text.encode())])
    files = [
        Artifact(
            f"{report.tenant}-{report.period.name}.{FORMATS[form][0]}",
            attainment_text([report], form).encode(),
        )
        for report in reports
        for form in forms
    ]
    return write_files(target.path, files)


# --------------------------------------------------------------------------- one tenant


def _period(tenant: Tenant, asked: Attainment) -> Period:
    try:
        start = moment(asked.start, tenant.timezone) if asked.start else None
        end = moment(asked.until, tenant.timezone) if asked.until else None
        text = asked.period or ("" if start else DEFAULT_PERIOD)
        return period_of(Wanted(text, asked.now, start, end), tenant.timezone)
    except ValueError as problem:
        raise PeriodUnclear(str(problem)) from None


def _attain(
    platform: Platform,
    tenant: Tenant,
    period: Period,
    server: Server,
    tell: Callable[[str], None],
) -> TenantAttainment:
    context = Context(tenant, platform)
    recorder = Recorder(Prometheus(server), context, lambda: tell(tenant.id))
    return attain(recorder, period)


def _findings(report: TenantAttainment, fail_below: bool) -> Iterator[Finding]:
    place = Place(f"specs/tenants/{report.tenant}.yaml", 1, 1)
    period = report.period
    worse = Level.ERROR if fail_below else Level.WARNING
    for slo in report.slos:
        about = f"{slo.name} of {report.tenant}"
        when = f"in {period.title}" if period.calendar else f"from {period.title}"
        if slo.whole.state is State.NO_DATA:
            message = f"nothing was measured of {about} {when}"
            hint = "is it this Prometheus, and does it load output/? See docs/report.md"
            yield Finding("report-no-data", worse, message, slo.place, hint)
        elif slo.whole.coverage < 1:
            message = f"{about} was measured for {coverage_of(slo.whole)} of {period.title}"
            yield info("report-gaps", message, slo.place, "its figures are of what was measured")
        if slo.whole.state is State.MISSED:
            told, promised = percent_of(slo.whole, slo.objective), objective_of(slo)
            message = f"{about} attained {told} {when}, below {promised}"
            level = Level.ERROR if fail_below else Level.INFO
            yield Finding("report-below-objective", level, message, slo.place)
    for name in report.unknown:
        message = f"{name} of {report.tenant} is recorded, but no SLO of the spec has that name"
        yield info("report-unknown-slo", message, place, "it is in no figure")


@contextlib.contextmanager
def _progress(shown: bool) -> Iterator[Callable[[str], None]]:
    """Whose answers have come so far, on a terminal."""
    if not shown or not sys.stderr.isatty() or os.environ.get("TERM") == "dumb":
        yield lambda _tenant: None
        return
    from rich.console import Console

    count = 0
    with Console(stderr=True).status("asking Prometheus") as status:

        def tell(tenant: str) -> None:
            nonlocal count
            count += 1
            status.update(f"asking Prometheus about {tenant}: {count} answers")

        yield tell
