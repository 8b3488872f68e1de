"""The incidents of the month and how much of the tenant is measured at all."""

from __future__ import annotations

from collections.abc import Iterable

from generator.compile.context import Context
from generator.compile.views.parts import (
    ALARM,
    AMBER,
    CALM,
    GREEN,
    RED,
    firing,
    one_of,
    row,
)
from generator.compile.views.tables import column_override, header, table_columns
from generator.ir.dashboards import Panel, Query, Row, Threshold
from generator.values import Duration, plain

MONTH = Duration.of(days=30)
_DAY_OF_ALERTS = (Threshold(None, GREEN), Threshold(1.0, AMBER), Threshold(24.0, RED))
LISTED = 15
"""Alerts in the table of the month."""


def operations(context: Context) -> Row:
    """Incidents now and over the month, and the coverage of the data."""
    return row(
        "operations",
        "Incidents and coverage",
        [
            _month(context, "count"),
            _month(context, "hours"),
            _incidents(context),
            _coverage(context),
            _longest(context),
        ],
    )


def _span(context: Context) -> Duration:
    """A month, or as much of it as is kept."""
    kept = context.platform.retention
    return MONTH if kept is None else min(MONTH, kept)


def _urgent(context: Context) -> str:
    """Firing alerts that somebody is told of at once or soon: all but the mildest severity."""
    severities = context.platform.severities
    told = severities[:-1] or severities
    return firing(context, one_of(context.platform.labels.severity, told))


def _alerts(context: Context) -> str:
    names = context.platform.labels
    return ", ".join((names.severity, "alertname", names.service))


def _hours(context: Context, by: str) -> str:
    """Hours in which an alert fired, of all its series together, by labels.

    `ALERTS` has a sample for each evaluation in which an alert fires.
    """
    every = plain(context.platform.evaluation_interval.seconds)
    counted = f"max by ({_alerts(context)}) (count_over_time({_urgent(context)}[{_span(context)}]))"
    return f"sum by ({by}) ({counted}) * {every} / 3600"


def _month(context: Context, what: str) -> Panel:
    severity = context.platform.labels.severity
    span = _span(context)
    if what == "count":
        found = f"count by ({_alerts(context)}) (last_over_time({_urgent(context)}[{span}]))"
        expr, title = f"count by ({severity}) ({found})", f"Alerts that fired, {span}"
        told = "Different alerts that fired at least once. Each is worth a look at its runbook."
        unit = "short"
    else:
        expr, title = _hours(context, severity), f"Hours of alerts, {span}"
        told = "Hours in which they fired, added up. Red above a day: ask what is done for good."
        unit = "h"
    return Panel(
        key=f"month:{what}",
        title=title,
        description=f"{told} Without {context.platform.severities[-1]}; none is an empty panel.",
        kind="stat",
        queries=(Query(context.graph(expr), f"{{{{ {severity} }}}}", instant=True),),
        unit=unit,
        thresholds=ALARM if what == "count" else _DAY_OF_ALERTS,
        width=4,
        height=8,
        decimals=0 if what == "count" else 1,
        options={"graphMode": "none"},
    )


def _longest(context: Context) -> Panel:
    """The alerts that fired longest in the month, as a table."""
    names, span = context.platform.labels, _span(context)
    heads = {name: header(name) for name in (names.severity, names.service)}
    heads["alertname"] = "Alert"
    expr = f"topk({LISTED}, {_hours(context, _alerts(context))})"
    return Panel(
        key="month:longest",
        title=f"Incidents of the month: what fired longest, {span}",
        description=(
            f"The {LISTED} alerts that fired longest, with their hours. What stands here month "
            "after month needs an owner and a date."
        ),
        kind="table",
        queries=(Query(context.graph(expr), "Hours", instant=True, format="table"),),
        unit="none",
        thresholds=CALM,
        width=24,
        height=8,
        overrides=(column_override("Hours", ("unit", "h"), ("decimals", 1)),),
        transformations=table_columns(("Hours",), heads, (names.tenant,)),
        options={"sortBy": [{"desc": True, "displayName": "Hours"}]},
    )


def _incidents(context: Context) -> Panel:
    severity = context.platform.labels.severity
    by = f"sum by ({severity}) ({firing(context)})"
    return Panel(
        key="incidents",
        title="Incidents",
        description="Alerts that fire, by severity. Anything critical has paged somebody.",
        kind="timeseries",
        queries=(Query(context.graph(by), f"{{{{ {severity} }}}}"),),
        unit="short",
        thresholds=ALARM,
        width=8,
        decimals=0,
        custom={"drawStyle": "bars", "fillOpacity": 60, "stacking": {"mode": "normal"}},
    )


def _coverage(context: Context) -> Panel:
    return Panel(
        key="coverage",
        title="Data coverage",
        description=(
            "Part of the scrape targets that answer, and of the promises that are measured. Below "
            "100 % some figures on this page are guesses: see the technical view."
        ),
        kind="timeseries",
        queries=tuple(Query(context.graph(e), told) for e, told in _covered(context)),
        unit="percentunit",
        thresholds=(Threshold(None, RED), Threshold(0.9, AMBER), Threshold(1.0, GREEN)),
        width=8,
        minimum=0.0,
        maximum=1.0,
    )


def _covered(context: Context) -> Iterable[tuple[str, str]]:
    yield "sum(up) / count(up)", "targets that answer"
    if context.tenant.slos:
        slo = context.platform.labels.slo
        measured = f"count(count by ({slo}) (slo:current_burn_rate:ratio))"
        yield (
            f"({measured} or vector(0)) / count(slo:objective:ratio)",
            "promises that are measured",
        )
